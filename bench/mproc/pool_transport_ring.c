/* The ring: tasks are found in shared memory, by looking for a while and then asleep on a futex.
 *
 * Single tasks: the queue's cells from `head` on. Maps: fetch_add on `next`, so that a worker that
 * has named the pass and got first … first + c − 1 holds these. A pass is over when next ≥ end and
 * no line names it; what is pending then, since its worker died, has another pass.
 *
 * What is done: each worker has a list, linked through its slots, which it alone adds to and the
 * owner takes as a whole.
 *
 * Waking up. A worker that finds nothing sets its bit in `looking`, then in `sleeping` instead, and
 * looks once more before it waits on its own futex. Who publishes work reads the bits after it: one
 * of the two sees the other (all of these are sequentially consistent). While somebody looks, who
 * publishes one task wakes nobody; so a worker that ends its look, or its sleep, sees whether there
 * is more than it can take, and wakes another. The bit of a sleeper is cleared by who wakes it; if
 * that is a worker and it dies before the wake-up call, or takes the news of a result with it, the
 * owner makes up for it: after every death it clears the bits of the dead and wakes everybody,
 * itself included. */
#include "mproc/pool_private.h"
#include "mproc/pool_worker.h"
#include "mproc/wait.h"
#include <limits.h>

/* Owner -------------------------------------------------------------------------------------- */

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
        pool_wake(shared,
                  end - from < pool->workers ? (uint32_t)(end - from) : (uint32_t)pool->workers);
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
}

static int32_t begun_code(uint32_t worker)
{
        (void)worker;
        return POOL_PENDING;
}

/* Numbers + 1, the first one done first. What a worker spoilt ends the list. */
static uint32_t turn_round(struct mproc_pool *pool, uint32_t last)
{
        struct pool_shared *shared = pool->shared;
        uint32_t first = 0;

        for (uint32_t steps = 0; last && last <= shared->slot_count && steps < shared->slot_count;
             steps++) {
                struct pool_slot *slot = &shared->slots[last - 1];
                uint32_t before = slot->next;

                slot->next = first;
                first = last;
                last = before;
        }
        return first;
}

static void collect(struct mproc_pool *pool)
{
        struct pool_shared *shared = pool->shared;

        for (uint32_t i = 0; i < shared->workers; i++) {
                _Atomic uint32_t *done = &shared->lines[i].done;
                uint32_t number = 0;

                if (atomic_load(done)) /* ordered after front.awaited */
                        number = turn_round(pool, atomic_exchange(done, 0));
                while (number) {
                        uint32_t next = shared->slots[number - 1].next;

                        pool_slot_told(pool, number - 1);
                        number = next;
                }
        }
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

/* Not locked: only what the workers write is looked at. */
static bool has_news(struct pool_shared *shared, uint32_t event)
{
        for (uint32_t i = 0; i < shared->workers; i++)
                if (atomic_load_explicit(&shared->lines[i].done, memory_order_relaxed))
                        return true;
        return has_job_news(shared) || atomic_load(&shared->front.event) != event;
}

static bool look(struct pool_shared *shared, uint32_t event, uint64_t spin_ns)
{
        uint64_t now = clock_now_ns(), grace = now + POOL_GRACE_NS, end = now + spin_ns;
        bool found = false;

        atomic_fetch_add(&shared->front.spinning, 1);
        while (!found) {
                for (int i = 0; i < POOL_SPIN_PAUSES && !found; i++) {
                        found = has_news(shared, event);
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
        uint64_t spin_ns = pool->spin_ns;
        bool found;

        if (!pool->shared->spinners_max) /* on a single PU it would keep workers from it */
                return false;
        pthread_mutex_unlock(&pool->lock);
        found = look(pool->shared, event, spin_ns);
        pthread_mutex_lock(&pool->lock);
        pool->spin_ns = pool_spin_next(spin_ns, found);
        return found;
}

static void sleep_unlocked(struct mproc_pool *pool, uint32_t event, uint64_t deadline_ns)
{
        pthread_mutex_unlock(&pool->lock);
        wait_on_word(&pool->shared->front.event, event, deadline_ns);
        pthread_mutex_lock(&pool->lock);
}

static void stir(struct mproc_pool *pool)
{
        atomic_fetch_add(&pool->shared->front.event, 1);
        wait_wake(&pool->shared->front.event, INT_MAX);
}

static void recover(struct mproc_pool *pool, uint32_t worker)
{
        pool_bit_clear(&pool->shared->looking, worker);
        pool_bit_clear(&pool->shared->sleeping, worker);
        /* It may have been on its way to wake somebody. */
        pool_wake_all(pool->shared);
}

static void stop(struct mproc_pool *pool)
{
        pool_wake_all(pool->shared);
}

/* Worker ------------------------------------------------------------------------------------- */

static void tell_done(struct pool_self *worker, struct pool_slot *slot)
{
        uint32_t number = (uint32_t)(slot - worker->shared->slots) + 1;
        uint32_t last = atomic_load_explicit(&worker->line->done, memory_order_relaxed);

        do
                slot->next = last;
        while (!atomic_compare_exchange_weak(&worker->line->done, &last, number));
        pool_tell_owner(worker->shared, number + 1);
}

/* Takes and runs the first task of the queue; false: there is none. */
static bool take_task(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;

        for (;;) {
                uint64_t head = atomic_load(&shared->head), next = head;
                struct pool_slot *slot;
                bool mine;

                if (head >= worker->tail_seen) {
                        worker->tail_seen = atomic_load(&shared->front.tail);
                        if (head >= worker->tail_seen)
                                return false;
                }
                slot = pool_slot_at(shared, head);
                mine = pool_worker_claim(worker, slot, head);
                atomic_compare_exchange_strong(&shared->head, &next, head + 1);
                if (!mine)
                        continue;
                pool_worker_run_task(worker, slot, head);
                tell_done(worker, slot);
                return true;
        }
}

/* Items first … end of the pass; false: none are left. A number is added without a look before:
 * that would fetch the line twice, and who comes too late has added for nothing. */
static bool claim(struct pool_job *job, uint64_t *first, uint64_t *end, uint32_t workers)
{
        uint64_t all = atomic_load_explicit(&job->end, memory_order_relaxed), size = job->chunk;
        uint64_t next;

        if (job->chunk == MPROC_CHUNK_GUIDED) {
                next = atomic_load_explicit(&job->next, memory_order_relaxed);
                do
                        size = next < all ? pool_guided(all - next, workers) : 1;
                while (next < all && !atomic_compare_exchange_weak(&job->next, &next, next + size));
        } else {
                next = atomic_fetch_add(&job->next, size);
        }
        if (next >= all)
                return false;
        *first = next;
        *end = size < all - next ? next + size : all;
        return true;
}

/* Is there other work than this job, which has had its chunk? */
static bool others_wait(const struct pool_self *worker, int job)
{
        struct pool_shared *shared = worker->shared;
        uint32_t open = atomic_load_explicit(&shared->front.open_jobs, memory_order_relaxed);

        return atomic_load_explicit(&shared->front.tail, memory_order_relaxed) >
                       atomic_load_explicit(&shared->head, memory_order_relaxed) ||
               pool_worker_sees_job(worker, open & ~(1u << job));
}

/* Items so short that claims are most of the work go the slower the more workers there are: index,
 * codes and results change hands between caches all the time. So every TURN claims a worker
 * compares how many all have made meanwhile with how many one alone makes, and when that is more,
 * it lets the others go on for a while. It costs at most TURN_NS a turn for each other worker. */
#define TURN 256
#define TURN_NS 5000

struct turn {
        uint64_t claims, begun_ns, first; /* first: the index at its begin */
        uint64_t alone_ns;                /* what the last turn without others took; 0: unknown */
};

static void take_turns(struct turn *turn, uint64_t index, uint64_t chunk)
{
        uint64_t now, all;

        if (turn->claims++ % TURN)
                return;
        now = clock_now_ns();
        all = (index - turn->first) / chunk;
        if (turn->claims > 1 && all < TURN + TURN / 4) {
                turn->alone_ns = now - turn->begun_ns;
        } else if (turn->claims > 1 && TURN * (now - turn->begun_ns) > all * turn->alone_ns) {
                uint64_t end = now + TURN_NS * ((all - 1) / TURN);

                for (; now < end; now = clock_now_ns())
                        wait_pause();
        }
        turn->begun_ns = now;
        turn->first = index;
}

/* Works in a pass, which the line names already, until nothing of it is left (true) or others have
 * waited for a chunk's time. */
static bool run_pass(struct pool_self *worker, int number)
{
        struct pool_job *job = &worker->shared->jobs[number];
        struct turn turn = {0};
        uint64_t item, end;
        bool more = true;

        pool_worker_begin_job(worker);
        do {
                if (!claim(job, &item, &end, worker->shared->workers)) {
                        more = false;
                        break;
                }
                if (job->chunk != MPROC_CHUNK_GUIDED)
                        take_turns(&turn, item, job->chunk);
                for (; item < end; item++)
                        if (!job->again || pool_code(job, item) == POOL_PENDING)
                                pool_worker_run_item(worker, job, item);
        } while (!pool_worker_must_leave(worker) && !others_wait(worker, number));
        /* Before another pass is named: it is no item of that one. */
        atomic_store_explicit(&worker->line->at, 0, memory_order_release);
        return !more;
}

/* A chunk, or more, of one map after the other. */
static bool take_jobs(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint32_t open = atomic_load(&shared->front.open_jobs);
        bool took = false;

        for (; open && !pool_worker_must_leave(worker); open &= open - 1) {
                int i = __builtin_ctz(open);
                struct pool_job *job = &shared->jobs[i];
                uint64_t pass = atomic_load(&job->pass);

                if (!pass || pass == worker->exhausted[i])
                        continue;
                atomic_store(&worker->line->job, pass);
                if (atomic_load(&job->pass) == pass) {
                        took = true;
                        if (run_pass(worker, i))
                                worker->exhausted[i] = pass;
                }
                atomic_store(&worker->line->job, 0);
                /* Who claims the last items tells, and each who left the pass later. */
                if (atomic_load(&job->next) >= atomic_load(&job->end))
                        pool_tell_owner(shared, POOL_ANY);
        }
        return took;
}

static void work(struct pool_self *worker)
{
        while (!pool_worker_must_leave(worker)) {
                bool took = take_jobs(worker);

                if (!pool_worker_must_leave(worker))
                        took |= take_task(worker);
                if (took)
                        continue;
                if (atomic_load(&worker->shared->front.stop))
                        break;
                pool_idle(worker);
        }
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
        .stir = stir,
        .recover = recover,
        .stop = stop,
        .work = work,
};
