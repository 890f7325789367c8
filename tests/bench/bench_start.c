/* What it costs to start a process and wait for its end: mproc's methods and the raw system calls,
 * over the size of the parent. All cells stand in each round; ratios are taken within rounds. */
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "bench/bench.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t sizes[] = {0, 256ull << 20, 1ull << 30, 2ull << 30};
enum { FORK, FORKSERVER, SPAWN, THREAD, RAW_FORK, RAW_VFORK, RAW_POSIX_SPAWN };
static const struct {
        const char *strategy, *start, *name;
        bool copies; /* its cost grows with the parent: fewer per trial will do */
} methods[] = {
        [FORK] = {"mproc", "fork", "fork", true},
        [FORKSERVER] = {"mproc", "forkserver", "forkserver", false},
        [SPAWN] = {"mproc", "spawn", "spawn", false},
        [THREAD] = {"mproc", "thread", "thread", false},
        [RAW_FORK] = {"raw-fork", "fork", "raw fork", true},
        [RAW_VFORK] = {"raw-vfork", "fork", "raw vfork", false},
        [RAW_POSIX_SPAWN] = {"raw-posix_spawn", "fork", "raw posix_spawn", false},
};
enum { SIZES = sizeof(sizes) / sizeof(*sizes), METHODS = sizeof(methods) / sizeof(*methods) };

struct life {
        struct session *session;
        uint64_t ballast;
        int method;
};

static double measure_life(void *context)
{
        const struct life *life = context;
        struct trial_request request = {
                .workload = "start",
                .workers = 1,
                .pus = 1,
                .ops = methods[life->method].copies && life->ballast ? 2 : 16,
                .timeout_ns = 60 * NS_PER_S,
        };
        struct cpuset unbound = {0};

        request.value[0] = (int64_t)request.ops;
        text_copy(request.strategy, sizeof(request.strategy), methods[life->method].strategy);
        text_copy(request.start, sizeof(request.start), methods[life->method].start);
        return (double)bench_trial(life->session, life->ballast, &request, &unbound).life.wall_ns;
}

int main(int argc, char **argv)
{
        uint32_t rounds = bench_rounds_wanted(argc, argv, 30);
        static struct bench_side sides[SIZES * METHODS];
        struct life lives[SIZES * METHODS];
        struct mproc_err err = {0};
        struct session session;
        char size[32];

        if (session_init(&session, -1, &err) < 0) {
                fprintf(stderr, "bench start: %s\n", err.text);
                return 4;
        }
        for (int s = 0; s < SIZES; s++)
                for (int m = 0; m < METHODS; m++) {
                        lives[s * METHODS + m] = (struct life){&session, sizes[s], m};
                        sides[s * METHODS + m] =
                                (struct bench_side){measure_life, &lives[s * METHODS + m], {0}};
                }
        bench_rounds(sides, SIZES * METHODS, rounds);
        for (int s = 1; s < SIZES; s++) {
                units_format_size((double)sizes[s], size, sizeof(size));
                bench_heading("Start and join, by the size of the parent", "ms", size, "bare");
                for (int m = 0; m < METHODS; m++)
                        bench_row(methods[m].name, &sides[s * METHODS + m], &sides[m], rounds,
                                  1e-6);
        }
        bench_heading("spawn against raw posix_spawn of the same program", "ms", "spawn", "raw");
        for (int s = 0; s < SIZES; s++)
                bench_row(units_format_size((double)sizes[s], size, sizeof(size)),
                          &sides[s * METHODS + SPAWN], &sides[s * METHODS + RAW_POSIX_SPAWN],
                          rounds, 1e-6);
        session_done(&session);
        return 0;
}
