/* A cell against itself: how often is it called different? Each comparison is a series of 24 equal
 * trials, and the same figures are judged in several ways. mpbench takes them for 12 rounds of two
 * cells in random order; the peers, for two commands of which one ran after the other, as one runs
 * them by hand. */
#include "base/clock.h"
#include "base/text.h"
#include "bench/bench.h"
#include "bench/peers.h"
#include "stats/binomial.h"
#include "stats/compare.h"
#include "stats/describe.h"
#include "stats/shuffle.h"
#include <math.h>
#include <stdio.h>

#define ROUNDS 12
#define TRIALS (2 * ROUNDS)
#define WORKERS 2
#define ALPHA 0.05
#define AIM_NS (25 * NS_PER_MS)
#define TRIES_MAX 100000

/* What a judge makes of 24 times in the order in which they were taken. */
struct call {
        bool different;
        double ratio;
};

static struct call by_mpbench(const double *times, uint32_t seed)
{
        double sides[2][ROUNDS];
        struct effect effect;
        enum verdict verdict;

        for (uint32_t round = 0; round < ROUNDS; round++) {
                uint32_t order[2];

                shuffle_round(seed, round, order, 2);
                for (int i = 0; i < 2; i++)
                        sides[order[i]][round] = times[2 * round + i];
        }
        effect = compare_paired(sides[0], sides[1], ROUNDS, 1 - ALPHA);
        verdict = compare_verdict(&effect, effect.p, false, 0.02, ALPHA);
        return (struct call){verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER, effect.ratio};
}

static struct call by_means(const double *times, bool different)
{
        return (struct call){different, peers_moments(times, ROUNDS).mean /
                                                peers_moments(times + ROUNDS, ROUNDS).mean};
}

static struct call by_relative_speed(const double *times, uint32_t seed)
{
        (void)seed;
        return by_means(times, peers_relative_speed_differs(peers_moments(times, ROUNDS),
                                                            peers_moments(times + ROUNDS, ROUNDS)));
}

static struct call by_pooled(const double *times, uint32_t seed)
{
        (void)seed;
        return by_means(times, peers_pooled_p(peers_moments(times, ROUNDS),
                                              peers_moments(times + ROUNDS, ROUNDS)) < ALPHA);
}

static struct call by_welch(const double *times, uint32_t seed)
{
        (void)seed;
        return by_means(times, peers_welch_p(peers_moments(times, ROUNDS),
                                             peers_moments(times + ROUNDS, ROUNDS)) < ALPHA);
}

static struct call by_mann_whitney(const double *times, uint32_t seed)
{
        (void)seed;
        return (struct call){peers_mann_whitney_p(times, times + ROUNDS, ROUNDS) < ALPHA,
                             describe_median(times, ROUNDS) /
                                     describe_median(times + ROUNDS, ROUNDS)};
}

static const struct {
        const char *name;
        struct call (*call)(const double *times, uint32_t seed);
} judges[] = {
        {"mpbench: rounds, sign test", by_mpbench},
        {"hyperfine's relative speed", by_relative_speed},
        {"t test, pooled", by_pooled},
        {"t test, Welch", by_welch},
        {"Mann-Whitney", by_mann_whitney},
};
enum { JUDGES = sizeof(judges) / sizeof(*judges), KINDS = 2 };

/* What is run: CPU-bound tasks, or a lock that two workers contend for. */
struct kind {
        const char *name;
        struct trial_request request; /* its first parameter holds the operations */
        bool shared;                  /* operations count while both are working */
        uint32_t comparisons, different[JUDGES];
        double least[JUDGES], most[JUDGES];
};

static uint64_t time_of(const struct kind *kind, const struct trial_outcome *outcome)
{
        return kind->shared ? outcome->overlap_ns : outcome->run_ns;
}

/* Time per operation, ns. */
static double measure(struct session *session, const struct kind *kind, const struct cpuset *cpus)
{
        struct trial_outcome outcome = bench_trial(session, 0, &kind->request, cpus);

        return (double)time_of(kind, &outcome) /
               (double)(kind->shared ? outcome.overlap_ops : outcome.ops);
}

static void set_ops(struct kind *kind, uint64_t ops)
{
        kind->request.ops = ops;
        kind->request.value[0] = (int64_t)ops;
}

/* So many operations that a trial takes about AIM_NS. */
static void size_kind(struct session *session, struct kind *kind, const struct cpuset *cpus)
{
        struct trial_outcome outcome = {0};

        for (uint64_t ops = 16; time_of(kind, &outcome) < AIM_NS / 2; ops *= 2) {
                set_ops(kind, ops);
                outcome = bench_trial(session, 0, &kind->request, cpus);
        }
        set_ops(kind, kind->request.ops * AIM_NS / time_of(kind, &outcome));
}

static void compare(struct session *session, struct kind *kind, const struct cpuset *cpus,
                    uint32_t seed)
{
        double times[TRIALS];

        for (int i = 0; i < TRIALS; i++)
                times[i] = measure(session, kind, cpus);
        for (int i = 0; i < JUDGES; i++) {
                struct call call = judges[i].call(times, seed);

                kind->different[i] += call.different;
                kind->least[i] = kind->comparisons ? fmin(kind->least[i], call.ratio) : call.ratio;
                kind->most[i] = kind->comparisons ? fmax(kind->most[i], call.ratio) : call.ratio;
        }
        kind->comparisons++;
}

static void print_kind(const struct kind *kind)
{
        printf("\n%s, %u comparisons of a cell with itself\n%-28s %9s %6s  %-19s %s\n", kind->name,
               kind->comparisons, "", "different", "", "[95 % interval]", "ratios");
        for (int i = 0; i < JUDGES; i++) {
                double low, high, all = kind->comparisons;

                binomial_interval(kind->different[i], kind->comparisons, 0.95, &low, &high);
                printf("%-28s %9u %4.1f %%  [%4.1f %%, %5.1f %%]    %.3f to %.3f\n", judges[i].name,
                       kind->different[i], 100 * kind->different[i] / all, 100 * low, 100 * high,
                       kind->least[i], kind->most[i]);
        }
}

/* Both kinds together. */
static struct kind sum_of(const struct kind kinds[KINDS])
{
        struct kind sum = kinds[0];

        sum.name = "Both";
        sum.comparisons += kinds[1].comparisons;
        for (int i = 0; i < JUDGES; i++) {
                sum.different[i] += kinds[1].different[i];
                sum.least[i] = fmin(sum.least[i], kinds[1].least[i]);
                sum.most[i] = fmax(sum.most[i], kinds[1].most[i]);
        }
        return sum;
}

int main(int argc, char **argv)
{
        uint32_t tries = bench_number(argc, argv, "--tries=", 400, 2, TRIES_MAX);
        struct kind kinds[KINDS] = {
                {.name = "CPU-bound (spin, two workers)",
                 .request = {.workload = "spin", .value = {0, 100000, 0}}}, /* tasks of 100 µs */
                {.name = "Lock-contended (counter, mutex, two workers)",
                 .request = {.workload = "counter",
                             .strategy = "mutex",
                             .value = {0, 0, 0, 1000}}, /* increments, hold, gap, batch */
                 .shared = true},
        };
        struct cpuset cpus[WORKERS] = {0};
        struct mproc_err err = {0};
        struct session session;
        struct kind both;
        int pu = -1;

        for (int i = 0; i < WORKERS; i++) {
                pu = bench_pu(pu + 1);
                if (pu < 0) {
                        fprintf(stderr, "bench aa: needs two PUs\n");
                        return 4;
                }
                cpus[i].bits[pu / 64] = 1ull << (pu % 64);
        }
        if (session_init(&session, -1, &err) < 0) {
                fprintf(stderr, "bench aa: %s\n", err.text);
                return 4;
        }
        for (int i = 0; i < KINDS; i++) {
                text_copy(kinds[i].request.start, sizeof(kinds[i].request.start), "fork");
                kinds[i].request.workers = kinds[i].request.pus = WORKERS;
                kinds[i].request.timeout_ns = 10 * NS_PER_S;
                size_kind(&session, &kinds[i], cpus);
        }
        for (uint32_t i = 0; i < tries; i++) {
                compare(&session, &kinds[i % KINDS], cpus, i);
                fprintf(stderr, "\rbench aa: %u of %u", i + 1, tries);
        }
        fprintf(stderr, "\n");
        session_done(&session);
        both = sum_of(kinds);
        for (int i = 0; i < KINDS; i++)
                print_kind(&kinds[i]);
        print_kind(&both);
        printf("\nmpbench calls at most %.1f %% of equal pairs different (95 %% confidence)\n",
               100 * binomial_upper(both.different[0], both.comparisons, 0.95));
        return 0;
}
