#include "mproc/pool_worker.h"
#include "mproc/wait.h"

#define WORTH_NS POOL_SPIN_MAX_NS /* of work: less is not worth a wake-up */
#define UNHURRIED_NS 2500         /* between two looks; some twenty tasks are submitted meanwhile */
#define NAP_MIN_NS (50 * NS_PER_US)
#define NAP_MAX_NS (1 * NS_PER_MS)

bool pool_worker_sees_job(const struct pool_self *worker, uint32_t open)
{
        for (; open; open &= open - 1) {
                int i = __builtin_ctz(open);
                uint64_t pass = atomic_load(&worker->shared->jobs[i].pass);

                if (pass && pass != worker->exhausted[i])
                        return true;
        }
        return false;
}

static bool has_work(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint64_t head = atomic_load(&shared->head);

        /* Sooner seen than the tail, which is stored later and in another line. */
        if (worker->hurry && pool_is_queued(shared, head))
                return true;
        worker->tail_seen = atomic_load(&shared->front.tail);
        return worker->tail_seen > head || atomic_load(&shared->front.stop) ||
               pool_worker_sees_job(worker, atomic_load(&shared->front.open_jobs));
}

/* Who published tasks while this worker was looking, or before it was awake, woke nobody else. */
static void pass_on(struct pool_shared *shared)
{
        uint64_t mine = atomic_load(&shared->front.open_jobs) ? 0 : 1;

        if (atomic_load(&shared->front.tail) > atomic_load(&shared->head) + mine)
                pool_wake_one(shared);
}

/* Each look fetches lines that the owner is writing to, and costs it more than a task does. So it
 * is left alone while it submits some more, until it waits for a result. */
static bool look_once(struct pool_self *worker)
{
        struct pool_front *front = &worker->shared->front;
        uint64_t end;

        if (worker->hurry) {
                for (int i = 0; i < POOL_SPIN_PAUSES; i++) {
                        if (has_work(worker))
                                return true;
                        wait_pause();
                }
                return false;
        }
        end = clock_now_ns() + UNHURRIED_NS;
        while (!atomic_load(&front->spinning) && !atomic_load(&front->awaited) &&
               clock_now_ns() < end)
                wait_pause();
        return has_work(worker);
}

static bool look(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint64_t now = clock_now_ns(), grace = now + POOL_GRACE_NS, end = now + worker->spin_ns;
        bool allowed = false;

        for (;;) {
                if (look_once(worker))
                        return true;
                now = clock_now_ns();
                if (now >= end)
                        return false;
                if (now < grace)
                        continue;
                if (!allowed && pool_bits_count(&shared->looking, shared->workers) +
                                                atomic_load(&shared->front.spinning) >
                                        shared->spinners_max)
                        return false;
                allowed = true;
        }
}

/* Waits in a set of those that rest, from which who wakes it takes it; false: `deadline_ns` came.
 */
static bool wait_in(struct pool_self *worker, struct pool_bits *set, uint64_t deadline_ns)
{
        _Atomic uint32_t *wake = &worker->line->wake;
        bool found;

        pool_fence_owner(worker->shared);
        while (!(found = has_work(worker) || atomic_load(wake)) && !wait_is_over(deadline_ns))
                wait_on_word(wake, 0, deadline_ns);
        pool_bit_clear(set, worker->number);
        return found;
}

/* Was it woken for less than a wake-up costs? One worker never naps. Its bit in `napping` is set
 * then. */
static bool begin_nap(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;

        if (worker->worked_ns >= WORTH_NS) {
                worker->nap_ns = 0;
                return false;
        }
        pool_bit_set(&shared->napping, worker->number);
        if (pool_bits_count(&shared->napping, shared->workers) < shared->workers) {
                worker->nap_ns = pool_longer(worker->nap_ns, NAP_MIN_NS, NAP_MAX_NS);
                return true;
        }
        pool_bit_clear(&shared->napping, worker->number);
        return false;
}

static void rest(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        bool naps;

        atomic_store(&worker->line->wake, 0);
        naps = begin_nap(worker);
        if (!naps)
                pool_bit_set(&shared->sleeping, worker->number);
        pool_bit_clear(&shared->looking, worker->number);
        if (naps && !wait_in(worker, &shared->napping, clock_now_ns() + worker->nap_ns)) {
                pool_bit_set(&shared->sleeping, worker->number);
                naps = false;
        }
        if (!naps)
                wait_in(worker, &shared->sleeping, WAIT_FOREVER);
        worker->worked_ns = 0;
}

void pool_idle(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        bool found;

        worker->worked_ns += clock_now_ns() - worker->back_ns;
        pool_bit_set(&shared->looking, worker->number);
        if (shared->spinners_max) {
                found = look(worker);
                worker->spin_ns = pool_spin_next(worker->spin_ns, found);
        } else { /* on a single PU it would keep others from it */
                found = has_work(worker);
        }
        if (found)
                pool_bit_clear(&shared->looking, worker->number);
        else
                rest(worker);
        pass_on(shared);
        worker->back_ns = clock_now_ns();
}
