/* Typed arrays and values with a lock, held against CPython's: see conformance.h. */
#include "contract/conformance.h"

#include <mproc/array.h>

#define LENGTH 10

static void *shared_of(void *arg)
{
        return ((struct duty *)arg)->shared;
}

/* Values ------------------------------------------------------------------------------------- */

struct values {
        struct mproc_scalar number, fraction, small, large, letter;
        int ready;
};

static int change_values(void *arg, size_t size)
{
        struct values *values = shared_of(arg);

        (void)size;
        return mproc_scalar_set_int32(&values->number, 24234, MPROC_FOREVER, NULL) ||
               mproc_scalar_set_double(&values->fraction, -4.25, MPROC_FOREVER, NULL) ||
               mproc_scalar_set_int16(&values->small, 234, MPROC_FOREVER, NULL) ||
               mproc_scalar_set_int64(&values->large, INT64_C(1) << 34, MPROC_FOREVER, NULL) ||
               mproc_scalar_set_uint8(&values->letter, 'y', MPROC_FOREVER, NULL);
}

static void done_with_values(struct place *place)
{
        struct values *values = place->at;

        mproc_scalar_done(&values->number);
        mproc_scalar_done(&values->fraction);
        mproc_scalar_done(&values->small);
        mproc_scalar_done(&values->large);
        mproc_scalar_done(&values->letter);
        mproc_shm_free(place->shm);
}

static void values_have_types(const char *method)
{
        struct place place = take_place(sizeof(struct values));
        struct values *values = place.at;
        int32_t number = 4343;
        double fraction = 3.625;
        int16_t small = -232;
        int64_t large = INT64_C(1) << 33;
        uint8_t letter = 'x';

        assert_int_equal(mproc_scalar_init(&values->number, MPROC_INT32, 0, &number, NULL), 0);
        assert_int_equal(mproc_scalar_init(&values->fraction, MPROC_DOUBLE, 0, &fraction, NULL), 0);
        assert_int_equal(mproc_scalar_init(&values->small, MPROC_INT16, 0, &small, NULL), 0);
        assert_int_equal(mproc_scalar_init(&values->large, MPROC_INT64, 0, &large, NULL), 0);
        assert_int_equal(mproc_scalar_init(&values->letter, MPROC_UINT8, 0, &letter, NULL), 0);
        number = 0;
        assert_int_equal(mproc_scalar_get_int32(&values->number, &number, 0, NULL), 0);
        assert_int_equal(number, 4343);
        expect_exit(start_duty(method, change_values, values, 0), 0);
        assert_int_equal(mproc_scalar_get_int32(&values->number, &number, 0, NULL), 0);
        assert_int_equal(mproc_scalar_get_double(&values->fraction, &fraction, 0, NULL), 0);
        assert_int_equal(mproc_scalar_get_int16(&values->small, &small, 0, NULL), 0);
        assert_int_equal(mproc_scalar_get_int64(&values->large, &large, 0, NULL), 0);
        assert_int_equal(mproc_scalar_get_uint8(&values->letter, &letter, 0, NULL), 0);
        assert_int_equal(number, 24234);
        assert_true(fraction == -4.25);
        assert_int_equal(small, 234);
        assert_true(large == INT64_C(1) << 34);
        assert_int_equal(letter, 'y');
        done_with_values(&place);
}

#define ADDERS 3
#define ADDS 1000

/* `with v: v.value += 1` */
static int add_under_the_lock(void *arg, size_t size)
{
        struct mproc_scalar *number = &((struct values *)shared_of(arg))->number;
        int32_t value;

        (void)size;
        for (int i = 0; i < ADDS; i++) {
                CHECK(!mproc_array_lock(&number->array, MPROC_FOREVER, NULL));
                CHECK(!mproc_scalar_get_int32(number, &value, 0, NULL));
                CHECK(!mproc_scalar_set_int32(number, value + 1, 0, NULL));
                CHECK(!mproc_array_unlock(&number->array, NULL));
        }
        return 0;
}

static void values_have_a_lock(const char *method)
{
        struct place place = take_place(sizeof(struct values));
        struct values *values = place.at;
        int32_t sum;

        assert_int_equal(mproc_scalar_init(&values->number, MPROC_INT32, 0, NULL, NULL), 0);
        assert_int_equal(
                mproc_scalar_init(&values->small, MPROC_INT32, MPROC_ARRAY_RAW, NULL, NULL), 0);
        run_crew(ADDERS, method, add_under_the_lock, values);
        assert_int_equal(mproc_scalar_get_int32(&values->number, &sum, 0, NULL), 0);
        assert_int_equal(sum, ADDERS * ADDS);
        assert_non_null(mproc_array_lock_of(&values->number.array));
        assert_null(mproc_array_lock_of(&values->small.array));
        assert_int_equal(mproc_array_lock(&values->small.array, 0, NULL), -ENOLCK);
        done_with_values(&place);
}

/* Arrays ------------------------------------------------------------------------------------- */

static struct place with_array(struct mproc_array **ret, unsigned flags, const int32_t *first)
{
        size_t bytes = MPROC_ARRAY_BYTES(MPROC_INT32, LENGTH, MPROC_ARRAY_PADDED);
        struct place place = take_place(bytes + sizeof(int));

        *ret = place.at;
        assert_int_equal(mproc_array_init(*ret, bytes, MPROC_INT32, LENGTH, flags, first, NULL), 0);
        return place;
}

static void done_with_array(struct place *place)
{
        mproc_array_done(place->at);
        mproc_shm_free(place->shm);
}

static int add_up_there(void *arg, size_t size)
{
        struct mproc_array *array = shared_of(arg);
        int32_t before, own;

        (void)size;
        for (size_t i = 1; i < mproc_array_count(array); i++) {
                CHECK(!mproc_array_get_int32(array, i - 1, &before, MPROC_FOREVER, NULL));
                CHECK(!mproc_array_get_int32(array, i, &own, MPROC_FOREVER, NULL));
                CHECK(!mproc_array_set_int32(array, i, own + before, MPROC_FOREVER, NULL));
        }
        return 0;
}

static void expect_added_up(const char *method, unsigned flags)
{
        int32_t sequence[LENGTH] = {680, 626, 934, 821, 150, 233, 548, 982, 714, 831};
        static const int32_t slice[] = {1, 2, 3, 4};
        int32_t got[LENGTH];
        struct mproc_array *array;
        struct place place = with_array(&array, flags, sequence);

        assert_int_equal(mproc_array_count(array), LENGTH);
        assert_int_equal(mproc_array_read(array, MPROC_INT32, 2, 5, got, 0, NULL), 0);
        assert_memory_equal(got, sequence + 2, 5 * sizeof(got[0]));
        assert_int_equal(mproc_array_write(array, MPROC_INT32, 4, 4, slice, 0, NULL), 0);
        memcpy(sequence + 4, slice, sizeof(slice));
        expect_exit(start_duty(method, add_up_there, array, 0), 0);
        for (int i = 1; i < LENGTH; i++)
                sequence[i] += sequence[i - 1];
        assert_int_equal(mproc_array_read(array, MPROC_INT32, 0, LENGTH, got, 0, NULL), 0);
        assert_memory_equal(got, sequence, sizeof(sequence));
        assert_int_equal(mproc_array_read(array, MPROC_INT32, 8, 3, got, 0, NULL), -ERANGE);
        done_with_array(&place);
}

static void arrays_are_shared(const char *method)
{
        expect_added_up(method, 0);
}

static void raw_arrays_are_shared(const char *method)
{
        expect_added_up(method, MPROC_ARRAY_RAW);
        expect_added_up(method, MPROC_ARRAY_RAW | MPROC_ARRAY_PADDED);
}

static int is_zeroed(void *arg, size_t size)
{
        int32_t got[LENGTH], any = 0;

        (void)size;
        CHECK(!mproc_array_read(shared_of(arg), MPROC_INT32, 0, LENGTH, got, 0, NULL));
        for (int i = 0; i < LENGTH; i++)
                any |= got[i];
        return any != 0;
}

static void arrays_begin_with_zeros(const char *method)
{
        for (int i = 0; i < 2; i++) {
                static const int32_t ones[LENGTH] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
                struct mproc_array *array;
                struct place place = with_array(&array, 0, NULL);

                expect_exit(start_duty(method, is_zeroed, array, 0), 0);
                assert_int_equal(mproc_array_write(array, MPROC_INT32, 0, LENGTH, ones, 0, NULL),
                                 0);
                done_with_array(&place);
        }
}

static int try_to_read(void *arg, size_t size)
{
        int32_t value;

        (void)size;
        return -mproc_array_get_int32(shared_of(arg), 0, &value, 0, NULL);
}

static void arrays_have_a_lock(const char *method)
{
        struct mproc_array *array;
        struct place place = with_array(&array, 0, NULL);

        assert_int_equal(mproc_array_lock(array, 0, NULL), 0);
        assert_int_equal(mproc_array_lock(array, 0, NULL), 0); /* recursive */
        expect_exit(start_duty(method, try_to_read, array, 0), ETIMEDOUT);
        assert_int_equal(mproc_array_set_int32(array, 0, 7, 0, NULL), 0);
        assert_int_equal(*(int32_t *)mproc_array_at(array, 0), 7);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        expect_exit(start_duty(method, try_to_read, array, 0), 0);
        done_with_array(&place);
}

static int *counter_behind(struct mproc_array *array)
{
        return (int *)((char *)array + MPROC_ARRAY_BYTES(MPROC_INT32, LENGTH, MPROC_ARRAY_PADDED));
}

static int lock_and_stay(void *arg, size_t size)
{
        struct mproc_array *array = shared_of(arg);

        (void)size;
        CHECK(!mproc_array_lock(array, MPROC_FOREVER, NULL));
        add(counter_behind(array), 1);
        return stay();
}

static void arrays_outlive_who_locks_them(const char *method)
{
        struct mproc_array *array;
        struct place place = with_array(&array, 0, NULL);
        struct mproc_process *process = start_duty(method, lock_and_stay, array, 0);

        await(counter_behind(array), 1);
        kill_and_free(process);
        expect_exit(start_duty(method, try_to_read, array, 0), EOWNERDEAD);
        assert_int_equal(mproc_array_lock(array, MPROC_FOREVER, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_array_consistent(array, NULL), 0);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        expect_exit(start_duty(method, try_to_read, array, 0), 0);
        done_with_array(&place);
}

static const struct conformance_case cases[] = {
        CASE_SAME(values_have_types, "_TestValue.test_value",
                  "values of several types (int, double, short, long long, char) have the first "
                  "value that was given, and the one that a child gives them"),
        CASE_SAME(values_have_a_lock, "_TestValue.test_getobj_getlock",
                  "a value has a lock that can be held over several steps, or none if it is raw"),
        CASE_SAME(arrays_are_shared, "_TestArray.test_array",
                  "an array has first values, a length and slices; a child changes it"),
        CASE_SAME(raw_arrays_are_shared, "_TestArray.test_rawarray", "so has one without a lock"),
        CASE_SAME(arrays_begin_with_zeros, "_TestArray.test_array_from_size",
                  "an array of a length alone begins with zeros"),
        CASE_SAME(arrays_have_a_lock, "_TestArray.test_getobj_getlock_obj",
                  "its lock is recursive, keeps others out, and leaves the elements to its owner"),
        CASE_BETTER(arrays_outlive_who_locks_them, "_TestArray",
                    "(not tested) who is killed with the lock leaves it locked for ever",
                    "the next one is told, repairs, and says so"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Typed values and arrays", cases, sizeof(cases) / sizeof(cases[0]));
}
