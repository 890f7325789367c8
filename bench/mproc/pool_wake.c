#include "mproc/pool_shared.h"
#include "mproc/wait.h"
#include <limits.h>
#include <linux/membarrier.h>

bool pool_fence_register(void)
{
        return !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
}

void pool_fence_owner(struct pool_shared *shared)
{
        struct timespec moment = {.tv_nsec = NS_PER_MS};

        if (!atomic_load(&shared->fenced) ||
            !syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0))
                return;
        /* seccomp(2) forbids it to this worker. From now on the owner's own stores are barriers
         * (enqueue_at); the one that it may be in the middle of, without, is long visible after
         * `moment`. */
        atomic_store(&shared->fenced, false);
        nanosleep(&moment, NULL);
}

uint32_t pool_bits_count(struct pool_bits *bits, uint32_t workers)
{
        uint32_t count = 0;

        for (uint32_t i = 0; i * 64 < workers; i++)
                count += (uint32_t)__builtin_popcountll(atomic_load(&bits->word[i]));
        return count;
}

static void wake_worker(struct pool_shared *shared, uint32_t worker)
{
        atomic_store(&shared->lines[worker].wake, 1);
        wait_wake(&shared->lines[worker].wake, INT_MAX);
}

void pool_wake(struct pool_shared *shared, struct pool_bits *asleep, uint32_t count)
{
        for (uint32_t i = 0; i * 64 < shared->workers && count; i++) {
                uint64_t set = atomic_load(&asleep->word[i]);

                for (; set && count; set &= set - 1) {
                        uint32_t worker = i * 64 + (uint32_t)__builtin_ctzll(set);

                        if (!pool_bit_clear(asleep, worker))
                                continue;
                        wake_worker(shared, worker);
                        count--;
                }
        }
}

void pool_wake_one(struct pool_shared *shared)
{
        if (!pool_bits_any(&shared->looking, shared->workers))
                pool_wake(shared, &shared->sleeping, 1);
}

void pool_wake_all(struct pool_shared *shared)
{
        for (uint32_t i = 0; i < shared->workers; i++) {
                pool_bit_clear(&shared->sleeping, i);
                pool_bit_clear(&shared->napping, i);
                wake_worker(shared, i);
        }
}

void pool_wake_owner(struct pool_shared *shared)
{
        atomic_fetch_add(&shared->front.event, 1);
        wait_wake(&shared->front.event, INT_MAX);
}

void pool_tell_owner(struct pool_shared *shared, uint32_t what)
{
        uint32_t awaited = atomic_load(&shared->front.awaited);

        if (awaited && (awaited == POOL_ANY || awaited == what))
                pool_wake_owner(shared);
}
