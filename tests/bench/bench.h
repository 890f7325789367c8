/* What the self-benchmarks share: rounds in which every side is measured once, in random order, and
 * a table of ratios with their intervals. Each bench_NAME.c is a program of its own; scripts/bench
 * runs them. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "run/session.h"
#include <stddef.h>
#include <stdint.h>

#define BENCH_ROUNDS_MAX 256

/* One thing that is measured: a figure per round; NaN: it failed in that round. */
struct bench_side {
        double (*measure)(void *context);
        void *context;
        double figures[BENCH_ROUNDS_MAX];
};

/* All sides in each round, in an order that depends on the round alone; one round before them is
 * thrown away. */
void bench_rounds(struct bench_side *sides, uint32_t count, uint32_t rounds);

/* A table of a ÷ b with its interval; `a` and `b` head their columns, `scale` turns figures into
 * `unit`. */
void bench_heading(const char *title, const char *unit, const char *a, const char *b);
void bench_row(const char *name, const struct bench_side *a, const struct bench_side *b,
               uint32_t rounds, double scale);
uint32_t bench_rounds_wanted(int argc, char **argv, uint32_t usual); /* --rounds=N */

/* The number behind `option` ("--tries="), or the usual one. Outside of its bounds: exits. */
uint32_t bench_number(int argc, char **argv, const char *option, uint32_t usual, uint32_t least,
                      uint32_t most);

/* The first PU that this process may use from `from` on; −1: none. */
int bench_pu(int from);

/* One trial of mpbench's own, in its host. Exits with a message when it fails: a benchmark that
 * cannot measure has nothing to print. */
struct trial_outcome bench_trial(struct session *session, uint64_t ballast,
                                 const struct trial_request *request, const struct cpuset *cpus);

#endif
