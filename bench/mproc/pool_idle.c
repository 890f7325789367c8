#include "mproc/pool_worker.h"
#include "mproc/wait.h"

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

static bool has_work(const struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;

        return atomic_load(&shared->front.tail) > atomic_load(&shared->head) ||
               atomic_load(&shared->front.stop) ||
               pool_worker_sees_job(worker, atomic_load(&shared->front.open_jobs));
}

/* Who published tasks while this worker was looking, or before it was awake, woke nobody else. */
static void pass_on(struct pool_shared *shared)
{
        uint64_t mine = atomic_load(&shared->front.open_jobs) ? 0 : 1;

        if (atomic_load(&shared->front.tail) > atomic_load(&shared->head) + mine)
                pool_wake_one(shared);
}

static bool look(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint64_t now = clock_now_ns(), grace = now + POOL_GRACE_NS, end = now + worker->spin_ns;
        bool allowed = false;

        for (;;) {
                for (int i = 0; i < POOL_SPIN_PAUSES; i++) {
                        if (has_work(worker))
                                return true;
                        wait_pause();
                }
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

void pool_idle(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        struct pool_line *line = worker->line;
        bool found;

        pool_bit_set(&shared->looking, worker->number);
        found = has_work(worker);
        if (!found && shared->spinners_max) { /* on a single PU it would keep others from it */
                found = look(worker);
                worker->spin_ns = pool_spin_next(worker->spin_ns, found);
        }
        if (!found) {
                atomic_store(&line->wake, 0);
                pool_bit_set(&shared->sleeping, worker->number);
        }
        pool_bit_clear(&shared->looking, worker->number);
        while (!found && !has_work(worker) && !atomic_load(&line->wake))
                wait_on_word(&line->wake, 0, WAIT_FOREVER);
        if (!found)
                pool_bit_clear(&shared->sleeping, worker->number);
        pass_on(shared);
}
