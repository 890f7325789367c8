/* A mutex in shared memory that survives its owner, and sleeping on a word of shared memory. Every
 * context. */
#ifndef MPROC_GUARD_H
#define MPROC_GUARD_H

#include <pthread.h>
#include <stdint.h>

void guard_init(pthread_mutex_t *guard);
/* 0: held. -EOWNERDEAD: held, and who held it died with it: guard_repaired comes before
 * guard_unlock. -EBUSY: not until `timeout_ns` or 100 ms, whatever is longer, have passed.
 * -EDEADLK: the caller holds it. */
int guard_lock(pthread_mutex_t *guard, int64_t timeout_ns);
void guard_repaired(pthread_mutex_t *guard);
void guard_unlock(pthread_mutex_t *guard);

/* Sleeps while `*word` is `seen`, until woken, until `deadline_ns`, or for `slice_ns`. May return
 * for no reason. */
void guard_sleep(const uint32_t *word, uint32_t seen, uint64_t deadline_ns, uint64_t slice_ns);
void guard_wake(uint32_t *word, int count);

#endif
