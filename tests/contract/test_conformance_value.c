/* Numbers, records and shared memory, held against CPython's: see conformance.h. */
#include "contract/conformance.h"

#include <mproc/value.h>

static void *shared_of(void *arg)
{
        return ((struct duty *)arg)->shared;
}

struct numbers {
        struct mproc_int64 number;
        struct mproc_double fraction;
        short small;
        char letter;
        int64_t large;
        int ready;
};

static int change_numbers(void *arg, size_t size)
{
        struct numbers *numbers = shared_of(arg);

        (void)size;
        CHECK(mproc_int64_get(&numbers->number) == 4343);
        mproc_int64_set(&numbers->number, 24234);
        mproc_double_set(&numbers->fraction, -4.25);
        return 0;
}

static void values_are_shared(const char *method)
{
        struct place place = take_place(sizeof(struct numbers));
        struct numbers *numbers = place.at;

        assert_int_equal(mproc_int64_get(&numbers->number), 0);
        mproc_int64_set(&numbers->number, 4343);
        mproc_double_set(&numbers->fraction, 3.625);
        expect_exit(start_duty(method, change_numbers, numbers, 0), 0);
        assert_int_equal(mproc_int64_get(&numbers->number), 24234);
        assert_true(mproc_double_get(&numbers->fraction) == -4.25);
        mproc_shm_free(place.shm);
}

static int change_plain(void *arg, size_t size)
{
        struct numbers *numbers = shared_of(arg);

        (void)size;
        CHECK(numbers->small == -232 && numbers->letter == 'x');
        numbers->small = 234;
        numbers->letter = 'y';
        numbers->large = INT64_C(1) << 34;
        return 0;
}

static void plain_values_are_shared(const char *method)
{
        struct place place = take_place(sizeof(struct numbers));
        struct numbers *numbers = place.at;

        numbers->small = -232;
        numbers->letter = 'x';
        expect_exit(start_duty(method, change_plain, numbers, 0), 0);
        assert_int_equal(numbers->small, 234);
        assert_int_equal(numbers->letter, 'y');
        assert_true(numbers->large == INT64_C(1) << 34);
        mproc_shm_free(place.shm);
}

#define ADDERS 4
#define ADDS 50000 /* long enough for all to be at it together */

static int add_often(void *arg, size_t size)
{
        struct numbers *numbers = shared_of(arg);

        (void)size;
        add(&numbers->ready, 1);
        await(&numbers->ready, ADDERS);
        for (int i = 0; i < ADDS; i++) {
                mproc_int64_add(&numbers->number, 1);
                mproc_double_add(&numbers->fraction, 0.5);
        }
        return 0;
}

static void adds_lose_nothing(const char *method)
{
        struct place place = take_place(sizeof(struct numbers));
        struct numbers *numbers = place.at;

        run_crew(ADDERS, method, add_often, numbers);
        assert_int_equal(mproc_int64_get(&numbers->number), ADDERS * ADDS);
        assert_true(mproc_double_get(&numbers->fraction) == ADDERS * ADDS / 2);
        mproc_shm_free(place.shm);
}

/* Records: a lock of their own --------------------------------------------------------------- */

struct pair {
        int left, right;
};

static struct place with_record(struct mproc_value **ret, const struct pair *first)
{
        struct place place = take_place(MPROC_VALUE_BYTES(sizeof(*first)) + sizeof(int));

        *ret = place.at;
        assert_int_equal(mproc_value_init(*ret, sizeof(*first), first, NULL), 0);
        return place;
}

static int shift(void *data, void *context)
{
        struct pair *pair = data;

        pair->left--;
        pair->right++;
        return *(int *)context;
}

static int shift_often(void *arg, size_t size)
{
        struct pair pair;
        int fine = 0;

        (void)size;
        for (int i = 0; i < 100; i++) {
                CHECK(!mproc_value_update(shared_of(arg), shift, &fine, MPROC_FOREVER, NULL));
                CHECK(!mproc_value_get(shared_of(arg), &pair, MPROC_FOREVER, NULL));
                CHECK(pair.left + pair.right == 1000);
        }
        return 0;
}

static void record_has_a_lock(const char *method)
{
        struct mproc_value *record;
        struct pair pair = {.left = 1000};
        struct place place = with_record(&record, &pair);

        run_crew(3, method, shift_often, record);
        assert_int_equal(mproc_value_get(record, &pair, MPROC_FOREVER, NULL), 0);
        assert_int_equal(pair.left, 700);
        assert_int_equal(pair.right, 300);
        mproc_value_done(record);
        mproc_shm_free(place.shm);
}

static int shift_and_stay(void *data, void *context)
{
        int fine = 0;

        shift(data, &fine);
        add(context, 1);
        return stay();
}

static int change_for_ever(void *arg, size_t size)
{
        struct mproc_value *record = shared_of(arg);

        (void)size;
        return mproc_value_update(record, shift_and_stay,
                                  (char *)record + MPROC_VALUE_BYTES(sizeof(struct pair)),
                                  MPROC_FOREVER, NULL);
}

static void change_of_the_dead_never_was(const char *method)
{
        struct mproc_value *record;
        struct pair pair = {.left = 1000};
        struct place place = with_record(&record, &pair);
        struct mproc_process *process = start_duty(method, change_for_ever, record, 0);
        int refuse = -EDOM;

        await((int *)((char *)record + MPROC_VALUE_BYTES(sizeof(pair))), 1);
        kill_and_free(process);
        assert_int_equal(mproc_value_update(record, shift, &refuse, MPROC_FOREVER, NULL), -EDOM);
        assert_int_equal(mproc_value_get(record, &pair, MPROC_FOREVER, NULL), 0);
        assert_int_equal(pair.left, 1000);
        assert_int_equal(pair.right, 0);
        mproc_value_done(record);
        mproc_shm_free(place.shm);
}

static void copies_are_apart(const char *method)
{
        struct mproc_value *record, *other;
        struct pair pair = {.left = 1000};
        struct place place = with_record(&record, &pair), second;

        assert_int_equal(mproc_value_get(record, &pair, MPROC_FOREVER, NULL), 0);
        second = with_record(&other, &pair);
        expect_exit(start_duty(method, shift_often, record, 0), 0);
        assert_int_equal(mproc_value_get(other, &pair, MPROC_FOREVER, NULL), 0);
        assert_int_equal(pair.left, 1000);
        mproc_value_done(record);
        mproc_value_done(other);
        mproc_shm_free(place.shm);
        mproc_shm_free(second.shm);
}

/* Arrays and shared memory ------------------------------------------------------------------- */

#define LENGTH 10

static void add_up(int *array)
{
        for (int i = 1; i < LENGTH; i++)
                array[i] += array[i - 1];
}

static int add_up_there(void *arg, size_t size)
{
        (void)size;
        add_up(shared_of(arg));
        return 0;
}

static void arrays_are_shared(const char *method)
{
        int sequence[LENGTH] = {680, 626, 934, 821, 150, 233, 548, 982, 714, 831};
        struct place place = take_place(sizeof(sequence));

        memcpy(place.at, sequence, sizeof(sequence));
        expect_exit(start_duty(method, add_up_there, place.at, 0), 0);
        add_up(sequence);
        assert_memory_equal(place.at, sequence, sizeof(sequence));
        mproc_shm_free(place.shm);
}

static int is_zeroed(void *arg, size_t size)
{
        unsigned char *bytes = shared_of(arg);
        int found = 0;

        (void)size;
        for (int i = 0; i < 10000; i++)
                found |= bytes[i];
        memset(bytes, 0xff, 10000);
        return found;
}

static void memory_is_zeroed(const char *method)
{
        for (int i = 0; i < 3; i++) {
                struct place place = take_place(10000);

                assert_true(mproc_shm_size(place.shm) >= 10000);
                expect_exit(start_duty(method, is_zeroed, place.at, 0), 0);
                mproc_shm_free(place.shm);
        }
}

struct node {
        struct node *next;
        int number;
};

static int follow(void *arg, size_t size)
{
        int sum = 0;

        (void)size;
        for (struct node *node = shared_of(arg); node; node = node->next)
                sum += node->number++;
        return sum;
}

static void pointers_hold_everywhere(const char *method)
{
        struct place first = take_place(sizeof(struct node)), second = take_place(4096);
        struct node *head = first.at, *tail = second.at;

        *tail = (struct node){.number = 4};
        *head = (struct node){.next = tail, .number = 3};
        expect_exit(start_duty(method, follow, head, 0), 7);
        assert_int_equal(tail->number, 5);
        mproc_shm_free(first.shm);
        mproc_shm_free(second.shm);
}

static int make_segment(void *arg, size_t size)
{
        struct mproc_shm *shm = NULL;

        (void)arg;
        (void)size;
        CHECK(mproc_shm_new(&shm, 0, NULL) == -EINVAL && !shm);
        CHECK(!mproc_shm_new(&shm, 4096, NULL));
        *(int *)mproc_shm_addr(shm) = 1;
        mproc_shm_free(shm);
        return 0;
}

static void size_0_is_refused(const char *method)
{
        expect_exit(start_target(method, make_segment, NULL, 0), 0);
}

static const struct conformance_case cases[] = {
        CASE_SAME(values_are_shared, "_TestValue.test_value",
                  "a child changes numbers that the parent has set"),
        CASE_SAME(plain_values_are_shared, "_TestValue.test_rawvalue",
                  "the same of values without a lock: plain C objects in shared memory"),
        CASE_BETTER(adds_lose_nothing, "_TestValue",
                    "(not tested) `v.value += 1` is a read and a write; without the lock around "
                    "both, additions are lost",
                    "an addition is one operation: 4 × 50,000 are 200,000"),
        CASE_SAME(record_has_a_lock,
                  "_TestValue.test_getobj_getlock, "
                  "_TestSharedCTypes.test_synchronize",
                  "a struct has a lock, under which it changes as a whole"),
        CASE_BETTER(change_of_the_dead_never_was, "_TestValue",
                    "(not tested) who is killed while it changes a value leaves it half changed, "
                    "and locked for ever",
                    "the record is as it was before, and free"),
        CASE_SAME(copies_are_apart, "_TestSharedCTypes.test_copy",
                  "a copy of a record does not follow it"),
        CASE_SAME(arrays_are_shared, "_TestArray.test_rawarray",
                  "a child changes a plain C array, and the parent sees it"),
        CASE_SAME(memory_is_zeroed, "_TestSharedMemory.test_shared_memory_basics",
                  "new memory is zero, and as large as was asked for, memory used before too"),
        CASE_BETTER(pointers_hold_everywhere,
                    "_TestSharedMemory.test_shared_memory_across_processes",
                    "several processes attach a block of memory by its name",
                    "it is at one address in all of them, so that pointers may lie in it"),
        CASE_SAME(size_0_is_refused, "_TestSharedMemory.test_invalid_shared_memory_creation",
                  "a block of no size is refused"),
        CASE_NOT_APPLICABLE(
                "TestResourceTracker, "
                "_TestSharedMemory.test_shared_memory_cleaned_after_process_termination",
                "a process that unlinks what killed ones left",
                "memory has no name; the kernel frees it with its last user"),
        CASE_NOT_APPLICABLE("_TestHeap.test_heap, _TestSharedMemory.test_shared_memory_"
                            "ShareableList_basics",
                            "an allocator for Python objects", "C programs lay out their memory"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Numbers, records, shared memory", cases,
                               sizeof(cases) / sizeof(cases[0]));
}
