#include "mproc/sync_wait.h"

#include "base/error.h"
#include "mproc/segment.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#define SPIN_MAX 256 /* pauses: some 10 µs where they are long */
#define SPIN_MIN 8   /* still finds out when spinning has become worth it */

static uint64_t next_look(uint64_t deadline_ns)
{
        uint64_t look_ns = clock_now_ns() + MPROC_SYNC_LOOK_NS;

        return look_ns < deadline_ns ? look_ns : deadline_ns;
}

void sync_sleep(const uint32_t *word, uint32_t seen, uint64_t deadline_ns)
{
        wait_on_word(word, seen, next_look(deadline_ns));
}

/* Spinning ----------------------------------------------------------------------------------- */

static __thread unsigned budget = 64;

static bool is_alone(void)
{
        static int alone = -1; /* threads that race for it write the same */
        int known = __atomic_load_n(&alone, __ATOMIC_RELAXED);
        cpu_set_t set;

        if (known < 0) {
                /* Fails where there are more PUs than the set has room for. */
                known = !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) < 2;
                __atomic_store_n(&alone, known, __ATOMIC_RELAXED);
        }
        return known;
}

struct sync_spin sync_spin_begin(void)
{
        return (struct sync_spin){.left = is_alone() ? 0 : budget, .step = 4};
}

bool sync_spin_once(struct sync_spin *spin)
{
        if (spin->left < spin->step) {
                budget = budget > 2 * SPIN_MIN ? budget / 2 : SPIN_MIN;
                return false;
        }
        for (unsigned i = 0; i < spin->step; i++)
                wait_pause();
        spin->left -= spin->step;
        spin->step *= 2;
        return true;
}

void sync_spin_won(void)
{
        budget = budget < SPIN_MAX / 2 ? budget * 2 : SPIN_MAX;
}

/* Robust mutexes ----------------------------------------------------------------------------- */

void robust_init(pthread_mutex_t *mutex)
{
        pthread_mutexattr_t attr;

        pthread_mutexattr_init(&attr);
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(mutex, &attr);
        pthread_mutexattr_destroy(&attr);
}

int robust_try(pthread_mutex_t *mutex)
{
        return -pthread_mutex_trylock(mutex);
}

static int lock_until(pthread_mutex_t *mutex, uint64_t until_ns)
{
        struct timespec until = wait_timespec(until_ns), nap = {.tv_nsec = NS_PER_MS / 20};
        int r;

        if (SEGMENT_FIXED)
                return -pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
        /* ThreadSanitizer knows neither clocklock nor the owner's death in timedlock, and would
         * miss that the mutex is held. */
        while ((r = robust_try(mutex)) == -EBUSY && clock_now_ns() < until_ns)
                nanosleep(&nap, NULL);
        return r == -EBUSY ? -ETIMEDOUT : r;
}

int robust_lock(pthread_mutex_t *mutex, uint64_t deadline_ns, const uint32_t *magic, uint32_t alive)
{
        int r = robust_try(mutex);

        if (r != -EBUSY)
                return r;
        for (struct sync_spin spin = sync_spin_begin(); sync_spin_once(&spin);) {
                r = robust_try(mutex);
                if (r != -EBUSY) {
                        sync_spin_won();
                        return r;
                }
        }
        /* In slices, although the kernel wakes a waiter when an owner dies: a waiter that is killed
         * after it was woken, and before it has noted down again that others sleep, takes their
         * wake-up with it if somebody else got the mutex in between. */
        do {
                r = lock_until(mutex, next_look(deadline_ns));
                if (r == -ETIMEDOUT && magic && word_load(magic) != alive)
                        return -ESTALE;
        } while (r == -ETIMEDOUT && !wait_is_over(deadline_ns));
        return r;
}

int robust_lock_for(pthread_mutex_t *mutex, int64_t timeout_ns, const uint32_t *magic,
                    uint32_t alive)
{
        int r = robust_try(mutex);

        return r == -EBUSY ? robust_lock(mutex, wait_deadline(timeout_ns), magic, alive) : r;
}

int robust_lock_short(pthread_mutex_t *mutex, int64_t timeout_ns)
{
        int64_t least_ns = timeout_ns > MPROC_SYNC_LOOK_NS ? timeout_ns : MPROC_SYNC_LOOK_NS;
        int r = robust_lock(mutex, wait_deadline(least_ns), NULL, 0);

        return r == -ETIMEDOUT ? -EBUSY : r;
}

/* Checks ------------------------------------------------------------------------------------- */

const char *sync_name(enum sync_magic magic)
{
        switch (magic) {
        case SYNC_LOCK:
                return "lock";
        case SYNC_RLOCK:
                return "recursive lock";
        case SYNC_SEMAPHORE:
                return "semaphore";
        case SYNC_EVENT:
                return "event";
        case SYNC_CONDITION:
                return "condition";
        case SYNC_BARRIER:
                return "barrier";
        case SYNC_ARRAY:
                return "array";
        case SYNC_VALUE:
                return "value";
        case SYNC_QUEUE:
                return "queue";
        }
        return "object";
}

int sync_stale(enum sync_magic want, struct mproc_err *err)
{
        return error_set(err, -ESTALE, sync_name(want),
                         "the %s is not initialised, or was done with: nobody may use it before "
                         "_init or after _done",
                         sync_name(want));
}

int sync_check(const uint32_t *magic, enum sync_magic want, int64_t timeout_ns,
               struct mproc_err *err)
{
        if (word_load(magic) != (uint32_t)want)
                return sync_stale(want, err);
        if (timeout_ns < 0)
                return error_set(err, -EINVAL, sync_name(want),
                                 "the timeout is %lld ns: 0 tries, MPROC_FOREVER waits",
                                 (long long)timeout_ns);
        return 0;
}

int sync_timed_out(enum sync_magic want, int64_t timeout_ns, struct mproc_err *err)
{
        return error_set(err, -ETIMEDOUT, sync_name(want), "waited %.3f s for the %s, in vain",
                         wait_seconds(timeout_ns), sync_name(want));
}

/* false also where that cannot be told. */
static bool is_private(uintptr_t first, uintptr_t end)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        unsigned long long from, to;
        char line[512], rights[5];
        bool found = false;

        while (maps && !found && fgets(line, sizeof(line), maps))
                found = sscanf(line, "%llx-%llx %4s", &from, &to, rights) == 3 && from < end &&
                        to > first && rights[3] == 'p';
        if (maps)
                fclose(maps);
        return found;
}

int sync_check_aligned(const void *at, size_t alignment, const char *what, struct mproc_err *err)
{
        if ((uintptr_t)at % alignment == 0)
                return 0;
        return error_set(err, -EFAULT, what, "the %s at %p is not aligned to %zu bytes", what, at,
                         alignment);
}

int sync_check_place(const void *at, size_t size, const char *what, struct mproc_err *err)
{
        uintptr_t first = (uintptr_t)at;
        int r = sync_check_aligned(at, MPROC_SYNC_LINE, what, err);

        if (r)
                return r;
        if (!segment_holds(at, size) && is_private(first, first + size))
                return error_set(err, -EFAULT, what,
                                 "the %s at %p lies in memory of this process alone: put it into "
                                 "memory made by mproc_shm_new",
                                 what, at);
        return 0;
}
