/* Queues, held against CPython's: see conformance.h. */
#include "contract/conformance.h"

#include <mproc/queue.h>

#define ROOM 32

struct shared {
        struct mproc_event go;
        struct mproc_ledger ledger;
        int ready, handled;
        struct mproc_queue queue;
        uint64_t storage[2 * ROOM];
};

static struct place with_queue(struct shared **ret, uint32_t max)
{
        struct place place = take_place(sizeof(**ret));
        struct shared *shared = place.at;

        assert_int_equal(mproc_event_init(&shared->go, NULL), 0);
        assert_int_equal(mproc_queue_init(&shared->queue,
                                          sizeof(*shared) - offsetof(struct shared, queue), max,
                                          NULL),
                         0);
        *ret = shared;
        return place;
}

static void done_with(struct place *place)
{
        struct shared *shared = place->at;

        mproc_queue_done(&shared->queue);
        mproc_event_done(&shared->go);
        mproc_shm_free(place->shm);
}

static struct shared *shared_of(void *arg)
{
        return ((struct duty *)arg)->shared;
}

static int put(struct shared *shared, int number, int64_t timeout_ns)
{
        return mproc_queue_put(&shared->queue, &number, sizeof(number), timeout_ns, NULL);
}

/* The number, or a negative errno. */
static int get(struct shared *shared, int64_t timeout_ns)
{
        int number = -1;
        size_t size;
        int r = mproc_queue_get(&shared->queue, &number, sizeof(number), &size, timeout_ns, NULL);

        return r ? r : number;
}

static int get_six(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!mproc_event_wait(&shared->go, MPROC_FOREVER, NULL));
        for (int i = 1; i <= 6; i++)
                CHECK(get(shared, MPROC_FOREVER) == i);
        return 0;
}

static void full_queue_takes_no_more(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 6);
        struct mproc_process *process = start_duty(method, get_six, shared, 0);

        for (int i = 1; i <= 6; i++)
                assert_int_equal(put(shared, i, i % 2 ? 0 : MPROC_FOREVER), 0);
        assert_int_equal(put(shared, 7, 0), -ETIMEDOUT);
        assert_int_equal(put(shared, 7, MS), -ETIMEDOUT);
        assert_int_equal(mproc_event_set(&shared->go, NULL), 0);
        expect_exit(process, 0);
        assert_int_equal(mproc_queue_size(&shared->queue), 0);
        assert_int_equal(put(shared, 7, 0), 0);
        done_with(&place);
}

static int put_four(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        for (int i = 2; i <= 5; i++)
                CHECK(!put(shared, i, MPROC_FOREVER));
        return 0;
}

static void empty_queue_has_nothing(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);

        assert_int_equal(get(shared, 0), -ETIMEDOUT);
        assert_int_equal(get(shared, MS), -ETIMEDOUT);
        expect_exit(start_duty(method, put_four, shared, 0), 0);
        for (int i = 2; i <= 5; i++)
                assert_int_equal(get(shared, i % 2 ? 0 : MPROC_FOREVER), i);
        assert_int_equal(get(shared, 0), -ETIMEDOUT);
        done_with(&place);
}

static int put_second_ten(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        for (int i = 10; i < 20; i++)
                CHECK(!put(shared, i, MPROC_FOREVER));
        return 0;
}

static void parent_and_child_put(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);
        struct mproc_process *process;

        for (int i = 0; i < 10; i++)
                assert_int_equal(put(shared, i, 0), 0);
        process = start_duty(method, put_second_ten, shared, 0);
        for (int i = 0; i < 20; i++)
                assert_int_equal(get(shared, MPROC_FOREVER), i);
        assert_int_equal(get(shared, 0), -ETIMEDOUT);
        expect_exit(process, 0);
        done_with(&place);
}

static int put_and_get_count(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!put(shared, 1, 0) && !put(shared, 5, 0));
        CHECK(mproc_queue_size(&shared->queue) == 2);
        CHECK(get(shared, 0) == 1);
        return 0;
}

static void size_is_known(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);

        assert_int_equal(mproc_queue_size(&shared->queue), 0);
        expect_exit(start_duty(method, put_and_get_count, shared, 0), 0);
        assert_int_equal(mproc_queue_size(&shared->queue), 1);
        assert_int_equal(get(shared, 0), 5);
        assert_int_equal(mproc_queue_size(&shared->queue), 0);
        done_with(&place);
}

static int handle_until_closed(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);
        int r;

        (void)size;
        while ((r = get(shared, MPROC_FOREVER)) >= 0) {
                add(&shared->handled, 1);
                CHECK(!mproc_queue_task_done(&shared->queue, NULL));
        }
        return r == -ENODATA ? 0 : 1;
}

static void join_waits_for_the_tasks(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);
        struct mproc_process *crew[4];

        start_crew(crew, 4, method, handle_until_closed, shared);
        for (int i = 0; i < 10; i++)
                assert_int_equal(put(shared, i, MPROC_FOREVER), 0);
        assert_int_equal(mproc_queue_join(&shared->queue, MPROC_FOREVER, NULL), 0);
        assert_int_equal(load(&shared->handled), 10);
        assert_int_equal(mproc_queue_task_done(&shared->queue, NULL), -EOVERFLOW);
        assert_int_equal(mproc_queue_close(&shared->queue, NULL), 0);
        join_crew(crew, 4);
        done_with(&place);
}

static void consumers_learn_of_the_end(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);
        struct mproc_process *crew[2];

        start_crew(crew, 2, method, handle_until_closed, shared);
        for (int i = 0; i < 10; i++)
                assert_int_equal(put(shared, i, MPROC_FOREVER), 0);
        assert_int_equal(mproc_queue_close(&shared->queue, NULL), 0);
        assert_int_equal(mproc_queue_close(&shared->queue, NULL), 0);
        assert_int_equal(put(shared, 10, 0), -EPIPE);
        join_crew(crew, 2);
        assert_int_equal(load(&shared->handled), 10);
        assert_int_equal(get(shared, 0), -ENODATA);
        done_with(&place);
}

static int put_too_much(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(mproc_queue_put(&shared->queue, shared, sizeof(*shared), MPROC_FOREVER, NULL) ==
              -EMSGSIZE);
        CHECK(!put(shared, 1, MPROC_FOREVER));
        return 0;
}

static void put_itself_says_what_cannot_be_sent(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 1);

        expect_exit(start_duty(method, put_too_much, shared, 0), 0);
        assert_int_equal(mproc_queue_size(&shared->queue), 1);
        assert_int_equal(get(shared, 0), 1);
        done_with(&place);
}

static int get_for_ever(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        add(&shared->ready, 1);
        return get(shared, MPROC_FOREVER) == 7 ? 0 : 1;
}

static void dead_consumers_stop_nobody(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);
        struct mproc_process *dead = start_duty(method, get_for_ever, shared, 0), *living;

        await(&shared->ready, 1);
        nap(2 * MS); /* most likely asleep; any instant is legal */
        kill_and_free(dead);
        living = start_duty(method, get_for_ever, shared, 0);
        assert_int_equal(put(shared, 7, MPROC_FOREVER), 0);
        expect_exit(living, 0);
        done_with(&place);
}

static int get_and_stay(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(get(shared, MPROC_FOREVER) == 7);
        add(&shared->ready, 1);
        return stay();
}

static void join_tells_of_lost_tasks(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);
        struct mproc_process *process;

        assert_int_equal(mproc_queue_set_ledger(&shared->queue, &shared->ledger, NULL), 0);
        process = start_duty(method, get_and_stay, shared, 0);
        assert_int_equal(put(shared, 7, MPROC_FOREVER), 0);
        await(&shared->ready, 1);
        assert_int_equal(mproc_queue_join(&shared->queue, 0, NULL), -ETIMEDOUT);
        kill_and_free(process);
        assert_int_equal(mproc_queue_join(&shared->queue, MPROC_FOREVER, NULL), -EOWNERDEAD);
        assert_int_equal(mproc_queue_lost(&shared->queue), 1);
        assert_int_equal(mproc_queue_join(&shared->queue, MPROC_FOREVER, NULL), 0);
        done_with(&place);
}

static int look_then_put(void *arg, size_t size)
{
        struct shared *shared = shared_of(arg);

        (void)size;
        CHECK(!mproc_event_wait(&shared->go, MPROC_FOREVER, NULL));
        CHECK(!put(shared, mproc_queue_size(&shared->queue) == 0, 0));
        CHECK(!put(shared, mproc_queue_size(&shared->queue) == 0, 0));
        return 0;
}

static void children_see_whether_it_is_empty(const char *method)
{
        struct shared *shared;
        struct place place = with_queue(&shared, 0);
        struct mproc_process *process = start_duty(method, look_then_put, shared, 0);

        assert_int_equal(mproc_queue_size(&shared->queue), 0);
        assert_int_equal(mproc_event_set(&shared->go, NULL), 0);
        expect_exit(process, 0);
        assert_int_equal(get(shared, 0), true);
        assert_int_equal(get(shared, 0), false);
        assert_int_equal(mproc_queue_size(&shared->queue), 0);
        done_with(&place);
}

static const struct conformance_case cases[] = {
        CASE_SAME(full_queue_takes_no_more, "_TestQueue.test_put",
                  "a full queue refuses at once or after the timeout, and takes more when there is "
                  "room"),
        CASE_SAME(empty_queue_has_nothing, "_TestQueue.test_get, test_timeout",
                  "messages come in order; an empty queue has none, at once or after the timeout"),
        CASE_SAME(parent_and_child_put, "_TestQueue.test_fork",
                  "what parent and child put comes out complete and in order"),
        CASE_SAME(size_is_known, "_TestQueue.test_qsize",
                  "the number of messages in it is known to all"),
        CASE_SAME(join_waits_for_the_tasks, "_TestQueue.test_task_done",
                  "`join` waits until each message is `task_done`; once too often is an error"),
        CASE_BETTER(put_itself_says_what_cannot_be_sent,
                    "_TestQueue.test_queue_feeder_donot_stop_onexc",
                    "what cannot be sent is dropped by a thread, with a traceback; the queue goes "
                    "on",
                    "there is no such thread: the `put` itself fails"),
        CASE_BETTER(consumers_learn_of_the_end, "_TestQueue.test_closed_queue_put_get_exceptions",
                    "a closed queue refuses put and get, in the process that closed it",
                    "closed for all: what is in it still comes, then consumers are told that no "
                    "more will"),
        CASE_SAME(children_see_whether_it_is_empty, "TestSimpleQueue.test_empty",
                  "children see whether it is empty, however they were started"),
        CASE_BETTER(dead_consumers_stop_nobody, "_TestQueue",
                    "(not tested) a consumer that is killed while it waits keeps the queue's lock: "
                    "nobody gets any more",
                    "the others go on"),
        CASE_BETTER(join_tells_of_lost_tasks, "_TestQueue",
                    "(not tested) a consumer is killed between `get` and `task_done`: `join` waits "
                    "for ever",
                    "with a ledger, `join` ends and tells how many were lost"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Queues", cases, sizeof(cases) / sizeof(cases[0]));
}
