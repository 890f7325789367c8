#include "base/error.h"
#include "mproc/queue_ring.h"
#include "mproc/sync_wait.h"
#include <errno.h>
#include <limits.h>
#include <mproc/queue.h>
#include <stdbool.h>
#include <string.h>

#define MAGIC 0x6d707131u
#define NOTHING UINT64_MAX /* as `began`: no offset is that large */

static uint64_t load(const uint64_t *word)
{
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static uint32_t load32(const uint32_t *word)
{
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void store32(uint32_t *word, uint32_t value)
{
        __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Sleeping ----------------------------------------------------------------------------------
 * `asleep` says that somebody may be. Who rings clears it and wakes; who was woken sets it again,
 * as there may be others, and rings when there is something for them, too. A count would stay too
 * high for good when one dies asleep. */

static void ring(struct mproc_queue_bell *bell, int count)
{
        if (!load32(&bell->asleep))
                return;
        store32(&bell->asleep, 0);
        __atomic_add_fetch(&bell->word, 1, __ATOMIC_SEQ_CST);
        wait_wake(&bell->word, count);
}

/* Comes before the last look at what is waited for. */
static uint32_t listen(struct mproc_queue_bell *bell)
{
        uint32_t seen = load32(&bell->word);

        store32(&bell->asleep, 1);
        return seen;
}

struct waiting {
        int64_t timeout_ns;
        uint64_t deadline_ns; /* 0: not waited yet */
};

/* Sleeps; false: the time is over. */
static bool sleep_on(struct mproc_queue_bell *bell, uint32_t seen, struct waiting *waiting)
{
        if (waiting->timeout_ns <= 0)
                return false;
        if (!waiting->deadline_ns)
                waiting->deadline_ns = wait_deadline(waiting->timeout_ns);
        else if (wait_is_over(waiting->deadline_ns))
                return false;
        sync_sleep(&bell->word, seen, waiting->deadline_ns);
        store32(&bell->asleep, 1);
        return true;
}

/* Errors ------------------------------------------------------------------------------------ */

static int check(const struct mproc_queue *queue, struct mproc_err *err)
{
        if (load32(&queue->magic) == MAGIC)
                return 0;
        return error_set(err, -ESTALE, "queue",
                         "there is no queue at %p: mproc_queue_init comes before its use, "
                         "mproc_queue_done after it",
                         (const void *)queue);
}

static int lock(struct mproc_queue_side *side, int64_t timeout_ns, struct mproc_err *err)
{
        int r = robust_lock_short(&side->lock, timeout_ns);

        if (r == -EOWNERDEAD) {
                /* Whoever held it finished (the position has moved on) or did not: then what it
                 * wrote is no message, and is written over. */
                if (side->began == side->position)
                        __atomic_add_fetch(&side->torn, 1, __ATOMIC_RELAXED);
                side->began = NOTHING;
                pthread_mutex_consistent(&side->lock);
                r = 0;
        }
        if (r == -EBUSY)
                return error_set(err, r, "queue",
                                 "another process is in the middle of a put or get, and does not "
                                 "go on: is it stopped?");
        return r ? error_errno(err, r, "queue", "cannot lock the queue") : 0;
}

static int timed_out(const char *stage, const char *what, int64_t timeout_ns, struct mproc_err *err)
{
        return error_set(err, -ETIMEDOUT, stage, "%s after %.3f s", what,
                         timeout_ns > 0 ? (double)timeout_ns / 1e9 : 0.0);
}

/* Functions --------------------------------------------------------------------------------- */

int mproc_queue_init(struct mproc_queue *queue, size_t bytes, uint32_t max_messages,
                     struct mproc_err *err)
{
        size_t units;

        if ((uintptr_t)queue % MPROC_QUEUE_LINE)
                return error_set(err, -EFAULT, "queue",
                                 "a queue cannot lie at %p: align it to %d bytes",
                                 (const void *)queue, MPROC_QUEUE_LINE);
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
        store32(&queue->magic, MAGIC);
        return 0;
}

void mproc_queue_done(struct mproc_queue *queue)
{
        if (queue)
                store32(&queue->magic, 0);
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
        queue->put.other = load(&queue->get.position);
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
        struct waiting waiting = {.timeout_ns = timeout_ns};
        bool room, closed;
        uint32_t seen = 0;
        int r;

        do {
                r = check(queue, err);
                if (r)
                        return r;
                if (size > (size_t)(queue->units - 1) * RING_UNIT)
                        return error_set(err, -EMSGSIZE, "put",
                                         "a message of %zu bytes never fits into this queue, which "
                                         "has room for one of %zu: make it larger",
                                         size, (size_t)(queue->units - 1) * RING_UNIT);
                if (size && !data)
                        return error_set(err, -EINVAL, "put", "data is NULL");
                r = lock(&queue->put, timeout_ns, err);
                if (r)
                        return r;
                closed = load32(&queue->closed);
                room = !closed && has_room(queue, ring_units(size));
                if (!closed && !room) {
                        seen = listen(&queue->room);
                        room = has_room(queue, ring_units(size));
                }
                if (room)
                        commit_put(queue, data, size);
                pthread_mutex_unlock(&queue->put.lock);
                if (closed)
                        return error_set(err, -EPIPE, "put", "the queue is closed");
                if (room) {
                        ring(&queue->items, 1);
                        return 0;
                }
        } while (sleep_on(&queue->room, seen, &waiting));
        return timed_out("put", "the queue is full", timeout_ns, err);
}

/* Consumers' lock held. */
static bool has_message(struct mproc_queue *queue)
{
        struct mproc_queue_side *get = &queue->get;

        if (get->other == get->position)
                get->other = load(&queue->put.position);
        return get->other != get->position;
}

int mproc_queue_get(struct mproc_queue *queue, void *buffer, size_t capacity, size_t *ret_size,
                    int64_t timeout_ns, struct mproc_err *err)
{
        struct waiting waiting = {.timeout_ns = timeout_ns};
        struct mproc_queue_side *get = &queue->get;
        bool any, closed;
        uint32_t seen = 0;
        size_t size = 0;
        int r;

        do {
                r = check(queue, err);
                if (r)
                        return r;
                r = lock(get, timeout_ns, err);
                if (r)
                        return r;
                closed = false;
                any = has_message(queue);
                if (!any) {
                        seen = listen(&queue->items);
                        closed = load32(&queue->closed); /* nothing comes after it */
                        any = has_message(queue);
                }
                if (any)
                        size = ring_size(queue, get->position);
                if (any && size <= capacity) {
                        ring_read(queue, get->position, buffer, size);
                        __atomic_store_n(&get->position,
                                         ring_advance(queue, get->position, ring_units(size)),
                                         __ATOMIC_SEQ_CST);
                }
                pthread_mutex_unlock(&get->lock);
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
                        ring(&queue->room, INT_MAX);
                        if (load32(&queue->items.asleep) && mproc_queue_size(queue))
                                ring(&queue->items, 1);
                        return 0;
                }
                if (closed)
                        return error_set(err, -ENODATA, "get",
                                         "the queue is closed and empty: no more will come");
        } while (sleep_on(&queue->items, seen, &waiting));
        return timed_out("get", "the queue is empty", timeout_ns, err);
}

size_t mproc_queue_size(const struct mproc_queue *queue)
{
        uint64_t get = load(&queue->get.position), put = load(&queue->put.position);

        return ring_count(put) - ring_count(get);
}

int mproc_queue_task_done(struct mproc_queue *queue, struct mproc_err *err)
{
        uint32_t put, done;
        int r = check(queue, err);

        if (r)
                return r;
        done = load32(&queue->tasks_done);
        do {
                put = ring_count(load(&queue->put.position));
                if (put == done)
                        return error_set(err, -EOVERFLOW, "task_done",
                                         "all tasks of this queue were done already: call it once "
                                         "for each message that was got");
        } while (!__atomic_compare_exchange_n(&queue->tasks_done, &done, done + 1, false,
                                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
        if (put == done + 1)
                ring(&queue->finished, INT_MAX);
        return 0;
}

int mproc_queue_join(struct mproc_queue *queue, int64_t timeout_ns, struct mproc_err *err)
{
        struct waiting waiting = {.timeout_ns = timeout_ns};
        uint32_t seen;
        int r;

        do {
                r = check(queue, err);
                if (r)
                        return r;
                seen = listen(&queue->finished);
                if (load32(&queue->tasks_done) == ring_count(load(&queue->put.position)))
                        return 0;
        } while (sleep_on(&queue->finished, seen, &waiting));
        return timed_out("join", "some tasks of the queue are not done", timeout_ns, err);
}

int mproc_queue_close(struct mproc_queue *queue, struct mproc_err *err)
{
        int r = check(queue, err);

        if (r)
                return r;
        r = lock(&queue->put, MPROC_FOREVER, err);
        if (r)
                return r;
        store32(&queue->closed, 1);
        pthread_mutex_unlock(&queue->put.lock);
        ring(&queue->items, INT_MAX);
        ring(&queue->room, INT_MAX);
        return 0;
}

uint64_t mproc_queue_torn(const struct mproc_queue *queue)
{
        return __atomic_load_n(&queue->put.torn, __ATOMIC_RELAXED);
}
