/* A queue of messages in shared memory, for any number of processes that put and get.
 *
 * A message is 0 or more bytes, with boundaries. The queue is bounded, by its storage and, if asked
 * for, in messages. A put has delivered when it returns: there is no thread behind it that could
 * fail later. Messages leave in the order in which their puts took place, so those of one producer
 * in its order. (Python's SimpleQueue is this queue, too: empty(), get() and put() are
 * mproc_queue_size, _get and _put with MPROC_FOREVER, and who does not count tasks pays nothing for
 * them.)
 *
 * The caller puts it into shared memory (mproc_shm_new) with the storage right behind it:
 *
 *     mproc_shm_new(&shm, MPROC_QUEUE_BYTES(1000, sizeof(struct job)), &err);
 *     struct mproc_queue *queue = mproc_shm_addr(shm);
 *     mproc_queue_init(queue, mproc_shm_size(shm), 0, &err);
 *
 * One process calls _init before the others begin, and _done when nobody needs it any more.
 *
 * Death: whoever is killed, at whatever instruction, the others go on. A message is in the queue
 * from one instruction on, and out of it from another one on: one that a producer died over was
 * never there (it is counted: mproc_queue_torn), and one that a consumer died over is there for the
 * next, or left with it. No other is lost or comes twice. A wake-up that was lost with the dead is
 * made good within MPROC_QUEUE_LOOK_NS, once per which everybody who is asleep looks.
 *
 * Cost: without contention a put or get makes no system call; one that finds somebody asleep makes
 * one. Producers and consumers have a lock each, under which the bytes are copied.
 *
 * Context: every process and thread. Timeouts are in ns of CLOCK_MONOTONIC, 0 or less (put_nowait,
 * get_nowait) only tries, MPROC_FOREVER. Errors that all share: -ESTALE (before _init, or after
 * _done); -EBUSY (some other has been in the middle of a put or get for the whole timeout, and for
 * 100 ms at least: is it stopped, or in a debugger?). */
#ifndef MPROC_QUEUE_H
#define MPROC_QUEUE_H

#include <mproc/mproc.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPROC_QUEUE_LINE 128 /* alignment: a pair of cache lines */
#define MPROC_QUEUE_LOOK_NS 100000000

struct mproc_ledger; /* mproc/sync.h */
struct mproc_slot;

/* Private: all of it. */
#define MPROC_QUEUE_NOTHING UINT64_MAX
struct mproc_queue_side {
        uint64_t position; /* messages ever, mod 2^32, and place in the storage */
        uint64_t other;    /* the other side's, as last seen */
        uint64_t began;    /* position at which a message is being put or got */
        uint64_t torn;     /* puts that were begun and not finished */
        struct mproc_slot *noted;
        uint64_t noted_before;
        pthread_mutex_t lock; /* robust */
} __attribute__((aligned(MPROC_QUEUE_LINE)));

struct mproc_queue_bell {
        uint32_t word; /* futex */
        uint32_t asleep;
} __attribute__((aligned(MPROC_QUEUE_LINE)));

struct mproc_queue {
        uint32_t magic;
        uint32_t max_messages;
        uint32_t units; /* of 8 bytes, behind this struct */
        uint32_t closed;
        struct mproc_ledger *ledger; /* here, where nobody writes: every get looks at it */
        struct mproc_queue_side put, get;
        struct mproc_queue_bell items, room, finished;
        uint32_t tasks_done __attribute__((aligned(MPROC_QUEUE_LINE)));
        uint64_t lost, lost_told; /* tasks, with a ledger: ever; as of the last join */
} __attribute__((aligned(MPROC_QUEUE_LINE)));

/* Bytes for a queue that has room for `count` messages of `size` bytes each. */
#define MPROC_QUEUE_BYTES(count, size) \
        (sizeof(struct mproc_queue) + (size_t)(count) * (8 + ((size_t)(size) + 7) / 8 * 8))

/* `bytes`: of the struct and the storage behind it; what is beyond 8 GiB is not used.
 * `max_messages`: 0: as many as fit. Errors: -EFAULT (not aligned to MPROC_QUEUE_LINE); -EINVAL (no
 * room for one message of 8 bytes). */
int mproc_queue_init(struct mproc_queue *queue, size_t bytes, uint32_t max_messages,
                     struct mproc_err *err);
/* NULL is fine. The memory is the caller's. */
void mproc_queue_done(struct mproc_queue *queue);

/* Waits for room, in no order: a message that needs most of the storage may wait as long as others
 * fill it with smaller ones, so give a queue room for several of the largest. Errors: -ETIMEDOUT
 * (full); -EMSGSIZE (it would not fit into the empty queue, ever); -EPIPE (closed); -EINVAL (`data`
 * is NULL). The message is not in the queue then. */
int mproc_queue_put(struct mproc_queue *queue, const void *data, size_t size, int64_t timeout_ns,
                    struct mproc_err *err);
/* Waits for a message, copies it to `buffer` and sets `*ret_size`. Errors: -ETIMEDOUT (empty);
 * -ENODATA (empty and closed: no more will come); -EMSGSIZE (`capacity` is too small: here alone
 * `*ret_size` is set on failure, to what is needed; the message stays the first); -ENOSPC (with a
 * ledger: MPROC_SYNC_SLOTS other threads have tasks that are not done; the message stays). */
int mproc_queue_get(struct mproc_queue *queue, void *buffer, size_t capacity, size_t *ret_size,
                    int64_t timeout_ns, struct mproc_err *err);

/* Messages in it at this moment. There is no `full`: it depends on the message. A put with timeout
 * 0 tells, and does not tell what is over by the time it is used. */
size_t mproc_queue_size(const struct mproc_queue *queue);

/* Tasks ----------------------------------------------------------------------------------------
 * A message that was put is a task until somebody who got it says that it is done. Without a ledger
 * (the default, and what Python does) tasks are only counted: anybody may say task_done, and one
 * whose consumer died before it did stays undone, unless who joins that process says so in its
 * place. With a ledger each task is of the thread that got it, and is lost with it. */

/* Right after mproc_queue_init. `ledger`: storage in shared memory that lives as long as the queue.
 * A thread keeps queue and ledger mapped while it has tasks. Finding the caller in it makes get and
 * task_done dearer, by a look at each consumer that has tasks.
 * Errors: -EALREADY (the queue has one, or was used); -EFAULT (not aligned to MPROC_SYNC_LINE, or
 * in memory of this process alone). */
int mproc_queue_set_ledger(struct mproc_queue *queue, struct mproc_ledger *ledger,
                           struct mproc_err *err);
/* A message that was got has been dealt with. -EOVERFLOW: all that were put are done (with a
 * ledger: or lost). -EPERM: with a ledger: the calling thread has got none that is not done. */
int mproc_queue_task_done(struct mproc_queue *queue, struct mproc_err *err);
/* Waits until as many tasks are done as were put (fewer than 2^32 may be undone). Errors:
 * -ETIMEDOUT; with a ledger -EOWNERDEAD: all are done but those that were lost with consumers since
 * an earlier join told of such (they are not waited for again), and -EDEADLK: the calling thread
 * itself has one that is not done. */
int mproc_queue_join(struct mproc_queue *queue, int64_t timeout_ns, struct mproc_err *err);
/* Tasks that were lost with their consumers, ever, as far as it has been noticed: a join that is at
 * its end has looked. Of each such task the message is gone: who is to do it anew must know it. */
uint64_t mproc_queue_lost(const struct mproc_queue *queue);

/* No more puts: they fail with -EPIPE, and gets with -ENODATA once the queue is empty. For good;
 * idempotent. */
int mproc_queue_close(struct mproc_queue *queue, struct mproc_err *err);

/* Messages that were never put, since their producers died while they wrote them. */
uint64_t mproc_queue_torn(const struct mproc_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
