#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/pool_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPARE_MAX 4096

struct mproc_result *pool_result_new(struct mproc_pool *pool)
{
        struct mproc_result *result = TAILQ_FIRST(&pool->spare);

        if (result) {
                TAILQ_REMOVE(&pool->spare, result, entry);
                pool->spare_count--;
        } else {
                result = malloc(sizeof(*result));
                if (!result)
                        return NULL;
        }
        memset(result, 0, offsetof(struct mproc_result, bytes));
        result->pool = pool;
        return result;
}

void pool_result_free(struct mproc_pool *pool, struct mproc_result *result)
{
        pool_arena_give(&pool->arena, result->arena_result, result->result_room);
        if (result->arena_result && pool->waiting) /* for room, it may be */
                pool_stir(pool);
        free(result->failure);
        if (pool->spare_count >= SPARE_MAX) {
                free(result);
                return;
        }
        pool->spare_count++;
        TAILQ_INSERT_HEAD(&pool->spare, result, entry);
}

void pool_result_over(struct mproc_pool *pool, struct mproc_result *result, int code,
                      const struct mproc_failure *failure)
{
        result->code = code;
        pool->outstanding--;
        if (failure) {
                result->failure = malloc(sizeof(*failure));
                if (result->failure)
                        *result->failure = *failure;
        }
        /* pool_result.c may look without the lock. */
        atomic_store_explicit(&result->over, true, memory_order_release);
        if (result->stream)
                pool_stream_over(result->stream, result);
        if (result->callback) {
                result->calling = true;
                TAILQ_INSERT_TAIL(&pool->called, result, entry);
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
        if (!code) {
                /* No more than the room, whatever became of the slot. */
                result->result_size = slot->result_size < result->result_room ? slot->result_size
                                                                              : result->result_room;
                if (!result->arena_result)
                        memcpy(result->bytes, slot->result_inline, result->result_size);
        }
        pool_arena_give(&pool->arena, result->arena_arg, result->arg_room);
        result->arena_arg = NULL;
        pool->by_slot[number] = NULL;
        atomic_store_explicit(&slot->state, pool_word(POOL_FREE, 0, 0), memory_order_release);
        pool->free_slots[pool->free_count++] = number;
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

void pool_move_head(struct pool_shared *shared)
{
        uint64_t head = atomic_load(&shared->head);

        while (head < atomic_load(&shared->front.tail) &&
               atomic_load(&pool_slot_at(shared, head)->state) != pool_word(POOL_QUEUED, 0, head))
                if (atomic_compare_exchange_strong(&shared->head, &head, head + 1))
                        head++;
}

static bool queue_has_room(struct mproc_pool *pool)
{
        struct pool_shared *shared = pool->shared;
        uint64_t tail = atomic_load_explicit(&shared->front.tail, memory_order_relaxed);

        /* Workers write head all the time: it is looked at when what is known does not do. */
        if (tail - pool->head_seen < shared->slot_count)
                return true;
        pool->head_seen = atomic_load(&shared->head);
        if (tail - pool->head_seen < shared->slot_count)
                return true;
        pool_move_head(shared);
        pool->head_seen = atomic_load(&shared->head);
        return tail - pool->head_seen < shared->slot_count;
}

void pool_enqueue(struct mproc_pool *pool, uint32_t number)
{
        struct pool_shared *shared = pool->shared;
        uint64_t tail = atomic_load_explicit(&shared->front.tail, memory_order_relaxed);

        atomic_store_explicit(&shared->queue[tail & (2 * shared->slot_count - 1)], number,
                              memory_order_relaxed);
        atomic_store_explicit(&shared->slots[number].state, pool_word(POOL_QUEUED, 0, tail),
                              memory_order_release);
        atomic_store(&shared->front.tail, tail + 1);
        if (pool->transport == &pool_transport_ring) /* spared the call by pointer */
                pool_wake_one(shared);
        else
                pool->transport->offer(pool);
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
        room->found = pool->free_count && queue_has_room(pool) && take_arena(pool, room);
        return room->found || !pool->outstanding;
}

static int check_call(const struct mproc_pool *pool, const struct mproc_call *call,
                      const struct room *room, struct mproc_err *err)
{
        if (call->arg_size && !call->arg)
                return error_set(err, -EINVAL, "submit", "the argument is NULL, its size %zu",
                                 call->arg_size);
        if (!pool_arena_could_hold(&pool->arena, room->arg_size, room->result_size))
                return error_set(err, -E2BIG, "submit",
                                 "an argument of %zu and a result of %zu bytes are more than the "
                                 "pool's arena holds (%zu): raise options.arena_bytes, or put them "
                                 "into shared memory and pass the address",
                                 call->arg_size, call->result_size, pool_arena_bytes(&pool->arena));
        return 0;
}

static int await_room(struct mproc_pool *pool, struct room *room, bool waits, struct mproc_err *err)
{
        int r;

        /* Room is what the common case has. */
        room->found = pool->free_count && queue_has_room(pool) && take_arena(pool, room);
        if (!room->found && !waits)
                return error_set(err, -EAGAIN, "submit", "the queue has no room now");
        if (!room->found)
                pool_wait(pool, find_room, room, POOL_ANY, UINT64_MAX);
        if (room->found)
                return 0;
        r = pool_check_open(pool, err);
        if (r)
                return r;
        return error_set(err, -ENOBUFS, "submit",
                         "the pool's arena is held by results that are not freed, and no task is "
                         "under way: free some, or raise options.arena_bytes");
}

int pool_submit(struct mproc_pool *pool, struct mproc_result **ret, const struct mproc_call *call,
                const struct pool_place *place, struct mproc_err *err)
{
        struct room room = {.arg_size = call->arg_size > MPROC_POOL_INLINE ? call->arg_size : 0,
                            .result_size =
                                    call->result_size > MPROC_POOL_INLINE ? call->result_size : 0};
        struct mproc_result *result;
        struct pool_slot *slot;
        uint32_t function, number;
        int r;

        r = pool_check_open(pool, err);
        if (!r)
                r = check_call(pool, call, &room, err);
        if (!r)
                r = pool_function(pool, call->function, &function, err);
        if (r)
                return r;
        result = pool_result_new(pool);
        if (!result)
                return limits_error(err, -ENOMEM, "submit", "cannot note down a task");
        r = await_room(pool, &room, !place || place->waits, err);
        if (r) {
                pool_result_free(pool, result);
                return r;
        }
        number = pool->free_slots[--pool->free_count];
        slot = &pool->shared->slots[number];
        result->arena_arg = room.arg;
        result->arena_result = room.result;
        result->arg_room = call->arg_size;
        result->result_room = call->result_size;
        result->callback = call->callback;
        result->context = call->context;
        result->slot = number;
        if (place) {
                result->stream = place->stream;
                result->item = place->item;
        }
        slot->function = function;
        slot->code = 0;
        slot->text = 0;
        slot->arg_size = call->arg_size;
        slot->result_size = call->result_size;
        slot->arg = (uint64_t)(room.arg ? room.arg : slot->arg_inline);
        slot->result = (uint64_t)(room.result ? room.result : slot->result_inline);
        if (call->arg_size)
                memcpy((void *)slot->arg, call->arg, call->arg_size);
        pool->by_slot[number] = result;
        if (!pool->outstanding++ && pool->task_limit_ns)
                pool_kick(pool);
        *ret = result;
        pool_enqueue(pool, number);
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
        if (result->job) {
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
