/* mproc against CPython's multiprocessing, in one interleaved run: start + join of a process that
 * does nothing. */
#include "base/clock.h"
#include "base/text.h"
#include "bench/bench.h"
#include "bench/python_peer.h"
#include <stdio.h>

static const char *const starts[] = {"fork", "forkserver", "spawn"};
enum { N = sizeof(starts) / sizeof(*starts) };

struct side {
        const char *start;
        struct session *session;
        struct python_peer *peer;
};

static double measure_mproc(void *context)
{
        const struct side *side = context;
        struct trial_request request = {.workload = "start",
                                        .strategy = "mproc",
                                        .workers = 1,
                                        .pus = 1,
                                        .ops = 16,
                                        .timeout_ns = 60 * NS_PER_S,
                                        .value = {16}};
        struct cpuset unbound = {0};

        text_copy(request.start, sizeof(request.start), side->start);
        return (double)bench_trial(side->session, 0, &request, &unbound).life.wall_ns;
}

static double measure_python(void *context)
{
        const struct side *side = context;

        return python_peer_ask(side->peer, side->start);
}

int main(int argc, char **argv)
{
        uint32_t rounds = bench_rounds_wanted(argc, argv, 20);
        static struct bench_side sides[2 * N];
        struct side contexts[N];
        struct mproc_err err = {0};
        struct session session;
        struct python_peer peer;

        if (session_init(&session, -1, &err) < 0) {
                fprintf(stderr, "bench python: %s\n", err.text);
                return 4;
        }
        python_peer_start(&peer);
        for (int i = 0; i < N; i++) {
                contexts[i] = (struct side){starts[i], &session, &peer};
                sides[2 * i] = (struct bench_side){measure_python, &contexts[i], {0}};
                sides[2 * i + 1] = (struct bench_side){measure_mproc, &contexts[i], {0}};
        }
        bench_rounds(sides, 2 * N, rounds);
        bench_heading("Start and join, CPython's multiprocessing against mproc", "ms", "CPython",
                      "mproc");
        for (int i = 0; i < N; i++)
                bench_row(starts[i], &sides[2 * i], &sides[2 * i + 1], rounds, 1e-6);
        python_peer_end(&peer);
        session_done(&session);
        return 0;
}
