#include "base/error.h"
#include "mproc/pool_private.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "was killed by SIGKILL (out of memory, or somebody sent it)" */
static void describe(const struct mproc_status *status, char *text, size_t size)
{
        const char *name;

        switch (status->state) {
        case MPROC_SIGNALED:
                name = sigabbrev_np(status->code);
                snprintf(text, size, "was killed by SIG%s%s", name ? name : "?",
                         status->code == 9 ? " (the kernel out of memory, or somebody sent it)"
                                           : "");
                break;
        case MPROC_EXITED:
                snprintf(text, size, "left with status %d", status->code);
                break;
        default:
                snprintf(text, size, "is gone: %.200s", status->err.text);
        }
}

/* What the tasks that it held are told. */
static void explain(struct mproc_pool *pool, uint32_t number, const struct mproc_status *status,
                    struct mproc_failure *ret)
{
        struct pool_worker *worker = &pool->worker[number];
        char end[256];

        *ret = (struct mproc_failure){.count = 1, .worker = (int32_t)number, .pid = worker->pid};
        describe(status, end, sizeof(end));
        if (!pool->death.code && pool->phase != POOL_TERMINATED &&
            atomic_load(&pool->shared->lines[number].ready) != 2)
                error_set(&pool->death, -EOWNERDEAD, "pool", "worker %u (process %d) %s", number,
                          (int)worker->pid, end);
        if (worker->condemned)
                error_set(&ret->err, -ETIME, "task",
                          "it ran longer than its limit of %.3f s, and was ended with worker %u "
                          "(process %d)",
                          (double)pool->task_limit_ns / 1e9, number, (int)worker->pid);
        else if (pool->phase == POOL_TERMINATED)
                error_set(&ret->err, -ECANCELED, "task", "the pool was terminated while it ran");
        else
                error_set(&ret->err, -EOWNERDEAD, "task",
                          "worker %u (process %d) %s while it ran this task", number,
                          (int)worker->pid, end);
}

static void bury_slot(struct mproc_pool *pool, uint32_t number, struct mproc_failure *failure)
{
        struct mproc_result *result = pool->by_slot[number];
        struct pool_slot *slot = &pool->shared->slots[number];

        if (slot->code) { /* the function has returned: its failure is what there is to tell */
                pool_slot_over(pool, number, 0, NULL);
                return;
        }
        if (pool->phase != POOL_TERMINATED && result->tries < pool->retries) {
                result->tries++;
                pool_run_again(pool, number);
                return;
        }
        pool_slot_over(pool, number, failure->err.code, failure);
}

static void bury_slots(struct mproc_pool *pool, uint32_t worker, struct mproc_failure *failure)
{
        struct pool_shared *shared = pool->shared;

        pool->transport->collect(pool);
        for (uint32_t i = 0; i < shared->slot_count; i++) {
                uint64_t word = atomic_load(&shared->slots[i].state);

                if (!pool->by_slot[i] || pool_word_worker(word) != worker)
                        continue;
                if (pool_word_state(word) == POOL_RUNNING)
                        bury_slot(pool, i, failure);
                else if (pool_word_state(word) == POOL_DONE) /* it died before it could say so */
                        pool_slot_over(pool, i, 0, NULL);
        }
}

void pool_bury(struct mproc_pool *pool, uint32_t number, const struct mproc_status *status)
{
        struct pool_shared *shared = pool->shared;
        struct pool_line *line = &shared->lines[number];
        uint64_t pass = atomic_load(&line->job), at = atomic_load(&line->at);
        struct mproc_failure failure;

        explain(pool, number, status, &failure);
        bury_slots(pool, number, &failure);
        if (pass && at)
                pool_job_bury(pool, pass, at - 1, number, &failure);
        atomic_store(&line->at, 0);
        atomic_store(&line->lease, 0);
        atomic_store(&line->job, 0); /* from here on a pass may be over without it */
        pool->worker[number].condemned = false;
        pool->transport->recover(pool, number);
        atomic_store(&line->ready, 0);
}

void pool_fail_queued(struct mproc_pool *pool, int code, const char *text)
{
        struct mproc_failure failure = {.count = 1, .worker = -1};
        struct pool_shared *shared = pool->shared;

        error_set(&failure.err, code, "task", "%s", text);
        for (uint32_t i = 0; i < shared->slot_count; i++) {
                uint64_t word = atomic_load(&shared->slots[i].state);

                if (pool->by_slot[i] && pool_word_state(word) == POOL_QUEUED &&
                    atomic_compare_exchange_strong(&shared->slots[i].state, &word,
                                                   pool_word(POOL_FREE, 0, 0)))
                        pool_slot_over(pool, i, code, &failure);
        }
        for (size_t i = 0; i < MPROC_POOL_MAPS; i++)
                if (pool->jobs[i].result)
                        pool_job_cancel(pool, &pool->jobs[i], &failure);
}

void mproc_pool_first_death(struct mproc_pool *pool, struct mproc_err *ret)
{
        if (pool_check(pool, "look", ret))
                return;
        pool_lock(&pool->lock);
        *ret = pool->death;
        pool_unlock(&pool->lock);
}
