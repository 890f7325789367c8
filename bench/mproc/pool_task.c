#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/pool_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPARE_MAX 4096

#define SMALL_BYTES 32 /* most results are no larger, and a queued task is small thereby */

struct mproc_result *pool_result_new(struct mproc_pool *pool, size_t bytes)
{
        bool large = bytes > SMALL_BYTES;
        struct mproc_result *result = STAILQ_FIRST(&pool->spare[large]);

        if (result) {
                STAILQ_REMOVE_HEAD(&pool->spare[large], entry);
                pool->spare_count--;
        } else {
                result = malloc(sizeof(*result) + (large ? MPROC_POOL_INLINE : SMALL_BYTES));
                if (!result)
                        return NULL;
        }
        *result = (struct mproc_result){.pool = pool, .large = large};
        return result;
}

const void *pool_result_bytes(const struct mproc_pool *pool, const struct mproc_result *result)
{
        return result->room > MPROC_POOL_INLINE ? pool_arena_at(&pool->arena, result->result_unit)
                                                : result->bytes;
}

void pool_result_free(struct mproc_pool *pool, struct mproc_result *result)
{
        if (result->room > MPROC_POOL_INLINE) {
                pool_arena_give(&pool->arena, pool_result_bytes(pool, result), result->room);
                if (pool->waiting) /* for room, it may be */
                        pool_stir(pool);
        }
        free(result->failure);
        if (pool->spare_count >= SPARE_MAX) {
                free(result);
                return;
        }
        pool->spare_count++;
        STAILQ_INSERT_HEAD(&pool->spare[result->large], result, entry);
}

void pool_result_over(struct mproc_pool *pool, struct mproc_result *result, int code,
                      const struct mproc_failure *failure)
{
        result->code = code;
        atomic_store_explicit(&result->callback_code, 0, memory_order_relaxed);
        pool->outstanding--;
        if (failure) {
                result->failure = malloc(sizeof(*failure));
                if (result->failure)
                        *result->failure = *failure;
        }
        /* pool_result.c may look without the lock. */
        atomic_store_explicit(&result->over, true, memory_order_release);
        if (result->use == POOL_OF_STREAM) {
                pool_stream_over(result->stream, result);
        } else if (pool_has_callback(result)) {
                result->calling = true;
                STAILQ_INSERT_TAIL(&pool->called, result, entry);
        } else if (result->released) {
                pool_result_free(pool, result);
        }
}

/* What the function's own words were. */
static void read_failure(struct mproc_pool *pool, uint32_t number, struct mproc_failure *ret)
{
        const struct pool_shared *shared = pool->shared;
        const struct pool_slot *slot = &shared->slots[number];
        uint64_t word = atomic_load(&shared->slots[number].state);
        uint32_t worker = pool_word_worker(word);

        *ret = (struct mproc_failure){
                .count = 1, .worker = (int32_t)worker, .pid = pool->worker[worker].pid};
        if (pool_word_state(word) != POOL_DONE) {
                error_set(&ret->err, slot->code, "task",
                          "the function returned %d, and its worker died before it could say more",
                          slot->code);
                return;
        }
        ret->err.code = slot->code;
        memcpy(ret->err.stage, slot->failed.stage, sizeof(slot->failed.stage));
        ret->err.stage[sizeof(ret->err.stage) - 1] = '\0';
        if (slot->text && slot->text <= shared->text_count)
                memcpy(ret->err.text, shared->texts[slot->text - 1].text, sizeof(ret->err.text));
        else
                memcpy(ret->err.text, slot->failed.text, sizeof(slot->failed.text));
        ret->err.text[sizeof(ret->err.text) - 1] = '\0';
}

static void free_text(struct pool_shared *shared, uint32_t number)
{
        const struct pool_slot *slot = &shared->slots[number];

        if (pool_word_state(atomic_load(&slot->state)) == POOL_DONE) {
                if (slot->text && slot->text <= shared->text_count)
                        atomic_store(&shared->texts[slot->text - 1].slot, 0);
                return;
        }
        /* A worker that died may not have noted down yet which it took. */
        for (uint32_t i = 0; i < shared->text_count; i++)
                if (atomic_load_explicit(&shared->texts[i].slot, memory_order_relaxed) ==
                    number + 1)
                        atomic_store(&shared->texts[i].slot, 0);
}

void pool_slot_over(struct mproc_pool *pool, uint32_t number, int code,
                    const struct mproc_failure *failure)
{
        struct pool_slot *slot = &pool->shared->slots[number];
        struct mproc_result *result = pool->by_slot[number];
        struct mproc_failure own;

        if (slot->code) {
                if (!code) {
                        code = slot->code;
                        read_failure(pool, number, &own);
                        failure = &own;
                }
                free_text(pool->shared, number);
        }
        if (result->arg_size > MPROC_POOL_INLINE)
                pool_arena_give(&pool->arena, pool_arena_at(&pool->arena, result->arg_unit),
                                result->arg_size);
        if (!code) {
                /* No more than the room, whatever became of the slot. */
                result->size = slot->result_size < result->room ? slot->result_size : result->room;
                if (result->room <= MPROC_POOL_INLINE)
                        memcpy(result->bytes, pool_payload(pool->shared, slot, result->room, 0),
                               result->size);
        }
        pool->by_slot[number] = NULL;
        atomic_store_explicit(&slot->state, pool_word(POOL_FREE, 0, 0), memory_order_release);
        pool->free_slots[number / 64] |= 1ull << number % 64;
        pool->used_slots--;
        pool_result_over(pool, result, code, failure);
}

void pool_slot_told(struct mproc_pool *pool, uint32_t number)
{
        struct pool_shared *shared = pool->shared;

        if (number < shared->slot_count && pool->by_slot[number] &&
            pool_word_state(atomic_load_explicit(&shared->slots[number].state,
                                                 memory_order_acquire)) == POOL_DONE)
                pool_slot_over(pool, number, 0, NULL);
}

/* The first free slot from position `tail` on, and its position; there is one. */
static uint64_t next_free(const struct mproc_pool *pool, uint64_t tail)
{
        uint64_t mask = pool->shared->slot_count - 1, at = tail & mask, found;
        uint64_t word = pool->free_slots[at / 64] >> at % 64;

        if (word)
                return tail + (uint64_t)__builtin_ctzll(word);
        do
                at = (at / 64 + 1) * 64 & mask;
        while (!pool->free_slots[at / 64]);
        found = at + (uint64_t)__builtin_ctzll(pool->free_slots[at / 64]);
        return tail + ((found - tail) & mask);
}

static void enqueue_at(struct mproc_pool *pool, uint64_t position)
{
        bool ring = pool->transport == &pool_transport_ring; /* spared the call by pointer */
        struct pool_shared *shared = pool->shared;

        atomic_store_explicit(&pool_slot_at(shared, position)->state,
                              pool_word(POOL_QUEUED, 0, position), memory_order_release);
        pool->watch.tail = position + 1;
        if (ring && atomic_load_explicit(&shared->fenced, memory_order_relaxed)) {
                atomic_store_explicit(&shared->front.tail, pool->watch.tail, memory_order_release);
                atomic_signal_fence(memory_order_seq_cst);
                if (!pool_bits_any(&shared->sleeping, shared->workers))
                        return;
        }
        /* A barrier, too, before `looking` is read. */
        atomic_store(&shared->front.tail, pool->watch.tail);
        if (ring)
                pool_wake_one(shared);
        else
                pool->transport->offer(pool);
}

void pool_run_again(struct mproc_pool *pool, uint32_t number)
{
        struct pool_shared *shared = pool->shared;
        const struct mproc_result *result = pool->by_slot[number];
        uint64_t tail = pool->watch.tail;
        struct pool_slot *slot = &shared->slots[number];

        slot->result_size = result->room;
        if (result->arg_size && result->arg_size <= MPROC_POOL_INLINE) /* it may be written over */
                memcpy(pool_payload(shared, slot, result->arg_size, 0), result->bytes,
                       result->arg_size);
        enqueue_at(pool, tail + ((number - tail) & (shared->slot_count - 1)));
}

static bool has_slot(const struct mproc_pool *pool)
{
        return pool->used_slots < pool->queue;
}

/* Room for one task ------------------------------------------------------------------------- */

struct room {
        size_t arg_size, result_size; /* in the arena; 0: none is needed */
        void *arg, *result;
        bool found;
};

static bool take_arena(struct mproc_pool *pool, struct room *room)
{
        if (room->arg_size && !room->arg)
                room->arg = pool_arena_take(&pool->arena, room->arg_size);
        if (room->arg_size && !room->arg)
                return false;
        if (room->result_size)
                room->result = pool_arena_take(&pool->arena, room->result_size);
        if (!room->result_size || room->result)
                return true;
        pool_arena_give(&pool->arena, room->arg, room->arg_size);
        room->arg = NULL;
        return false;
}

static bool find_room(struct mproc_pool *pool, void *context)
{
        struct room *room = context;

        if (pool->phase != POOL_OPEN || pool->broken.code)
                return true;
        room->found = has_slot(pool) && take_arena(pool, room);
        return room->found || !pool_may_make_room(pool);
}

static int check_call(const struct mproc_pool *pool, const struct mproc_call *call,
                      const struct room *room, struct mproc_err *err)
{
        if (call->arg_size && !call->arg)
                return error_set(err, -EINVAL, "submit", "the argument is NULL, its size %zu",
                                 call->arg_size);
        if (call->arg_size > UINT32_MAX || call->result_size > UINT32_MAX)
                return error_set(err, -E2BIG, "submit",
                                 "an argument of %zu and a result of %zu bytes: each may have %u "
                                 "at most; put them into shared memory and pass the address",
                                 call->arg_size, call->result_size, UINT32_MAX);
        if (!pool_arena_could_hold(&pool->arena, room->arg_size, room->result_size))
                return error_set(err, -E2BIG, "submit",
                                 "an argument of %zu and a result of %zu bytes are more than the "
                                 "pool's arena holds (%zu): raise options.arena_bytes, or put them "
                                 "into shared memory and pass the address",
                                 call->arg_size, call->result_size, pool_arena_bytes(&pool->arena));
        return 0;
}

static int await_room(struct mproc_pool *pool, struct room *room, uint64_t deadline_ns,
                      struct mproc_err *err)
{
        int r = 0;

        /* Room is what the common case has. */
        room->found = has_slot(pool) && take_arena(pool, room);
        if (!room->found && !deadline_ns)
                return error_set(err, -EAGAIN, "submit", "the queue has no room now");
        if (!room->found)
                r = pool_wait(pool, find_room, room, POOL_ANY, deadline_ns);
        if (room->found)
                return 0;
        if (r) /* the stream says what it waited for */
                return r;
        r = pool_check_open(pool, err);
        if (r)
                return r;
        if (pool_has_due(pool)) /* whoever asks calls them, and tries again */
                return -ENOBUFS;
        return error_set(err, -ENOBUFS, "submit",
                         "the pool's arena is held by results that are not freed, and no task is "
                         "under way: free some, or raise options.arena_bytes");
}

static void fill(struct mproc_pool *pool, struct mproc_result *result, uint32_t function,
                 const struct mproc_call *call, const struct room *room)
{
        struct pool_slot *slot = &pool->shared->slots[result->slot];

        result->arg_size = slot->arg_size = (uint32_t)call->arg_size;
        result->room = slot->result_size = (uint32_t)call->result_size;
        if (room->arg)
                result->arg_unit = slot->arg_unit = pool_arena_unit(&pool->arena, room->arg);
        if (room->result)
                result->result_unit = slot->result_unit =
                        pool_arena_unit(&pool->arena, room->result);
        slot->code = 0;
        slot->text = 0;
        slot->function = (uint16_t)function;
        if (!call->arg_size)
                return;
        memcpy(pool_payload(pool->shared, slot, slot->arg_size, slot->arg_unit), call->arg,
               call->arg_size);
        if (pool->retries && !room->arg)
                memcpy(result->bytes, call->arg, call->arg_size);
}

/* Of a task, in its handle. */
static size_t bytes_to_keep(const struct mproc_pool *pool, const struct mproc_call *call)
{
        size_t result = call->result_size <= MPROC_POOL_INLINE ? call->result_size : 0;
        size_t arg = call->arg_size <= MPROC_POOL_INLINE ? call->arg_size : 0;

        return pool->retries && arg > result ? arg : result;
}

int pool_submit(struct mproc_pool *pool, struct mproc_result **ret, const struct mproc_call *call,
                const struct pool_place *place, struct mproc_err *err)
{
        struct room room = {.arg_size = call->arg_size > MPROC_POOL_INLINE ? call->arg_size : 0,
                            .result_size =
                                    call->result_size > MPROC_POOL_INLINE ? call->result_size : 0};
        struct mproc_result *result;
        uint32_t function, number;
        uint64_t position;
        int r;

        r = pool_check_open(pool, err);
        if (!r)
                r = check_call(pool, call, &room, err);
        if (!r)
                r = pool_function(pool, call->function, &function, err);
        if (r)
                return r;
        result = pool_result_new(pool, bytes_to_keep(pool, call));
        if (!result)
                return limits_error(err, -ENOMEM, "submit", "cannot note down a task");
        r = await_room(pool, &room, place ? place->deadline_ns : UINT64_MAX, err);
        if (r) {
                pool_result_free(pool, result);
                return r;
        }
        position = next_free(pool, pool->watch.tail);
        number = (uint32_t)(position & (pool->shared->slot_count - 1));
        pool->free_slots[number / 64] &= ~(1ull << number % 64);
        pool->used_slots++;
        pool->by_slot[number] = result;
        result->slot = number;
        if (place) {
                result->use = POOL_OF_STREAM;
                result->stream = place->stream;
                result->item = place->item;
        } else {
                result->callback = call->callback;
                result->context = call->context;
        }
        fill(pool, result, function, call, &room);
        if (!pool->outstanding++ && pool->task_limit_ns)
                pool_kick(pool);
        *ret = result;
        enqueue_at(pool, position);
        return 0;
}

int pool_cancel_locked(struct mproc_pool *pool, struct mproc_result *result, struct mproc_err *err)
{
        struct mproc_failure failure = {.count = 1, .worker = -1};
        struct pool_slot *slot;
        uint64_t word;

        if (result->over)
                return error_set(err, -EALREADY, "cancel", "it is over already");
        error_set(&failure.err, -ECANCELED, "cancel", "it was cancelled before it began");
        if (result->use == POOL_OF_JOB) {
                pool_job_cancel(pool, result->job, &failure);
                return 0;
        }
        slot = &pool->shared->slots[result->slot];
        word = atomic_load(&slot->state);
        if (pool_word_state(word) != POOL_QUEUED ||
            !atomic_compare_exchange_strong(&slot->state, &word, pool_word(POOL_FREE, 0, 0)))
                return error_set(err, -EALREADY, "cancel", "the task has begun already");
        pool_slot_over(pool, result->slot, -ECANCELED, &failure);
        return 0;
}
