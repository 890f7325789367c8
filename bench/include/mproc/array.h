/* Arrays and single values in shared memory, typed, each with a lock of its own.
 *
 * Every element is of one type: a number of a fixed width, or a record of so many bytes. By default
 * an array has a recursive lock (mproc_rlock of mproc/sync.h), as Python's Array and Value have.
 * Every read and write is made under it, and who changes an element by what it was holds it:
 *
 *     mproc_shm_new(&shm, MPROC_ARRAY_BYTES(MPROC_INT32, 100, 0), &err);
 *     struct mproc_array *array = mproc_shm_addr(shm);
 *     mproc_array_init(array, mproc_shm_size(shm), MPROC_INT32, 100, 0, NULL, &err);
 *     …
 *     mproc_array_lock(array, MPROC_FOREVER, &err);
 *     ++*(int32_t *)mproc_array_at(array, 7);
 *     mproc_array_unlock(array, &err);
 *
 * | Python                        | here                                                         |
 * | Array('i', 100)               | the lines above                                              |
 * | Array('i', [3, 1, 4])         | `first` of mproc_array_init                                  |
 * | lock=False, RawArray          | MPROC_ARRAY_RAW                                              |
 * | a[7], a[7] = 5, a[2:5]        | mproc_array_get_int32, _set_int32, mproc_array_read, _write  |
 * | with a:, a.get_lock()         | mproc_array_lock and _unlock, mproc_array_lock_of            |
 * | a.get_obj()                   | mproc_array_at(array, 0)                                     |
 * | Value('d'), v.value, v.value =| struct mproc_scalar, mproc_scalar_get_double, _set_double    |
 *
 * For adds alone the numbers of mproc/value.h are faster, and its records are never half changed.
 *
 * Life: one process calls _init before the others begin, and _done when nobody needs it any more.
 *
 * Death: who is killed with the lock held leaves the elements as they are. The next one to lock is
 * told by -EOWNERDEAD, holds the lock, repairs and calls mproc_array_consistent; until somebody
 * has, all reads and writes of those who do not hold the lock fail with -EOWNERDEAD, too.
 *
 * Context: every process and thread. Timeouts as in mproc/sync.h; an array without a lock takes no
 * notice of them. Errors that all share: -ESTALE (before _init, or after _done), and where the lock
 * is taken -ETIMEDOUT, -EINVAL (a negative timeout). */
#ifndef MPROC_ARRAY_H
#define MPROC_ARRAY_H

#include <mproc/sync.h>
#include <mproc/value.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types: the lower 28 bits are the size in bytes, the upper ones the kind. */
enum mproc_type {
        MPROC_INT8 = 0x10000001,
        MPROC_INT16 = 0x10000002,
        MPROC_INT32 = 0x10000004,
        MPROC_INT64 = 0x10000008,
        MPROC_UINT8 = 0x20000001,
        MPROC_UINT16 = 0x20000002,
        MPROC_UINT32 = 0x20000004,
        MPROC_UINT64 = 0x20000008,
        MPROC_FLOAT = 0x30000004,
        MPROC_DOUBLE = 0x30000008,
};
#define MPROC_TYPE_SIZE(type) ((size_t)((uint32_t)(type)&0x0fffffffu))
/* Any C type of fewer than 256 MiB, by its sizeof; what is larger becomes 0, which is no type. */
#define MPROC_RECORD(size) ((uint32_t)((size) < 0x10000000u ? (size) : 0))

enum mproc_array_flag {
        MPROC_ARRAY_RAW = 1,    /* no lock */
        MPROC_ARRAY_PADDED = 2, /* each element on its own MPROC_VALUE_LINE: no false sharing */
};

struct mproc_array { /* private; the elements lie right behind it */
        size_t count;
        size_t stride; /* bytes from one element to the next */
        uint32_t type;
        uint32_t flags;
        uint32_t magic;
        uint32_t reserved;
        struct mproc_rlock lock;
} __attribute__((aligned(MPROC_VALUE_LINE)));

#define MPROC_ARRAY_STRIDE(type, flags)                                        \
        ((flags)&MPROC_ARRAY_PADDED ? MPROC_VALUE_ROUND(MPROC_TYPE_SIZE(type)) \
                                    : MPROC_TYPE_SIZE(type))
/* Bytes of shared memory; align it to MPROC_VALUE_LINE. Neighbours, if each takes so many, share no
 * line. The product must not overflow: mproc_array_init refuses too little memory, not that. */
#define MPROC_ARRAY_BYTES(type, count, flags) \
        (sizeof(struct mproc_array) +         \
         MPROC_VALUE_ROUND((size_t)(count)*MPROC_ARRAY_STRIDE(type, flags)))

/* `bytes`: of the struct and the memory behind it. `first`: `count` elements as in a C array; NULL:
 * zeros. Errors: -EINVAL (`type` is none of the above); -EDOM (count 0); -ENOTSUP (an unknown
 * flag); -ENOSPC (`bytes` are too few); -EFAULT (not aligned to MPROC_VALUE_LINE, or in memory of
 * this process alone). */
int mproc_array_init(struct mproc_array *array, size_t bytes, uint32_t type, size_t count,
                     unsigned flags, const void *first, struct mproc_err *err);
/* NULL is fine. The memory is the caller's. */
void mproc_array_done(struct mproc_array *array);

/* 0 before _init and after _done. */
static inline size_t mproc_array_count(const struct mproc_array *array)
{
        return array->count;
}

/* The element itself, for whoever holds the lock, or uses it atomically (__atomic_fetch_add): it is
 * aligned as its type wants. NULL: there is none of that index. Without MPROC_ARRAY_PADDED the
 * elements are a C array. */
static inline void *mproc_array_at(struct mproc_array *array, size_t index)
{
        return index < array->count ? (unsigned char *)(array + 1) + index * array->stride : NULL;
}

/* The lock ------------------------------------------------------------------------------------
 * -ENOLCK: the array was made with MPROC_ARRAY_RAW. */

/* As mproc_rlock_acquire: who holds it may take it again; -EOWNERDEAD: the caller HOLDS it. */
int mproc_array_lock(struct mproc_array *array, int64_t timeout_ns, struct mproc_err *err);
/* -EPERM: another holds it. -EOVERFLOW: nobody does. */
int mproc_array_unlock(struct mproc_array *array, struct mproc_err *err);
/* After -EOWNERDEAD: the elements are in order again. -EPERM: the caller does not hold the lock. */
int mproc_array_consistent(struct mproc_array *array, struct mproc_err *err);
/* For a condition on it (mproc_condition_init_rlock). NULL: there is none. */
static inline struct mproc_rlock *mproc_array_lock_of(struct mproc_array *array)
{
        return array->flags & MPROC_ARRAY_RAW ? NULL : &array->lock;
}

/* Elements ------------------------------------------------------------------------------------ */

/* Copies `count` elements from `first` on, to or from a C array of `type`, under the lock; 0 are
 * fine. They never convert: the array must be of the same type. Without a lock every number is
 * loaded or stored as a whole (acquire, release), while several together, or a record, may be seen
 * half changed.
 * Errors, nothing is copied then: -ERANGE (not all of them are elements); -EMSGSIZE (`type` has
 * another size than the elements); -EPROTOTYPE (the same size, another kind: MPROC_INT64 and
 * MPROC_DOUBLE); -EFAULT (`data` is NULL); -EOWNERDEAD (see Death). */
int mproc_array_read(struct mproc_array *array, uint32_t type, size_t first, size_t count,
                     void *data, int64_t timeout_ns, struct mproc_err *err);
int mproc_array_write(struct mproc_array *array, uint32_t type, size_t first, size_t count,
                      const void *data, int64_t timeout_ns, struct mproc_err *err);

/* One value, as an array of one that can be a member of a struct in shared memory. Its `array` is
 * for all of the above, with index 0: mproc_array_lock(&hits->array, …). */
struct mproc_scalar {
        struct mproc_array array;
        unsigned char storage[MPROC_VALUE_LINE]; /* private */
};

/* Errors as mproc_array_init; -ENOSPC: a record of more than MPROC_VALUE_LINE bytes. */
static inline int mproc_scalar_init(struct mproc_scalar *scalar, uint32_t type, unsigned flags,
                                    const void *first, struct mproc_err *err)
{
        return mproc_array_init(&scalar->array, sizeof(*scalar), type, 1, flags, first, err);
}

static inline void mproc_scalar_done(struct mproc_scalar *scalar)
{
        mproc_array_done(scalar ? &scalar->array : NULL);
}

/* mproc_array_get_NAME(array, index, ret, timeout_ns, err), mproc_array_set_NAME(array, index,
 * value, timeout_ns, err), mproc_scalar_get_NAME(scalar, ret, timeout_ns, err) and
 * mproc_scalar_set_NAME(scalar, value, timeout_ns, err): one number, with the errors of
 * mproc_array_read. NAME: int8 … int64, uint8 … uint64, float, double. */
#define MPROC_ARRAY_ACCESS(NAME, c_type, type)                                                 \
        static inline int mproc_array_get_##NAME(struct mproc_array *array, size_t index,      \
                                                 c_type *ret, int64_t timeout_ns,              \
                                                 struct mproc_err *err)                        \
        {                                                                                      \
                return mproc_array_read(array, type, index, 1, ret, timeout_ns, err);          \
        }                                                                                      \
        static inline int mproc_array_set_##NAME(struct mproc_array *array, size_t index,      \
                                                 c_type value, int64_t timeout_ns,             \
                                                 struct mproc_err *err)                        \
        {                                                                                      \
                return mproc_array_write(array, type, index, 1, &value, timeout_ns, err);      \
        }                                                                                      \
        static inline int mproc_scalar_get_##NAME(struct mproc_scalar *scalar, c_type *ret,    \
                                                  int64_t timeout_ns, struct mproc_err *err)   \
        {                                                                                      \
                return mproc_array_read(&scalar->array, type, 0, 1, ret, timeout_ns, err);     \
        }                                                                                      \
        static inline int mproc_scalar_set_##NAME(struct mproc_scalar *scalar, c_type value,   \
                                                  int64_t timeout_ns, struct mproc_err *err)   \
        {                                                                                      \
                return mproc_array_write(&scalar->array, type, 0, 1, &value, timeout_ns, err); \
        }

MPROC_ARRAY_ACCESS(int8, int8_t, MPROC_INT8)
MPROC_ARRAY_ACCESS(int16, int16_t, MPROC_INT16)
MPROC_ARRAY_ACCESS(int32, int32_t, MPROC_INT32)
MPROC_ARRAY_ACCESS(int64, int64_t, MPROC_INT64)
MPROC_ARRAY_ACCESS(uint8, uint8_t, MPROC_UINT8)
MPROC_ARRAY_ACCESS(uint16, uint16_t, MPROC_UINT16)
MPROC_ARRAY_ACCESS(uint32, uint32_t, MPROC_UINT32)
MPROC_ARRAY_ACCESS(uint64, uint64_t, MPROC_UINT64)
MPROC_ARRAY_ACCESS(float, float, MPROC_FLOAT)
MPROC_ARRAY_ACCESS(double, double, MPROC_DOUBLE)
#undef MPROC_ARRAY_ACCESS

#ifdef __cplusplus
}
#endif
#endif
