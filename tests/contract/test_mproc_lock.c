/* Locks, recursive or not: who owns them, who may release them, and what becomes of them when an
 * owner dies. */
#include "contract/mproc_crew.h"

#include <sys/mman.h>

struct shared {
        struct mproc_lock lock;
        struct mproc_rlock rlock;
        int counter, other, held, stop;
};

static struct place with_locks(struct shared **ret)
{
        struct place place = take_place(sizeof(**ret));

        *ret = place.at;
        assert_int_equal(mproc_lock_init(&(*ret)->lock, NULL), 0);
        assert_int_equal(mproc_rlock_init(&(*ret)->rlock, NULL), 0);
        return place;
}

static void give_up(struct place place)
{
        struct shared *shared = place.at;

        mproc_lock_done(&shared->lock);
        mproc_rlock_done(&shared->rlock);
        mproc_shm_free(place.shm);
}

static int count_to_1000(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 1000; i++) {
                CHECK(!mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL));
                shared->counter++;
                CHECK(!mproc_lock_release(&shared->lock, NULL));
                CHECK(!mproc_rlock_acquire(&shared->rlock, MPROC_FOREVER, NULL));
                CHECK(!mproc_rlock_acquire(&shared->rlock, 0, NULL));
                shared->other++;
                CHECK(!mproc_rlock_release(&shared->rlock, NULL));
                CHECK(!mproc_rlock_release(&shared->rlock, NULL));
        }
        return 0;
}

static void four_times_1000_is_4000(const char *method)
{
        struct shared *shared;
        struct place place = with_locks(&shared);

        run_crew(4, method, count_to_1000, shared);
        assert_int_equal(shared->counter, 4000);
        assert_int_equal(shared->other, 4000);
        give_up(place);
}

static int find_it_held(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        struct mproc_err err = {0};

        (void)size;
        CHECK(mproc_lock_acquire(&shared->lock, 0, &err) == -ETIMEDOUT);
        CHECK(mproc_lock_acquire(&shared->lock, 2 * MS, &err) == -ETIMEDOUT);
        CHECK(err.code == -ETIMEDOUT);
        CHECK(mproc_rlock_acquire(&shared->rlock, 0, &err) == -ETIMEDOUT);
        CHECK(mproc_rlock_acquire(&shared->rlock, 2 * MS, &err) == -ETIMEDOUT);
        return 0;
}

static void a_wait_for_a_held_lock_times_out(const char *method)
{
        struct shared *shared;
        struct place place = with_locks(&shared);

        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), 0);
        assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), 0);
        run_crew(2, method, find_it_held, shared);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
        give_up(place);
}

static int release_anothers(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        CHECK(mproc_lock_release(&shared->lock, NULL) == -EPERM);
        CHECK(mproc_rlock_release(&shared->rlock, NULL) == -EPERM);
        CHECK(mproc_lock_consistent(&shared->lock, NULL) == -EPERM);
        CHECK(mproc_rlock_consistent(&shared->rlock, NULL) == -EPERM);
        return 0;
}

static void only_the_owner_can_release(const char *method)
{
        struct shared *shared;
        struct place place;

        if (UNDER_TSAN) {
                print_message("skipped: ThreadSanitizer reports the release itself\n");
                skip();
        }
        place = with_locks(&shared);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), 0);
        assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), 0);
        run_crew(2, method, release_anothers, shared);
        assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), 0);
        run_crew(2, method, release_anothers, shared);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
        assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), -EOVERFLOW);
        assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), -EOVERFLOW);
        assert_int_equal(mproc_lock_consistent(&shared->lock, NULL), -EPERM);
        /* The wrong releases have left them as they were. */
        run_crew(2, method, count_to_1000, shared);
        give_up(place);
}

static void misuse_is_told_apart(const char *unused)
{
        struct shared *shared;
        struct place place = with_locks(&shared);
        struct mproc_lock *lock = &shared->lock;
        struct mproc_err err = {0};
        _Alignas(64) struct mproc_lock private;
        void *mapped;

        (void)unused;
        assert_int_equal(mproc_lock_acquire(lock, -1, &err), -EINVAL);
        assert_int_equal(mproc_lock_acquire(lock, 0, NULL), 0);
        assert_int_equal(mproc_lock_acquire(lock, MPROC_FOREVER, NULL), -EDEADLK);
        assert_int_equal(mproc_lock_consistent(lock, NULL), 0);
        assert_int_equal(mproc_lock_release(lock, NULL), 0);
        assert_int_equal(mproc_rlock_acquire((struct mproc_rlock *)lock, 0, NULL), -ESTALE);
        mproc_lock_done(lock);
        mproc_lock_done(NULL);
        mproc_rlock_done(NULL);
        assert_int_equal(mproc_lock_acquire(lock, 0, &err), -ESTALE);
        assert_int_equal(mproc_lock_release(lock, NULL), -ESTALE);
        assert_int_equal(mproc_lock_consistent(lock, NULL), -ESTALE);

        assert_int_equal(mproc_lock_init(&private, &err), -EFAULT);
        assert_non_null(strstr(err.text, "mproc_shm_new"));
        assert_int_equal(mproc_lock_init((void *)((char *)place.at + 8), NULL), -EFAULT);
        mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_int_equal(mproc_lock_init(mapped, &err), 0);
        munmap(mapped, 4096);
        give_up(place);
}

/* Deaths ------------------------------------------------------------------------------------- */

static int acquire_and_return(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        CHECK(!mproc_lock_acquire(&shared->lock, 0, NULL));
        CHECK(!mproc_rlock_acquire(&shared->rlock, 0, NULL));
        CHECK(!mproc_rlock_acquire(&shared->rlock, 0, NULL));
        return 0;
}

static int acquire_and_stay(void *arg, size_t size)
{
        acquire_and_return(arg, size);
        add(&((struct shared *)((struct duty *)arg)->shared)->held, 1);
        return stay();
}

static void expect_inherited(struct shared *shared)
{
        struct mproc_err err = {0};

        assert_int_equal(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, &err), -EOWNERDEAD);
        assert_int_equal(err.code, -EOWNERDEAD);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), -EDEADLK); /* it is held */
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_lock_consistent(&shared->lock, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), 0);
        assert_int_equal(mproc_lock_release(&shared->lock, NULL), 0);

        assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_rlock_consistent(&shared->rlock, NULL), 0);
        assert_int_equal(mproc_rlock_acquire(&shared->rlock, 0, NULL), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(mproc_rlock_release(&shared->rlock, NULL), 0);
}

static void a_killed_owner_is_told_until_all_is_declared_well(const char *method)
{
        struct shared *shared;
        struct place place = with_locks(&shared);
        struct mproc_process *owner = start_duty(method, acquire_and_stay, shared, 0);

        await(&shared->held, 1);
        assert_int_equal(mproc_lock_acquire(&shared->lock, 0, NULL), -ETIMEDOUT);
        kill_and_free(owner);
        expect_inherited(shared);
        give_up(place);
}

static void an_owner_that_ended_is_a_dead_one(const char *method)
{
        struct shared *shared;
        struct place place = with_locks(&shared);

        run_crew(1, method, acquire_and_return, shared);
        expect_inherited(shared);
        give_up(place);
}

static int inherit(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        add(&shared->counter, 1);
        CHECK(mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL) == -EOWNERDEAD);
        CHECK(!mproc_lock_consistent(&shared->lock, NULL));
        return mproc_lock_release(&shared->lock, NULL);
}

static void one_who_sleeps_gets_a_dead_owners_lock(const char *method)
{
        struct shared *shared;
        struct place place = with_locks(&shared);
        struct mproc_process *owner = start_duty(method, acquire_and_stay, shared, 0), *heir;

        await(&shared->held, 1);
        heir = start_duty(method, inherit, shared, 0);
        await(&shared->counter, 1);
        nap(5 * MS); /* asleep by now, most likely; else it is told all the same */
        kill_and_free(owner);
        expect_exit(heir, 0);
        give_up(place);
}

static bool fork_while_holding(const char *unused)
{
        struct mproc_shm *shm;
        struct shared *shared;
        int status;
        pid_t pid;

        (void)unused;
        CHECK(!mproc_shm_new(&shm, sizeof(*shared), NULL));
        shared = mproc_shm_addr(shm);
        CHECK(!mproc_lock_init(&shared->lock, NULL) && !mproc_rlock_init(&shared->rlock, NULL));
        CHECK(!mproc_lock_acquire(&shared->lock, 0, NULL));
        CHECK(!mproc_rlock_acquire(&shared->rlock, 0, NULL));
        pid = fork();
        if (!pid) {
                struct duty duty = {.shared = shared};

                find_it_held(&duty, sizeof(duty));
                _exit(UNDER_TSAN ? 0 : release_anothers(&duty, sizeof(duty)));
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        CHECK(!mproc_rlock_release(&shared->rlock, NULL));
        return !mproc_lock_release(&shared->lock, NULL);
}

static void a_forked_child_does_not_own_what_its_parent_holds(const char *unused)
{
        assert_true(run_scene(fork_while_holding, unused));
}

static int keep_two_equal(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        while (!load(&shared->stop)) {
                int r = mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL);

                CHECK(!r || r == -EOWNERDEAD);
                if (r) {
                        *(volatile int *)&shared->other = shared->counter;
                        CHECK(!mproc_lock_consistent(&shared->lock, NULL));
                }
                CHECK(*(volatile int *)&shared->counter == *(volatile int *)&shared->other);
                ++*(volatile int *)&shared->counter;
                ++*(volatile int *)&shared->other;
                CHECK(!mproc_lock_release(&shared->lock, NULL));
        }
        return 0;
}

static void kills_at_random_instants_hang_nobody(const char *method)
{
        struct shared *shared;
        struct place place = with_locks(&shared);

        kill_at_random(method, keep_two_equal, shared, &shared->stop, &shared->counter, 3, 60);
        give_up(place);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(four_times_1000_is_4000, UNDER_ALL),
                PROMISE(a_wait_for_a_held_lock_times_out, UNDER_CONCURRENT),
                PROMISE(only_the_owner_can_release, UNDER_CONCURRENT),
                PROMISE(misuse_is_told_apart, UNDER_NONE),
                PROMISE(a_killed_owner_is_told_until_all_is_declared_well, UNDER_OWN_PROCESS),
                PROMISE(an_owner_that_ended_is_a_dead_one, UNDER_CONCURRENT),
                PROMISE(one_who_sleeps_gets_a_dead_owners_lock, UNDER_OWN_PROCESS),
                PROMISE(a_forked_child_does_not_own_what_its_parent_holds, UNDER_NONE),
                PROMISE(kills_at_random_instants_hang_nobody, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
