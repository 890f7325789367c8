/* Round trips between two processes on two PUs: a task through a Pool(1), held against the bare
 * hardware (a cache line, there and back), and a pipe. "Asleep": a millisecond of rest before each,
 * so that both begin with an idle PU that has to be woken. Medians over many trips a round. */
#include "base/clock.h"
#include "bench/bench.h"
#include "mproc/wait.h"
#include <fcntl.h>
#include <mproc/pool.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIPS 4001
#define TRIPS_ASLEEP 101
#define REST_NS NS_PER_MS
#define LINE 128
#define CROWD 4 /* more spinners than PUs there would be, if all of them spun */

struct bare {
        _Alignas(LINE) _Atomic uint64_t there;
        _Alignas(LINE) _Atomic uint64_t back;
};

enum carrier { A_LINE, A_PIPE, A_POOL };

struct side {
        enum carrier carrier;
        bool asleep;
        struct bare *bare;
        int to, from;
        struct mproc_pool *pool;
};

static int pus[2];

static void must(int r, const struct mproc_err *err)
{
        if (!r)
                return;
        fprintf(stderr, "bench trip: %s: %s\n", err->stage, err->text);
        exit(4);
}

static int bind_to(void *arg, size_t arg_size)
{
        cpu_set_t set;

        (void)arg_size;
        CPU_ZERO(&set);
        CPU_SET(*(int *)arg, &set);
        return sched_setaffinity(0, sizeof(set), &set);
}

static int nothing(struct mproc_task *task)
{
        (void)task;
        return 0;
}

/* Gives back what comes, until that is UINT64_MAX. */
static int echo_line(void *arg, size_t arg_size)
{
        struct bare *bare = *(struct bare **)arg;
        uint64_t seen = 0;

        (void)arg_size;
        bind_to(&pus[1], sizeof(*pus));
        while (seen != UINT64_MAX) {
                uint64_t now = atomic_load_explicit(&bare->there, memory_order_acquire);

                if (now == seen)
                        wait_pause();
                else
                        atomic_store_explicit(&bare->back, seen = now, memory_order_release);
        }
        return 0;
}

/* Gives back what comes, until that is 0: the child of a fork has the pipe's other end, too, and so
 * would never see it closed. */
static int echo_pipe(void *arg, size_t arg_size)
{
        uint64_t word;

        (void)arg;
        (void)arg_size;
        bind_to(&pus[1], sizeof(*pus));
        while (read(mproc_self_fd(0), &word, sizeof(word)) == sizeof(word) && word)
                if (write(mproc_self_fd(1), &word, sizeof(word)) != sizeof(word))
                        return 1;
        return 0;
}

static void trip(const struct side *side)
{
        struct mproc_call call = {.function = nothing};
        struct mproc_err err = {0};
        uint64_t word;

        switch (side->carrier) {
        case A_LINE:
                word = atomic_load(&side->bare->there) + 1;
                atomic_store_explicit(&side->bare->there, word, memory_order_release);
                while (atomic_load_explicit(&side->bare->back, memory_order_acquire) != word)
                        wait_pause();
                break;
        case A_PIPE:
                word = 1;
                if (write(side->to, &word, sizeof(word)) != sizeof(word) ||
                    read(side->from, &word, sizeof(word)) != sizeof(word))
                        must(-1, &(struct mproc_err){.stage = "pipe", .text = "it broke"});
                break;
        case A_POOL:
                must(mproc_pool_apply(side->pool, &call, NULL, NULL, &err), &err);
                break;
        }
}

static int ascending(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* The bare spinner runs for its own measurements alone: it would take a PU from the others. */
static struct mproc_process *start_spinner(struct bare *bare)
{
        struct mproc_process_options options = {
                .start = "fork", .target = echo_line, .arg = &bare, .arg_size = sizeof(bare)};
        struct mproc_process *process;
        struct mproc_err err = {0};

        memset(bare, 0, sizeof(*bare));
        must(mproc_process_start(&process, &options, &err), &err);
        return process;
}

static double measure(void *context)
{
        static uint64_t took_ns[TRIPS];
        const struct side *side = context;
        uint32_t count = side->asleep ? TRIPS_ASLEEP : TRIPS;
        struct mproc_process *spinner = side->carrier == A_LINE ? start_spinner(side->bare) : NULL;
        struct timespec rest = {.tv_nsec = REST_NS};

        for (int i = 0; i < 100; i++)
                trip(side);
        for (uint32_t i = 0; i < count; i++) {
                uint64_t begin_ns;

                if (side->asleep)
                        nanosleep(&rest, NULL);
                begin_ns = clock_now_ns();
                trip(side);
                took_ns[i] = clock_now_ns() - begin_ns;
        }
        if (spinner) {
                atomic_store(&side->bare->there, UINT64_MAX);
                mproc_process_join(spinner, MPROC_FOREVER, NULL, NULL);
                mproc_process_free(spinner);
        }
        qsort(took_ns, count, sizeof(*took_ns), ascending);
        return (double)took_ns[count / 2];
}

static struct mproc_pool *new_pool(size_t workers)
{
        struct mproc_pool_options options = {.start = "fork",
                                             .workers = workers,
                                             .initialiser = workers == 1 ? bind_to : NULL,
                                             .arg = &pus[1],
                                             .arg_size = sizeof(*pus)};
        struct mproc_err err = {0};
        struct mproc_pool *pool;

        must(mproc_pool_new(&pool, &options, &err), &err);
        return pool;
}

int main(int argc, char **argv)
{
        enum { LINE_SPINS, POOL_SPINS, PIPE_SLEEPS, POOL_SLEEPS, CROWDED, N };
        uint32_t rounds = bench_rounds_wanted(argc, argv, 20);
        static struct bench_side sides[N];
        struct side contexts[N] = {0};
        int there[2], back[2];
        struct mproc_process *echo;
        struct mproc_err err = {0};
        struct mproc_shm *shm;

        mproc_init(&argc, &argv);
        pus[0] = bench_pu(0);
        pus[1] = bench_pu(pus[0] + 1);
        if (pus[1] < 0) {
                fprintf(stderr, "bench trip: two PUs are wanted\n");
                return 4;
        }
        must(mproc_shm_new(&shm, sizeof(struct bare), &err), &err);
        if (pipe2(there, O_CLOEXEC) < 0 || pipe2(back, O_CLOEXEC) < 0)
                return 4;
        must(mproc_process_start(&echo,
                                 &(struct mproc_process_options){.start = "fork",
                                                                 .target = echo_pipe,
                                                                 .fds = (int[]){there[0], back[1]},
                                                                 .fd_count = 2},
                                 &err),
             &err);
        close(there[0]);
        close(back[1]);
        contexts[LINE_SPINS] = (struct side){.carrier = A_LINE, .bare = mproc_shm_addr(shm)};
        contexts[PIPE_SLEEPS] =
                (struct side){.carrier = A_PIPE, .asleep = true, .to = there[1], .from = back[0]};
        contexts[POOL_SPINS] = (struct side){.carrier = A_POOL, .pool = new_pool(1)};
        contexts[POOL_SLEEPS] = contexts[POOL_SPINS];
        contexts[POOL_SLEEPS].asleep = true;
        contexts[CROWDED] = (struct side){.carrier = A_POOL, .pool = new_pool(CROWD)};
        bind_to(&pus[0], sizeof(*pus));
        for (int i = 0; i < N; i++)
                sides[i] = (struct bench_side){measure, &contexts[i], {0}};
        bench_rounds(sides, N, rounds);
        bench_heading("A round trip between two PUs, median", "ns", "Pool", "bare");
        bench_row("line, spinning", &sides[POOL_SPINS], &sides[LINE_SPINS], rounds, 1);
        bench_row("pipe, asleep", &sides[POOL_SLEEPS], &sides[PIPE_SLEEPS], rounds, 1);
        bench_heading("Pool(4) without rest against Pool(1) asleep", "ns", "Pool(4)", "asleep");
        bench_row("4 on 2 PUs", &sides[CROWDED], &sides[POOL_SLEEPS], rounds, 1);
        mproc_pool_free(contexts[CROWDED].pool);
        mproc_pool_free(contexts[POOL_SPINS].pool);
        if (write(there[1], &(uint64_t){0}, sizeof(uint64_t)) != sizeof(uint64_t))
                return 4;
        mproc_process_join(echo, MPROC_FOREVER, NULL, NULL);
        mproc_process_free(echo);
        close(there[1]);
        close(back[0]);
        mproc_shm_free(shm);
        return 0;
}
