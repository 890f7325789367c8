/* The workers' half of the ring; the other one, and the whole of it, is in pool_transport_ring.c.
 */
#include "mproc/pool_worker.h"
#include "mproc/wait.h"

/* Moves on from a position that is not before `head` to the first that is QUEUED; false: there is
 * none. Beyond what it knows of the tail it looks only when the owner is in a hurry: else it would
 * fetch away the very lines that the owner fills, and pool_idle() looks after a while, or
 * others_wait(). */
static bool find_queued(struct pool_self *worker, uint64_t *at)
{
        struct pool_shared *shared = worker->shared;
        uint32_t left_out = 0;

        while (worker->hurry || *at < worker->tail_seen) {
                if (pool_is_queued(shared, *at))
                        return true;
                if (*at < worker->tail_seen) { /* which was read before the state */
                        *at = pool_next_position(shared, *at, worker->tail_seen, POOL_IS_QUEUED,
                                                 &left_out);
                        continue;
                }
                worker->tail_seen = atomic_load(&shared->front.tail);
                if (*at >= worker->tail_seen)
                        return false;
        }
        return false;
}

#define AHEAD 2 /* tasks: a slot's line arrives while so many are run */

/* Takes and runs the first task of the queue; false: there is none. */
static bool take_task(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        bool found = true, mine = false;

        while (found && !mine) {
                uint64_t head = atomic_load(&shared->head), at = head, next;
                struct pool_slot *slot;

                found = find_queued(worker, &at);
                slot = pool_slot_at(shared, at);
                mine = found && pool_worker_claim(worker, slot, at);
                next = found ? at + 1 : at;
                if (next != head)
                        atomic_compare_exchange_strong(&shared->head, &head, next);
                if (!mine)
                        continue;
                if (next + AHEAD < worker->tail_seen)
                        __builtin_prefetch(pool_slot_at(shared, next + AHEAD), 1);
                pool_worker_run_task(worker, slot, at);
                worker->hurry = atomic_load(&shared->front.spinning);
                pool_tell_owner(shared, (uint32_t)(slot - shared->slots) + 2);
        }
        return mine;
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
static bool others_wait(struct pool_self *worker, int job)
{
        struct pool_shared *shared = worker->shared;
        uint32_t open = atomic_load_explicit(&shared->front.open_jobs, memory_order_relaxed);

        worker->tail_seen = atomic_load(&shared->front.tail); /* take_task() comes next */
        return worker->tail_seen > atomic_load_explicit(&shared->head, memory_order_relaxed) ||
               pool_worker_sees_job(worker, open & ~(1u << job));
}

/* Items so short that claims are most of the work go the slower the more workers there are: index,
 * codes and results change hands between caches all the time. So every TURN claims a worker
 * compares how many all have made meanwhile with how many one alone makes, and when that is more,
 * it lets the others go on for a while: the longer the more often, once it knows what one makes.
 * Unless they do, as is seen from the index: two may have come to the same conclusion. */
#define TURN 256
#define REST_MIN_NS 5000
#define REST_MAX_NS 160000
#define REST_LOOK_NS 2500

struct turn {
        uint64_t claims, begun_ns, first; /* first: the index at its begin */
        uint64_t alone_ns;                /* what the last turn without others took; 0: unknown */
        uint64_t rest_ns;
};

static void rest(const struct pool_job *job, uint64_t index, uint64_t end_ns)
{
        uint64_t now = clock_now_ns(), look, before;

        do {
                for (look = now + REST_LOOK_NS; now < look; now = clock_now_ns())
                        wait_pause();
                before = index;
                index = atomic_load_explicit(&job->next, memory_order_relaxed);
        } while (now < end_ns && index != before &&
                 index < atomic_load_explicit(&job->end, memory_order_relaxed));
}

static void take_turns(struct turn *turn, const struct pool_job *job)
{
        uint64_t now, index, took, all;

        if (turn->claims++ % TURN)
                return;
        now = clock_now_ns();
        index = atomic_load_explicit(&job->next, memory_order_relaxed);
        took = now - turn->begun_ns;
        all = (index - turn->first) / job->chunk;
        if (turn->claims > 1 && all < TURN + TURN / 4) {
                turn->alone_ns = took;
        } else if (turn->claims > 1 && TURN * took > all * turn->alone_ns) {
                turn->rest_ns = turn->alone_ns
                                        ? pool_longer(turn->rest_ns, REST_MIN_NS, REST_MAX_NS)
                                        : REST_MIN_NS;
                rest(job, index, now + turn->rest_ns * ((all - 1) / TURN));
                now = clock_now_ns();
                index = atomic_load_explicit(&job->next, memory_order_relaxed);
        } else {
                turn->rest_ns = REST_MIN_NS;
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
                if (job->chunk != MPROC_CHUNK_GUIDED)
                        take_turns(&turn, job);
                if (!claim(job, &item, &end, worker->shared->workers)) {
                        more = false;
                        break;
                }
                for (; item < end; item++)
                        if (!atomic_load_explicit(&job->again, memory_order_relaxed) ||
                            pool_code(job, item) == POOL_PENDING)
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

void pool_ring_work(struct pool_self *worker)
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
