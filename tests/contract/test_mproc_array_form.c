/* What an array is made of, and what it says to every misuse: within one process. */
#include "contract/array_rig.h"

/* Form --------------------------------------------------------------------------------------- */

static void every_type_keeps_its_size_its_extremes_and_its_neighbours(const char *unused)
{
#define TRY(name, c_type, type, value)                                                           \
        for (unsigned flags = 0; flags < 4; flags++) {                                           \
                struct mproc_array *array;                                                       \
                struct shared *shared;                                                           \
                struct place place = with_array(&shared, &array, type, 3, flags, NULL);          \
                c_type now = 1, all[3];                                                          \
                                                                                                 \
                assert_int_equal(MPROC_TYPE_SIZE(type), sizeof(c_type));                         \
                assert_int_equal(mproc_array_set_##name(array, 1, value, 0, NULL), 0);           \
                assert_int_equal(mproc_array_get_##name(array, 1, &now, 0, NULL), 0);            \
                assert_true(now == (value));                                                     \
                assert_true(*(c_type *)mproc_array_at(array, 1) == (value));                     \
                assert_int_equal(mproc_array_read(array, type, 0, 3, all, 0, NULL), 0);          \
                assert_true(all[0] == 0 && all[1] == (value) && all[2] == 0);                    \
                mproc_array_done(array);                                                         \
                assert_int_equal(mproc_scalar_init(&shared->total, type, flags, &now, NULL), 0); \
                assert_int_equal(mproc_scalar_get_##name(&shared->total, &all[0], 0, NULL), 0);  \
                assert_true(all[0] == (value));                                                  \
                assert_int_equal(mproc_scalar_set_##name(&shared->total, 0, 0, NULL), 0);        \
                assert_int_equal(mproc_scalar_get_##name(&shared->total, &all[0], 0, NULL), 0);  \
                assert_true(all[0] == 0);                                                        \
                mproc_shm_free(place.shm);                                                       \
        }
        (void)unused;
        TRY(int8, int8_t, MPROC_INT8, INT8_MIN)
        TRY(int16, int16_t, MPROC_INT16, INT16_MIN)
        TRY(int32, int32_t, MPROC_INT32, INT32_MIN)
        TRY(int64, int64_t, MPROC_INT64, INT64_MIN)
        TRY(uint8, uint8_t, MPROC_UINT8, UINT8_MAX)
        TRY(uint16, uint16_t, MPROC_UINT16, UINT16_MAX)
        TRY(uint32, uint32_t, MPROC_UINT32, UINT32_MAX)
        TRY(uint64, uint64_t, MPROC_UINT64, UINT64_MAX)
        TRY(float, float, MPROC_FLOAT, 0.1f)
        TRY(double, double, MPROC_DOUBLE, 1e300)
#undef TRY
}

struct point {
        double x, y, z;
};

static void records_of_any_size_are_elements(const char *unused)
{
        const struct point first[3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
        const uint32_t type = MPROC_RECORD(sizeof(struct point));

        (void)unused;
        for (unsigned flags = 0; flags < 4; flags++) {
                struct mproc_array *array;
                struct shared *shared;
                struct place place = with_array(&shared, &array, type, 3, flags, first);
                struct point now[2], *second = mproc_array_at(array, 1);

                assert_memory_equal(second, &first[1], sizeof(*second));
                assert_int_equal(mproc_array_read(array, type, 1, 2, now, 0, NULL), 0);
                assert_memory_equal(now, &first[1], sizeof(now));
                now[0].x = 10;
                assert_int_equal(mproc_array_write(array, type, 2, 1, now, 0, NULL), 0);
                assert_true(((struct point *)mproc_array_at(array, 2))->x == 10);
                assert_true(second->x == 4);
                mproc_shm_free(place.shm);
        }
}

static void padding_gives_each_element_its_own_line(const char *unused)
{
        static const unsigned char dense[MPROC_ARRAY_BYTES(MPROC_INT8, 128, 0)];
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT8, 3, 0, NULL);
        char *one = mproc_array_at(array, 0), *next = mproc_array_at(array, 1);

        (void)unused;
        assert_int_equal(next - one, 1);
        assert_true(one - (char *)array >= 128); /* nor with the lock */
        mproc_shm_free(place.shm);
        place = with_array(&shared, &array, MPROC_INT8, 3, MPROC_ARRAY_PADDED, NULL);
        one = mproc_array_at(array, 0);
        next = mproc_array_at(array, 1);
        assert_int_equal(next - one, 128);
        mproc_shm_free(place.shm);
        assert_int_equal(sizeof(dense), sizeof(struct mproc_array) + 128);
        assert_int_equal(MPROC_ARRAY_BYTES(MPROC_RECORD(129), 2, MPROC_ARRAY_PADDED),
                         sizeof(struct mproc_array) + 512);
        assert_int_equal(MPROC_ARRAY_BYTES(MPROC_DOUBLE, 17, 0) % 128, 0);
        assert_int_equal(sizeof(struct mproc_scalar), 256);
}

/* Misuse ------------------------------------------------------------------------------------- */

static void an_array_that_cannot_be_is_refused(const char *unused)
{
        struct place place = take_place(4096);
        struct mproc_array *array = place.at;
        struct mproc_err err = {0};
        _Alignas(128) unsigned char private[256];

        (void)unused;
        assert_int_equal(mproc_array_init(array, 4096, 0, 1, 0, NULL, &err), -EINVAL);
        assert_int_equal(mproc_array_init(array, 4096, 0x10000003, 1, 0, NULL, NULL), -EINVAL);
        assert_int_equal(mproc_array_init(array, 4096, MPROC_RECORD(1ul << 28), 1, 0, NULL, NULL),
                         -EINVAL);
        assert_int_equal(mproc_array_init(array, 4096, MPROC_INT8, 0, 0, NULL, NULL), -EDOM);
        assert_int_equal(mproc_array_init(array, 4096, MPROC_INT8, 1, 4, NULL, NULL), -ENOTSUP);
        assert_int_equal(mproc_array_init(array, 4096, MPROC_INT8, 3969, 0, NULL, &err), -ENOSPC);
        assert_non_null(strstr(err.text, "3969"));
        assert_int_equal(
                mproc_array_init(array, 4096, MPROC_INT64, SIZE_MAX / 8 + 2, 0, NULL, NULL),
                -ENOSPC);
        assert_int_equal(mproc_array_init(array, 4096, MPROC_INT8, SIZE_MAX, 0, NULL, NULL),
                         -ENOSPC);
        assert_int_equal(
                mproc_array_init((void *)((char *)array + 64), 1024, MPROC_INT8, 1, 0, NULL, NULL),
                -EFAULT);
        assert_int_equal(
                mproc_array_init((void *)private, sizeof(private), MPROC_INT8, 1, 0, NULL, &err),
                -EFAULT);
        assert_non_null(strstr(err.text, "mproc_shm_new"));
        assert_int_equal(mproc_array_count(array), 0);
        assert_int_equal(mproc_array_init(array, 4096, MPROC_INT8, 3968, 0, NULL, &err), 0);
        assert_int_equal(mproc_array_count(array), 3968);
        mproc_array_done(array);
        assert_int_equal(mproc_scalar_init((void *)array, MPROC_RECORD(129), 0, NULL, NULL),
                         -ENOSPC);
        mproc_shm_free(place.shm);
}

static void no_index_reaches_beyond_the_ends(const char *unused)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT32, 3, 0, NULL);
        struct mproc_err err = {0};
        int32_t two[2] = {5, 6};

        (void)unused;
        assert_int_equal(mproc_array_get_int32(array, 3, two, 0, &err), -ERANGE);
        assert_non_null(strstr(err.text, "index 3"));
        assert_int_equal(mproc_array_set_int32(array, 3, 1, 0, NULL), -ERANGE);
        assert_int_equal(mproc_array_set_int32(array, (size_t)-1, 1, 0, NULL), -ERANGE);
        assert_int_equal(mproc_array_read(array, MPROC_INT32, 2, 2, two, 0, NULL), -ERANGE);
        assert_int_equal(mproc_array_write(array, MPROC_INT32, 2, SIZE_MAX, two, 0, NULL), -ERANGE);
        assert_int_equal(mproc_array_read(array, MPROC_INT32, 4, 0, NULL, 0, NULL), -ERANGE);
        assert_int_equal(mproc_array_read(array, MPROC_INT32, 3, 0, NULL, 0, NULL), 0);
        assert_int_equal(two[0], 5);
        assert_int_equal(two[1], 6);
        assert_null(mproc_array_at(array, 3));
        assert_null(mproc_array_at(array, (size_t)-1));
        assert_int_equal(mproc_array_get_int32(array, 2, two, 0, NULL), 0);
        assert_int_equal(two[0], 0);
        mproc_shm_free(place.shm);
}

static void nothing_is_converted(const char *unused)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT64, 3, 0, NULL);
        struct mproc_err err = {0};
        int32_t narrow = 7;
        double real = 7;

        (void)unused;
        assert_int_equal(mproc_array_get_int32(array, 0, &narrow, 0, &err), -EMSGSIZE);
        assert_non_null(strstr(err.text, "int64"));
        assert_int_equal(mproc_array_set_int32(array, 0, 9, 0, NULL), -EMSGSIZE);
        assert_int_equal(mproc_array_get_double(array, 0, &real, 0, &err), -EPROTOTYPE);
        assert_non_null(strstr(err.text, "double"));
        assert_int_equal(mproc_array_set_double(array, 0, 9, 0, NULL), -EPROTOTYPE);
        assert_int_equal(mproc_array_set_uint64(array, 0, 9, 0, NULL), -EPROTOTYPE);
        assert_int_equal(mproc_array_write(array, MPROC_RECORD(8), 0, 1, &real, 0, NULL),
                         -EPROTOTYPE);
        assert_int_equal(mproc_array_write(array, MPROC_INT64, 0, 1, NULL, 0, NULL), -EFAULT);
        assert_int_equal(narrow, 7);
        assert_true(real == 7);
        assert_int_equal(*(int64_t *)mproc_array_at(array, 0), 0);
        mproc_shm_free(place.shm);
}

static void each_misuse_of_the_lock_has_its_own_error(const char *unused)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT32, 3, MPROC_ARRAY_RAW, NULL);
        int32_t element;

        (void)unused;
        assert_int_equal(mproc_array_lock(array, 0, NULL), -ENOLCK);
        assert_int_equal(mproc_array_unlock(array, NULL), -ENOLCK);
        assert_int_equal(mproc_array_consistent(array, NULL), -ENOLCK);
        assert_null(mproc_array_lock_of(array));
        mproc_array_done(array);
        assert_int_equal(mproc_array_lock(array, 0, NULL), -ESTALE);

        assert_int_equal(mproc_array_init(array, 4096, MPROC_INT32, 3, 0, NULL, NULL), 0);
        assert_int_equal(mproc_array_unlock(array, NULL), -EOVERFLOW);
        assert_int_equal(mproc_array_consistent(array, NULL), -EPERM);
        assert_int_equal(mproc_array_lock(array, -1, NULL), -EINVAL);
        assert_int_equal(mproc_array_get_int32(array, 0, &element, -1, NULL), -EINVAL);
        assert_int_equal(mproc_rlock_acquire(mproc_array_lock_of(array), 0, NULL), 0);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        mproc_array_done(array);
        mproc_array_done(NULL);
        assert_int_equal(mproc_array_lock(array, 0, NULL), -ESTALE);
        assert_int_equal(mproc_array_unlock(array, NULL), -ESTALE);
        assert_int_equal(mproc_array_consistent(array, NULL), -ESTALE);
        assert_int_equal(mproc_array_get_int32(array, 0, &element, 0, NULL), -ESTALE);
        assert_int_equal(mproc_array_set_int32(array, 0, 1, 0, NULL), -ESTALE);
        assert_null(mproc_array_at(array, 0));
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(every_type_keeps_its_size_its_extremes_and_its_neighbours, UNDER_NONE),
                PROMISE(records_of_any_size_are_elements, UNDER_NONE),
                PROMISE(padding_gives_each_element_its_own_line, UNDER_NONE),
                PROMISE(an_array_that_cannot_be_is_refused, UNDER_NONE),
                PROMISE(no_index_reaches_beyond_the_ends, UNDER_NONE),
                PROMISE(nothing_is_converted, UNDER_NONE),
                PROMISE(each_misuse_of_the_lock_has_its_own_error, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
