#include "base/error.h"
#include "mproc/queue_ledger.h"
#include "mproc/queue_private.h"
#include "mproc/queue_ring.h"
#include "mproc/sync_slots.h"
#include <errno.h>
#include <limits.h>

int mproc_queue_set_ledger(struct mproc_queue *queue, struct mproc_ledger *ledger,
                           struct mproc_err *err)
{
        int r = queue_check(queue, err);

        if (!r)
                r = sync_check_place(ledger, sizeof(*ledger), "ledger", err);
        if (r)
                return r;
        if (queue->ledger || queue_load(&queue->put.position))
                return error_set(err, -EALREADY, "queue",
                                 "the queue %s: its ledger is set once, right after "
                                 "mproc_queue_init",
                                 queue->ledger ? "has a ledger" : "was used before");
        slots_init(&ledger->slots);
        queue->ledger = ledger;
        return 0;
}

static int excess(struct mproc_err *err)
{
        return error_set(err, -EOVERFLOW, "task_done",
                         "all tasks of this queue were done already: call it once for each message "
                         "that was got");
}

/* Without a ledger. */
static bool is_counted(const struct mproc_queue *queue)
{
        /* In this order: what is put between the two looks is not done. */
        uint32_t done = queue_load32(&queue->tasks_done);

        return done == ring_count(queue_load(&queue->put.position));
}

/* -EOVERFLOW: there are none. */
static int count_task_done(struct mproc_queue *queue)
{
        uint32_t put, done = queue_load32(&queue->tasks_done);

        do {
                put = ring_count(queue_load(&queue->put.position));
                if (put == done)
                        return -EOVERFLOW;
        } while (!__atomic_compare_exchange_n(&queue->tasks_done, &done, done + 1, false,
                                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
        return 0;
}

/* -EOVERFLOW; -EPERM: there are, but not the caller's. */
static int note_task_done(struct mproc_queue *queue, struct mproc_err *err)
{
        int r = queue_lock(queue, &queue->get, MPROC_FOREVER, err);

        if (r)
                return r;
        r = ledger_task_done(queue);
        if (r && !ledger_check(queue) && !mproc_queue_size(queue))
                r = -EOVERFLOW;
        pthread_mutex_unlock(&queue->get.lock);
        if (r == -EPERM)
                return error_set(err, r, "task_done",
                                 "the calling thread has no task: by the ledger, only who got a "
                                 "message can say that it is done");
        return r;
}

int mproc_queue_task_done(struct mproc_queue *queue, struct mproc_err *err)
{
        int r = queue_check(queue, err);

        if (r)
                return r;
        r = queue->ledger ? note_task_done(queue, err) : count_task_done(queue);
        if (r)
                return r == -EOVERFLOW ? excess(err) : r;
        if (queue->ledger ? !mproc_queue_size(queue) : is_counted(queue))
                bell_ring(&queue->finished, INT_MAX);
        return 0;
}

/* -EAGAIN: not yet; -EDEADLK: never, since the caller itself has one. */
static int check_done(struct mproc_queue *queue)
{
        int r = -EAGAIN;

        if (!queue->ledger)
                return is_counted(queue) ? 0 : -EAGAIN;
        /* With the lock of the consumers held no task changes hands. Who has it and does not go on
         * has not done its task either. */
        if (mproc_queue_size(queue) || queue_lock(queue, &queue->get, 0, NULL))
                return -EAGAIN;
        if (!mproc_queue_size(queue))
                r = ledger_check(queue);
        pthread_mutex_unlock(&queue->get.lock);
        return r;
}

/* `before`: what joins had told of when this one began; others that ran beside it tell the same. */
static int tell_lost(struct mproc_queue *queue, uint64_t before, struct mproc_err *err)
{
        uint64_t lost = queue_load(&queue->lost);

        if (lost == before)
                return 0;
        __atomic_store_n(&queue->lost_told, lost, __ATOMIC_SEQ_CST);
        return error_set(err, -EOWNERDEAD, "join",
                         "%llu tasks were lost with consumers that died before they said "
                         "task_done; all others are done",
                         (unsigned long long)(lost - before));
}

int mproc_queue_join(struct mproc_queue *queue, int64_t timeout_ns, struct mproc_err *err)
{
        struct queue_wait waiting = {.timeout_ns = timeout_ns};
        uint64_t told = queue_load(&queue->lost_told);
        uint32_t seen;
        int r;

        do {
                r = queue_check(queue, err);
                if (r)
                        return r;
                seen = bell_listen(&queue->finished);
                r = check_done(queue);
                if (!r)
                        return tell_lost(queue, told, err);
                if (r == -EDEADLK)
                        return error_set(err, r, "join",
                                         "the caller has tasks of the queue itself, and would wait "
                                         "for itself: say task_done first");
        } while (bell_sleep(&queue->finished, seen, &waiting));
        return queue_timed_out("join", "some tasks of the queue are not done", timeout_ns, err);
}

uint64_t mproc_queue_lost(const struct mproc_queue *queue)
{
        return queue_load(&queue->lost);
}
