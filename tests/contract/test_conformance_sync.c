/* Locks, semaphores and events, held against CPython's: see conformance.h. */
#include "contract/conformance.h"

#define WAITERS 3

struct shared {
        struct mproc_lock lock;
        struct mproc_rlock rlock;
        struct mproc_semaphore semaphore;
        struct mproc_ledger ledger;
        struct mproc_event event;
        int waiting;
};

static struct place with_all(struct shared **ret, uint32_t permits, unsigned flags, bool ledger)
{
        struct place place = take_place(sizeof(**ret));
        struct shared *shared = place.at;

        assert_int_equal(mproc_lock_init(&shared->lock, NULL), 0);
        assert_int_equal(mproc_rlock_init(&shared->rlock, NULL), 0);
        assert_int_equal(mproc_event_init(&shared->event, NULL), 0);
        assert_int_equal(mproc_semaphore_init(&shared->semaphore, permits, flags,
                                              ledger ? &shared->ledger : NULL, NULL),
                         0);
        *ret = shared;
        return place;
}

static void done_with(struct place *place)
{
        struct shared *shared = place->at;

        mproc_semaphore_done(&shared->semaphore);
        mproc_event_done(&shared->event);
        mproc_rlock_done(&shared->rlock);
        mproc_lock_done(&shared->lock);
        mproc_shm_free(place->shm);
}

static struct shared *shared_of(void *arg)
{
        return ((struct duty *)arg)->shared;
}

/* Locks -------------------------------------------------------------------------------------- */

static int try_lock(void *arg, size_t size)
{
        (void)size;
        return -mproc_lock_acquire(&shared_of(arg)->lock, 0, NULL);
}

static void lock_is_held_by_one(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, false);

        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), 0);
        expect_exit(start_duty(method, try_lock, shared, 0), ETIMEDOUT);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), -EOVERFLOW);
        done_with(&place);
}

static int release_lock(void *arg, size_t size)
{
        (void)size;
        return -mproc_lock_release(&shared_of(arg)->lock, NULL);
}

static void only_the_owner_releases(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, false);

        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), 0);
        expect_exit(start_duty(method, release_lock, shared, 0), EPERM);
        expect_exit(start_duty(method, try_lock, shared, 0), ETIMEDOUT);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        done_with(&place);
}

static int hold_all(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, 0, NULL));
        CHECK(!mproc_rlock_acquire(&shared->rlock, 0, NULL));
        CHECK(!mproc_semaphore_acquire(&shared->semaphore, 0, NULL));
        add(&shared->waiting, 1);
        return stay();
}

static void locks_outlive_their_owners(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, true);
        struct mproc_process *owner = start_duty(method, hold_all, shared, 0);

        await(&shared->waiting, 1);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), -ETIMEDOUT);
        kill_and_free(owner);
        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_rlock_acquire(&shared->rlock, MPROC_FOREVER, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
        assert_int_equal(mproc_lock_consistent(&shared->lock, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        done_with(&place);
}

static int try_rlock(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(mproc_rlock_release(&shared->rlock, NULL) < 0);
        return -mproc_rlock_acquire(&shared->rlock, 0, NULL);
}

static void rlock_is_recursive(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, false);

        for (int i = 0; i < 3; i++)
                assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), 0);
        for (int i = 0; i < 3; i++) {
                expect_exit(start_duty(method, try_rlock, shared, 0), ETIMEDOUT);
                assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
        }
        assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), -EOVERFLOW);
        expect_exit(start_duty(method, try_rlock, shared, 0), 0);
        done_with(&place);
}

/* Semaphores --------------------------------------------------------------------------------- */

static int take_permit(void *arg, size_t size)
{
        (void)size;
        return -mproc_semaphore_acquire(&shared_of(arg)->semaphore, 0, NULL);
}

static void semaphore_counts(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 2, 0, false);

        assert_int_equal(mproc_semaphore_value(&shared->semaphore), 2);
        expect_exit(start_duty(method, take_permit, shared, 0), 0);
        expect_exit(start_duty(method, take_permit, shared, 0), 0);
        assert_int_equal(mproc_semaphore_value(&shared->semaphore), 0);
        expect_exit(start_duty(method, take_permit, shared, 0), ETIMEDOUT);
        for (uint32_t i = 1; i <= 4; i++) {
                assert_int_equal(mproc_semaphore_release(&shared->semaphore, NULL), 0);
                assert_int_equal(mproc_semaphore_value(&shared->semaphore), i);
        }
        done_with(&place);
}

static int release_permit(void *arg, size_t size)
{
        (void)size;
        return -mproc_semaphore_release(&shared_of(arg)->semaphore, NULL);
}

static void bounded_semaphore_refuses_more(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 2, MPROC_SEMAPHORE_BOUNDED, false);

        expect_exit(start_duty(method, take_permit, shared, 0), 0);
        expect_exit(start_duty(method, release_permit, shared, 0), 0);
        expect_exit(start_duty(method, release_permit, shared, 0), EOVERFLOW);
        assert_int_equal(mproc_semaphore_value(&shared->semaphore), 2);
        done_with(&place);
}

static int take_permit_in_vain(void *arg, size_t size)
{
        (void)size;
        return -mproc_semaphore_acquire(&shared_of(arg)->semaphore, MS, NULL);
}

static void acquire_times_out(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 0, 0, false);

        expect_exit(start_duty(method, take_permit_in_vain, shared, 0), ETIMEDOUT);
        assert_int_equal(mproc_semaphore_value(&shared->semaphore), 0);
        assert_int_equal(mproc_semaphore_release(&shared->semaphore, NULL), 0);
        expect_exit(start_duty(method, take_permit_in_vain, shared, 0), 0);
        done_with(&place);
}

static void permits_of_the_dead_come_back(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, true);
        struct mproc_process *owner = start_duty(method, hold_all, shared, 0);

        await(&shared->waiting, 1);
        assert_int_equal(mproc_semaphore_acquire(&shared->semaphore, 0, NULL), -ETIMEDOUT);
        kill_and_free(owner);
        assert_int_equal(mproc_semaphore_acquire(&shared->semaphore, MPROC_FOREVER, NULL),
                         -EOWNERDEAD);
        assert_int_equal(mproc_semaphore_release(&shared->semaphore, NULL), 0);
        done_with(&place);
}

/* Events ------------------------------------------------------------------------------------- */

static int wait_for_event(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        add(&shared->waiting, 1);
        return -mproc_event_wait(&shared->event, MPROC_FOREVER, NULL);
}

static int set_event(void *arg, size_t size)
{
        (void)size;
        return -mproc_event_set(&shared_of(arg)->event, NULL);
}

static void event_is_set_and_cleared(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, false);

        assert_false(mproc_event_is_set(&shared->event));
        assert_int_equal(mproc_event_wait(&shared->event, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_event_wait(&shared->event, MS, NULL), -ETIMEDOUT);
        expect_exit(start_duty(method, set_event, shared, 0), 0);
        assert_true(mproc_event_is_set(&shared->event));
        assert_int_equal(mproc_event_wait(&shared->event, 0, NULL), 0);
        assert_int_equal(mproc_event_clear(&shared->event, NULL), 0);
        assert_false(mproc_event_is_set(&shared->event));
        done_with(&place);
}

static void all_go_on_when_it_is_set(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, false);
        struct mproc_process *crew[WAITERS];

        start_crew(crew, WAITERS, method, wait_for_event, shared);
        await(&shared->waiting, WAITERS);
        assert_int_equal(mproc_event_set(&shared->event, NULL), 0);
        join_crew(crew, WAITERS);
        done_with(&place);
}

static void dead_waiters_do_not_hold_up_set(const char *method)
{
        struct shared *shared;
        struct place place = with_all(&shared, 1, 0, false);
        struct mproc_process *crew[WAITERS];

        start_crew(crew, WAITERS, method, wait_for_event, shared);
        await(&shared->waiting, WAITERS);
        kill_and_free(crew[0]);
        assert_int_equal(mproc_event_set(&shared->event, NULL), 0);
        join_crew(crew + 1, WAITERS - 1);
        done_with(&place);
}

static const struct conformance_case cases[] = {
        CASE_SAME(lock_is_held_by_one, "_TestLock.test_lock",
                  "a lock is held by one at a time; released once too often is an error"),
        CASE_BETTER(only_the_owner_releases, "_TestLock.test_lock",
                    "a lock can be released by anybody",
                    "who does not hold it is refused, and it stays held"),
        CASE_BETTER(locks_outlive_their_owners, "_TestLock",
                    "(not tested) the owner of a lock is killed: all others wait for ever",
                    "the next one gets it, and is told that the owner died"),
        CASE_SAME(rlock_is_recursive, "_TestLock.test_rlock",
                  "an RLock is free after as many releases as its owner acquired it; nobody else "
                  "can release it"),
        CASE_SAME(semaphore_counts, "_TestSemaphore.test_semaphore",
                  "a semaphore counts its permits; releases may go beyond the first number"),
        CASE_SAME(bounded_semaphore_refuses_more, "_TestSemaphore.test_bounded_semaphore",
                  "a bounded semaphore refuses a release beyond the first number"),
        CASE_SAME(acquire_times_out, "_TestSemaphore.test_timeout",
                  "an acquire that was timed out has taken nothing"),
        CASE_BETTER(permits_of_the_dead_come_back, "_TestSemaphore",
                    "(not tested) a permit whose holder is killed is lost",
                    "with a ledger it comes back, and the next one is told"),
        CASE_SAME(event_is_set_and_cleared, "_TestEvent.test_event",
                  "an event that any process sets is set for all, until it is cleared; a wait "
                  "before that is timed out"),
        CASE_SAME(all_go_on_when_it_is_set, "_TestEvent.test_event",
                  "everybody who waits goes on when it is set"),
        CASE_BETTER(dead_waiters_do_not_hold_up_set, "_TestEvent",
                    "(not tested) `set` waits for ever for a waiter that was killed",
                    "it does not, and the other waiters go on"),
        CASE_NOT_APPLICABLE("_TestLock.test_lock_context, _TestConnection.test_context, "
                            "_TestPool.test_enter",
                            "with statements", "C has none"),
        CASE_NOT_APPLICABLE("_TestEvent.test_repr, _TestLogging", "texts for people, and a log",
                            "the library never prints; errors are sentences, given to the caller"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Locks, semaphores, events", cases,
                               sizeof(cases) / sizeof(cases[0]));
}
