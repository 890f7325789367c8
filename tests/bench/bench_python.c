/* mproc against CPython's multiprocessing, in one interleaved run: start + join of a process that
 * does nothing. The peer is peer.py in a process of its own, which answers one request a line with
 * the time in ns. */
#include "base/clock.h"
#include "base/text.h"
#include "bench/bench.h"
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const starts[] = {"fork", "forkserver", "spawn"};
enum { N = sizeof(starts) / sizeof(*starts) };

struct peer {
        FILE *to, *from;
        pid_t pid;
};

struct side {
        const char *start;
        struct session *session;
        struct peer *peer;
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
        double ns = NAN;

        fprintf(side->peer->to, "%s\n", side->start);
        fflush(side->peer->to);
        if (fscanf(side->peer->from, "%lf", &ns) != 1) {
                fprintf(stderr, "bench python: the peer gave no answer\n");
                exit(4);
        }
        return ns;
}

static int start_peer(struct peer *peer)
{
        char *argv[] = {"python3", PEER_PATH, NULL};
        posix_spawn_file_actions_t actions;
        int to[2], from[2], r;

        if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
                return -1;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, to[0], 0);
        posix_spawn_file_actions_adddup2(&actions, from[1], 1);
        r = posix_spawnp(&peer->pid, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(to[0]);
        close(from[1]);
        peer->to = fdopen(to[1], "w");
        peer->from = fdopen(from[0], "r");
        return r || !peer->to || !peer->from ? -1 : 0;
}

int main(int argc, char **argv)
{
        uint32_t rounds = bench_rounds_wanted(argc, argv, 20);
        static struct bench_side sides[2 * N];
        struct side contexts[N];
        struct mproc_err err = {0};
        struct session session;
        struct peer peer;

        if (session_init(&session, -1, &err) < 0 || start_peer(&peer) < 0) {
                fprintf(stderr, "bench python: %s\n", err.code ? err.text : "no python3");
                return 4;
        }
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
        fclose(peer.to);
        waitpid(peer.pid, NULL, 0);
        fclose(peer.from);
        session_done(&session);
        return 0;
}
