#include "mproc/guard.h"

#include "base/clock.h"
#include "mproc/deadline.h"
#include "mproc/segment.h"
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS (100 * (int64_t)NS_PER_MS)
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
        __asm__ volatile("isb" ::: "memory");
#endif
}

/* One slice of the wait. */
static int lock_until(pthread_mutex_t *guard, uint64_t until_ns)
{
        struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                 .tv_nsec = (long)(until_ns % NS_PER_S)};
        int r;

        if (SEGMENT_FIXED)
                return pthread_mutex_clocklock(guard, CLOCK_MONOTONIC, &until);
        /* ThreadSanitizer does not know clocklock, and would not see the mutex held. */
        do {
                r = pthread_mutex_trylock(guard);
                if (r == EBUSY)
                        usleep(50);
        } while (r == EBUSY && clock_now_ns() < until_ns);
        return r == EBUSY ? ETIMEDOUT : r;
}

int guard_lock(pthread_mutex_t *guard, int64_t timeout_ns)
{
        uint64_t deadline, slice_end;
        int r;

        for (int i = 0; i < TRIES; i++) {
                r = pthread_mutex_trylock(guard);
                if (r != EBUSY)
                        return -r;
                relax();
        }
        deadline = deadline_after(timeout_ns > SLICE_NS ? timeout_ns : SLICE_NS);
        /* In slices: a waiter that is killed when it was just woken takes along a wake-up that was
         * another's, too. */
        do {
                slice_end = clock_now_ns() + SLICE_NS;
                r = lock_until(guard, slice_end < deadline ? slice_end : deadline);
        } while (r == ETIMEDOUT && clock_now_ns() < deadline);
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
