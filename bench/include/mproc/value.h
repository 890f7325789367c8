/* Values in shared memory: numbers with atomic operations, and records that are never seen half
 * changed.
 *
 * What plain C gives already is not here. A value or array that one process writes at a time is a
 * plain object in mproc_shm_new's memory; one that goes with a lock is in mproc/array.h; an array
 * of numbers that each may change at any time is an array of struct mproc_int64, or of _Atomic ones
 * where neighbours are used by the same process. These add what such objects lack:
 * - padding: neighbours never share a cache line, nor the pair that is fetched together;
 * - an add is one operation that loses nothing, of doubles too (Python's `v.value += 1` is two);
 * - a record changes as a whole: if who changes it is killed, it is as it was before.
 *
 * All of it is zero at first in fresh shared memory; a record has an _init.
 * Context: every process and thread. */
#ifndef MPROC_VALUE_H
#define MPROC_VALUE_H

#include <mproc/mproc.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPROC_VALUE_LINE 128 /* alignment and padding: a pair of cache lines */

/* Numbers ------------------------------------------------------------------------------------
 * Every operation is atomic, and in one order for all processes (sequentially consistent); none
 * waits for another process, none fails. */

struct mproc_int64 {
        int64_t value; /* private */
} __attribute__((aligned(MPROC_VALUE_LINE)));

static inline int64_t mproc_int64_get(const struct mproc_int64 *number)
{
        return __atomic_load_n(&number->value, __ATOMIC_SEQ_CST);
}

static inline void mproc_int64_set(struct mproc_int64 *number, int64_t value)
{
        __atomic_store_n(&number->value, value, __ATOMIC_SEQ_CST);
}

/* The new value; it wraps around. */
static inline int64_t mproc_int64_add(struct mproc_int64 *number, int64_t change)
{
        return __atomic_add_fetch(&number->value, change, __ATOMIC_SEQ_CST);
}

struct mproc_double {
        double value; /* private */
} __attribute__((aligned(MPROC_VALUE_LINE)));

static inline double mproc_double_get(const struct mproc_double *number)
{
        double value;

        __atomic_load(&number->value, &value, __ATOMIC_SEQ_CST);
        return value;
}

static inline void mproc_double_set(struct mproc_double *number, double value)
{
        __atomic_store(&number->value, &value, __ATOMIC_SEQ_CST);
}

/* The new value. */
static inline double mproc_double_add(struct mproc_double *number, double change)
{
        double before = mproc_double_get(number), after;

        do
                after = before + change;
        while (!__atomic_compare_exchange(&number->value, &before, &after, 0, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
        return after;
}

/* Records ------------------------------------------------------------------------------------
 * `size` bytes of any type, an array too, under a lock of their own. There are two copies: a change
 * is made in the spare one, and becomes the record by one store. So a record of many bytes costs a
 * copy for every change: where that is too much, use a lock and repair after a death.
 *
 * Timeouts are in ns of CLOCK_MONOTONIC, MPROC_FOREVER, and at least 100 ms: what is waited for is
 * the end of another's change. Errors that all share: -ESTALE (before _init, or after _done);
 * -EBUSY (the time is over, and another is still at it: is it stopped?). */

struct mproc_value { /* private; the copies lie behind it */
        size_t size;
        uint32_t magic;
        uint32_t current;
        pthread_mutex_t lock; /* robust */
} __attribute__((aligned(MPROC_VALUE_LINE)));

/* Bytes of shared memory for a record of `size`; align it to MPROC_VALUE_LINE. Neighbours, if each
 * takes so many, share no line. */
#define MPROC_VALUE_ROUND(size) \
        (((size_t)(size) + MPROC_VALUE_LINE - 1) / MPROC_VALUE_LINE * MPROC_VALUE_LINE)
#define MPROC_VALUE_BYTES(size) (sizeof(struct mproc_value) + 2 * MPROC_VALUE_ROUND(size))

/* One process calls it before the others begin. `first`: what the record is at first; NULL: zeros.
 * Errors: -EINVAL (size 0), -EFAULT (not aligned). */
int mproc_value_init(struct mproc_value *value, size_t size, const void *first,
                     struct mproc_err *err);
/* NULL is fine. The memory is the caller's. */
void mproc_value_done(struct mproc_value *value);

/* Copies the whole record from or to `data`, of its size. */
int mproc_value_get(struct mproc_value *value, void *data, int64_t timeout_ns,
                    struct mproc_err *err);
int mproc_value_set(struct mproc_value *value, const void *data, int64_t timeout_ns,
                    struct mproc_err *err);
/* Calls `change(data, context)` on a copy, aligned to MPROC_VALUE_LINE, with the lock held. If it
 * returns 0 the copy becomes the record; else all is as it was, and this returns what it returned
 * (a negative errno; `err` is its business then). It must not use the same record: -EDEADLK. */
int mproc_value_update(struct mproc_value *value, int (*change)(void *data, void *context),
                       void *context, int64_t timeout_ns, struct mproc_err *err);

#ifdef __cplusplus
}
#endif
#endif
