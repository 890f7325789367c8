#include "mproc/pool_private.h"
#include "mproc/wait.h"
#include <errno.h>

#define GRACE_NS (1 * NS_PER_US)
#define SPIN_MIN_NS (2 * NS_PER_US)
#define SPIN_MAX_NS (50 * NS_PER_US)
#define PAUSES 16

void pool_collect_from(struct mproc_pool *pool, uint32_t number)
{
        struct pool_shared *shared = pool->shared;
        struct pool_worker *worker = &pool->worker[number];
        uint64_t tail = atomic_load(&shared->lines[number].done_tail);

        while (worker->done_head < tail) {
                size_t cell = (size_t)number * shared->slot_count +
                              (worker->done_head & (shared->slot_count - 1));

                worker->done_head++;
                pool_slot_over(pool, shared->done[cell], 0, NULL);
        }
}

void pool_collect(struct mproc_pool *pool)
{
        for (uint32_t i = 0; i < pool->workers; i++)
                pool_collect_from(pool, i);
        pool_job_advance(pool);
}

void pool_stir(struct mproc_pool *pool)
{
        atomic_fetch_add(&pool->shared->front.event, 1);
        wait_wake(&pool->shared->front.event, INT_MAX);
}

/* Not locked: only what the workers write is looked at, and `seen`, what has been collected of it.
 */
static bool has_news(struct mproc_pool *pool, uint64_t seen, uint32_t event)
{
        struct pool_shared *shared = pool->shared;
        uint64_t sum = 0;

        for (uint32_t i = 0; i < pool->workers; i++)
                sum += atomic_load_explicit(&shared->lines[i].done_tail, memory_order_acquire);
        return sum != seen || pool_job_news(pool) || atomic_load(&shared->front.event) != event;
}

static bool spin(struct mproc_pool *pool, uint64_t seen, uint32_t event, uint64_t spin_ns)
{
        struct pool_shared *shared = pool->shared;
        uint64_t now = clock_now_ns(), grace = now + GRACE_NS, end = now + spin_ns;
        bool found = false;

        atomic_fetch_add(&shared->front.spinning, 1);
        while (!found) {
                for (int i = 0; i < PAUSES && !found; i++) {
                        found = has_news(pool, seen, event);
                        wait_pause();
                }
                now = clock_now_ns();
                if (found || now >= end)
                        break;
                if (now >= grace && pool_bits_count(&shared->looking, shared->workers) +
                                                    atomic_load(&shared->front.spinning) >
                                            shared->spinners_max)
                        break;
        }
        atomic_fetch_sub(&shared->front.spinning, 1);
        return found;
}

static uint64_t count_seen(const struct mproc_pool *pool)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < pool->workers; i++)
                sum += pool->worker[i].done_head;
        return sum;
}

static bool spin_unlocked(struct mproc_pool *pool)
{
        uint64_t seen = count_seen(pool), spin_ns = pool->spin_ns;
        uint32_t event = atomic_load(&pool->shared->front.event);
        bool found;

        pthread_mutex_unlock(&pool->lock);
        found = spin(pool, seen, event, spin_ns);
        pthread_mutex_lock(&pool->lock);
        spin_ns = found ? 2 * spin_ns : spin_ns / 2;
        pool->spin_ns = spin_ns > SPIN_MAX_NS   ? SPIN_MAX_NS
                        : spin_ns < SPIN_MIN_NS ? SPIN_MIN_NS
                                                : spin_ns;
        return found;
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
                if (wait_is_over(deadline_ns))
                        return -ETIMEDOUT;
                if (spin_unlocked(pool))
                        continue;
                /* Told first, then looked once more: whoever finishes later sees it. */
                atomic_store(&front->awaited, pool->waiting++ ? POOL_ANY : awaited);
                event = atomic_load(&front->event);
                pool_collect(pool);
                over = done(pool, context);
                if (!over) {
                        pthread_mutex_unlock(&pool->lock);
                        wait_on_word(&front->event, event, deadline_ns);
                        pthread_mutex_lock(&pool->lock);
                }
                if (!--pool->waiting)
                        atomic_store(&front->awaited, 0);
                if (over)
                        return 0;
        }
}

void pool_leave(struct mproc_pool *pool)
{
        struct mproc_result *result;

        while ((result = TAILQ_FIRST(&pool->called))) {
                int r;

                TAILQ_REMOVE(&pool->called, result, entry);
                pthread_mutex_unlock(&pool->lock);
                r = result->callback(result, result->context);
                pthread_mutex_lock(&pool->lock);
                result->callback_code = r;
                result->calling = false;
                if (result->released)
                        pool_result_free(pool, result);
        }
        pthread_mutex_unlock(&pool->lock);
}
