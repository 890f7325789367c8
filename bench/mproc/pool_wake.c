#include "base/clock.h"
#include "mproc/pool_shared.h"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Deadlines are absolute (FUTEX_WAIT_BITSET, CLOCK_MONOTONIC); UINT64_MAX: none. Shared between
 * processes, so never FUTEX_PRIVATE. */
void pool_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
        struct timespec until = {.tv_sec = (time_t)(deadline_ns / NS_PER_S),
                                 .tv_nsec = (long)(deadline_ns % NS_PER_S)};

        syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value,
                deadline_ns == UINT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

void pool_futex_wake(_Atomic uint32_t *word)
{
        syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
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
        pool_futex_wake(&shared->lines[worker].wake);
}

void pool_wake(struct pool_shared *shared, uint32_t count)
{
        for (uint32_t i = 0; i * 64 < shared->workers && count; i++) {
                uint64_t set = atomic_load(&shared->sleeping.word[i]);

                for (; set && count; set &= set - 1) {
                        uint32_t worker = i * 64 + (uint32_t)__builtin_ctzll(set);

                        if (!pool_bit_clear(&shared->sleeping, worker))
                                continue;
                        wake_worker(shared, worker);
                        count--;
                }
        }
}

void pool_wake_one(struct pool_shared *shared)
{
        for (uint32_t i = 0; i * 64 < shared->workers; i++)
                if (atomic_load(&shared->looking.word[i]))
                        return;
        pool_wake(shared, 1);
}

void pool_wake_all(struct pool_shared *shared)
{
        for (uint32_t i = 0; i < shared->workers; i++) {
                pool_bit_clear(&shared->sleeping, i);
                wake_worker(shared, i);
        }
}

void pool_tell_owner(struct pool_shared *shared, uint32_t what)
{
        uint32_t awaited = atomic_load(&shared->front.awaited);

        if (!awaited || (awaited != POOL_ANY && awaited != what))
                return;
        atomic_fetch_add(&shared->front.event, 1);
        pool_futex_wake(&shared->front.event);
}
