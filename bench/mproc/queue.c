#include "base/error.h"
#include "mproc/queue_ledger.h"
#include "mproc/queue_private.h"
#include "mproc/queue_ring.h"
#include <errno.h>
#include <limits.h>
#include <mproc/queue.h>
#include <stdbool.h>
#include <string.h>

#define NOTHING MPROC_QUEUE_NOTHING /* as `began`: no position is that large */

int queue_check(const struct mproc_queue *queue, struct mproc_err *err)
{
        return sync_check(&queue->magic, SYNC_QUEUE, 0, err);
}

/* Whoever held the lock of `side` before was killed. */
static void recover(struct mproc_queue *queue, struct mproc_queue_side *side)
{
        if (side == &queue->get) {
                ledger_recover(queue);
                return;
        }
        /* It finished (the position has moved on) or did not: then what it wrote is no message, and
         * is written over. */
        if (side->began == side->position)
                __atomic_add_fetch(&side->torn, 1, __ATOMIC_RELAXED);
        side->began = NOTHING;
}

int queue_lock(struct mproc_queue *queue, struct mproc_queue_side *side, int64_t timeout_ns,
               struct mproc_err *err)
{
        int r = robust_lock_short(&side->lock, timeout_ns);

        if (r == -EOWNERDEAD) {
                recover(queue, side);
                pthread_mutex_consistent(&side->lock);
                r = 0;
        }
        if (r == -EBUSY)
                return error_set(err, r, "queue",
                                 "another process is in the middle of a put or get, and does not "
                                 "go on: is it stopped?");
        return r ? error_errno(err, r, "queue", "cannot lock the queue") : 0;
}

int queue_timed_out(const char *stage, const char *what, int64_t timeout_ns, struct mproc_err *err)
{
        return error_set(err, -ETIMEDOUT, stage, "%s after %.3f s", what, wait_seconds(timeout_ns));
}

/* Functions --------------------------------------------------------------------------------- */

int mproc_queue_init(struct mproc_queue *queue, size_t bytes, uint32_t max_messages,
                     struct mproc_err *err)
{
        size_t units;
        int r = sync_check_aligned(queue, MPROC_QUEUE_LINE, "queue", err);

        if (r)
                return r;
        if (bytes < sizeof(*queue) + 2 * RING_UNIT)
                return error_set(err, -EINVAL, "queue",
                                 "%zu bytes hold no queue with room for a message: ask for "
                                 "MPROC_QUEUE_BYTES(count, size)",
                                 bytes);
        units = (bytes - sizeof(*queue)) / RING_UNIT;
        memset(queue, 0, sizeof(*queue));
        queue->units = units < RING_UNITS_MAX ? (uint32_t)units : RING_UNITS_MAX;
        queue->max_messages = max_messages ? max_messages : UINT32_MAX;
        queue->put.began = queue->get.began = NOTHING;
        robust_init(&queue->put.lock);
        robust_init(&queue->get.lock);
        queue_store32(&queue->magic, SYNC_QUEUE);
        return 0;
}

void mproc_queue_done(struct mproc_queue *queue)
{
        if (queue)
                queue_store32(&queue->magic, 0);
}

/* Producers' lock held. */
static bool fits(const struct mproc_queue *queue, uint32_t units)
{
        const struct mproc_queue_side *put = &queue->put;

        return queue->units - ring_used(queue, put->position, put->other) >= units &&
               ring_count(put->position) - ring_count(put->other) < queue->max_messages;
}

static bool has_room(struct mproc_queue *queue, uint32_t units)
{
        if (fits(queue, units))
                return true;
        queue->put.other = queue_load(&queue->get.position);
        return fits(queue, units);
}

/* Producers' lock held. */
static void commit_put(struct mproc_queue *queue, const void *data, size_t size)
{
        struct mproc_queue_side *put = &queue->put;

        put->began = put->position;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        ring_write(queue, put->position, data, size);
        __atomic_store_n(&put->position, ring_advance(queue, put->position, ring_units(size)),
                         __ATOMIC_SEQ_CST);
        put->began = NOTHING;
}

int mproc_queue_put(struct mproc_queue *queue, const void *data, size_t size, int64_t timeout_ns,
                    struct mproc_err *err)
{
        struct queue_wait waiting = {.timeout_ns = timeout_ns};
        bool room, closed;
        uint32_t seen = 0;
        int r;

        do {
                r = queue_check(queue, err);
                if (r)
                        return r;
                if (size > (size_t)(queue->units - 1) * RING_UNIT)
                        return error_set(err, -EMSGSIZE, "put",
                                         "a message of %zu bytes never fits into this queue, which "
                                         "has room for one of %zu: make it larger",
                                         size, (size_t)(queue->units - 1) * RING_UNIT);
                if (size && !data)
                        return error_set(err, -EINVAL, "put", "data is NULL");
                r = queue_lock(queue, &queue->put, timeout_ns, err);
                if (r)
                        return r;
                closed = queue_load32(&queue->closed);
                room = !closed && has_room(queue, ring_units(size));
                if (!closed && !room) {
                        seen = bell_listen(&queue->room);
                        room = has_room(queue, ring_units(size));
                }
                if (room)
                        commit_put(queue, data, size);
                pthread_mutex_unlock(&queue->put.lock);
                if (closed)
                        return error_set(err, -EPIPE, "put", "the queue is closed");
                if (room) {
                        bell_ring(&queue->items, 1);
                        return 0;
                }
        } while (bell_sleep(&queue->room, seen, &waiting));
        return queue_timed_out("put", "the queue is full", timeout_ns, err);
}

/* Consumers' lock held. */
static bool has_message(struct mproc_queue *queue)
{
        struct mproc_queue_side *get = &queue->get;

        if (get->other == get->position)
                get->other = queue_load(&queue->put.position);
        return get->other != get->position;
}

/* Consumers' lock held. -ENOSPC: no room in the ledger. */
static int commit_get(struct mproc_queue *queue, void *buffer, size_t size)
{
        struct mproc_queue_side *get = &queue->get;
        int r = queue->ledger ? ledger_begin_get(queue) : 0;

        if (r)
                return r;
        ring_read(queue, get->position, buffer, size);
        __atomic_store_n(&get->position, ring_advance(queue, get->position, ring_units(size)),
                         __ATOMIC_SEQ_CST);
        if (queue->ledger)
                ledger_end_get(queue);
        return 0;
}

int mproc_queue_get(struct mproc_queue *queue, void *buffer, size_t capacity, size_t *ret_size,
                    int64_t timeout_ns, struct mproc_err *err)
{
        struct queue_wait waiting = {.timeout_ns = timeout_ns};
        struct mproc_queue_side *get = &queue->get;
        bool any, closed;
        uint32_t seen = 0;
        size_t size = 0;
        int r;

        do {
                r = queue_check(queue, err);
                if (r)
                        return r;
                r = queue_lock(queue, get, timeout_ns, err);
                if (r)
                        return r;
                closed = false;
                any = has_message(queue);
                if (!any) {
                        seen = bell_listen(&queue->items);
                        closed = queue_load32(&queue->closed); /* nothing comes after it */
                        any = has_message(queue);
                }
                if (any)
                        size = ring_size(queue, get->position);
                if (any && size <= capacity)
                        r = commit_get(queue, buffer, size);
                pthread_mutex_unlock(&get->lock);
                if (r)
                        return error_set(err, r, "get",
                                         "%d other threads have tasks of this queue that are not "
                                         "done, which is the most for a ledger",
                                         MPROC_SYNC_SLOTS);
                if (any && size > capacity) {
                        *ret_size = size;
                        return error_set(err, -EMSGSIZE, "get",
                                         "the next message has %zu bytes, the buffer %zu: give a "
                                         "larger one; the message stays",
                                         size, capacity);
                }
                if (any) {
                        *ret_size = size;
                        /* All: the room may be enough for one's message and not for another's. */
                        bell_ring(&queue->room, INT_MAX);
                        if (queue_load32(&queue->items.asleep) && mproc_queue_size(queue))
                                bell_ring(&queue->items, 1);
                        return 0;
                }
                if (closed)
                        return error_set(err, -ENODATA, "get",
                                         "the queue is closed and empty: no more will come");
        } while (bell_sleep(&queue->items, seen, &waiting));
        return queue_timed_out("get", "the queue is empty", timeout_ns, err);
}

size_t mproc_queue_size(const struct mproc_queue *queue)
{
        uint64_t get = queue_load(&queue->get.position), put = queue_load(&queue->put.position);

        return ring_count(put) - ring_count(get);
}

int mproc_queue_close(struct mproc_queue *queue, struct mproc_err *err)
{
        int r = queue_check(queue, err);

        if (r)
                return r;
        r = queue_lock(queue, &queue->put, MPROC_FOREVER, err);
        if (r)
                return r;
        queue_store32(&queue->closed, 1);
        pthread_mutex_unlock(&queue->put.lock);
        bell_ring(&queue->items, INT_MAX);
        bell_ring(&queue->room, INT_MAX);
        return 0;
}

uint64_t mproc_queue_torn(const struct mproc_queue *queue)
{
        return __atomic_load_n(&queue->put.torn, __ATOMIC_RELAXED);
}
