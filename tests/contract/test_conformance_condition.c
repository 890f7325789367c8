/* Conditions, held against CPython's: see conformance.h. */
#include "contract/conformance.h"

#define WAITERS 3

struct shared {
        struct mproc_lock lock;
        struct mproc_condition condition;
        int waiting, woken, state;
};

static struct place with_condition(struct shared **ret)
{
        struct place place = take_place(sizeof(**ret));

        *ret = place.at;
        assert_int_equal(mproc_lock_init(&(*ret)->lock, NULL), 0);
        assert_int_equal(mproc_condition_init(&(*ret)->condition, &(*ret)->lock, NULL), 0);
        return place;
}

static void done_with(struct place *place)
{
        struct shared *shared = place->at;

        mproc_condition_done(&shared->condition);
        mproc_lock_done(&shared->lock);
        mproc_shm_free(place->shm);
}

static struct shared *shared_of(void *arg)
{
        return ((struct duty *)arg)->shared;
}

static int wait_until_notified(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);
        int r;

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        add(&shared->waiting, 1);
        r = mproc_condition_wait(&shared->condition, MPROC_FOREVER, NULL);
        add(&shared->woken, 1);
        CHECK(!mproc_lock_release(&shared->lock, NULL));
        return -r;
}

/* Those who wait have let go of the lock, so they sleep. */
static void notify(struct shared *shared, int waiting, uint32_t count)
{
        await(&shared->waiting, waiting);
        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), 0);
        if (count)
                assert_int_equal(mproc_condition_notify(&shared->condition, count, NULL), 0);
        else
                assert_int_equal(mproc_condition_notify_all(&shared->condition, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
}

static void notify_wakes_one(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[WAITERS];

        start_crew(crew, WAITERS, method, wait_until_notified, shared);
        for (int i = 0; i < WAITERS; i++) {
                assert_int_equal(load(&shared->woken), i);
                notify(shared, WAITERS, 1);
                await(&shared->woken, i + 1);
        }
        join_crew(crew, WAITERS);
        done_with(&place);
}

static void notify_wakes_so_many(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[WAITERS];

        start_crew(crew, WAITERS, method, wait_until_notified, shared);
        notify(shared, WAITERS, 2);
        await(&shared->woken, 2);
        assert_int_equal(load(&shared->woken), 2);
        notify(shared, WAITERS, 4);
        join_crew(crew, WAITERS);
        notify(shared, WAITERS, 3);
        done_with(&place);
}

static void notify_all_wakes_all(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[WAITERS];

        start_crew(crew, WAITERS, method, wait_until_notified, shared);
        notify(shared, WAITERS, 0);
        join_crew(crew, WAITERS);
        done_with(&place);
}

static int wait_in_vain(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        CHECK(mproc_condition_wait(&shared->condition, 0, NULL) == -ETIMEDOUT);
        CHECK(mproc_condition_wait(&shared->condition, MS, NULL) == -ETIMEDOUT);
        return -mproc_lock_release(&shared->lock, NULL);
}

static void wait_times_out_with_the_lock(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);

        expect_exit(start_duty(method, wait_in_vain, shared, 0), 0);
        done_with(&place);
}

static bool is_zero(void *arg)
{
        return load(arg) == 0;
}

static bool is_four(void *arg)
{
        return load(arg) == 4;
}

static int count_to_four(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        shared->state = 0;
        CHECK(!mproc_condition_notify(&shared->condition, 1, NULL));
        CHECK(!mproc_condition_wait_for(&shared->condition, is_four, &shared->state, MPROC_FOREVER,
                                        NULL));
        CHECK(shared->state == 4);
        return -mproc_lock_release(&shared->lock, NULL);
}

static void wait_for_waits_for_the_truth(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *process;

        shared->state = -1;
        process = start_duty(method, count_to_four, shared, 0);
        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_condition_wait_for(&shared->condition, is_zero, &shared->state,
                                                  MPROC_FOREVER, NULL),
                         0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), 0);
                shared->state++;
                assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
                assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        }
        expect_exit(process, 0);
        done_with(&place);
}

static int wait_for_four_in_vain(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        add(&shared->waiting, 1);
        CHECK(mproc_condition_wait_for(&shared->condition, is_four, &shared->state, 10 * MS,
                                       NULL) == -ETIMEDOUT);
        return -mproc_lock_release(&shared->lock, NULL);
}

static void wait_for_times_out(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *process = start_duty(method, wait_for_four_in_vain, shared, 0);

        for (int i = 0; i < 3; i++) {
                add(&shared->state, 1);
                notify(shared, 1, 1);
        }
        expect_exit(process, 0);
        done_with(&place);
}

static void notify_goes_to_the_living(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *dead = start_duty(method, wait_until_notified, shared, 0), *living;

        await(&shared->waiting, 1); /* it waits longest, so it is the next */
        living = start_duty(method, wait_until_notified, shared, 0);
        await(&shared->waiting, 2);
        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        kill_and_free(dead);
        notify(shared, 2, 1);
        expect_exit(living, 0);
        done_with(&place);
}

static int notify_without_the_lock(void *arg, size_t size)
{
        (void)size;
        return -mproc_condition_notify_all(&shared_of(arg)->condition, NULL);
}

static void notify_needs_the_lock(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);

        expect_exit(start_duty(method, notify_without_the_lock, shared, 0), ENOLCK);
        done_with(&place);
}

static const struct conformance_case cases[] = {
        CASE_SAME(notify_wakes_one, "_TestCondition.test_notify",
                  "`notify` wakes one of those who wait"),
        CASE_SAME(notify_wakes_so_many, "_TestCondition.test_notify_n",
                  "`notify(n)` wakes n of them, or as many as there are, or nobody"),
        CASE_SAME(notify_all_wakes_all, "_TestCondition.test_notify_all",
                  "`notify_all` wakes all of them"),
        CASE_SAME(wait_times_out_with_the_lock, "_TestCondition.test_timeout",
                  "a wait that nobody notifies is timed out, and has the lock again"),
        CASE_SAME(wait_for_waits_for_the_truth, "_TestCondition.test_waitfor",
                  "`wait_for` goes on when its predicate is true, however often it is notified"),
        CASE_SAME(wait_for_times_out, "_TestCondition.test_waitfor_timeout",
                  "`wait_for` is timed out when that never comes true"),
        CASE_SAME(notify_needs_the_lock, "_TestCondition",
                  "(not tested) notifying without the lock is an error"),
        CASE_BETTER(notify_goes_to_the_living, "_TestCondition",
                    "(not tested) `notify` waits for ever for a waiter that was killed",
                    "it goes to one who lives"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Conditions", cases, sizeof(cases) / sizeof(cases[0]));
}
