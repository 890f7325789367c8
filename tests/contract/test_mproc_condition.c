/* Conditions: who is woken, who holds the lock afterwards, and what the dead do not take along. */
#include "contract/mproc_crew.h"

struct shared {
        struct mproc_lock lock;
        struct mproc_rlock rlock;
        struct mproc_condition condition, nested;
        int waiting, woken, items, taken, made, stop;
};

static struct place with_condition(struct shared **ret)
{
        struct place place = take_place(sizeof(**ret));
        struct shared *shared = *ret = place.at;

        assert_int_equal(mproc_lock_init(&shared->lock, NULL), 0);
        assert_int_equal(mproc_rlock_init(&shared->rlock, NULL), 0);
        assert_int_equal(mproc_condition_init(&shared->condition, &shared->lock, NULL), 0);
        assert_int_equal(mproc_condition_init_rlock(&shared->nested, &shared->rlock, NULL), 0);
        return place;
}

static void lock(struct shared *shared)
{
        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), 0);
}

static void unlock(struct shared *shared)
{
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
}

/* Who holds the lock while this many have counted themselves knows that they all wait. */
static void lock_when_waiting(struct shared *shared, int count)
{
        for (;; unlock(shared), nap(MS / 10)) {
                lock(shared);
                if (load(&shared->waiting) >= count)
                        return;
        }
}

static int wait_once(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        add(&shared->waiting, 1);
        CHECK(!mproc_condition_wait(&shared->condition, MPROC_FOREVER, NULL));
        add(&shared->woken, 1);
        return mproc_lock_release(&shared->lock, NULL); /* it is held again */
}

static void notify_wakes_as_many_as_it_says(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[5];

        start_crew(crew, 5, method, wait_once, shared);
        lock_when_waiting(shared, 5);
        assert_int_equal(mproc_condition_notify(&shared->condition, 2, NULL), 0);
        unlock(shared);
        await(&shared->woken, 2);
        nap(20 * MS);
        assert_int_equal(load(&shared->woken), 2);
        lock(shared);
        assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
        unlock(shared);
        await(&shared->woken, 3);
        lock(shared);
        assert_int_equal(mproc_condition_notify_all(&shared->condition, NULL), 0);
        unlock(shared);
        join_crew(crew, 5);
        mproc_shm_free(place.shm);
}

static void who_waits_longest_is_woken_first(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[4];

        for (int i = 0; i < 4; i++) {
                crew[i] = start_duty(method, wait_once, shared, i);
                lock_when_waiting(shared, i + 1);
                unlock(shared);
        }
        for (int i = 0; i < 4; i++) {
                lock(shared);
                assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
                unlock(shared);
                expect_exit(crew[i], 0);
        }
        mproc_shm_free(place.shm);
}

static bool is_there(void *arg)
{
        return ((struct shared *)arg)->items > 0;
}

static int consume(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 200; i++) {
                CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
                CHECK(!mproc_condition_wait_for(&shared->condition, is_there, shared, MPROC_FOREVER,
                                                NULL));
                shared->items--;
                shared->taken++;
                CHECK(!mproc_lock_release(&shared->lock, NULL));
        }
        return 0;
}

static void one_notify_per_item_leaves_no_consumer_waiting(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[3];

        start_crew(crew, 3, method, consume, shared);
        for (int i = 0; i < 600; i++) {
                lock(shared);
                shared->items++;
                assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
                unlock(shared);
        }
        join_crew(crew, 3);
        assert_int_equal(shared->items, 0);
        assert_int_equal(shared->taken, 600);
        mproc_shm_free(place.shm);
}

static bool is_false(void *arg)
{
        ++*(int *)arg;
        return false;
}

static int wait_in_vain(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        struct mproc_err err = {0};
        int asked = 0;

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        CHECK(mproc_condition_wait(&shared->condition, 0, NULL) == -ETIMEDOUT);
        CHECK(mproc_condition_wait(&shared->condition, 2 * MS, &err) == -ETIMEDOUT);
        CHECK(err.code == -ETIMEDOUT);
        CHECK(mproc_condition_wait_for(&shared->condition, is_false, &asked, 2 * MS, NULL) ==
              -ETIMEDOUT);
        CHECK(asked >= 2);
        return mproc_lock_release(&shared->lock, NULL);
}

static void a_wait_that_times_out_holds_the_lock(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);

        run_crew(3, method, wait_in_vain, shared);
        mproc_shm_free(place.shm);
}

static void a_notify_goes_past_those_who_have_left(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *waiter;

        run_crew(1, method, wait_in_vain, shared);
        waiter = start_duty(method, wait_once, shared, 0);
        lock_when_waiting(shared, 1);
        assert_int_equal(mproc_condition_wait(&shared->condition, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
        unlock(shared);
        expect_exit(waiter, 0);
        mproc_shm_free(place.shm);
}

static int wait_nested(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 3; i++)
                CHECK(!mproc_rlock_acquire(&shared->rlock, MPROC_FOREVER, NULL));
        shared->waiting++;
        CHECK(!mproc_condition_wait(&shared->nested, MPROC_FOREVER, NULL));
        for (int i = 0; i < 3; i++)
                CHECK(!mproc_rlock_release(&shared->rlock, NULL));
        return UNDER_TSAN ? 0 : mproc_rlock_release(&shared->rlock, NULL) != -EOVERFLOW;
}

static void a_recursive_lock_is_released_wholly_and_taken_back_as_deep(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *waiter = start_duty(method, wait_nested, shared, 0);

        for (int there = 0; !there;) {
                assert_int_equal(mproc_rlock_acquire(&shared->rlock, MPROC_FOREVER, NULL), 0);
                there = shared->waiting;
                assert_int_equal(mproc_condition_notify_all(&shared->nested, NULL), 0);
                assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
        }
        expect_exit(waiter, 0);
        mproc_shm_free(place.shm);
}

static void misuse_is_told_apart(const char *unused)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_condition *condition = &shared->condition;
        struct mproc_lock never = {0};

        (void)unused;
        assert_int_equal(mproc_condition_wait(condition, MPROC_FOREVER, NULL), -ENOLCK);
        assert_int_equal(mproc_condition_wait_for(condition, is_false, NULL, 0, NULL), -ENOLCK);
        assert_int_equal(mproc_condition_notify(condition, 1, NULL), -ENOLCK);
        assert_int_equal(mproc_condition_notify_all(condition, NULL), -ENOLCK);
        lock(shared);
        assert_int_equal(mproc_condition_wait(condition, -1, NULL), -EINVAL);
        mproc_condition_done(condition);
        mproc_condition_done(NULL);
        assert_int_equal(mproc_condition_wait(condition, 0, NULL), -ESTALE);
        assert_int_equal(mproc_condition_notify(condition, 1, NULL), -ESTALE);
        unlock(shared);
        assert_int_equal(mproc_condition_init(condition, &never, NULL), -ESTALE);
        assert_int_equal(mproc_condition_init(condition, &shared->lock, NULL), 0);
        mproc_lock_done(&shared->lock);
        assert_int_equal(mproc_condition_wait(condition, 0, NULL), -ESTALE);
        mproc_shm_free(place.shm);
}

/* Deaths ------------------------------------------------------------------------------------- */

static void a_notify_goes_past_a_dead_waiter(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[3];

        for (int i = 0; i < 3; i++) {
                crew[i] = start_duty(method, wait_once, shared, i);
                lock_when_waiting(shared, i + 1);
                unlock(shared);
        }
        kill_and_free(crew[0]);
        lock(shared);
        assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
        unlock(shared);
        expect_exit(crew[1], 0);
        assert_int_equal(load(&shared->woken), 1);
        kill_and_free(crew[2]);
        mproc_shm_free(place.shm);
}

static void a_notify_of_one_that_dies_before_it_wakes_goes_to_another(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *crew[2];

        for (int i = 0; i < 2; i++) {
                crew[i] = start_duty(method, wait_once, shared, i);
                lock_when_waiting(shared, i + 1);
                unlock(shared);
        }
        lock(shared); /* which keeps the notified one from returning */
        assert_int_equal(mproc_condition_notify(&shared->condition, 1, NULL), 0);
        kill_and_free(crew[0]);
        unlock(shared);
        expect_exit(crew[1], 0);
        mproc_shm_free(place.shm);
}

static int wait_until_bereft(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        int none = 0;

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        add(&shared->waiting, 1);
        CHECK(mproc_condition_wait_for(&shared->condition, is_false, &none, MPROC_FOREVER, NULL) ==
              -EOWNERDEAD);
        CHECK(!mproc_lock_consistent(&shared->lock, NULL));
        return mproc_lock_release(&shared->lock, NULL);
}

static int acquire_and_stay(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
        add(&shared->made, 1);
        return stay();
}

static void one_who_sleeps_learns_that_the_locks_owner_died(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);
        struct mproc_process *waiter = start_duty(method, wait_until_bereft, shared, 0), *owner;

        lock_when_waiting(shared, 1);
        unlock(shared);
        owner = start_duty(method, acquire_and_stay, shared, 0);
        await(&shared->made, 1);
        kill_and_free(owner);
        expect_exit(waiter, 0);
        lock(shared);
        unlock(shared);
        mproc_shm_free(place.shm);
}

static bool may_go_on(void *arg)
{
        struct shared *shared = arg;

        return shared->items > 0 || load(&shared->stop);
}

/* Even workers make items, odd ones take them. After a death whoever holds the lock tells all to
 * look anew. */
static int make_or_take(void *arg, size_t size)
{
        struct duty *duty = arg;
        struct shared *shared = duty->shared;

        (void)size;
        while (!load(&shared->stop)) {
                int r = mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL);

                CHECK(!r || r == -EOWNERDEAD);
                if (!r && duty->index % 2)
                        r = mproc_condition_wait_for(&shared->condition, may_go_on, shared,
                                                     MPROC_FOREVER, NULL);
                CHECK(!r || r == -EOWNERDEAD);
                if (r) {
                        CHECK(!mproc_lock_consistent(&shared->lock, NULL));
                        CHECK(!mproc_condition_notify_all(&shared->condition, NULL));
                } else if (duty->index % 2) {
                        shared->items--;
                        shared->taken++;
                } else {
                        shared->items++;
                        CHECK(!mproc_condition_notify(&shared->condition, 1, NULL));
                }
                CHECK(!mproc_lock_release(&shared->lock, NULL));
                if (duty->index % 2 == 0)
                        nap(MS / 20);
        }
        CHECK(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL) != -ESTALE);
        CHECK(!mproc_lock_consistent(&shared->lock, NULL));
        CHECK(!mproc_condition_notify_all(&shared->condition, NULL));
        return mproc_lock_release(&shared->lock, NULL);
}

static void kills_at_random_instants_hang_nobody(const char *method)
{
        struct shared *shared;
        struct place place = with_condition(&shared);

        kill_at_random(method, make_or_take, shared, &shared->stop, &shared->taken, 4, 60);
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(notify_wakes_as_many_as_it_says, UNDER_CONCURRENT),
                PROMISE(who_waits_longest_is_woken_first, UNDER_CONCURRENT),
                PROMISE(one_notify_per_item_leaves_no_consumer_waiting, UNDER_CONCURRENT),
                PROMISE(a_wait_that_times_out_holds_the_lock, UNDER_ALL),
                PROMISE(a_notify_goes_past_those_who_have_left, UNDER_CONCURRENT),
                PROMISE(a_recursive_lock_is_released_wholly_and_taken_back_as_deep,
                        UNDER_CONCURRENT),
                PROMISE(misuse_is_told_apart, UNDER_NONE),
                PROMISE(a_notify_goes_past_a_dead_waiter, UNDER_OWN_PROCESS),
                PROMISE(a_notify_of_one_that_dies_before_it_wakes_goes_to_another,
                        UNDER_OWN_PROCESS),
                PROMISE(one_who_sleeps_learns_that_the_locks_owner_died, UNDER_OWN_PROCESS),
                PROMISE(kills_at_random_instants_hang_nobody, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
