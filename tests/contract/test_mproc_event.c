/* Events: set, clear, wait. */
#include "contract/mproc_crew.h"

struct shared {
        struct mproc_event event;
        struct mproc_event back;
        int ready, rounds, stop;
};

static struct place with_events(struct shared **ret)
{
        struct place place = take_place(sizeof(**ret));

        *ret = place.at;
        assert_int_equal(mproc_event_init(&(*ret)->event, NULL), 0);
        assert_int_equal(mproc_event_init(&(*ret)->back, NULL), 0);
        return place;
}

static int wait_for_event(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        add(&shared->ready, 1);
        return mproc_event_wait(&shared->event, MPROC_FOREVER, NULL);
}

static void all_who_wait_go_on_once_it_is_set(const char *method)
{
        struct shared *shared;
        struct place place = with_events(&shared);
        struct mproc_process *crew[3];

        assert_false(mproc_event_is_set(&shared->event));
        start_crew(crew, 3, method, wait_for_event, shared);
        await(&shared->ready, 3);
        nap(2 * MS);
        assert_int_equal(mproc_event_set(&shared->event, NULL), 0);
        join_crew(crew, 3);
        assert_true(mproc_event_is_set(&shared->event));
        run_crew(1, method, wait_for_event, shared); /* stays set */
        assert_int_equal(mproc_event_clear(&shared->event, NULL), 0);
        assert_false(mproc_event_is_set(&shared->event));
        mproc_shm_free(place.shm);
}

static void a_pulse_wakes_those_who_sleep(const char *method)
{
        struct shared *shared;
        struct place place = with_events(&shared);
        struct mproc_process *crew[3];

        start_crew(crew, 3, method, wait_for_event, shared);
        await(&shared->ready, 3);
        for (int i = 0; i < 3; i++)
                await_state(mproc_process_pid(crew[i]), 'S');
        assert_int_equal(mproc_event_set(&shared->event, NULL), 0);
        assert_int_equal(mproc_event_clear(&shared->event, NULL), 0);
        join_crew(crew, 3);
        mproc_shm_free(place.shm);
}

static int find_it_clear(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        struct mproc_err err = {0};

        (void)size;
        CHECK(mproc_event_wait(&shared->event, 0, &err) == -ETIMEDOUT);
        CHECK(mproc_event_wait(&shared->event, 2 * MS, &err) == -ETIMEDOUT);
        CHECK(err.code == -ETIMEDOUT && !mproc_event_is_set(&shared->event));
        return 0;
}

static void a_wait_for_an_event_times_out(const char *method)
{
        struct shared *shared;
        struct place place = with_events(&shared);

        run_crew(2, method, find_it_clear, shared);
        mproc_shm_free(place.shm);
}

static int answer(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        for (int i = 0; i < 500; i++) {
                CHECK(!mproc_event_wait(&shared->event, MPROC_FOREVER, NULL));
                CHECK(!mproc_event_clear(&shared->event, NULL));
                shared->rounds++; /* the events order it */
                CHECK(!mproc_event_set(&shared->back, NULL));
        }
        return 0;
}

static void two_events_make_a_dialogue(const char *method)
{
        struct shared *shared;
        struct place place = with_events(&shared);
        struct mproc_process *process = start_duty(method, answer, shared, 0);

        for (int i = 0; i < 500; i++) {
                assert_int_equal(mproc_event_set(&shared->event, NULL), 0);
                assert_int_equal(mproc_event_wait(&shared->back, MPROC_FOREVER, NULL), 0);
                assert_int_equal(mproc_event_clear(&shared->back, NULL), 0);
                assert_int_equal(shared->rounds, i + 1);
        }
        expect_exit(process, 0);
        mproc_shm_free(place.shm);
}

static int wait_for_what_is_done_with(void *arg, size_t size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)size;
        add(&shared->ready, 1);
        return mproc_event_wait(&shared->event, MPROC_FOREVER, NULL) != -ESTALE;
}

static void misuse_is_told_apart(const char *unused)
{
        struct shared *shared;
        struct place place = with_events(&shared);
        _Alignas(64) struct mproc_event private;
        struct mproc_process *late;

        (void)unused;
        assert_int_equal(mproc_event_wait(&shared->event, -1, NULL), -EINVAL);
        assert_int_equal(mproc_event_init(&private, NULL), -EFAULT);
        late = start_duty("thread", wait_for_what_is_done_with, shared, 0);
        await(&shared->ready, 1);
        mproc_event_done(&shared->event);
        mproc_event_done(NULL);
        expect_exit(late, 0);
        assert_int_equal(mproc_event_wait(&shared->event, 0, NULL), -ESTALE);
        assert_int_equal(mproc_event_set(&shared->event, NULL), -ESTALE);
        assert_int_equal(mproc_event_clear(&shared->event, NULL), -ESTALE);
        mproc_shm_free(place.shm);
}

/* Even workers set, odd ones wait. */
static int set_or_wait(void *arg, size_t size)
{
        struct duty *duty = arg;
        struct shared *shared = duty->shared;

        (void)size;
        while (!load(&shared->stop)) {
                if (duty->index % 2) {
                        CHECK(!mproc_event_wait(&shared->event, MPROC_FOREVER, NULL));
                        CHECK(!mproc_event_clear(&shared->event, NULL));
                } else {
                        CHECK(!mproc_event_set(&shared->event, NULL));
                        nap(MS / 20);
                }
        }
        return mproc_event_set(&shared->event, NULL);
}

static void kills_at_random_instants_hang_nobody(const char *method)
{
        struct shared *shared;
        struct place place = with_events(&shared);

        kill_at_random(method, set_or_wait, shared, &shared->stop, NULL, 4, 40);
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(all_who_wait_go_on_once_it_is_set, UNDER_CONCURRENT),
                PROMISE(a_pulse_wakes_those_who_sleep, UNDER_CONCURRENT),
                PROMISE(a_wait_for_an_event_times_out, UNDER_ALL),
                PROMISE(two_events_make_a_dialogue, UNDER_CONCURRENT),
                PROMISE(misuse_is_told_apart, UNDER_NONE),
                PROMISE(kills_at_random_instants_hang_nobody, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
