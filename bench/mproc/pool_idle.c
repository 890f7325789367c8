#include "mproc/pool_worker.h"
#include "mproc/wait.h"

#define GRACE_NS (1 * NS_PER_US) /* spun by everybody, so that a round trip never sleeps */
#define SPIN_MIN_NS (2 * NS_PER_US)
#define PAUSES 16 /* between two looks at the clock */

static bool has_work(const struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint32_t open = atomic_load(&shared->front.open_jobs);

        if (atomic_load(&shared->front.tail) > atomic_load(&shared->head) ||
            atomic_load(&shared->front.stop) || atomic_load(&worker->line->quit))
                return true;
        for (; open; open &= open - 1) {
                int i = __builtin_ctz(open);
                uint64_t pass = atomic_load(&shared->jobs[i].pass);

                if (pass && pass != worker->exhausted[i])
                        return true;
        }
        return false;
}

static bool spin(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint64_t now = clock_now_ns(), grace = now + GRACE_NS, end = now + worker->spin_ns;
        bool allowed = false;

        for (;;) {
                for (int i = 0; i < PAUSES; i++) {
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
        found = has_work(worker) || spin(worker);
        worker->spin_ns = found ? 2 * worker->spin_ns : worker->spin_ns / 2;
        if (worker->spin_ns > POOL_SPIN_MAX_NS)
                worker->spin_ns = POOL_SPIN_MAX_NS;
        if (worker->spin_ns < SPIN_MIN_NS)
                worker->spin_ns = SPIN_MIN_NS;
        if (!found) {
                atomic_store(&line->wake, 0);
                pool_bit_set(&shared->sleeping, worker->number);
        }
        pool_bit_clear(&shared->looking, worker->number);
        if (found)
                return;
        while (!has_work(worker) && !atomic_load(&line->wake))
                wait_on_word(&line->wake, 0, WAIT_FOREVER);
        pool_bit_clear(&shared->sleeping, worker->number);
}
