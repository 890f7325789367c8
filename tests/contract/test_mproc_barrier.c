/* Barriers: meeting, breaking, and parties that die. */
#include "contract/mproc_crew.h"

#define PARTIES 3

struct shared {
        struct mproc_barrier barrier;
        int rounds, seen[PARTIES], acted, stop, opened;
};

static struct place with_barrier(struct shared **ret, uint32_t parties)
{
        struct place place = take_place(sizeof(**ret));

        *ret = place.at;
        assert_int_equal(mproc_barrier_init(&(*ret)->barrier, parties, NULL), 0);
        return place;
}

/* All are in one round: nobody is a whole round ahead, and each has an index of its own. */
static int meet_100_times(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 100; i++) {
                uint32_t index = UINT32_MAX;

                add(&shared->rounds, 1);
                CHECK(!mproc_barrier_wait(&shared->barrier, MPROC_FOREVER, &index, NULL));
                CHECK(load(&shared->rounds) >= (i + 1) * PARTIES);
                CHECK(load(&shared->rounds) < (i + 2) * PARTIES);
                CHECK(index < PARTIES);
                add(&shared->seen[index], 1);
        }
        return 0;
}

static void all_go_on_when_the_last_has_come(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, PARTIES);

        run_crew(PARTIES, method, meet_100_times, shared);
        for (int i = 0; i < PARTIES; i++)
                assert_int_equal(shared->seen[i], 100);
        assert_int_equal(mproc_barrier_waiting(&shared->barrier), 0);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), 0);
        mproc_shm_free(place.shm);
}

static int count_action(void *arg)
{
        ++*(int *)arg;
        return 0;
}

static int meet_with_action(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 50; i++) {
                CHECK(!mproc_barrier_wait_with(&shared->barrier, MPROC_FOREVER, count_action,
                                               &shared->acted, NULL, NULL));
                CHECK(*(volatile int *)&shared->acted == i + 1);
                CHECK(!mproc_barrier_wait(&shared->barrier, MPROC_FOREVER, NULL, NULL));
        }
        return 0;
}

static void one_of_them_acts_before_it_opens(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, PARTIES);

        run_crew(PARTIES, method, meet_with_action, shared);
        assert_int_equal(shared->acted, 50);
        mproc_shm_free(place.shm);
}

static int be_canceled(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        struct mproc_err err = {0};

        (void)size;
        CHECK(mproc_barrier_wait(&shared->barrier, MPROC_FOREVER, NULL, &err) == -ECANCELED);
        CHECK(err.code == -ECANCELED);
        return 0;
}

static void await_arrivals(struct shared *shared, uint32_t count)
{
        while (mproc_barrier_waiting(&shared->barrier) < count &&
               !mproc_barrier_broken(&shared->barrier)) /* by who waited for too long */
                nap(MS / 10);
}

static int fail_action(void *arg)
{
        (void)arg;
        return -EIO;
}

/* Two wait, and are canceled by what `end` does. */
static void cancel_by(const char *method, void (*end)(struct mproc_barrier *barrier), int broken)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, PARTIES);
        struct mproc_process *crew[2];

        start_crew(crew, 2, method, be_canceled, shared);
        await_arrivals(shared, 2);
        end(&shared->barrier);
        join_crew(crew, 2);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), broken);
        if (broken)
                run_crew(2, method, be_canceled, shared);
        assert_int_equal(mproc_barrier_reset(&shared->barrier, NULL), 0);
        run_crew(PARTIES, method, meet_100_times, shared);
        mproc_shm_free(place.shm);
}

static void end_by_abort(struct mproc_barrier *barrier)
{
        assert_int_equal(mproc_barrier_abort(barrier, NULL), 0);
}

static void end_by_reset(struct mproc_barrier *barrier)
{
        assert_int_equal(mproc_barrier_reset(barrier, NULL), 0);
}

static void end_by_action(struct mproc_barrier *barrier)
{
        uint32_t index = 77;

        assert_int_equal(
                mproc_barrier_wait_with(barrier, MPROC_FOREVER, fail_action, NULL, &index, NULL),
                -EIO);
        assert_int_equal(index, 77);
}

static void an_abort_breaks_it_until_reset(const char *method)
{
        cancel_by(method, end_by_abort, -ECANCELED);
}

static void a_reset_sends_away_who_waits_and_leaves_it_whole(const char *method)
{
        cancel_by(method, end_by_reset, 0);
}

static void an_action_that_fails_breaks_it(const char *method)
{
        cancel_by(method, end_by_action, -ECANCELED);
}

static int be_timed_out(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        return mproc_barrier_wait(&shared->barrier, 200 * MS, NULL, NULL) != -ETIMEDOUT;
}

static void a_timeout_breaks_it_for_the_others(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, PARTIES);
        struct mproc_process *other;

        assert_int_equal(mproc_barrier_wait(&shared->barrier, 0, NULL, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_barrier_waiting(&shared->barrier), 0); /* a try has not come */
        other = start_duty(method, be_canceled, shared, 0);
        await_arrivals(shared, 1);
        run_crew(1, method, be_timed_out, shared);
        expect_exit(other, 0);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), -ECANCELED);
        mproc_shm_free(place.shm);
}

/* As one does that is stopped by SIGSTOP at an unlucky instant. */
static void a_wait_times_out_beside_one_who_stays_inside_a_call(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, 2);
        struct mproc_process *waiter;

        assert_int_equal(pthread_mutex_lock(&shared->barrier.guard), 0);
        run_crew(2, method, be_timed_out, shared); /* they never come */
        assert_int_equal(pthread_mutex_unlock(&shared->barrier.guard), 0);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), 0);
        waiter = start_duty(method, be_timed_out, shared, 0);
        await_arrivals(shared, 1);
        assert_int_equal(pthread_mutex_lock(&shared->barrier.guard), 0);
        expect_exit(waiter, 0);
        assert_int_equal(pthread_mutex_unlock(&shared->barrier.guard), 0);
        /* It does not open for who came and left. */
        assert_int_equal(mproc_barrier_wait(&shared->barrier, 0, NULL, NULL), -ECANCELED);
        assert_int_equal(mproc_barrier_reset(&shared->barrier, NULL), 0);
        assert_int_equal(mproc_barrier_wait(&shared->barrier, 0, NULL, NULL), -ETIMEDOUT);
        mproc_shm_free(place.shm);
}

static int abort_and_fail(void *arg)
{
        return mproc_barrier_abort(&((struct shared *)arg)->barrier, NULL) ? 0 : -EIO;
}

static void an_action_fails_with_its_own_error_also_where_it_was_broken_before(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, 2);
        struct mproc_process *other = start_duty(method, be_canceled, shared, 0);

        await_arrivals(shared, 1);
        assert_int_equal(mproc_barrier_wait_with(&shared->barrier, MPROC_FOREVER, abort_and_fail,
                                                 shared, NULL, NULL),
                         -EIO);
        expect_exit(other, 0);
        mproc_shm_free(place.shm);
}

static void misuse_is_told_apart(const char *unused)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, 1);
        struct mproc_barrier *barrier = &shared->barrier;
        uint32_t index = 5;

        (void)unused;
        assert_int_equal(mproc_barrier_wait(barrier, 0, &index, NULL), 0); /* alone, the last */
        assert_int_equal(index, 0);
        assert_int_equal(mproc_barrier_wait(barrier, -1, NULL, NULL), -EINVAL);
        assert_int_equal(mproc_barrier_init(barrier, 0, NULL), -EDOM);
        assert_int_equal(mproc_barrier_init(barrier, MPROC_SYNC_SLOTS + 1, NULL), -EDOM);
        assert_int_equal(mproc_barrier_init((void *)((char *)barrier + 4), 2, NULL), -EFAULT);
        mproc_barrier_done(barrier);
        mproc_barrier_done(NULL);
        assert_int_equal(mproc_barrier_wait(barrier, 0, NULL, NULL), -ESTALE);
        assert_int_equal(mproc_barrier_abort(barrier, NULL), -ESTALE);
        assert_int_equal(mproc_barrier_reset(barrier, NULL), -ESTALE);
        mproc_shm_free(place.shm);
}

/* Deaths ------------------------------------------------------------------------------------- */

static int be_bereft(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        struct mproc_err err = {0};

        (void)size;
        CHECK(mproc_barrier_wait(&shared->barrier, MPROC_FOREVER, NULL, &err) == -EOWNERDEAD);
        CHECK(err.code == -EOWNERDEAD);
        return 0;
}

static void a_dead_waiter_breaks_it_for_those_who_sleep_and_who_come(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, 4);
        struct mproc_process *crew[3];

        start_crew(crew, 3, method, be_bereft, shared);
        await_arrivals(shared, 3);
        kill_and_free(crew[0]);
        join_crew(crew + 1, 2);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), -EOWNERDEAD);
        run_crew(1, method, be_bereft, shared);
        assert_int_equal(mproc_barrier_reset(&shared->barrier, NULL), 0);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), 0);
        mproc_shm_free(place.shm);
}

static void it_does_not_open_for_a_dead_party(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, 2);
        struct mproc_process *waiter = start_duty(method, be_bereft, shared, 0);

        await_arrivals(shared, 1);
        kill_and_free(waiter);
        assert_int_equal(mproc_barrier_wait(&shared->barrier, MPROC_FOREVER, NULL, NULL),
                         -EOWNERDEAD);
        mproc_shm_free(place.shm);
}

static int stay_in_action(void *arg)
{
        add(arg, 1);
        return stay();
}

static int act_and_stay(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        return mproc_barrier_wait_with(&shared->barrier, MPROC_FOREVER, stay_in_action,
                                       &shared->acted, NULL, NULL);
}

static void a_death_in_the_action_breaks_it(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, 2);
        struct mproc_process *waiter = start_duty(method, be_bereft, shared, 0), *actor;

        await_arrivals(shared, 1);
        actor = start_duty(method, act_and_stay, shared, 0);
        await(&shared->acted, 1);
        kill_and_free(actor);
        expect_exit(waiter, 0);
        mproc_shm_free(place.shm);
}

static void who_tries_again_and_again_is_told_of_a_death(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, PARTIES);
        struct mproc_process *waiter = start_duty(method, be_bereft, shared, 0), *actor;

        await_arrivals(shared, 1);
        kill_and_free(waiter);
        assert_int_equal(mproc_barrier_wait(&shared->barrier, 0, NULL, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_barrier_init(&shared->barrier, 1, NULL), 0);
        actor = start_duty(method, act_and_stay, shared, 0);
        await(&shared->acted, 1);
        assert_int_equal(mproc_barrier_wait(&shared->barrier, 0, NULL, NULL), -ETIMEDOUT);
        kill_and_free(actor);
        assert_int_equal(mproc_barrier_wait(&shared->barrier, 0, NULL, NULL), -EOWNERDEAD);
        mproc_shm_free(place.shm);
}

/* Who finds it broken resets it, and only then looks whether to stop; who stops aborts it. So
 * nobody waits at a barrier that the others have left. */
static int meet_until_stopped(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        while (!load(&shared->stop)) {
                int r = mproc_barrier_wait_with(&shared->barrier, MPROC_FOREVER, count_action,
                                                &shared->acted, NULL, NULL);

                CHECK(!r || r == -EOWNERDEAD || r == -ECANCELED);
                if (!r)
                        add(&shared->opened, 1);
                if (mproc_barrier_broken(&shared->barrier))
                        CHECK(!mproc_barrier_reset(&shared->barrier, NULL));
        }
        return mproc_barrier_abort(&shared->barrier, NULL);
}

static void kills_at_random_instants_hang_nobody(const char *method)
{
        struct shared *shared;
        struct place place = with_barrier(&shared, PARTIES);

        /* One more than parties: a round is met even while one is being replaced. */
        kill_at_random(method, meet_until_stopped, shared, &shared->stop, &shared->opened,
                       PARTIES + 1, 60);
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(all_go_on_when_the_last_has_come, UNDER_CONCURRENT),
                PROMISE(one_of_them_acts_before_it_opens, UNDER_CONCURRENT),
                PROMISE(an_abort_breaks_it_until_reset, UNDER_CONCURRENT),
                PROMISE(a_reset_sends_away_who_waits_and_leaves_it_whole, UNDER_CONCURRENT),
                PROMISE(an_action_that_fails_breaks_it, UNDER_CONCURRENT),
                PROMISE(a_timeout_breaks_it_for_the_others, UNDER_CONCURRENT),
                PROMISE(a_wait_times_out_beside_one_who_stays_inside_a_call, UNDER_CONCURRENT),
                PROMISE(an_action_fails_with_its_own_error_also_where_it_was_broken_before,
                        UNDER_CONCURRENT),
                PROMISE(misuse_is_told_apart, UNDER_NONE),
                PROMISE(a_dead_waiter_breaks_it_for_those_who_sleep_and_who_come,
                        UNDER_OWN_PROCESS),
                PROMISE(it_does_not_open_for_a_dead_party, UNDER_OWN_PROCESS),
                PROMISE(a_death_in_the_action_breaks_it, UNDER_OWN_PROCESS),
                PROMISE(who_tries_again_and_again_is_told_of_a_death, UNDER_OWN_PROCESS),
                PROMISE(kills_at_random_instants_hang_nobody, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
