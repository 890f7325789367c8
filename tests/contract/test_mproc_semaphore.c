/* Semaphores: permits as signals, and as resources with a ledger of who holds them. */
#include "contract/mproc_crew.h"

#define ROOM 2

struct shared {
        struct mproc_semaphore semaphore;
        struct mproc_ledger ledger;
        int inside, most, ready, taken, stop;
};

static struct place with_semaphore(struct shared **ret, uint32_t permits, unsigned flags,
                                   bool ledger)
{
        struct place place = take_place(sizeof(**ret));

        *ret = place.at;
        assert_int_equal(mproc_semaphore_init(&(*ret)->semaphore, permits, flags,
                                              ledger ? &(*ret)->ledger : NULL, NULL),
                         0);
        return place;
}

static int acquire(struct shared *shared, int64_t timeout_ns)
{
        return mproc_semaphore_acquire(&shared->semaphore, timeout_ns, NULL);
}

static int release(struct shared *shared)
{
        return mproc_semaphore_release(&shared->semaphore, NULL);
}

static int enter_and_leave(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 500; i++) {
                CHECK(!acquire(shared, MPROC_FOREVER));
                int inside = add(&shared->inside, 1);

                CHECK(inside >= 1 && inside <= ROOM);
                add(&shared->taken, 1);
                add(&shared->inside, -1);
                CHECK(!release(shared));
        }
        return 0;
}

static void no_more_enter_than_there_are_permits(const char *method)
{
        for (int ledger = 0; ledger < 2; ledger++) {
                struct shared *shared;
                struct place place = with_semaphore(&shared, ROOM, MPROC_SEMAPHORE_BOUNDED, ledger);

                run_crew(4, method, enter_and_leave, shared);
                assert_int_equal(shared->taken, 2000);
                assert_int_equal(mproc_semaphore_value(&shared->semaphore), ROOM);
                mproc_shm_free(place.shm);
        }
}

static int take_signals(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 1000; i++)
                CHECK(!acquire(shared, MPROC_FOREVER));
        return 0;
}

static void a_signal_may_be_sent_by_anybody(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 0, 0, false);
        struct mproc_process *crew[2];

        start_crew(crew, 2, method, take_signals, shared);
        for (int i = 0; i < 2000; i++) {
                if (i % 100 == 0)
                        nap(MS / 2); /* time to fall asleep */
                assert_int_equal(release(shared), 0);
        }
        join_crew(crew, 2);
        assert_int_equal(mproc_semaphore_value(&shared->semaphore), 0);
        mproc_shm_free(place.shm);
}

static int find_none(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        CHECK(acquire(shared, 0) == -ETIMEDOUT);
        CHECK(acquire(shared, 2 * MS) == -ETIMEDOUT);
        return shared->semaphore.ledger ? release(shared) != -EPERM : 0;
}

static void a_wait_for_a_permit_times_out(const char *method)
{
        for (int ledger = 0; ledger < 2; ledger++) {
                struct shared *shared;
                struct place place = with_semaphore(&shared, 2, 0, ledger);

                assert_int_equal(acquire(shared, 0), 0);
                assert_int_equal(acquire(shared, 0),
                                 0); /* by a ledger, too, one may hold several */
                run_crew(2, method, find_none, shared);
                assert_int_equal(release(shared), 0);
                assert_int_equal(release(shared), 0);
                assert_int_equal(mproc_semaphore_value(&shared->semaphore), 2);
                mproc_shm_free(place.shm);
        }
}

static int wait_in_vain(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        CHECK(acquire(shared, 0) == -ETIMEDOUT);
        return acquire(shared, 150 * MS) != -ETIMEDOUT;
}

/* As one does that is stopped by SIGSTOP at an unlucky instant. */
static void a_wait_times_out_beside_one_who_stays_inside_a_call(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 1, 0, true);

        assert_int_equal(pthread_mutex_lock(&shared->ledger.guard), 0);
        run_crew(2, method, wait_in_vain, shared);
        assert_int_equal(pthread_mutex_unlock(&shared->ledger.guard), 0);
        assert_int_equal(acquire(shared, 0), 0);
        assert_int_equal(release(shared), 0);
        mproc_shm_free(place.shm);
}

static void misuse_is_told_apart(const char *unused)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 2, MPROC_SEMAPHORE_BOUNDED, false);
        struct mproc_semaphore *semaphore = &shared->semaphore;
        _Alignas(64) struct mproc_semaphore private;

        (void)unused;
        assert_int_equal(release(shared), -EOVERFLOW);
        assert_int_equal(acquire(shared, -1), -EINVAL);
        assert_int_equal(mproc_semaphore_value(semaphore), 2);
        mproc_semaphore_done(semaphore);
        mproc_semaphore_done(NULL);
        assert_int_equal(acquire(shared, 0), -ESTALE);
        assert_int_equal(release(shared), -ESTALE);
        assert_int_equal(mproc_semaphore_init(semaphore, 0, MPROC_SEMAPHORE_BOUNDED, NULL, NULL),
                         -EDOM);
        assert_int_equal(mproc_semaphore_init(semaphore, UINT32_MAX, 0, NULL, NULL), -EDOM);
        assert_int_equal(mproc_semaphore_init(semaphore, 1, 8, NULL, NULL), -ENOTSUP);
        assert_int_equal(mproc_semaphore_init(&private, 1, 0, NULL, NULL), -EFAULT);
        assert_int_equal(mproc_semaphore_init(semaphore, MPROC_SEMAPHORE_MAX, 0, NULL, NULL), 0);
        assert_int_equal(release(shared), -EOVERFLOW);
        assert_int_equal(mproc_semaphore_init(semaphore, 1, 0, &shared->ledger, NULL), 0);
        assert_int_equal(release(shared), -EOVERFLOW);
        mproc_shm_free(place.shm);
}

/* Deaths ------------------------------------------------------------------------------------- */

static int take_all_and_stay(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        while (!acquire(shared, 0))
                ;
        add(&shared->ready, 1);
        return stay();
}

static int inherit(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        add(&shared->ready, 1);
        CHECK(acquire(shared, MPROC_FOREVER) == -EOWNERDEAD);
        return release(shared);
}

static void by_a_ledger_permits_of_the_dead_come_back(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 3, 0, true);
        struct mproc_process *holder = start_duty(method, take_all_and_stay, shared, 0), *heir;

        await(&shared->ready, 1);
        heir = start_duty(method, inherit, shared, 0);
        await(&shared->ready, 2);
        nap(5 * MS);
        assert_int_equal(acquire(shared, 0), -ETIMEDOUT);
        kill_and_free(holder);
        expect_exit(heir, 0); /* learns of it asleep */
        assert_int_equal(acquire(shared, 0), -EOWNERDEAD);
        assert_int_equal(acquire(shared, 0), -EOWNERDEAD);
        assert_int_equal(acquire(shared, 0), 0); /* the heir's, who is well */
        assert_int_equal(acquire(shared, 0), -ETIMEDOUT);
        mproc_shm_free(place.shm);
}

static void without_one_they_do_not(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 3, 0, false);
        struct mproc_process *holder = start_duty(method, take_all_and_stay, shared, 0);

        await(&shared->ready, 1);
        kill_and_free(holder);
        assert_int_equal(acquire(shared, 250 * MS), -ETIMEDOUT);
        assert_int_equal(release(shared), 0);
        assert_int_equal(acquire(shared, 0), 0);
        mproc_shm_free(place.shm);
}

static int take_one_and_return(void *arg, size_t size)
{
        (void)size;
        return acquire(((struct duty *)arg)->shared, 0);
}

static void by_a_ledger_the_end_of_a_holder_gives_back_as_well(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 1, 0, true);

        run_crew(1, method, take_one_and_return, shared);
        assert_int_equal(acquire(shared, 0), -EOWNERDEAD);
        assert_int_equal(release(shared), 0);
        assert_int_equal(acquire(shared, 0), 0);
        assert_int_equal(release(shared), 0);
        mproc_shm_free(place.shm);
}

static int come_and_go(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        while (!load(&shared->stop)) {
                int r = acquire(shared, MPROC_FOREVER);

                CHECK(!r || r == -EOWNERDEAD);
                CHECK(!release(shared));
        }
        return 0;
}

static void kills_of_holders_at_random_instants_lose_no_permit(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, ROOM, 0, true);

        kill_at_random(method, come_and_go, shared, &shared->stop, NULL, 4, 60);
        for (int i = 0; i < ROOM; i++) {
                int r = acquire(shared, 0);

                assert_true(!r || r == -EOWNERDEAD);
        }
        assert_int_equal(acquire(shared, 0), -ETIMEDOUT);
        mproc_shm_free(place.shm);
}

static int take_until_stopped(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (;;) {
                CHECK(!acquire(shared, MPROC_FOREVER));
                if (load(&shared->stop))
                        return 0;
        }
}

/* A signal that reached the dead is gone with it; no other is, and nobody sleeps beside one. */
static void kills_of_waiters_at_random_instants_hang_nobody(const char *method)
{
        struct shared *shared;
        struct place place = with_semaphore(&shared, 0, 0, false);
        struct mproc_process *crew[3];
        uint64_t random = random_seed();

        start_crew(crew, 3, method, take_until_stopped, shared);
        for (int i = 0; i < 40; i++) {
                int victim = (int)roll(&random, 3);

                nap(roll(&random, MS));
                assert_int_equal(release(shared), 0);
                nap(roll(&random, MS / 10));
                kill_and_free(crew[victim]);
                crew[victim] = start_duty(method, take_until_stopped, shared, victim);
        }
        while (mproc_semaphore_value(&shared->semaphore))
                nap(MS);
        add(&shared->stop, 1);
        for (int i = 0; i < 3; i++)
                assert_int_equal(release(shared), 0);
        join_crew(crew, 3);
        assert_int_equal(mproc_semaphore_value(&shared->semaphore), 0);
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(no_more_enter_than_there_are_permits, UNDER_ALL),
                PROMISE(a_signal_may_be_sent_by_anybody, UNDER_CONCURRENT),
                PROMISE(a_wait_for_a_permit_times_out, UNDER_CONCURRENT),
                PROMISE(a_wait_times_out_beside_one_who_stays_inside_a_call, UNDER_CONCURRENT),
                PROMISE(misuse_is_told_apart, UNDER_NONE),
                PROMISE(by_a_ledger_permits_of_the_dead_come_back, UNDER_OWN_PROCESS),
                PROMISE(without_one_they_do_not, UNDER_OWN_PROCESS),
                PROMISE(by_a_ledger_the_end_of_a_holder_gives_back_as_well, UNDER_CONCURRENT),
                PROMISE(kills_of_holders_at_random_instants_lose_no_permit, UNDER_OWN_PROCESS),
                PROMISE(kills_of_waiters_at_random_instants_hang_nobody, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
