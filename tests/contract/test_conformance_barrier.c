/* Barriers, held against CPython's: see conformance.h. */
#include "contract/conformance.h"

#define PARTIES 3
#define ROUNDS 100

struct shared {
        struct mproc_barrier barrier;
        struct mproc_barrier other;
        int arrived, acted, broken, met, seen[PARTIES];
};

static struct place with_barriers(struct shared **ret)
{
        struct place place = take_place(sizeof(**ret));

        *ret = place.at;
        assert_int_equal(mproc_barrier_init(&(*ret)->barrier, PARTIES, NULL), 0);
        assert_int_equal(mproc_barrier_init(&(*ret)->other, PARTIES, NULL), 0);
        return place;
}

static void done_with(struct place *place)
{
        struct shared *shared = place->at;

        mproc_barrier_done(&shared->barrier);
        mproc_barrier_done(&shared->other);
        mproc_shm_free(place->shm);
}

static struct shared *shared_of(void *arg)
{
        return ((struct duty *)arg)->shared;
}

static int meet(struct mproc_barrier *barrier, uint32_t *index)
{
        return mproc_barrier_wait(barrier, MPROC_FOREVER, index, NULL);
}

static int meet_often(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        for (int i = 1; i <= ROUNDS; i++) {
                add(&shared->arrived, 1);
                CHECK(!meet(&shared->barrier, NULL));
                CHECK(load(&shared->arrived) == i * PARTIES);
                CHECK(!meet(&shared->barrier, NULL));
        }
        return 0;
}

static void parties_go_in_lockstep(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, meet_often, shared);
        assert_int_equal(mproc_barrier_waiting(&shared->barrier), 0);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), 0);
        done_with(&place);
}

static int act(void *arg)
{
        add(arg, 1);
        return 0;
}

static int meet_with_action(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);
        uint32_t index = PARTIES;

        (void)size;
        CHECK(!mproc_barrier_wait_with(&shared->barrier, MPROC_FOREVER, act, &shared->acted, &index,
                                       NULL));
        CHECK(load(&shared->acted) == 1 && index < PARTIES);
        add(&shared->seen[index], 1);
        return 0;
}

static void each_has_an_index(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, meet_with_action, shared);
        for (int i = 0; i < PARTIES; i++)
                assert_int_equal(shared->seen[i], 1);
        done_with(&place);
}

static void one_of_them_acts(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, meet_with_action, shared);
        assert_int_equal(shared->acted, 1);
        done_with(&place);
}

/* The last to come of the first meeting sends the others away from the second one. */
static int meet_and_part(void *arg, int (*part)(struct mproc_barrier *, struct mproc_err *))
{
        struct shared *shared = shared_of(arg);
        uint32_t index;
        int r;

        CHECK(!meet(&shared->barrier, &index));
        if (index == PARTIES - 1) {
                while (mproc_barrier_waiting(&shared->barrier) < PARTIES - 1)
                        nap(MS / 10);
                CHECK(!part(&shared->barrier, NULL));
                return 0;
        }
        r = meet(&shared->barrier, NULL);
        CHECK(r == -ECANCELED);
        add(&shared->broken, 1);
        return 0;
}

static int be_aborted(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!meet_and_part(arg, mproc_barrier_abort));
        CHECK(mproc_barrier_broken(&shared->barrier) == -ECANCELED);
        return 0;
}

static void abort_breaks_it(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, be_aborted, shared);
        assert_int_equal(shared->broken, PARTIES - 1);
        assert_int_equal(mproc_barrier_broken(&shared->barrier), -ECANCELED);
        assert_int_equal(meet(&shared->barrier, NULL), -ECANCELED);
        done_with(&place);
}

static int be_reset(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!meet_and_part(arg, mproc_barrier_reset));
        CHECK(!meet(&shared->barrier, NULL));
        add(&shared->met, 1);
        return 0;
}

static void reset_sends_away_and_leaves_it_whole(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, be_reset, shared);
        assert_int_equal(shared->broken, PARTIES - 1);
        assert_int_equal(shared->met, PARTIES);
        done_with(&place);
}

static int be_aborted_and_reset(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);
        uint32_t index;

        (void)size;
        CHECK(!meet_and_part(arg, mproc_barrier_abort));
        CHECK(!meet(&shared->other, &index)); /* all have left the first one */
        if (!index)
                CHECK(!mproc_barrier_reset(&shared->barrier, NULL));
        CHECK(!meet(&shared->other, NULL));
        CHECK(!meet(&shared->barrier, NULL));
        add(&shared->met, 1);
        return 0;
}

static void reset_repairs_an_aborted_one(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, be_aborted_and_reset, shared);
        assert_int_equal(shared->met, PARTIES);
        done_with(&place);
}

/* The first is timed out, which the others, who come then or are there, are told. */
static int come_late(void *arg, size_t size)
{
        struct duty *duty = arg;
        struct shared *shared = duty->shared;
        int r;

        (void)size;
        if (duty->index == 1) /* never comes with the others */
                await(&shared->broken, PARTIES - 1);
        r = mproc_barrier_wait(&shared->barrier, duty->index ? MPROC_FOREVER : MS, NULL, NULL);
        CHECK(r == (duty->index ? -ECANCELED : -ETIMEDOUT));
        add(&shared->broken, 1);
        return 0;
}

static void timeout_breaks_it_for_all(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);

        run_crew(PARTIES, method, come_late, shared);
        assert_int_equal(shared->broken, PARTIES);
        done_with(&place);
}

static int meet_alone(void *arg, size_t size)
{
        struct mproc_barrier *barrier = &shared_of(arg)->barrier;

        (void)size;
        CHECK(!meet(barrier, NULL) && !meet(barrier, NULL));
        return 0;
}

static void one_party_never_waits(const char *method)
{
        struct shared *shared;
        struct place place = take_place(sizeof(*shared));

        shared = place.at;
        assert_int_equal(mproc_barrier_init(&shared->barrier, 1, NULL), 0);
        expect_exit(start_duty(method, meet_alone, shared, 0), 0);
        done_with(&place);
}

static int wait_for_the_dead(void *arg, size_t size)
{
        (void)size;
        return -meet(&shared_of(arg)->barrier, NULL);
}

static void dead_party_breaks_it(const char *method)
{
        struct shared *shared;
        struct place place = with_barriers(&shared);
        struct mproc_process *crew[2];

        start_crew(crew, 2, method, wait_for_the_dead, shared);
        while (mproc_barrier_waiting(&shared->barrier) < 2)
                nap(MS / 10);
        kill_and_free(crew[0]);
        expect_exit(crew[1], EOWNERDEAD);
        done_with(&place);
}

static const struct conformance_case cases[] = {
        CASE_SAME(parties_go_in_lockstep, "_TestBarrier.test_barrier_10, test_thousand",
                  "nobody passes before all have come, as often as they meet"),
        CASE_SAME(each_has_an_index, "_TestBarrier.test_wait_return",
                  "`wait` returns to each another number, from 0 to parties − 1"),
        CASE_SAME(one_of_them_acts, "_TestBarrier.test_action",
                  "the action is called once, before anybody goes on"),
        CASE_SAME(abort_breaks_it, "_TestBarrier.test_abort",
                  "`abort` breaks it for those who wait and those who come"),
        CASE_SAME(reset_sends_away_and_leaves_it_whole, "_TestBarrier.test_reset",
                  "`reset` sends away who waits; then it can be passed again"),
        CASE_SAME(reset_repairs_an_aborted_one, "_TestBarrier.test_abort_and_reset",
                  "one that is broken can be passed again after `reset`"),
        CASE_SAME(timeout_breaks_it_for_all, "_TestBarrier.test_timeout",
                  "one who is timed out breaks it for all"),
        CASE_SAME(one_party_never_waits, "_TestBarrier.test_single_thread",
                  "a barrier for one never waits"),
        CASE_BETTER(dead_party_breaks_it, "_TestBarrier",
                    "(not tested) one who waits is killed: the others wait for ever",
                    "it breaks, and they are told why"),
        CASE_NOT_APPLICABLE("_TestBarrier.test_default_timeout", "a timeout of the barrier's own",
                            "each wait has one"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Barriers", cases, sizeof(cases) / sizeof(cases[0]));
}
