/* The ring: tasks are found in shared memory, by looking for a while and then asleep on a futex.
 *
 * Single tasks: the positions from `head` on. Maps: fetch_add on `next`, so that a worker that has
 * named the pass and got first … first + c − 1 holds these. A pass is over when next ≥ end and no
 * line names it; what is pending then, since its worker died, has another pass.
 *
 * What is done: nobody takes a position while an earlier one is QUEUED. So the owner follows the
 * workers from position to position up to the first that is QUEUED, and notes down those that it
 * passes while they run: no more than there are workers. The slots' states are all that it needs.
 *
 * Waking up. A worker that finds nothing sets its bit in `looking`, then in `sleeping` instead, and
 * looks once more before it waits on its own futex. Who publishes work reads the bits after it: one
 * of the two sees the other (all of these are sequentially consistent). While somebody looks, who
 * publishes one task wakes nobody; so a worker that ends its look, or its sleep, sees whether there
 * is more than it can take, and wakes another. The bit of a sleeper is cleared by who wakes it; if
 * that is a worker and it dies before the wake-up call, or takes the news of a result with it, the
 * owner makes up for it: after every death it clears the bits of the dead and wakes everybody,
 * itself included.
 *
 * The owner publishes most tasks while nobody sleeps, and needs no barrier then: a worker that has
 * set its bit in `sleeping` has the kernel put one into whatever the owner runs (membarrier(2))
 * before that last look. Who sees a bit set goes the way above, with a barrier of its own.
 *
 * A worker that was woken and then had less to do than a wake-up costs has done harm: it took a CPU
 * from the owner or from the worker that was at it already. It naps before it may be woken again,
 * the longer the more often this happens. A nap has an end, so that work waits for it no longer
 * than that; maps, and an owner that goes to sleep, end it at once; and one worker never naps.
 *
 * A worker that is stopped (SIGSTOP, a debugger) while it looks, sleeps or wakes up would keep the
 * tasks that others leave to it. So while tasks are queued and somebody sleeps, the owner does not
 * sleep for longer than finding one takes, and then wakes another; so does one that asks in vain
 * for that long. */
#include "mproc/pool_private.h"
#include "mproc/pool_worker.h"
#include "mproc/wait.h"
#include <string.h>

#define STALL_NS (2 * NS_PER_MS) /* who is awake and gets a CPU has found a task long before */

static void offer(struct mproc_pool *pool)
{
        pool_wake_one(pool->shared);
}

static void offer_job(struct mproc_pool *pool, struct pool_job_owned *owned, uint64_t from,
                      uint64_t end)
{
        struct pool_shared *shared = pool->shared;
        struct pool_job *job = pool_job_shared(pool, owned);

        atomic_store(&job->next, from);
        atomic_store(&job->end, end);
        atomic_store(&job->pass, owned->pass);
        atomic_fetch_or(&shared->front.open_jobs, 1u << (owned - pool->jobs));
        pool_wake(shared, &shared->sleeping,
                  end - from < pool->workers ? (uint32_t)(end - from) : (uint32_t)pool->workers);
        pool_wake(shared, &shared->napping, shared->workers);
}

static bool is_given_out(struct mproc_pool *pool, struct pool_job_owned *owned)
{
        struct pool_job *job = pool_job_shared(pool, owned);

        return atomic_load(&job->next) >= atomic_load(&job->end);
}

static void withdraw(struct mproc_pool *pool, struct pool_job_owned *owned)
{
        struct pool_job *job = pool_job_shared(pool, owned);

        atomic_store(&job->next, atomic_load(&job->end));
        if (pool->phase != POOL_TERMINATED || pool_has_processes(pool))
                return;
        /* A worker thread, which nobody can kill, has the rest of its chunk before it. The item
         * that it is in gets its own code in the end. */
        for (uint64_t i = 0; i < owned->count; i++) {
                int32_t pending = POOL_PENDING;

                atomic_compare_exchange_strong(pool_code_at(job, i), &pending,
                                               owned->cancel.err.code);
        }
        atomic_store(&job->again, 1);
}

static int32_t begun_code(uint32_t worker)
{
        (void)worker;
        return POOL_PENDING;
}

/* The next task that is done; false: there is none. */
static bool next_done(struct pool_shared *shared, struct pool_watch *watch, uint32_t *ret)
{
        uint32_t left_out = 0;

        for (;;) {
                bool passed = watch->at < watch->count;
                uint64_t position = passed ? watch->running[watch->at] : watch->next, word;
                struct pool_slot *slot = pool_slot_at(shared, position);
                enum pool_state state = POOL_FREE;

                if (!passed && (position >= watch->tail || watch->count == watch->room))
                        return false;
                word = atomic_load(&slot->state); /* ordered after front.awaited */
                if (pool_word_position(word) == position)
                        state = pool_word_state(word);
                if (state == POOL_QUEUED)
                        return false;
                if (state == POOL_RUNNING) {
                        if (!passed)
                                watch->running[watch->count++] = watch->next++;
                        watch->at++;
                        continue;
                }
                if (passed)
                        watch->running[watch->at] = watch->running[--watch->count];
                else if (state == POOL_DONE)
                        watch->next++;
                else
                        watch->next = pool_next_position(shared, position, watch->tail,
                                                         POOL_IS_QUEUED | POOL_IS_TAKEN, &left_out);
                *ret = (uint32_t)(slot - shared->slots);
                if (state == POOL_DONE)
                        return true;
        }
}

static void collect(struct mproc_pool *pool)
{
        struct pool_watch *watch = &pool->watch;
        uint32_t number;

        do {
                watch->at = 0;
                while (next_done(pool->shared, watch, &number))
                        pool_slot_told(pool, number);
        } while (watch->count == watch->room); /* some of these are over meanwhile */
}

/* Could a pass be over? */
static bool has_job_news(struct pool_shared *shared)
{
        uint32_t open = atomic_load_explicit(&shared->front.open_jobs, memory_order_relaxed);

        for (; open; open &= open - 1) {
                struct pool_job *job = &shared->jobs[__builtin_ctz(open)];
                uint64_t pass = atomic_load(&job->pass);

                if (pass && atomic_load(&job->next) >= atomic_load(&job->end) &&
                    !pool_job_is_named(shared, pass))
                        return true;
        }
        return false;
}

/* Not locked, so with a copy of the owner's watch. */
static bool has_news(struct pool_shared *shared, struct pool_watch *watch, uint32_t event)
{
        uint32_t number;

        watch->at = 0;
        return next_done(shared, watch, &number) || has_job_news(shared) ||
               atomic_load(&shared->front.event) != event;
}

static bool look(struct pool_shared *shared, struct pool_watch *watch, uint32_t event,
                 uint64_t spin_ns)
{
        uint64_t now = clock_now_ns(), grace = now + POOL_GRACE_NS, end = now + spin_ns;
        bool found = false;

        atomic_fetch_add(&shared->front.spinning, 1);
        while (!found) {
                for (int i = 0; i < POOL_SPIN_PAUSES && !found; i++) {
                        found = has_news(shared, watch, event);
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

static bool spin(struct mproc_pool *pool)
{
        uint32_t event = atomic_load(&pool->shared->front.event);
        struct pool_watch watch = pool->watch;
        uint64_t running[POOL_WATCH_MAX], spin_ns = pool->spin_ns;
        bool found;

        if (!pool->shared->spinners_max) /* on a single PU it would keep workers from it */
                return false;
        watch.running = memcpy(running, watch.running, watch.count * sizeof(*running));
        pool_unlock(&pool->lock);
        found = look(pool->shared, &watch, event, spin_ns);
        pool_lock(&pool->lock);
        pool->spin_ns = pool_spin_next(spin_ns, found);
        return found;
}

static void rouse(struct mproc_pool *pool)
{
        struct pool_shared *shared = pool->shared;
        uint64_t head = atomic_load(&shared->head), now;
        bool again = pool->stall_ns && pool->stall_head == head;

        if (head >= pool->watch.tail || !pool_bits_any(&shared->sleeping, shared->workers)) {
                pool->stall_ns = 0;
                return;
        }
        now = clock_now_ns();
        if (again && now < pool->stall_ns)
                return;
        if (again)
                pool_wake(shared, &shared->sleeping, 1);
        pool->stall_ns = now + STALL_NS;
        pool->stall_head = head;
}

static void sleep_unlocked(struct mproc_pool *pool, uint32_t event, uint64_t deadline_ns)
{
        struct pool_shared *shared = pool->shared;

        if (atomic_load(&shared->head) < pool->watch.tail)
                pool_wake(shared, &shared->napping, shared->workers);
        rouse(pool);
        if (pool->stall_ns && pool->stall_ns < deadline_ns)
                deadline_ns = pool->stall_ns;
        pool_unlock(&pool->lock);
        wait_on_word(&shared->front.event, event, deadline_ns);
        pool_lock(&pool->lock);
}

static void stir(struct mproc_pool *pool)
{
        pool_wake_owner(pool->shared);
}

static void recover(struct mproc_pool *pool, uint32_t worker)
{
        pool_bit_clear(&pool->shared->looking, worker);
        pool_bit_clear(&pool->shared->sleeping, worker);
        pool_bit_clear(&pool->shared->napping, worker);
        /* It may have been on its way to wake somebody. */
        pool_wake_all(pool->shared);
}

static void stop(struct mproc_pool *pool)
{
        pool_wake_all(pool->shared);
}

const struct mproc_pool_transport pool_transport_ring = {
        .name = "ring",
        .summary = "shared memory: workers look for tasks a while, then sleep on a futex",
        .offer = offer,
        .offer_job = offer_job,
        .is_given_out = is_given_out,
        .withdraw = withdraw,
        .begun_code = begun_code,
        .collect = collect,
        .spin = spin,
        .sleep = sleep_unlocked,
        .rouse = rouse,
        .stir = stir,
        .recover = recover,
        .stop = stop,
        .work = pool_ring_work,
};
