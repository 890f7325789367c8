#include "mproc/guard.h"

#include "base/clock.h"
#include "mproc/deadline.h"
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GRACE_NS (100 * (int64_t)NS_PER_MS)
#define TRIES 64 /* before it sleeps: whoever holds it copies a message, and is done soon */

void guard_init(pthread_mutex_t *guard)
{
        pthread_mutexattr_t attributes;

        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(guard, &attributes);
        pthread_mutexattr_destroy(&attributes);
}

static inline void relax(void)
{
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("isb");
#endif
}

int guard_lock(pthread_mutex_t *guard, int64_t timeout_ns)
{
        struct timespec until;
        uint64_t deadline;
        int r;

        for (int i = 0; i < TRIES; i++) {
                r = pthread_mutex_trylock(guard);
                if (r != EBUSY)
                        return -r;
                relax();
        }
        deadline = deadline_after(timeout_ns > GRACE_NS ? timeout_ns : GRACE_NS);
        until.tv_sec = (time_t)(deadline / NS_PER_S);
        until.tv_nsec = (long)(deadline % NS_PER_S);
        r = pthread_mutex_clocklock(guard, CLOCK_MONOTONIC, &until);
        return r == ETIMEDOUT ? -EBUSY : -r;
}

void guard_repaired(pthread_mutex_t *guard)
{
        pthread_mutex_consistent(guard);
}

void guard_unlock(pthread_mutex_t *guard)
{
        pthread_mutex_unlock(guard);
}

void guard_sleep(const uint32_t *word, uint32_t seen, uint64_t deadline_ns, uint64_t slice_ns)
{
        uint64_t slice_end = clock_now_ns() + slice_ns;
        struct timespec left = clock_left(deadline_ns < slice_end ? deadline_ns : slice_end);

        syscall(SYS_futex, word, FUTEX_WAIT, seen, &left, NULL, 0);
}

void guard_wake(uint32_t *word, int count)
{
        syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}
