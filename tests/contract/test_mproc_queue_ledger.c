/* A queue with a ledger: a join is told of tasks that were lost with their consumers, and waits for
 * all others. */
#include "contract/mproc_crew.h"

#include <mproc/queue.h>

#define WORKERS 3
#define TASKS 4000
#define GOT 1
#define DONE 2

struct shared {
        struct mproc_ledger ledger;
        int held, joining, told;
        uint8_t seen[TASKS]; /* 0, GOT, GOT | DONE */
        struct mproc_queue queue;
        unsigned char storage[1 << 10]; /* so that the producer waits, too */
};

static struct place with_ledger(struct shared **ret)
{
        struct place place = take_place(sizeof(**ret));
        struct mproc_queue *queue;

        *ret = place.at;
        queue = &(*ret)->queue;
        assert_int_equal(mproc_queue_init(queue, sizeof(*queue) + sizeof((*ret)->storage), 0, NULL),
                         0);
        assert_int_equal(mproc_queue_set_ledger(queue, &(*ret)->ledger, NULL), 0);
        return place;
}

static void give_up(struct place place)
{
        mproc_queue_done(&((struct shared *)place.at)->queue);
        mproc_shm_free(place.shm);
}

static void put(struct mproc_queue *queue, uint32_t number)
{
        assert_int_equal(mproc_queue_put(queue, &number, sizeof(number), MPROC_FOREVER, NULL), 0);
}

static int get(struct mproc_queue *queue, uint32_t *number, int64_t timeout_ns)
{
        size_t size;

        return mproc_queue_get(queue, number, sizeof(*number), &size, timeout_ns, NULL);
}

static void mark(struct shared *shared, uint32_t number, uint8_t what)
{
        __atomic_add_fetch(&shared->seen[number], what, __ATOMIC_RELAXED);
}

static int marks(const struct shared *shared, int number)
{
        return __atomic_load_n(&shared->seen[number], __ATOMIC_RELAXED);
}

static int consume(void *arg, size_t arg_size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        uint32_t number;
        int r;

        (void)arg_size;
        while (!(r = get(&shared->queue, &number, MPROC_FOREVER))) {
                mark(shared, number, GOT);
                if (number % 64 == 0)
                        nap(MS / 10); /* so that kills find tasks undone, too */
                CHECK(!mproc_queue_task_done(&shared->queue, NULL));
                mark(shared, number, DONE);
        }
        return r == -ENODATA ? 0 : 1;
}

static void a_join_waits_for_what_the_living_have(const char *method)
{
        struct mproc_process *crew[WORKERS];
        struct shared *shared;
        struct place place = with_ledger(&shared);

        start_crew(crew, WORKERS, method, consume, shared);
        for (int round = 0; round < 20; round++) {
                for (uint32_t i = 0; i < TASKS / 20; i++)
                        put(&shared->queue, (uint32_t)round * TASKS / 20 + i);
                assert_int_equal(mproc_queue_join(&shared->queue, MPROC_FOREVER, NULL), 0);
                for (int i = 0; i < TASKS; i++)
                        assert_int_equal(marks(shared, i) & GOT, i < (round + 1) * TASKS / 20);
        }
        assert_int_equal(mproc_queue_close(&shared->queue, NULL), 0);
        join_crew(crew, WORKERS);
        assert_int_equal(mproc_queue_lost(&shared->queue), 0);
        give_up(place);
}

/* Two tasks, of which none is done. */
static int get_two(void *arg, size_t arg_size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        uint32_t number;

        (void)arg_size;
        CHECK(!get(&shared->queue, &number, MPROC_FOREVER));
        CHECK(!get(&shared->queue, &number, MPROC_FOREVER));
        add(&shared->held, 1);
        return 0;
}

static int get_two_and_stay(void *arg, size_t arg_size)
{
        get_two(arg, arg_size);
        return stay();
}

static void expect_two_lost(struct mproc_queue *queue)
{
        struct mproc_err err = {0};
        uint32_t number;

        /* One more is in the queue, and then with one who is alive. */
        assert_int_equal(mproc_queue_join(queue, 2 * MS, NULL), -ETIMEDOUT);
        assert_int_equal(get(queue, &number, 0), 0);
        assert_int_equal(number, 2);
        assert_int_equal(mproc_queue_task_done(queue, NULL), 0);
        assert_int_equal(mproc_queue_join(queue, MPROC_FOREVER, &err), -EOWNERDEAD);
        assert_non_null(strstr(err.text, "2 tasks"));
        assert_int_equal(mproc_queue_lost(queue), 2);
        assert_int_equal(mproc_queue_join(queue, MPROC_FOREVER, NULL), 0);
        put(queue, 3);
        assert_int_equal(mproc_queue_join(queue, 0, NULL), -ETIMEDOUT);
        assert_int_equal(get(queue, &number, 0), 0);
        assert_int_equal(mproc_queue_task_done(queue, NULL), 0);
        assert_int_equal(mproc_queue_join(queue, 0, NULL), 0);
        assert_int_equal(mproc_queue_lost(queue), 2);
}

static void a_join_tells_of_tasks_lost_with_a_killed_consumer(const char *method)
{
        struct shared *shared;
        struct place place = with_ledger(&shared);
        struct mproc_process *consumer = start_duty(method, get_two_and_stay, shared, 0);

        for (uint32_t i = 0; i < 3; i++)
                put(&shared->queue, i);
        await(&shared->held, 1);
        kill_and_free(consumer);
        expect_two_lost(&shared->queue);
        give_up(place);
}

static void a_consumer_that_ended_with_tasks_is_a_dead_one(const char *method)
{
        struct shared *shared;
        struct place place = with_ledger(&shared);

        for (uint32_t i = 0; i < 3; i++)
                put(&shared->queue, i);
        run_crew(1, method, get_two, shared);
        expect_two_lost(&shared->queue);
        give_up(place);
}

static int join_and_note(void *arg, size_t arg_size)
{
        struct shared *shared = ((struct duty *)arg)->shared;
        int r;

        (void)arg_size;
        add(&shared->joining, 1);
        r = mproc_queue_join(&shared->queue, MPROC_FOREVER, NULL);
        CHECK(!r || r == -EOWNERDEAD);
        add(&shared->told, r != 0);
        return 0;
}

/* One who has not begun to wait when another is told need not be told. */
static void a_death_wakes_all_who_wait_for_the_end(const char *method)
{
        struct mproc_process *consumer, *crew[2];
        struct shared *shared;
        struct place place = with_ledger(&shared);

        put(&shared->queue, 0);
        put(&shared->queue, 1);
        consumer = start_duty(method, get_two_and_stay, shared, 0);
        await(&shared->held, 1);
        start_crew(crew, 2, method, join_and_note, shared);
        await(&shared->joining, 2);
        nap(5 * MS); /* asleep by now, most likely */
        kill_and_free(consumer);
        join_crew(crew, 2);
        assert_in_range(shared->told, 1, 2);
        give_up(place);
}

static void misuse_is_told_apart(const char *unused)
{
        struct shared *shared;
        struct place place = with_ledger(&shared);
        struct mproc_queue *queue = &shared->queue;
        size_t bytes = sizeof(*queue) + sizeof(shared->storage);
        static _Alignas(64) struct mproc_ledger private;
        uint32_t number;

        (void)unused;
        assert_int_equal(mproc_queue_set_ledger(queue, &shared->ledger, NULL), -EALREADY);
        assert_int_equal(mproc_queue_init(queue, bytes, 0, NULL), 0);
        assert_int_equal(mproc_queue_set_ledger(queue, &private, NULL), -EFAULT);
        assert_int_equal(mproc_queue_set_ledger(queue, (void *)((char *)&shared->ledger + 8), NULL),
                         -EFAULT);
        assert_int_equal(mproc_queue_set_ledger(queue, &shared->ledger, NULL), 0);

        assert_int_equal(mproc_queue_task_done(queue, NULL), -EOVERFLOW);
        put(queue, 0);
        assert_int_equal(mproc_queue_task_done(queue, NULL), -EPERM); /* nobody has got it */
        assert_int_equal(get(queue, &number, 0), 0);
        assert_int_equal(mproc_queue_join(queue, MPROC_FOREVER, NULL), -EDEADLK);
        assert_int_equal(mproc_queue_task_done(queue, NULL), 0);
        assert_int_equal(mproc_queue_task_done(queue, NULL), -EOVERFLOW);
        assert_int_equal(mproc_queue_join(queue, 0, NULL), 0);

        assert_int_equal(mproc_queue_init(queue, bytes, 0, NULL), 0);
        put(queue, 0);
        assert_int_equal(mproc_queue_set_ledger(queue, &shared->ledger, NULL), -EALREADY);
        mproc_queue_done(queue);
        assert_int_equal(mproc_queue_set_ledger(queue, &shared->ledger, NULL), -ESTALE);
        give_up(place);
}

static int say_done_for_another(void *arg, size_t arg_size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)arg_size;
        CHECK(mproc_queue_task_done(&shared->queue, NULL) == -EPERM);
        return 0;
}

static void only_who_got_a_task_can_say_that_it_is_done(const char *method)
{
        struct shared *shared;
        struct place place = with_ledger(&shared);
        uint32_t number;

        put(&shared->queue, 0);
        assert_int_equal(get(&shared->queue, &number, 0), 0);
        run_crew(2, method, say_done_for_another, shared);
        assert_int_equal(mproc_queue_task_done(&shared->queue, NULL), 0);
        give_up(place);
}

static int produce(void *arg, size_t arg_size)
{
        struct shared *shared = ((struct duty *)arg)->shared;

        (void)arg_size;
        for (uint32_t i = 0; i < TASKS; i++)
                CHECK(!mproc_queue_put(&shared->queue, &i, sizeof(i), MPROC_FOREVER, NULL));
        return mproc_queue_close(&shared->queue, NULL);
}

/* In the end each task was got or is among the lost, or both, if its consumer died before
 * task_done; and none is among them whose task_done returned. */
static void kills_at_random_instants_leave_a_join_that_knows_all(const char *method)
{
        uint64_t lost, unseen = 0, undone = 0, most = (uint64_t)kills_wanted(40),
                       random = random_seed();
        struct mproc_process *crew[WORKERS], *producer;
        struct shared *shared;
        struct place place = with_ledger(&shared);
        int r;

        producer = start_duty(method, produce, shared, 0);
        start_crew(crew, WORKERS, method, consume, shared);
        for (uint64_t kills = 0; kills < most; kills++) {
                int victim = (int)roll(&random, WORKERS);

                nap(roll(&random, 2 * MS));
                kill_and_free(crew[victim]);
                crew[victim] = start_duty(method, consume, shared, victim);
        }
        expect_exit(producer, 0);
        r = mproc_queue_join(&shared->queue, MPROC_FOREVER, NULL);
        join_crew(crew, WORKERS);
        lost = mproc_queue_lost(&shared->queue);
        assert_int_equal(r, lost ? -EOWNERDEAD : 0);
        for (int i = 0; i < TASKS; i++) {
                int seen = marks(shared, i);

                assert_true(!seen || seen == GOT || seen == (GOT | DONE)); /* nothing twice */
                unseen += !seen;
                undone += seen != (GOT | DONE);
        }
        assert_in_range(lost, unseen, undone);
        assert_true(undone <= most);
        assert_int_equal(mproc_queue_join(&shared->queue, 0, NULL), 0);
        give_up(place);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_join_waits_for_what_the_living_have, UNDER_CONCURRENT),
                PROMISE(a_join_tells_of_tasks_lost_with_a_killed_consumer, UNDER_OWN_PROCESS),
                PROMISE(a_consumer_that_ended_with_tasks_is_a_dead_one, UNDER_CONCURRENT),
                PROMISE(a_death_wakes_all_who_wait_for_the_end, UNDER_OWN_PROCESS),
                PROMISE(only_who_got_a_task_can_say_that_it_is_done, UNDER_CONCURRENT),
                PROMISE(misuse_is_told_apart, UNDER_NONE),
                PROMISE(kills_at_random_instants_leave_a_join_that_knows_all, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
