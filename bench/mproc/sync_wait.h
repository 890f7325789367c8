/* What all synchronisation stands on: sleeping and waking on a word, spinning a little before that,
 * robust mutexes, and the checks that every function begins with. Every context.
 *
 * The rule that makes deaths harmless: state is in words of shared memory, and a wake-up is a hint.
 * Who sleeps looks at the word again after MPROC_SYNC_LOOK_NS at the latest, so that a wake-up
 * which was lost with a killed process (the one that was to send it, or the one that got it and was
 * to pass it on) is late and no more. */
#ifndef MPROC_SYNC_WAIT_H
#define MPROC_SYNC_WAIT_H

#include "mproc/wait.h"
#include <mproc/sync.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words ---------------------------------------------------------------------------------------
 * Public structs have plain fields, for C++; they are read and written by these. */

static inline uint32_t word_load(const uint32_t *word)
{
        return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void word_store(uint32_t *word, uint32_t value)
{
        __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* `*seen` becomes what was there when that differs. */
static inline bool word_swap(uint32_t *word, uint32_t *seen, uint32_t value)
{
        return __atomic_compare_exchange_n(word, seen, value, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE);
}

/* Sleeps while `*word` is `seen`, until woken, `deadline_ns` or the next look. Returns for no
 * reason sometimes. */
void sync_sleep(const uint32_t *word, uint32_t seen, uint64_t deadline_ns);

/* Spinning ------------------------------------------------------------------------------------
 * Each thread has a budget of pauses, which grows while spinning spares it the sleep. */

struct sync_spin {
        unsigned left, step;
};

struct sync_spin sync_spin_begin(void);
/* Pauses, each time longer. false: it is time to sleep. */
bool sync_spin_once(struct sync_spin *spin);
void sync_spin_won(void);

/* Robust mutexes ------------------------------------------------------------------------------
 * Owned by threads, process-shared, error-checking. */

void robust_init(pthread_mutex_t *mutex);
/* 0, -EBUSY, -EDEADLK (the caller holds it), or -EOWNERDEAD: held, and to be declared consistent
 * before it is unlocked. */
int robust_try(pthread_mutex_t *mutex);
/* The same, with -ETIMEDOUT for -EBUSY: waits until `deadline_ns`. With `magic` given, -ESTALE once
 * it is not `alive` any more. */
int robust_lock(pthread_mutex_t *mutex, uint64_t deadline_ns, const uint32_t *magic,
                uint32_t alive);
/* The same for `timeout_ns`; without contention the clock is not read. */
int robust_lock_for(pthread_mutex_t *mutex, int64_t timeout_ns, const uint32_t *magic,
                    uint32_t alive);

/* For what nobody holds for long: waits for `timeout_ns`, and MPROC_SYNC_LOOK_NS at least. -EBUSY
 * then: its holder does not go on. */
int robust_lock_short(pthread_mutex_t *mutex, int64_t timeout_ns);

/* Checks -------------------------------------------------------------------------------------- */

enum sync_magic {
        SYNC_LOCK = 0x6d706c31,
        SYNC_RLOCK = 0x6d707231,
        SYNC_SEMAPHORE = 0x6d707331,
        SYNC_EVENT = 0x6d706531,
        SYNC_CONDITION = 0x6d706331,
        SYNC_BARRIER = 0x6d706231,
        SYNC_ARRAY = 0x6d706131,
        SYNC_VALUE = 0x6d707631,
        SYNC_QUEUE = 0x6d707131,
};

/* In sentences, and as their stage. */
const char *sync_name(enum sync_magic magic);

/* -ESTALE: `magic` is not `want`; -EINVAL: `timeout_ns` is negative. */
int sync_check(const uint32_t *magic, enum sync_magic want, int64_t timeout_ns,
               struct mproc_err *err);
int sync_stale(enum sync_magic want, struct mproc_err *err);
int sync_timed_out(enum sync_magic want, int64_t timeout_ns, struct mproc_err *err);
/* -EFAULT */
int sync_check_aligned(const void *at, size_t alignment, const char *what, struct mproc_err *err);
/* -EFAULT: storage of an object that is not aligned to MPROC_SYNC_LINE, or not shared. */
int sync_check_place(const void *at, size_t size, const char *what, struct mproc_err *err);

#endif
