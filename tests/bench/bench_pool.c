/* Dispatch: mproc's pool against CPython's Pool, both with two workers, in one interleaved run. A
 * task gives its number back; all results are compared with what they should be. */
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/python_peer.h"
#include <mproc/pool.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 2
#define IN_FLIGHT 512

struct side {
        struct mproc_pool *pool; /* NULL: CPython's */
        struct python_peer *peer;
        const char *how;
        uint32_t count; /* tasks of a measurement */
};

static uint64_t numbers[1 << 21], results[1 << 21];

static void must(int r, const struct mproc_err *err)
{
        if (!r)
                return;
        fprintf(stderr, "bench pool: %s: %s\n", err->stage, err->text);
        exit(4);
}

static int same(struct mproc_task *task)
{
        *(uint64_t *)task->result = *(const uint64_t *)task->arg;
        return 0;
}

/* ns per task */
static double measure_python(void *context)
{
        const struct side *side = context;
        char request[64];

        snprintf(request, sizeof(request), "%s %u", side->how, side->count);
        return python_peer_ask(side->peer, request) / side->count;
}

static double checked(uint64_t begin_ns, uint32_t count)
{
        uint64_t took_ns = clock_now_ns() - begin_ns;

        for (uint32_t i = 0; i < count; i++) {
                if (results[i] != i) {
                        fprintf(stderr, "bench pool: task %u gave %llu\n", i,
                                (unsigned long long)results[i]);
                        exit(4);
                }
                results[i] = UINT64_MAX;
        }
        return (double)took_ns / count;
}

static double measure_map(void *context)
{
        const struct side *side = context;
        struct mproc_map map = {.function = same,
                                .args = numbers,
                                .arg_size = sizeof(*numbers),
                                .results = results,
                                .result_size = sizeof(*results),
                                .count = side->count,
                                .chunk = 1};
        struct mproc_err err = {0};
        uint64_t begin_ns = clock_now_ns();

        must(mproc_pool_map(side->pool, &map, NULL, &err), &err);
        return checked(begin_ns, side->count);
}

static struct mproc_call call_of(uint32_t number)
{
        return (struct mproc_call){.function = same,
                                   .arg = &numbers[number],
                                   .arg_size = sizeof(*numbers),
                                   .result_size = sizeof(*results)};
}

static double measure_async(void *context)
{
        const struct side *side = context;
        struct mproc_pool *pool = side->pool;
        struct mproc_result *flying[IN_FLIGHT];
        struct mproc_err err = {0};
        uint64_t begin_ns = clock_now_ns();

        for (uint32_t i = 0; i < side->count + IN_FLIGHT; i++) {
                struct mproc_result **place = &flying[i % IN_FLIGHT];

                if (i >= IN_FLIGHT) {
                        must(mproc_pool_get(pool, *place, &results[i - IN_FLIGHT], sizeof(*results),
                                            MPROC_FOREVER, NULL, &err),
                             &err);
                        mproc_pool_release(pool, *place);
                }
                if (i < side->count) {
                        struct mproc_call call = call_of(i);

                        must(mproc_pool_apply_async(pool, place, &call, &err), &err);
                }
        }
        return checked(begin_ns, side->count);
}

static double measure_apply(void *context)
{
        const struct side *side = context;
        struct mproc_err err = {0};
        uint64_t begin_ns = clock_now_ns();

        for (uint32_t i = 0; i < side->count; i++) {
                struct mproc_call call = call_of(i);

                must(mproc_pool_apply(side->pool, &call, &results[i], NULL, &err), &err);
        }
        return checked(begin_ns, side->count);
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name, *how;
                double (*measure)(void *context);
                uint32_t python_count, count;
        } rows[] = {
                {"map, chunk 1", "map", measure_map, 8000, 1 << 21},
                {"apply_async", "async", measure_async, 4000, 1 << 19},
                {"apply", "apply", measure_apply, 500, 1 << 16},
        };
        enum { N = sizeof(rows) / sizeof(*rows) };
        uint32_t rounds = bench_rounds_wanted(argc, argv, 20);
        struct mproc_pool_options options = {.start = "fork", .workers = WORKERS};
        static struct bench_side sides[2 * N];
        struct side contexts[2 * N];
        struct mproc_err err = {0};
        struct mproc_pool *pool;
        struct python_peer peer;

        mproc_init(&argc, &argv);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
                numbers[i] = i;
        python_peer_start(&peer);
        must(mproc_pool_new(&pool, &options, &err), &err);
        for (int i = 0; i < N; i++) {
                contexts[2 * i] = (struct side){NULL, &peer, rows[i].how, rows[i].python_count};
                contexts[2 * i + 1] = (struct side){pool, NULL, rows[i].how, rows[i].count};
                sides[2 * i] = (struct bench_side){measure_python, &contexts[2 * i], {0}};
                sides[2 * i + 1] = (struct bench_side){rows[i].measure, &contexts[2 * i + 1], {0}};
        }
        bench_rounds(sides, 2 * N, rounds);
        bench_heading("A task through a pool of two workers, CPython's and mproc's", "ns",
                      "CPython", "mproc");
        for (int i = 0; i < N; i++)
                bench_row(rows[i].name, &sides[2 * i], &sides[2 * i + 1], rounds, 1);
        mproc_pool_free(pool); /* its workers have the peer's pipe, too */
        python_peer_end(&peer);
        return 0;
}
