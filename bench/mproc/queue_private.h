/* What the files of a queue share. Every context. */
#ifndef MPROC_QUEUE_PRIVATE_H
#define MPROC_QUEUE_PRIVATE_H

#include "mproc/sync_wait.h"
#include <mproc/queue.h>
#include <stdbool.h>

/* -ESTALE */
int queue_check(const struct mproc_queue *queue, struct mproc_err *err);
/* The lock of &queue->put or &queue->get, made good after a dead holder. -EBUSY: its holder has not
 * gone on for the whole timeout, and MPROC_SYNC_LOOK_NS at least. */
int queue_lock(struct mproc_queue *queue, struct mproc_queue_side *side, int64_t timeout_ns,
               struct mproc_err *err);
int queue_timed_out(const char *stage, const char *what, int64_t timeout_ns, struct mproc_err *err);

static inline uint64_t queue_load(const uint64_t *word)
{
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline uint32_t queue_load32(const uint32_t *word)
{
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void queue_store32(uint32_t *word, uint32_t value)
{
        __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Sleeping ----------------------------------------------------------------------------------
 * `asleep` says that somebody may be. Who rings clears it and wakes; who was woken sets it again,
 * as there may be others, and rings when there is something for them, too. A count would stay too
 * high for good when one dies asleep. */

static inline void bell_ring(struct mproc_queue_bell *bell, int count)
{
        if (!queue_load32(&bell->asleep))
                return;
        queue_store32(&bell->asleep, 0);
        __atomic_add_fetch(&bell->word, 1, __ATOMIC_SEQ_CST);
        wait_wake(&bell->word, count);
}

/* Comes before the last look at what is waited for. */
static inline uint32_t bell_listen(struct mproc_queue_bell *bell)
{
        uint32_t seen = queue_load32(&bell->word);

        queue_store32(&bell->asleep, 1);
        return seen;
}

struct queue_wait {
        int64_t timeout_ns;
        uint64_t deadline_ns; /* 0: not waited yet */
};

/* Sleeps; false: the time is over. */
static inline bool bell_sleep(struct mproc_queue_bell *bell, uint32_t seen,
                              struct queue_wait *waiting)
{
        if (waiting->timeout_ns <= 0)
                return false;
        if (!waiting->deadline_ns)
                waiting->deadline_ns = wait_deadline(waiting->timeout_ns);
        else if (wait_is_over(waiting->deadline_ns))
                return false;
        sync_sleep(&bell->word, seen, waiting->deadline_ns);
        queue_store32(&bell->asleep, 1);
        return true;
}

#endif
