/* mpbench's own loops against hand-written ones: two pinned processes, the same work, the same
 * figure (adds per second from the first begin to the last end). And the price of counters: the
 * same trial with and without them. */
#include "base/clock.h"
#include "base/text.h"
#include "bench/bench.h"
#include "count/event.h"
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2

struct hand {
        alignas(128) _Atomic uint32_t arrived;
        alignas(128) struct {
                pthread_mutex_t mutex;
                volatile uint64_t value;
        } locked;
        alignas(128) _Atomic uint64_t count;
        struct {
                alignas(128) volatile uint64_t value;
                uint64_t begin_ns, end_ns;
        } slot[WORKERS];
};

static void hand_atomic(struct hand *hand, int index, uint64_t n)
{
        (void)index;
        for (uint64_t i = 0; i < n; i++)
                atomic_fetch_add_explicit(&hand->count, 1, memory_order_relaxed);
}

static void hand_mutex(struct hand *hand, int index, uint64_t n)
{
        (void)index;
        for (uint64_t i = 0; i < n; i++) {
                pthread_mutex_lock(&hand->locked.mutex);
                hand->locked.value++;
                pthread_mutex_unlock(&hand->locked.mutex);
        }
}

static void hand_sharded(struct hand *hand, int index, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                hand->slot[index].value++;
}

struct loop {
        const char *strategy;
        void (*run)(struct hand *, int, uint64_t);
        uint64_t ops; /* per worker */
        struct session *session;
        int pus[WORKERS];
        uint32_t counters; /* 1: with the default set */
};

static void hand_worker(struct hand *hand, const struct loop *loop, int index)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(loop->pus[index], &set);
        sched_setaffinity(0, sizeof(set), &set);
        atomic_fetch_add(&hand->arrived, 1);
        while (atomic_load(&hand->arrived) < WORKERS)
                ;
        hand->slot[index].begin_ns = clock_now_ns();
        loop->run(hand, index, loop->ops);
        hand->slot[index].end_ns = clock_now_ns();
        _exit(0);
}

static double measure_hand(void *context)
{
        const struct loop *loop = context;
        struct hand *hand = mmap(NULL, sizeof(*hand), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pthread_mutexattr_t attr;
        uint64_t begin = UINT64_MAX, end = 0;
        pid_t pids[WORKERS];

        if (hand == MAP_FAILED)
                return NAN;
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_mutex_init(&hand->locked.mutex, &attr);
        for (int i = 0; i < WORKERS; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        hand_worker(hand, loop, i);
        }
        for (int i = 0; i < WORKERS; i++)
                waitpid(pids[i], NULL, 0);
        for (int i = 0; i < WORKERS; i++) {
                begin = hand->slot[i].begin_ns < begin ? hand->slot[i].begin_ns : begin;
                end = hand->slot[i].end_ns > end ? hand->slot[i].end_ns : end;
        }
        munmap(hand, sizeof(*hand));
        return (double)loop->ops * WORKERS / (double)(end - begin) * NS_PER_S;
}

static double measure_ours(void *context)
{
        const struct loop *loop = context;
        struct trial_request request = {
                .workload = "counter",
                .start = "fork",
                .workers = WORKERS,
                .pus = WORKERS,
                .ops = loop->ops,
                .timeout_ns = 10 * NS_PER_S,
                .value = {(int64_t)loop->ops, 0, 0, 1000}, /* increments, hold, gap, batch */
        };
        struct cpuset cpus[WORKERS] = {0};
        struct trial_outcome outcome;
        const char *name;

        text_copy(request.strategy, sizeof(request.strategy), loop->strategy);
        for (int i = 0; i < WORKERS; i++)
                cpus[i].bits[loop->pus[i] / 64] = 1ull << (loop->pus[i] % 64);
        for (size_t i = 0; loop->counters && (name = event_default_at(i)); i++)
                event_resolve(name, &request.counters[request.counter_count++], NULL);
        outcome = bench_trial(loop->session, 0, &request, cpus);
        return (double)outcome.ops / (double)outcome.run_ns * NS_PER_S;
}

/* So many adds that the hand-written loop runs for some 40 ms. */
static void size_loop(struct loop *loop)
{
        for (loop->ops = 10000; loop->ops < 1u << 30; loop->ops *= 2)
                if ((double)loop->ops * WORKERS / measure_hand(loop) > 0.03)
                        return;
}

int main(int argc, char **argv)
{
        uint32_t rounds = bench_rounds_wanted(argc, argv, 40);
        struct loop loops[] = {{.strategy = "atomic", .run = hand_atomic},
                               {.strategy = "mutex", .run = hand_mutex},
                               {.strategy = "sharded", .run = hand_sharded}};
        enum { N = sizeof(loops) / sizeof(*loops) };
        struct loop counted[N];
        static struct bench_side sides[3 * N];
        struct mproc_err err = {0};
        struct session session;
        int pus[WORKERS] = {bench_pu(0), -1};

        pus[1] = pus[0] < 0 ? -1 : bench_pu(pus[0] + 1);
        if (pus[1] < 0) {
                fprintf(stderr, "bench loops: needs two PUs\n");
                return 4;
        }
        if (session_init(&session, -1, &err) < 0) {
                fprintf(stderr, "bench loops: %s\n", err.text);
                return 4;
        }
        for (int i = 0; i < N; i++) {
                loops[i].session = &session;
                memcpy(loops[i].pus, pus, sizeof(pus));
                size_loop(&loops[i]);
                counted[i] = loops[i];
                counted[i].counters = 1;
                sides[3 * i] = (struct bench_side){measure_ours, &loops[i], {0}};
                sides[3 * i + 1] = (struct bench_side){measure_hand, &loops[i], {0}};
                sides[3 * i + 2] = (struct bench_side){measure_ours, &counted[i], {0}};
        }
        bench_rounds(sides, 3 * N, rounds);
        bench_heading("The harness's loop against one written by hand, --counters=none", "M adds/s",
                      "mpbench", "by hand");
        for (int i = 0; i < N; i++)
                bench_row(loops[i].strategy, &sides[3 * i], &sides[3 * i + 1], rounds, 1e-6);
        bench_heading("The price of counters", "M adds/s", "default set", "none");
        for (int i = 0; i < N; i++)
                bench_row(loops[i].strategy, &sides[3 * i + 2], &sides[3 * i], rounds, 1e-6);
        session_done(&session);
        return 0;
}
