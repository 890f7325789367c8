#include "bench/bench.h"

#include "stats/compare.h"
#include "stats/interval.h"
#include "stats/shuffle.h"
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDES_MAX 64

void bench_rounds(struct bench_side *sides, uint32_t count, uint32_t rounds)
{
        uint32_t order[SIDES_MAX];

        for (uint32_t round = 0; round <= rounds; round++) {
                shuffle_round(1, round, order, count);
                for (uint32_t i = 0; i < count; i++) {
                        struct bench_side *side = &sides[order[i]];
                        double figure = side->measure(side->context);

                        if (round)
                                side->figures[round - 1] = figure;
                }
        }
}

void bench_heading(const char *title, const char *unit, const char *a, const char *b)
{
        printf("\n%s (%s)\n%-18s %12s %12s   ratio  [95 %% interval]     n\n", title, unit, "", a,
               b);
}

void bench_row(const char *name, const struct bench_side *a, const struct bench_side *b,
               uint32_t rounds, double scale)
{
        struct effect effect = compare_paired(a->figures, b->figures, rounds, 0.95);

        printf("%-18s %12.4g %12.4g  %6.4g  [%.4g, %.4g]  %zu\n", name,
               interval_median(a->figures, rounds, 0.95).median * scale,
               interval_median(b->figures, rounds, 0.95).median * scale, effect.ratio, effect.low,
               effect.high, effect.n);
        fflush(stdout);
}

uint32_t bench_number(int argc, char **argv, const char *option, uint32_t usual, uint32_t least,
                      uint32_t most)
{
        size_t length = strlen(option);
        long number = usual;

        for (int i = 1; i < argc; i++)
                if (!strncmp(argv[i], option, length))
                        number = strtol(argv[i] + length, NULL, 10);
        if (number < (long)least || number > (long)most) {
                fprintf(stderr, "%s takes %u to %u\n", option, least, most);
                exit(2);
        }
        return (uint32_t)number;
}

/* Fewer than 6 give no interval. */
uint32_t bench_rounds_wanted(int argc, char **argv, uint32_t usual)
{
        return bench_number(argc, argv, "--rounds=", usual, 6, BENCH_ROUNDS_MAX);
}

int bench_pu(int from)
{
        cpu_set_t set;

        if (sched_getaffinity(0, sizeof(set), &set) < 0)
                return -1;
        for (int pu = from; pu < CPU_SETSIZE; pu++)
                if (CPU_ISSET(pu, &set))
                        return pu;
        return -1;
}

struct trial_outcome bench_trial(struct session *session, uint64_t ballast,
                                 const struct trial_request *request, const struct cpuset *cpus)
{
        struct worker_outcome *workers = calloc(request->workers, sizeof(*workers));
        struct session_choice choice = {.ballast = ballast};
        struct trial_outcome outcome = {0};
        struct mproc_err err = {0};
        int r = -1;

        if (workers)
                r = session_trial(session, &choice, request, cpus, &outcome, workers, &err);
        free(workers);
        if (r < 0 || outcome.status != TRIAL_OK) {
                fprintf(stderr, "bench: %s %s: %s\n", request->workload, request->strategy,
                        r < 0 ? err.text : outcome.reason);
                exit(4);
        }
        return outcome;
}
