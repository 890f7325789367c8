/* How often a slow-down that is there is found, by whole runs as a user would make them. The true
 * effect is measured apart, before, with many rounds. */
#include "base/clock.h"
#include "base/text.h"
#include "bench/bench.h"
#include "run/run.h"
#include "stats/binomial.h"
#include "stats/compare.h"
#include "stats/describe.h"
#include "support/make_plan.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 1000
#define CALIBRATION_ROUNDS 100
#define SEARCH_ROUNDS 30
#define WANTED_RATIO (1 / 1.1) /* of the contended pair: a tenth slower */
#define HOLD 100

/* A workload and the parameter in which its two cells differ. */
struct pair {
        const char *name, *workload, *strategy, *param;
        char values[64];
        const char *tasks; /* as many in both cells; NULL: as calibration finds for each */
};

static void fail(const char *what)
{
        fprintf(stderr, "bench power: %s\n", what);
        exit(4);
}

/* A run of this pair: so many rounds, or as many as the budget allows. */
static void run(const struct pair *pair, const char *values, uint32_t rounds, uint64_t budget_ns,
                uint64_t seed, struct result *result)
{
        static const volatile bool never;
        struct run_hooks hooks = {.stop = &never, .stop_fd = -1};
        struct mproc_err err = {0};
        struct plan *plan = calloc(1, sizeof(*plan));

        if (!plan)
                fail("no memory");
        plan_init(plan);
        make_plan_workload(plan, pair->workload);
        make_plan_levels(plan, FACTOR_WORKERS, "2");
        if (pair->strategy)
                make_plan_levels(plan, FACTOR_SHARE, pair->strategy);
        make_plan_param(plan, pair->param, values);
        if (pair->tasks)
                make_plan_param(plan, "tasks", pair->tasks);
        plan->rounds = rounds;
        plan->budget_ns = budget_ns;
        plan->seed = seed;
        plan->counters_off = 1;
        plan->start_strip = 0;
        result_init(result);
        if (run_expand(plan, result, &err) < 0 || run_measure(result, &hooks, &err) < 0)
                fail(err.text);
        if (!result->comparison_count)
                fail(*result->no_verdict ? result->no_verdict : "nothing was compared");
        free(plan);
}

static void print_ratio(const struct comparison *c)
{
        printf("%.4f [%.4f, %.4f]", c->ratio, c->ci_low, c->ci_high);
}

/* The work inside the critical section that comes nearest to the wanted effect. */
static void search_hold(struct pair *pair)
{
        struct result result;
        const struct comparison *best = NULL;

        fprintf(stderr, "bench power: how much more to hold\n");
        run(pair, "100,105,110,115,120,125,130,140,150,160,180", SEARCH_ROUNDS, 0, 1, &result);
        for (size_t i = 0; i < result.comparison_count; i++) {
                const struct comparison *c = &result.comparisons[i];

                if (!best ||
                    fabs(log(c->ratio / WANTED_RATIO)) < fabs(log(best->ratio / WANTED_RATIO)))
                        best = c;
        }
        for (uint32_t i = 0; i < result.cells[best->cell].param_count; i++)
                if (!strcmp(result.cells[best->cell].param[i], pair->param))
                        snprintf(pair->values, sizeof(pair->values), "%d,%d", HOLD,
                                 (int)result.cells[best->cell].value[i]);
        result_done(&result);
}

static void try_pair(const struct pair *pair, uint32_t tries, uint64_t budget_ns)
{
        static double seconds[TRIES_MAX], rounds[TRIES_MAX];
        uint32_t verdicts[VERDICT_NONE + 1] = {0};
        struct result result;
        double low, high;

        fprintf(stderr, "bench power: the true effect of %s %s\n", pair->param, pair->values);
        run(pair, pair->values, CALIBRATION_ROUNDS, 0, 1, &result);
        printf("\n%s, %s %s: true ratio ", pair->name, pair->param, pair->values);
        print_ratio(&result.comparisons[0]);
        printf(" (%u rounds)\n", result.comparisons[0].n);
        fflush(stdout);
        result_done(&result);
        for (uint32_t i = 0; i < tries; i++) {
                uint64_t begin = clock_now_ns();

                run(pair, pair->values, 0, budget_ns, i + 2, &result);
                seconds[i] = (double)(clock_now_ns() - begin) / NS_PER_S;
                rounds[i] = result.comparisons[0].n;
                verdicts[result.comparisons[0].verdict]++;
                fprintf(stderr, "bench power: %u of %u: %s, %.4f [%.4f, %.4f]\n", i + 1, tries,
                        verdict_name(result.comparisons[0].verdict), result.comparisons[0].ratio,
                        result.comparisons[0].ci_low, result.comparisons[0].ci_high);
                result_done(&result);
        }
        binomial_interval(verdicts[VERDICT_SLOWER], tries, 0.95, &low, &high);
        printf("found slower in %u of %u tries, %.0f %% [%.0f %%, %.0f %%]",
               verdicts[VERDICT_SLOWER], tries, 100.0 * verdicts[VERDICT_SLOWER] / tries, 100 * low,
               100 * high);
        for (int verdict = 0; verdict <= VERDICT_NONE; verdict++)
                if (verdict != VERDICT_SLOWER && verdicts[verdict])
                        printf(", %s %u", verdict_name(verdict), verdicts[verdict]);
        printf("; median %.1f s, %.0f rounds\n", describe_median(seconds, tries),
               describe_median(rounds, tries));
        fflush(stdout);
}

int main(int argc, char **argv)
{
        uint32_t tries = bench_number(argc, argv, "--tries=", 30, 1, TRIES_MAX);
        uint64_t budget_ns = bench_number(argc, argv, "--budget=", 10, 1, 3600) * NS_PER_S;
        /* The steps of a task follow its time exactly, so the second has 3 % more; and both share
         * their tasks evenly between the workers. */
        struct pair spin = {.name = "CPU-bound (spin, two workers)",
                            .workload = "spin",
                            .param = "task_time",
                            .values = "100us,103us",
                            .tasks = "640"};
        struct pair lock = {.name = "Lock-contended (counter, mutex, two workers)",
                            .workload = "counter",
                            .strategy = "mutex",
                            .param = "hold"};

        if (bench_pu(0) < 0 || bench_pu(bench_pu(0) + 1) < 0)
                fail("needs two PUs");
        try_pair(&spin, tries, budget_ns);
        search_hold(&lock);
        try_pair(&lock, tries, budget_ns);
        return 0;
}
