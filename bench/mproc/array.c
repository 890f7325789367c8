#include "base/error.h"
#include "mproc/sync_wait.h"
#include <assert.h>
#include <errno.h>
#include <mproc/array.h>
#include <string.h>

#define FLAGS (MPROC_ARRAY_RAW | MPROC_ARRAY_PADDED)

static_assert(sizeof(struct mproc_array) == MPROC_VALUE_LINE,
              "the lock shares its line with what nobody writes, and with no element");

/* Types --------------------------------------------------------------------------------------- */

static const char *name_of(uint32_t type)
{
        switch (type) {
        case MPROC_INT8:
                return "int8";
        case MPROC_INT16:
                return "int16";
        case MPROC_INT32:
                return "int32";
        case MPROC_INT64:
                return "int64";
        case MPROC_UINT8:
                return "uint8";
        case MPROC_UINT16:
                return "uint16";
        case MPROC_UINT32:
                return "uint32";
        case MPROC_UINT64:
                return "uint64";
        case MPROC_FLOAT:
                return "float";
        case MPROC_DOUBLE:
                return "double";
        default:
                return type && type == MPROC_TYPE_SIZE(type) ? "record" : NULL;
        }
}

static bool is_record(const struct mproc_array *array)
{
        return array->type == MPROC_TYPE_SIZE(array->type);
}

/* Copies ---------------------------------------------------------------------------------------
 * The one side is a C array anywhere, the other one elements, which are aligned. Without a lock the
 * elements may be read or written by others at the same time, so numbers move as a whole. */

#define DEFINE_COPIES(bits)                                                                 \
        static void load_##bits(void *data, const void *element)                            \
        {                                                                                   \
                uint##bits##_t word =                                                       \
                        __atomic_load_n((const uint##bits##_t *)element, __ATOMIC_ACQUIRE); \
                                                                                            \
                memcpy(data, &word, sizeof(word));                                          \
        }                                                                                   \
        static void store_##bits(void *element, const void *data)                           \
        {                                                                                   \
                uint##bits##_t word;                                                        \
                                                                                            \
                memcpy(&word, data, sizeof(word));                                          \
                __atomic_store_n((uint##bits##_t *)element, word, __ATOMIC_RELEASE);        \
        }

DEFINE_COPIES(8)
DEFINE_COPIES(16)
DEFINE_COPIES(32)
DEFINE_COPIES(64)

typedef void copy_function(void *to, const void *from);

/* NULL: plain copies will do. */
static copy_function *atomic_copy(const struct mproc_array *array, bool is_store)
{
        if (is_record(array) || !(array->flags & MPROC_ARRAY_RAW))
                return NULL;
        switch (MPROC_TYPE_SIZE(array->type)) {
        case 1:
                return is_store ? store_8 : load_8;
        case 2:
                return is_store ? store_16 : load_16;
        case 4:
                return is_store ? store_32 : load_32;
        default:
                return is_store ? store_64 : load_64;
        }
}

/* `to` and `from`: with the bytes from one element to the next on each side. */
static void copy(const struct mproc_array *array, unsigned char *to, size_t to_stride,
                 const unsigned char *from, size_t from_stride, size_t count, bool is_store)
{
        copy_function *copy_one = atomic_copy(array, is_store);
        size_t size = MPROC_TYPE_SIZE(array->type);

        if (!copy_one && to_stride == from_stride) {
                memcpy(to, from, count * size);
                return;
        }
        for (; count; count--, to += to_stride, from += from_stride)
                if (copy_one)
                        copy_one(to, from);
                else
                        memcpy(to, from, size);
}

static unsigned char *element_at(struct mproc_array *array, size_t index)
{
        return (unsigned char *)(array + 1) + index * array->stride;
}

static void copy_out(struct mproc_array *array, size_t first, size_t count, void *data)
{
        copy(array, data, MPROC_TYPE_SIZE(array->type), element_at(array, first), array->stride,
             count, false);
}

static void copy_in(struct mproc_array *array, size_t first, size_t count, const void *data)
{
        copy(array, element_at(array, first), array->stride, data, MPROC_TYPE_SIZE(array->type),
             count, true);
}

/* Life ---------------------------------------------------------------------------------------- */

/* Of struct and elements. false: no memory is so large. */
static bool bytes_for(uint32_t type, size_t count, unsigned flags, size_t *ret)
{
        size_t elements;

        if (__builtin_mul_overflow(count - 1, MPROC_ARRAY_STRIDE(type, flags), &elements))
                return false;
        return !__builtin_add_overflow(elements, sizeof(struct mproc_array) + MPROC_TYPE_SIZE(type),
                                       ret);
}

static int check_form(size_t bytes, uint32_t type, size_t count, unsigned flags, size_t *ret_needed,
                      struct mproc_err *err)
{
        if (!name_of(type))
                return error_set(err, -EINVAL, "array",
                                 "0x%x is no type: give one of enum mproc_type, or "
                                 "MPROC_RECORD(size) with a size of 1 to 2^28 - 1 bytes",
                                 type);
        if (!count)
                return error_set(err, -EDOM, "array", "an array of 0 elements was asked for");
        if (flags & ~(unsigned)FLAGS)
                return error_set(err, -ENOTSUP, "array",
                                 "flags are 0x%x, of which only MPROC_ARRAY_RAW and "
                                 "MPROC_ARRAY_PADDED are known",
                                 flags);
        if (!bytes_for(type, count, flags, ret_needed) || bytes < *ret_needed)
                return error_set(err, -ENOSPC, "array",
                                 "%zu bytes do not hold an array of %zu elements of %zu bytes: ask "
                                 "for MPROC_ARRAY_BYTES(type, count, flags)",
                                 bytes, count, MPROC_TYPE_SIZE(type));
        return 0;
}

int mproc_array_init(struct mproc_array *array, size_t bytes, uint32_t type, size_t count,
                     unsigned flags, const void *first, struct mproc_err *err)
{
        size_t needed = 0;
        int r = check_form(bytes, type, count, flags, &needed, err);

        if (r)
                return r;
        r = sync_check_aligned(array, MPROC_VALUE_LINE, "array", err);
        if (!r)
                r = sync_check_place(array, needed, "array", err);
        if (r)
                return r;
        memset(array, 0, needed);
        if (!(flags & MPROC_ARRAY_RAW))
                r = mproc_rlock_init(&array->lock, err);
        if (r)
                return r;
        array->stride = MPROC_ARRAY_STRIDE(type, flags);
        array->type = type;
        array->flags = flags;
        if (first)
                copy_in(array, 0, count, first);
        array->count = count;
        word_store(&array->magic, SYNC_ARRAY);
        return 0;
}

void mproc_array_done(struct mproc_array *array)
{
        if (!array)
                return;
        mproc_rlock_done(&array->lock);
        array->count = 0;
        word_store(&array->magic, 0);
}

/* The lock ------------------------------------------------------------------------------------ */

static int check_lock(const struct mproc_array *array, struct mproc_err *err)
{
        int r = sync_check(&array->magic, SYNC_ARRAY, 0, err);

        if (r || !(array->flags & MPROC_ARRAY_RAW))
                return r;
        return error_set(err, -ENOLCK, "array",
                         "the array has no lock, since it was made with MPROC_ARRAY_RAW");
}

int mproc_array_lock(struct mproc_array *array, int64_t timeout_ns, struct mproc_err *err)
{
        int r = check_lock(array, err);

        return r ? r : mproc_rlock_acquire(&array->lock, timeout_ns, err);
}

int mproc_array_unlock(struct mproc_array *array, struct mproc_err *err)
{
        int r = check_lock(array, err);

        return r ? r : mproc_rlock_release(&array->lock, err);
}

int mproc_array_consistent(struct mproc_array *array, struct mproc_err *err)
{
        int r = check_lock(array, err);

        return r ? r : mproc_rlock_consistent(&array->lock, err);
}

/* Elements ------------------------------------------------------------------------------------ */

static int check_access(const struct mproc_array *array, uint32_t type, size_t first, size_t count,
                        const void *data, struct mproc_err *err)
{
        int r = sync_check(&array->magic, SYNC_ARRAY, 0, err);

        if (r)
                return r;
        if (MPROC_TYPE_SIZE(type) != MPROC_TYPE_SIZE(array->type))
                return error_set(err, -EMSGSIZE, "array",
                                 "the elements are of %zu bytes (%s), and %zu were given: nothing "
                                 "is converted",
                                 MPROC_TYPE_SIZE(array->type), name_of(array->type),
                                 MPROC_TYPE_SIZE(type));
        if (type != array->type)
                return error_set(err, -EPROTOTYPE, "array",
                                 "the elements are %s, not %s: nothing is converted",
                                 name_of(array->type), name_of(type) ? name_of(type) : "that");
        if (first > array->count || count > array->count - first)
                return error_set(err, -ERANGE, "array",
                                 "%zu elements from index %zu on are not all in an array of %zu",
                                 count, first, array->count);
        if (count && !data)
                return error_set(err, -EFAULT, "array", "data is NULL");
        return 0;
}

/* Checks, and takes the lock, if there is one. Who held it before, to repair what a dead owner
 * left, is let through; all others are stopped. */
static int enter(struct mproc_array *array, uint32_t type, size_t first, size_t count,
                 const void *data, int64_t timeout_ns, struct mproc_err *err)
{
        struct mproc_err why;
        int r = check_access(array, type, first, count, data, err);

        if (r || array->flags & MPROC_ARRAY_RAW)
                return r;
        r = mproc_rlock_acquire(&array->lock, timeout_ns, &why);
        if (r == -EOWNERDEAD) {
                if (array->lock.core.depth > 1)
                        return 0;
                mproc_rlock_release(&array->lock, NULL);
                return error_set(err, r, "array",
                                 "an owner of the array's lock died holding it, and nobody has "
                                 "repaired the elements since: take the lock, do so, and call "
                                 "mproc_array_consistent");
        }
        if (r && err)
                *err = why;
        return r;
}

static void leave(struct mproc_array *array)
{
        if (!(array->flags & MPROC_ARRAY_RAW))
                mproc_rlock_release(&array->lock, NULL);
}

int mproc_array_read(struct mproc_array *array, uint32_t type, size_t first, size_t count,
                     void *data, int64_t timeout_ns, struct mproc_err *err)
{
        int r = enter(array, type, first, count, data, timeout_ns, err);

        if (r)
                return r;
        if (count)
                copy_out(array, first, count, data);
        leave(array);
        return 0;
}

int mproc_array_write(struct mproc_array *array, uint32_t type, size_t first, size_t count,
                      const void *data, int64_t timeout_ns, struct mproc_err *err)
{
        int r = enter(array, type, first, count, data, timeout_ns, err);

        if (r)
                return r;
        if (count)
                copy_in(array, first, count, data);
        leave(array);
        return 0;
}
