/* mproc: synchronisation between processes, and between threads of several processes.
 *
 * Lock, recursive lock, semaphore, condition, event, barrier. Each is a plain struct that the
 * caller puts into shared memory (mproc_shm_new), at one address for all who use it; its fields are
 * private. Every process and thread that has the memory mapped may use it, whichever start method
 * began it. They must be of one PID namespace.
 *
 * Life: one of them calls _init before the others begin, and _done when nobody needs it any more. A
 * function called before _init or after _done fails with -ESTALE, and so does, a moment later, one
 * that is asleep when _done is called. _done takes NULL. Memory must stay mapped in a thread that
 * holds something in it.
 *
 * Time: every wait takes a timeout in ns on CLOCK_MONOTONIC: 0 tries and does not sleep,
 * MPROC_FOREVER waits as long as it takes, a negative one is -EINVAL. A wait that is too long ends
 * with -ETIMEDOUT, and then nothing was taken or changed (save where a barrier says otherwise).
 * Signals that are handled do not end a wait; their handlers must not call anything here. Where
 * another is stopped (SIGSTOP) within a call of a ledger or a barrier, a wait ends up to
 * MPROC_SYNC_LOOK_NS late; what has no timeout (release, abort, reset) waits until it goes on.
 *
 * Death: a participant is a thread. That it was killed, at whatever instruction, that its process
 * ran another program by exec, or that it returned while it held something, is all the same here:
 * it is gone. Nobody hangs for it. An owner's death wakes the next in line at once; all else is
 * noticed by those who are asleep within 2 × MPROC_SYNC_LOOK_NS. -EOWNERDEAD says what became of
 * it. The kernel looks through 2048 of the things that a thread holds at its end: of one that holds
 * more at a time, the death in those it took first is not noticed.
 *
 * A child made by fork holds nothing of what its parent's thread holds.
 *
 * Cost: without contention no function makes a system call. Who has to wait spins for some
 * microseconds (not at all in a process that may run on one PU only) and sleeps then, looking up
 * once per MPROC_SYNC_LOOK_NS. A condition, a barrier and a ledger have some 16 KiB, of which pages
 * are touched as participants come.
 *
 * Errors that all share, besides -ESTALE, -EINVAL and -ETIMEDOUT: -EFAULT from _init: the object is
 * not aligned to 64 bytes, or lies in memory that is private to this process (told by mproc's own
 * segments, then by /proc/self/maps; where that cannot be read, it is not told). */
#ifndef MPROC_SYNC_H
#define MPROC_SYNC_H

#include <mproc/err.h>
#include <mproc/mproc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPROC_SYNC_LOOK_NS 100000000 /* 100 ms: see Death and Cost */
#define MPROC_SYNC_LINE 64
/* Threads that wait on one condition or barrier, or hold permits of one ledger, at a time. */
#define MPROC_SYNC_SLOTS 256

/* Lock ----------------------------------------------------------------------------------------
 *
 * One owner at a time, who alone can release it (robust mutexes: pthread_mutexattr_setrobust(3)).
 */

struct mproc_mutex { /* private */
        pthread_mutex_t mutex;
        uint32_t magic;
        uint32_t depth;   /* how often its owner acquired it; of a free one, nothing */
        uint32_t damaged; /* an owner died, and nobody has said that all is well since */
        uint32_t reserved;
} __attribute__((aligned(MPROC_SYNC_LINE)));

struct mproc_lock {
        struct mproc_mutex core;
};

int mproc_lock_init(struct mproc_lock *lock, struct mproc_err *err);
void mproc_lock_done(struct mproc_lock *lock);

/* -EOWNERDEAD: the caller HOLDS the lock, and an owner before it died with it: what it guards may
 * be half changed. The caller repairs that and says so by mproc_lock_consistent. Until somebody
 * has, every acquire ends like this; nobody is locked out. -EDEADLK: the caller holds it already.
 */
int mproc_lock_acquire(struct mproc_lock *lock, int64_t timeout_ns, struct mproc_err *err);
/* -EPERM: another holds it. -EOVERFLOW: nobody does (released once too often). */
int mproc_lock_release(struct mproc_lock *lock, struct mproc_err *err);
/* What the lock guards is in order. 0 also when it was. -EPERM: the caller does not hold it. */
int mproc_lock_consistent(struct mproc_lock *lock, struct mproc_err *err);

/* As a lock, but its owner may acquire it again, and has released it after as many releases.
 * -EAGAIN: 2^32 − 1 times deep. */
struct mproc_rlock {
        struct mproc_mutex core;
};

int mproc_rlock_init(struct mproc_rlock *lock, struct mproc_err *err);
void mproc_rlock_done(struct mproc_rlock *lock);
int mproc_rlock_acquire(struct mproc_rlock *lock, int64_t timeout_ns, struct mproc_err *err);
int mproc_rlock_release(struct mproc_rlock *lock, struct mproc_err *err);
int mproc_rlock_consistent(struct mproc_rlock *lock, struct mproc_err *err);

/* Where the participants of one object are noted down; how a death is seen: sync_slots.h of the
 * sources. Private. */
struct mproc_slot {
        pthread_mutex_t presence; /* held by its participant as long as it takes part */
        uint32_t state;
        uint32_t reserved;
        uint64_t order;
} __attribute__((aligned(MPROC_SYNC_LINE)));

struct mproc_slots {
        uint32_t high; /* slots that were ever used */
        uint32_t reserved;
        uint64_t look_ns; /* when the next look for the dead is due */
        struct mproc_slot at[MPROC_SYNC_SLOTS];
} __attribute__((aligned(MPROC_SYNC_LINE)));

/* Semaphore ----------------------------------------------------------------------------------
 *
 * Permits, of two kinds. Without a ledger (the default) a permit is a signal: anybody may release
 * one, and it is not given back when who acquired it dies, for that would be a signal which nobody
 * sent. This is what POSIX and Python mean by a semaphore. With a ledger a permit stands for a
 * resource: it belongs to the thread that acquired it, only that one can release it, and it is
 * given back when that one is gone. */

#define MPROC_SEMAPHORE_MAX 0x7fffffffu

enum mproc_semaphore_flag {
        MPROC_SEMAPHORE_BOUNDED = 1, /* never more permits than at first; a ledger implies it */
};

/* Storage of a ledger; touched only as far as it is used. Filled by mproc_semaphore_init. */
struct mproc_ledger {
        pthread_mutex_t guard;
        struct mproc_slots slots;
};

struct mproc_semaphore {
        uint32_t magic;
        uint32_t permits; /* and a bit: somebody may be asleep */
        uint32_t first;   /* permits at first */
        uint32_t max;
        uint32_t inherited; /* permits of the dead that nobody has acquired since */
        uint32_t reserved;
        struct mproc_ledger *ledger;
} __attribute__((aligned(MPROC_SYNC_LINE)));

/* `ledger`: NULL, or storage in shared memory that lives as long as the semaphore. -EDOM: more
 * permits than MPROC_SEMAPHORE_MAX, or none with BOUNDED or a ledger. -ENOTSUP: an unknown flag. */
int mproc_semaphore_init(struct mproc_semaphore *semaphore, uint32_t permits, unsigned flags,
                         struct mproc_ledger *ledger, struct mproc_err *err);
void mproc_semaphore_done(struct mproc_semaphore *semaphore);
/* With a ledger: -EOWNERDEAD: the caller HAS a permit, which came back from one who died with it:
 * look after what it stands for. -ENOSPC: MPROC_SYNC_SLOTS others hold permits. */
int mproc_semaphore_acquire(struct mproc_semaphore *semaphore, int64_t timeout_ns,
                            struct mproc_err *err);
/* -EOVERFLOW: more than at first (bounded; with a ledger: nobody holds any), or than
 * MPROC_SEMAPHORE_MAX. -EPERM: with a ledger, the caller holds none. */
int mproc_semaphore_release(struct mproc_semaphore *semaphore, struct mproc_err *err);
/* Permits that are free at this moment; those of the dead once an acquire has found no other. */
uint32_t mproc_semaphore_value(const struct mproc_semaphore *semaphore);

/* Event --------------------------------------------------------------------------------------
 *
 * Clear at first. Who waits goes on once it is set, even if it is cleared right after. */

struct mproc_event {
        uint32_t magic;
        uint32_t word; /* bit 0: set; bit 1: somebody may be asleep; above: how often it was set */
} __attribute__((aligned(MPROC_SYNC_LINE)));

int mproc_event_init(struct mproc_event *event, struct mproc_err *err);
void mproc_event_done(struct mproc_event *event);
int mproc_event_set(struct mproc_event *event, struct mproc_err *err);
int mproc_event_clear(struct mproc_event *event, struct mproc_err *err);
bool mproc_event_is_set(const struct mproc_event *event);
int mproc_event_wait(struct mproc_event *event, int64_t timeout_ns, struct mproc_err *err);

/* Condition ----------------------------------------------------------------------------------
 *
 * Waiting for something to become true that a lock guards. All functions but _init and _done need
 * that the caller holds the lock (-ENOLCK).
 *
 * A notify goes to the living who wait longest. If one dies between a notify and its return from
 * the wait, the notify is passed on to another. Then, rarely, two are woken for one notify: so, as
 * with every condition, who returns from a wait looks whether it is true (mproc_condition_wait_for
 * does). */

struct mproc_condition {
        struct mproc_mutex *core; /* of the lock */
        uint64_t next;            /* order of waiters */
        uint32_t magic;
        uint32_t reserved;
        struct mproc_slots slots;
} __attribute__((aligned(MPROC_SYNC_LINE)));

/* `lock` must outlive the condition. -ESTALE: it is not initialised. */
int mproc_condition_init(struct mproc_condition *condition, struct mproc_lock *lock,
                         struct mproc_err *err);
int mproc_condition_init_rlock(struct mproc_condition *condition, struct mproc_rlock *lock,
                               struct mproc_err *err);
void mproc_condition_done(struct mproc_condition *condition);

/* Releases the lock (a recursive one wholly), sleeps until notified, and holds it as before when it
 * returns, also with -ETIMEDOUT and with -EOWNERDEAD (as mproc_lock_acquire). Taking the lock back
 * is not under the timeout. Who gets -EOWNERDEAD and repairs had better notify all: a notify may
 * have died with the owner; one who sleeps learns of that death, too. -ENOSPC: MPROC_SYNC_SLOTS
 * others wait. After -ESTALE, which says that the condition or its lock was done with meanwhile,
 * the lock is held only if there still is one.
 */
int mproc_condition_wait(struct mproc_condition *condition, int64_t timeout_ns,
                         struct mproc_err *err);
/* Until `predicate(arg)`, which is called with the lock held, is true. -EOWNERDEAD ends it, too. */
int mproc_condition_wait_for(struct mproc_condition *condition, bool (*predicate)(void *arg),
                             void *arg, int64_t timeout_ns, struct mproc_err *err);
/* Wakes `count` of the waiters (fewer, if fewer wait), or all. */
int mproc_condition_notify(struct mproc_condition *condition, uint32_t count,
                           struct mproc_err *err);
int mproc_condition_notify_all(struct mproc_condition *condition, struct mproc_err *err);

/* Barrier ------------------------------------------------------------------------------------
 *
 * Opens when `parties` threads wait at it, as often as they meet. It breaks, for all who wait and
 * all who come, until reset: when one who waits dies (-EOWNERDEAD), is timed out or aborts it, or
 * when the action fails (-ECANCELED). Who dies elsewhere does not break it: the others wait, as the
 * barrier cannot know who was to come. */

struct mproc_barrier {
        pthread_mutex_t guard;
        uint32_t magic;
        uint32_t parties;
        uint32_t arrived;
        uint32_t round; /* changes whenever those who wait are let go */
        int32_t broken; /* 0, -ECANCELED or -EOWNERDEAD */
        uint32_t phase;
        struct mproc_slots slots;
} __attribute__((aligned(MPROC_SYNC_LINE)));

/* -EDOM: 0 parties, or more than MPROC_SYNC_SLOTS. */
int mproc_barrier_init(struct mproc_barrier *barrier, uint32_t parties, struct mproc_err *err);
void mproc_barrier_done(struct mproc_barrier *barrier);

/* `ret_index` (may be NULL): how many came before, 0 … parties − 1. A timeout breaks the barrier
 * for the others; with timeout 0 the last to come opens it, and anybody else gets -ETIMEDOUT
 * without having come. Errors: -ECANCELED, -EOWNERDEAD as above; -ECANCELED also when it is reset
 * meanwhile; -ENOSPC (MPROC_SYNC_SLOTS others are at it, those of the last round that have not left
 * yet included). */
int mproc_barrier_wait(struct mproc_barrier *barrier, int64_t timeout_ns, uint32_t *ret_index,
                       struct mproc_err *err);
/* The same; before it opens, the last to come calls its `action(arg)`. A negative result of it
 * breaks the barrier and is returned by this call. */
int mproc_barrier_wait_with(struct mproc_barrier *barrier, int64_t timeout_ns,
                            int (*action)(void *arg), void *arg, uint32_t *ret_index,
                            struct mproc_err *err);
/* Breaks it; whole again, and empty: those who wait get -ECANCELED either way. */
int mproc_barrier_abort(struct mproc_barrier *barrier, struct mproc_err *err);
int mproc_barrier_reset(struct mproc_barrier *barrier, struct mproc_err *err);
uint32_t mproc_barrier_waiting(const struct mproc_barrier *barrier);
/* 0, or what a wait would fail with; a death is seen once one who waits or comes has noticed it. */
int mproc_barrier_broken(const struct mproc_barrier *barrier);

#ifdef __cplusplus
}
#endif
#endif
