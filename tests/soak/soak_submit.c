#include "soak/soak_submit.h"

enum { ARG_MAX_BYTES = 40000, RESULT_MAX_BYTES = 8000 };

static uint32_t answer(uint32_t key)
{
        return key * 2654435761u + 12345;
}

static void fill(unsigned char *bytes, size_t size, uint32_t key)
{
        for (size_t i = 0; i < size; i++)
                bytes[i] = (unsigned char)(key + i);
}

static bool is_filled(const unsigned char *bytes, size_t size, uint32_t key)
{
        for (size_t i = 0; i < size; i++)
                if (bytes[i] != (unsigned char)(key + i))
                        return false;
        return true;
}

static int work(struct mproc_task *task)
{
        const struct order *order = task->arg;
        const unsigned char *rest = (const unsigned char *)(order + 1);
        uint32_t times = atomic_fetch_add(&order->mark->begun, 1);

        if (times < sizeof(order->mark->by) / sizeof(*order->mark->by)) {
                order->mark->by[times].pid = getpid();
                order->mark->by[times].worker = task->worker;
        }
        if (!is_filled(rest, task->arg_size - sizeof(*order), order->key))
                return -EBADMSG;
        if (order->nap_us)
                nap(order->nap_us * NS_PER_US);
        for (volatile uint32_t i = order->key % 512; i; i--)
                ;
        *(uint32_t *)task->result = answer(order->key);
        fill((unsigned char *)task->result + 4, task->result_size - 4, order->key);
        atomic_fetch_add(&order->mark->ended, 1);
        soak_beat(order->board, &order->board->pulse[task->worker]);
        return 0;
}

/* Accounts --------------------------------------------------------------------------------------
 */

static void place_order(struct round *round, uint32_t i)
{
        uint64_t *random = &round->stage->random;

        round->marks[i] = (struct mark){0};
        round->results[i] = 0;
        round->codes[i] = 0;
        round->orders[i] = (struct order){.board = round->stage->board,
                                          .mark = &round->marks[i],
                                          .key = next_random(random),
                                          .nap_us = roll(random, 64) ? 0 : roll(random, 800)};
}

/* A failure is a death, and the death is one that happened here. */
static void expect_killed(const struct round *round, const struct mproc_failure *failure)
{
        bool named = strstr(failure->err.text, "SIGKILL") &&
                     (soak_was_killed(failure->pid) || (atomic_load(&round->stage->server_kills) &&
                                                        strstr(failure->err.text, "fork server")));

        if (round->terminates && failure->err.code == -ECANCELED)
                return;
        if (failure->err.code != -EOWNERDEAD || !named)
                soak_fail(round->stage, "a task failed with %d (worker %d, process %d): %s",
                          failure->err.code, failure->worker, (int)failure->pid, failure->err.text);
}

static _Noreturn void blame(const struct round *round, uint32_t i)
{
        const struct mark *mark = &round->marks[i];

        for (size_t k = 0; k < sizeof(mark->by) / sizeof(*mark->by); k++)
                if (mark->by[k].pid)
                        fprintf(stderr, "  item %u was begun by process %d as worker %u%s\n", i,
                                mark->by[k].pid, mark->by[k].worker,
                                soak_was_killed(mark->by[k].pid) ? ", which was killed" : "");
        soak_fail(round->stage, "item %u: code %d, begun %u times, ended %u, result %s", i,
                  round->codes[i], mark->begun, mark->ended,
                  round->results[i] == answer(round->orders[i].key) ? "right" : "wrong");
}

/* Done exactly once, or failed; with retries begun no more often than those allow. */
static void judge(struct round *round, uint32_t i)
{
        uint32_t begun = atomic_load(&round->marks[i].begun);
        uint32_t ended = atomic_load(&round->marks[i].ended);
        bool fine;

        if (round->codes[i])
                fine = (round->codes[i] == -EOWNERDEAD || round->terminates) &&
                       begun <= 1 + round->retries && ended <= begun;
        else
                fine = begun >= 1 && begun <= 1 + round->retries && ended >= 1 && ended <= begun &&
                       round->results[i] == answer(round->orders[i].key);
        if (!fine)
                blame(round, i);
        round->failed += round->codes[i] == -EOWNERDEAD;
        round->stage->tasks++;
}

static void expect_answer(struct round *round, uint32_t i, int r, const unsigned char *result,
                          size_t size, const struct mproc_failure *failure, const char *text)
{
        if (r == -EREMOTEIO) {
                expect_killed(round, failure);
                round->codes[i] = failure->err.code;
        } else if (r) {
                soak_fail(round->stage, "item %u: %d: %s", i, r, text);
        } else {
                memcpy(&round->results[i], result, 4);
                if (!is_filled(result + 4, size - 4, round->orders[i].key))
                        soak_fail(round->stage, "item %u: its result is not its own", i);
        }
        judge(round, i);
}

/* Ways to submit ----------------------------------------------------------------------------------
 */

static void run_map(struct round *round)
{
        static const uint32_t chunks[] = {1, MPROC_CHUNK_GUIDED, MPROC_CHUNK_CPYTHON, 7};
        uint32_t count = 1 + roll(&round->stage->random, ITEMS);
        struct mproc_map map = {.function = work,
                                .args = round->orders,
                                .arg_size = sizeof(*round->orders),
                                .results = round->results,
                                .result_size = sizeof(*round->results),
                                .count = count,
                                .chunk = chunks[roll(&round->stage->random, 4)],
                                .codes = round->codes};
        struct mproc_failure failure = {0};
        uint64_t before = round->failed;
        struct mproc_err err = {0};
        int r;

        soak_step(round->stage, "maps");
        for (uint32_t i = 0; i < count; i++)
                place_order(round, i);
        r = mproc_pool_map(round->pool, &map, &failure, &err);
        if (r && r != -EREMOTEIO)
                soak_fail(round->stage, "map: %d: %s", r, err.text);
        if (r)
                expect_killed(round, &failure);
        for (uint32_t i = 0; i < count; i++)
                judge(round, i);
        if (round->failed - before != failure.count)
                soak_fail(round->stage, "map: %llu items failed, and it says %llu",
                          (unsigned long long)(round->failed - before),
                          (unsigned long long)failure.count);
}

/* Singly, of `arg_size` and `result_size` bytes at most. */
static void run_async(struct round *round, uint32_t count, uint32_t arg_size, uint32_t result_size)
{
        static unsigned char arg[ARG_MAX_BYTES], result[RESULT_MAX_BYTES];
        uint64_t *random = &round->stage->random;
        struct mproc_result **results = calloc(count, sizeof(*results));
        uint32_t *sizes = calloc(count, sizeof(*sizes));
        struct mproc_err err = {0};

        for (uint32_t i = 0; i < count; i++) {
                struct mproc_call call = {.function = work, .arg = arg};
                int r;

                place_order(round, i);
                call.arg_size =
                        sizeof(struct order) + roll(random, arg_size - sizeof(struct order) + 1);
                call.result_size = sizes[i] = 4 + roll(random, result_size - 4 + 1);
                memcpy(arg, &round->orders[i], sizeof(struct order));
                fill(arg + sizeof(struct order), call.arg_size - sizeof(struct order),
                     round->orders[i].key);
                r = mproc_pool_apply_async(round->pool, &results[i], &call, &err);
                if (r)
                        soak_fail(round->stage, "apply_async: %d: %s", r, err.text);
        }
        if (round->terminates && mproc_pool_terminate(round->pool, &err))
                soak_fail(round->stage, "terminate: %s", err.text);
        for (uint32_t i = 0; i < count; i++) {
                struct mproc_failure failure = {0};
                int r = mproc_pool_get(round->pool, results[i], result, sizeof(result),
                                       SOAK_WAIT_NS, &failure, &err);

                expect_answer(round, i, r, result, sizes[i], &failure, err.text);
                mproc_pool_release(round->pool, results[i]);
        }
        free(results);
        free(sizes);
}

static void run_small(struct round *round)
{
        soak_step(round->stage, "submits small tasks");
        run_async(round, 600, MPROC_POOL_INLINE, MPROC_POOL_INLINE);
}

static void run_large(struct round *round)
{
        soak_step(round->stage, "submits large tasks");
        run_async(round, 150, ARG_MAX_BYTES, RESULT_MAX_BYTES);
}

/* With nothing to do for a while, in which workers die all the same. */
static void run_idle(struct round *round)
{
        soak_step(round->stage, "is idle");
        nap(roll(&round->stage->random, 20000000));
        soak_step(round->stage, "applies after being idle");
        run_async(round, 1 + roll(&round->stage->random, 3), MPROC_POOL_INLINE, MPROC_POOL_INLINE);
}

static void run_stream(struct round *round)
{
        uint32_t count = 1 + roll(&round->stage->random, ITEMS / 2);
        struct mproc_map map = {.function = work,
                                .args = round->orders,
                                .arg_size = sizeof(*round->orders),
                                .result_size = sizeof(*round->results),
                                .count = count};
        bool ordered = !roll(&round->stage->random, 3);
        struct mproc_stream *stream;
        static bool seen[ITEMS];
        struct mproc_err err = {0};

        soak_step(round->stage, "streams");
        memset(seen, 0, sizeof(seen));
        for (uint32_t i = 0; i < count; i++)
                place_order(round, i);
        if (mproc_pool_imap(round->pool, &stream, &map, 1 + roll(&round->stage->random, 100),
                            ordered, &err))
                soak_fail(round->stage, "imap: %s", err.text);
        for (uint32_t n = 0;; n++) {
                struct mproc_failure failure = {0};
                unsigned char result[4];
                uint64_t index = UINT64_MAX;
                int r = mproc_stream_next(stream, result, &index, SOAK_WAIT_NS, &failure, &err);

                if (r == -ENODATA && n == count)
                        break;
                if (r && r != -EREMOTEIO)
                        soak_fail(round->stage, "next, after %u of %u: %d: %s", n, count, r,
                                  err.text);
                if (index >= count || seen[index] || (ordered && index != n))
                        soak_fail(round->stage, "result %u is of item %llu of %u%s", n,
                                  (unsigned long long)index, count,
                                  index < count && seen[index] ? ", which was seen" : "");
                seen[index] = true;
                expect_answer(round, (uint32_t)index, r, result, sizeof(result), &failure,
                              err.text);
        }
        mproc_stream_free(stream);
}

void submit_and_terminate(struct round *round)
{
        soak_step(round->stage, "terminates the pool");
        round->terminates = true;
        run_async(round, 100, MPROC_POOL_INLINE, MPROC_POOL_INLINE);
}

void submit_one(struct round *round)
{
        run_async(round, 1, MPROC_POOL_INLINE, MPROC_POOL_INLINE);
}

void submit_round(struct round *round, uint32_t way)
{
        static void (*const ways[])(struct round *) = {run_map,    run_small, run_large,
                                                       run_stream, run_idle,  run_map};

        ways[way % (sizeof(ways) / sizeof(*ways))](round);
}
