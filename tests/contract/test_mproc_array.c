/* Arrays and values between processes: seen by all, exact under their lock, whoever is killed. */
#include "contract/array_rig.h"

#define WORKERS 4
#define TIMES 1000

static struct mproc_array *array_of(void *arg)
{
        struct duty *duty = arg;

        return (void *)((struct shared *)duty->shared)->memory;
}

/* Sharing ------------------------------------------------------------------------------------ */

/* Index by index, and as a slice. */
static int double_every_element(void *arg, size_t size)
{
        struct mproc_array *array = array_of(arg);
        double element;

        (void)size;
        CHECK(mproc_array_count(array) == 5);
        for (size_t i = 0; i < 5; i++) {
                CHECK(!mproc_array_get_double(array, i, &element, MPROC_FOREVER, NULL));
                CHECK(element == 0.5 + (double)i);
                CHECK(!mproc_array_set_double(array, i, 2 * element, MPROC_FOREVER, NULL));
        }
        return 0;
}

static void elements_are_seen_by_every_process(const char *method)
{
        const double first[5] = {0.5, 1.5, 2.5, 3.5, 4.5};

        for (unsigned flags = 0; flags < 4; flags++) {
                struct mproc_array *array;
                struct shared *shared;
                struct place place = with_array(&shared, &array, MPROC_DOUBLE, 5, flags, first);
                double now[5] = {0};

                run_crew(1, method, double_every_element, shared);
                assert_int_equal(mproc_array_read(array, MPROC_DOUBLE, 0, 5, now, 0, NULL), 0);
                for (int i = 0; i < 5; i++)
                        assert_true(now[i] == 2 * first[i]);
                mproc_array_done(array);
                mproc_shm_free(place.shm);
        }
}

static int use_scalars(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        double mean;

        (void)size;
        for (int i = 0; i < TIMES; i++) {
                CHECK(!mproc_array_lock(&shared->total.array, MPROC_FOREVER, NULL));
                ++*(int32_t *)mproc_array_at(&shared->total.array, 0);
                CHECK(!mproc_array_unlock(&shared->total.array, NULL));
        }
        CHECK(!mproc_scalar_get_double(&shared->mean, &mean, MPROC_FOREVER, NULL));
        CHECK(mean == 2.5);
        return mproc_scalar_set_double(&shared->mean, mean, MPROC_FOREVER, NULL);
}

static void a_value_counted_by_four_under_its_lock_is_exact(const char *method)
{
        struct place place = take_place(sizeof(struct shared));
        struct shared *shared = place.at;
        const int32_t first = -7;
        int32_t total;

        assert_int_equal(mproc_scalar_init(&shared->total, MPROC_INT32, 0, &first, NULL), 0);
        assert_int_equal(mproc_scalar_init(&shared->mean, MPROC_DOUBLE, 0, NULL, NULL), 0);
        assert_int_equal(mproc_scalar_set_double(&shared->mean, 2.5, 0, NULL), 0);
        run_crew(WORKERS, method, use_scalars, shared);
        assert_int_equal(mproc_scalar_get_int32(&shared->total, &total, 0, NULL), 0);
        assert_int_equal(total, WORKERS * TIMES - 7);
        mproc_scalar_done(&shared->total);
        mproc_scalar_done(&shared->mean);
        mproc_scalar_done(NULL);
        mproc_shm_free(place.shm);
}

/* Moves 1 from one to the next by get and set, with the lock held around them. */
static int rotate(void *arg, size_t size)
{
        struct mproc_array *array = array_of(arg);
        int16_t two[2];

        (void)size;
        for (size_t i = 0; i < TIMES; i++) {
                CHECK(!mproc_array_lock(array, MPROC_FOREVER, NULL));
                CHECK(!mproc_array_read(array, MPROC_INT16, i % 7, 2, two, 0, NULL));
                two[0]--;
                two[1]++;
                CHECK(!mproc_array_write(array, MPROC_INT16, i % 7, 2, two, 0, NULL));
                CHECK(!mproc_array_get_int16(array, 0, &two[0], 0, NULL));
                CHECK(!mproc_array_set_int16(array, 0, (int16_t)(two[0] + 1), 0, NULL));
                CHECK(!mproc_array_unlock(array, NULL));
        }
        return 0;
}

static void what_is_done_with_the_lock_held_is_one_change(const char *method)
{
        for (unsigned flags = 0; flags <= MPROC_ARRAY_PADDED; flags += MPROC_ARRAY_PADDED) {
                struct mproc_array *array;
                struct shared *shared;
                struct place place = with_array(&shared, &array, MPROC_INT16, 8, flags, NULL);
                int16_t now[8];
                int sum = 0;

                run_crew(WORKERS, method, rotate, shared);
                assert_int_equal(mproc_array_read(array, MPROC_INT16, 0, 8, now, 0, NULL), 0);
                for (int i = 0; i < 8; i++)
                        sum += now[i];
                assert_int_equal(sum, WORKERS * TIMES);
                mproc_shm_free(place.shm);
        }
}

static int add_to_own(void *arg, size_t size)
{
        struct duty *duty = arg;
        uint8_t *own = mproc_array_at(array_of(arg), (size_t)duty->index);
        uint8_t *common = mproc_array_at(array_of(arg), WORKERS);
        uint8_t last;

        (void)size;
        for (int i = 0; i < TIMES; i++) {
                CHECK(!mproc_array_get_uint8(array_of(arg), (size_t)duty->index, &last, 0, NULL));
                CHECK(!mproc_array_set_uint8(array_of(arg), (size_t)duty->index,
                                             (uint8_t)(last + 1), 0, NULL));
                __atomic_fetch_add(own, 1, __ATOMIC_RELAXED);
                __atomic_fetch_add(common, 1, __ATOMIC_RELAXED);
        }
        return 0;
}

static void neighbours_without_a_lock_do_not_disturb_each_other(const char *method)
{
        for (unsigned flags = MPROC_ARRAY_RAW; flags < 4; flags += MPROC_ARRAY_PADDED) {
                struct mproc_array *array;
                struct shared *shared;
                struct place place =
                        with_array(&shared, &array, MPROC_UINT8, WORKERS + 1, flags, NULL);
                uint8_t now[WORKERS + 1];

                run_crew(WORKERS, method, add_to_own, shared);
                assert_int_equal(mproc_array_read(array, MPROC_UINT8, 0, WORKERS + 1, now, 0, NULL),
                                 0);
                for (int i = 0; i < WORKERS; i++)
                        assert_int_equal(now[i], (uint8_t)(2 * TIMES));
                assert_int_equal(now[WORKERS], (uint8_t)(WORKERS * TIMES));
                mproc_shm_free(place.shm);
        }
}

/* One writes numbers whose halves are equal, without a lock; others see no other numbers. */
static int write_or_look(void *arg, size_t size)
{
        struct duty *duty = arg;
        struct mproc_array *array = array_of(arg);
        uint64_t three[3];

        (void)size;
        for (uint64_t i = 0; i < TIMES; i++)
                if (duty->index == 0) {
                        three[0] = three[1] = three[2] = i << 32 | i;
                        CHECK(!mproc_array_write(array, MPROC_UINT64, 1, 3, three, 0, NULL));
                } else {
                        CHECK(!mproc_array_read(array, MPROC_UINT64, 1, 3, three, 0, NULL));
                        for (int k = 0; k < 3; k++)
                                CHECK((uint32_t)three[k] == three[k] >> 32);
                }
        return 0;
}

static void numbers_without_a_lock_are_seen_as_a_whole(const char *method)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_UINT64, 5, MPROC_ARRAY_RAW, NULL);

        run_crew(3, method, write_or_look, shared);
        mproc_shm_free(place.shm);
}

static int find_it_locked(void *arg, size_t size)
{
        struct mproc_array *array = array_of(arg);
        int32_t element = 1;

        (void)size;
        CHECK(mproc_array_lock(array, 0, NULL) == -ETIMEDOUT);
        CHECK(mproc_array_lock(array, 2 * MS, NULL) == -ETIMEDOUT);
        CHECK(mproc_array_get_int32(array, 0, &element, 0, NULL) == -ETIMEDOUT);
        CHECK(mproc_array_set_int32(array, 0, 9, 2 * MS, NULL) == -ETIMEDOUT);
        CHECK(element == 1);
        CHECK(mproc_array_consistent(array, NULL) == -EPERM);
        if (!UNDER_TSAN) /* which reports the release itself */
                CHECK(mproc_array_unlock(array, NULL) == -EPERM);
        return 0;
}

static void a_locked_array_is_its_owners_alone(const char *method)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT32, 3, 0, NULL);
        int32_t element;

        assert_int_equal(mproc_array_lock(array, 0, NULL), 0);
        assert_int_equal(mproc_array_lock(array, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_array_set_int32(array, 0, 4, 0, NULL), 0);
        run_crew(1, method, find_it_locked, shared);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        run_crew(1, method, find_it_locked, shared);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        assert_int_equal(mproc_array_get_int32(array, 0, &element, 0, NULL), 0);
        assert_int_equal(element, 4);
        mproc_shm_free(place.shm);
}

/* Deaths ------------------------------------------------------------------------------------- */

static int lock_change_half_and_stay(void *arg, size_t size)
{
        struct mproc_array *array = array_of(arg);

        (void)size;
        CHECK(!mproc_array_lock(array, MPROC_FOREVER, NULL));
        CHECK(!mproc_array_set_int32(array, 0, 1, 0, NULL));
        add(&((struct shared *)((struct duty *)arg)->shared)->held, 1);
        return stay();
}

static void a_killed_owner_is_told_and_what_it_left_is_repaired(const char *method)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT32, 2, 0, NULL);
        struct mproc_process *owner = start_duty(method, lock_change_half_and_stay, shared, 0);
        struct mproc_err err = {0};
        int32_t element = 7;

        await(&shared->held, 1);
        assert_int_equal(mproc_array_get_int32(array, 0, &element, 0, NULL), -ETIMEDOUT);
        kill_and_free(owner);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(mproc_array_get_int32(array, 0, &element, MPROC_FOREVER, &err),
                                 -EOWNERDEAD);
                assert_non_null(strstr(err.text, "mproc_array_consistent"));
                assert_int_equal(mproc_array_set_int32(array, 1, 9, 0, NULL), -EOWNERDEAD);
                assert_int_equal(element, 7);
        }
        assert_int_equal(mproc_array_lock(array, MPROC_FOREVER, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_array_get_int32(array, 0, &element, 0, NULL), 0);
        assert_int_equal(element, 1);
        assert_int_equal(mproc_array_set_int32(array, 1, element, 0, NULL), 0);
        assert_int_equal(mproc_array_consistent(array, NULL), 0);
        assert_int_equal(mproc_array_unlock(array, NULL), 0);
        assert_int_equal(mproc_array_get_int32(array, 1, &element, 0, NULL), 0);
        assert_int_equal(element, 1);
        mproc_shm_free(place.shm);
}

static int keep_both_ends_equal(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        struct mproc_array *array = array_of(arg);
        int64_t two[2];

        (void)size;
        while (!load(&shared->stop)) {
                int r = mproc_array_lock(array, MPROC_FOREVER, NULL);

                CHECK(!r || r == -EOWNERDEAD);
                CHECK(!mproc_array_read(array, MPROC_INT64, 0, 2, two, 0, NULL));
                if (r) {
                        CHECK(!mproc_array_set_int64(array, 1, two[1] = two[0], 0, NULL));
                        CHECK(!mproc_array_consistent(array, NULL));
                }
                CHECK(two[0] == two[1]);
                CHECK(!mproc_array_set_int64(array, 0, two[0] + 1, 0, NULL));
                CHECK(!mproc_array_set_int64(array, 1, two[1] + 1, 0, NULL));
                CHECK(!mproc_array_unlock(array, NULL));
        }
        return 0;
}

static void kills_at_random_instants_hang_nobody(const char *method)
{
        struct mproc_array *array;
        struct shared *shared;
        struct place place = with_array(&shared, &array, MPROC_INT64, 2, 0, NULL);

        kill_at_random(method, keep_both_ends_equal, shared, &shared->stop, NULL, 3, 60);
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(elements_are_seen_by_every_process, UNDER_ALL),
                PROMISE(a_value_counted_by_four_under_its_lock_is_exact, UNDER_ALL),
                PROMISE(what_is_done_with_the_lock_held_is_one_change, UNDER_ALL),
                PROMISE(neighbours_without_a_lock_do_not_disturb_each_other, UNDER_ALL),
                PROMISE(numbers_without_a_lock_are_seen_as_a_whole, UNDER_CONCURRENT),
                PROMISE(a_locked_array_is_its_owners_alone, UNDER_CONCURRENT),
                PROMISE(a_killed_owner_is_told_and_what_it_left_is_repaired, UNDER_OWN_PROCESS),
                PROMISE(kills_at_random_instants_hang_nobody, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
