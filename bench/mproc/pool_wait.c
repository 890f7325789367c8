#include "mproc/pool_private.h"
#include "mproc/wait.h"
#include <errno.h>

void pool_collect(struct mproc_pool *pool)
{
        pool->transport->collect(pool);
        if (pool->job_count)
                pool_job_advance(pool);
}

int pool_wait(struct mproc_pool *pool, bool (*done)(struct mproc_pool *pool, void *context),
              void *context, uint32_t awaited, uint64_t deadline_ns)
{
        struct pool_front *front = &pool->shared->front;
        bool over;

        for (;;) {
                uint32_t event;

                pool_collect(pool);
                if (done(pool, context))
                        return 0;
                if (wait_is_over(deadline_ns)) {
                        pool_rouse(pool);
                        return -ETIMEDOUT;
                }
                if (pool->transport->spin && pool->transport->spin(pool))
                        continue;
                /* Told first, then looked once more: whoever finishes later sees it. */
                atomic_store(&front->awaited, pool->waiting++ ? POOL_ANY : awaited);
                event = atomic_load(&front->event);
                pool_collect(pool);
                over = done(pool, context);
                if (!over)
                        pool->transport->sleep(pool, event, deadline_ns);
                if (!--pool->waiting)
                        atomic_store(&front->awaited, 0);
                if (over)
                        return 0;
        }
}

/* Callbacks that this thread is in. One that uses the pool has others called within it; what is
 * deeper than this is left to the outermost, so that they need no more stack than that. */
#define DEPTH_MAX 64
static __thread unsigned depth;

bool pool_has_due(const struct mproc_pool *pool)
{
        return depth < DEPTH_MAX && !STAILQ_EMPTY(&pool->called);
}

bool pool_may_make_room(const struct mproc_pool *pool)
{
        return !pool_has_due(pool) && (pool->outstanding || (pool->calls && !depth));
}

bool pool_leave(struct mproc_pool *pool)
{
        struct mproc_result *result;
        bool called = false;

        while (depth < DEPTH_MAX && (result = STAILQ_FIRST(&pool->called))) {
                int r;

                STAILQ_REMOVE_HEAD(&pool->called, entry);
                called = true;
                pool->calls++;
                pool_unlock(&pool->lock);
                depth++;
                r = result->callback(result, result->context);
                depth--;
                pool_lock(&pool->lock);
                pool->calls--;
                atomic_store_explicit(&result->callback_code, r, memory_order_relaxed);
                result->calling = false;
                if (result->released)
                        pool_result_free(pool, result);
                if (pool->waiting && !pool->outstanding) /* for room that there may not be */
                        pool_stir(pool);
        }
        pool_unlock(&pool->lock);
        return called;
}
