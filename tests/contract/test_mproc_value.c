/* Values: adds lose nothing, neighbours share no line, and no record is ever seen half changed. */
#include "contract/mproc_gate.h"
#include "contract/mproc_random.h"

#include <mproc/value.h>

#define WORKERS 3
#define ADDS 20000

static void *make_memory(struct mproc_shm **shm, size_t size)
{
        assert_int_equal(mproc_shm_new(shm, size, NULL), 0);
        return mproc_shm_addr(*shm);
}

struct numbers {
        struct mproc_int64 integer;
        struct mproc_double real;
};

static int add_to_both(void *arg, size_t arg_size)
{
        struct numbers *numbers = *(struct numbers **)arg;

        (void)arg_size;
        for (int i = 0; i < ADDS; i++) {
                mproc_int64_add(&numbers->integer, 3);
                mproc_double_add(&numbers->real, 0.5);
        }
        return 0;
}

static void adds_of_several_lose_nothing(const char *method)
{
        struct mproc_process *processes[WORKERS];
        struct mproc_shm *shm;
        struct numbers *numbers = make_memory(&shm, sizeof(*numbers));

        mproc_int64_set(&numbers->integer, -5);
        mproc_double_set(&numbers->real, 0.25);
        for (int i = 0; i < WORKERS; i++)
                processes[i] = start_target(method, add_to_both, &numbers, sizeof(numbers));
        for (int i = 0; i < WORKERS; i++)
                expect_exit(processes[i], 0);
        assert_true(mproc_int64_get(&numbers->integer) == 3 * WORKERS * ADDS - 5);
        assert_true(mproc_double_get(&numbers->real) == 0.5 * WORKERS * ADDS + 0.25);
        assert_int_equal(mproc_int64_add(&numbers->integer, -1), 3 * WORKERS * ADDS - 6);
        mproc_shm_free(shm);
}

static void neighbours_share_no_cache_line(const char *unused)
{
        struct mproc_int64 integers[2];
        struct mproc_double reals[2];

        (void)unused;
        assert_true((char *)&integers[1] - (char *)&integers[0] >= 128);
        assert_true((char *)&reals[1] - (char *)&reals[0] >= 128);
        assert_int_equal(MPROC_VALUE_BYTES(1) % 128, 0);
        assert_int_equal(MPROC_VALUE_BYTES(129), sizeof(struct mproc_value) + 512);
}

/* A record of which all fields are equal. */
#define FIELDS 2000

struct record {
        uint64_t fields[FIELDS];
};

static int increment(void *data, void *context)
{
        struct record *record = data;

        (void)context;
        for (int i = 0; i < FIELDS; i++)
                record->fields[i]++;
        return 0;
}

static uint64_t read_whole(struct mproc_value *value)
{
        static struct record record;

        CHECK(!mproc_value_get(value, &record, 20 * SECOND_NS, NULL));
        for (int i = 1; i < FIELDS; i++)
                CHECK(record.fields[i] == record.fields[0]);
        return record.fields[0];
}

struct job {
        struct mproc_value *value;
        uint64_t times;
        struct mproc_int64 *done;
};

static int increment_often(void *arg, size_t arg_size)
{
        struct job *job = arg;

        (void)arg_size;
        for (uint64_t i = 0; i < job->times; i++) {
                if (mproc_value_update(job->value, increment, NULL, MPROC_FOREVER, NULL))
                        return 1;
                mproc_int64_add(job->done, 1);
        }
        return 0;
}

static struct job make_record(struct mproc_shm **shm, uint64_t times)
{
        char *at = make_memory(shm, sizeof(struct mproc_int64) +
                                            MPROC_VALUE_BYTES(sizeof(struct record)));
        struct job job = {.value = (void *)(at + sizeof(struct mproc_int64)),
                          .times = times,
                          .done = (void *)at};

        assert_int_equal(mproc_value_init(job.value, sizeof(struct record), NULL, NULL), 0);
        return job;
}

static void changes_of_several_lose_nothing(const char *method)
{
        struct mproc_process *processes[WORKERS];
        struct mproc_shm *shm;
        struct job job = make_record(&shm, 300);

        for (int i = 0; i < WORKERS; i++)
                processes[i] = start_target(method, increment_often, &job, sizeof(job));
        for (int i = 0; i < WORKERS; i++)
                expect_exit(processes[i], 0);
        assert_int_equal(read_whole(job.value), WORKERS * 300);
        mproc_shm_free(shm);
}

#define KILLS 30

static void a_change_that_its_process_died_over_never_was(const char *method)
{
        struct mproc_shm *shm;
        struct job job = make_record(&shm, UINT64_MAX);
        uint64_t random = random_seed(), last = 0;

        for (int i = 0; i < KILLS; i++) {
                struct mproc_process *process =
                        start_target(method, increment_often, &job, sizeof(job));
                uint64_t now;

                while (mproc_int64_get(job.done) < (int64_t)last + 1)
                        usleep(100);
                usleep(roll(&random, 1000));
                mproc_process_kill(process, NULL);
                mproc_process_free(process);
                now = read_whole(job.value);
                /* All that were done, and at most one for each of the dead: done, not yet said. */
                assert_true(now >= (uint64_t)mproc_int64_get(job.done));
                assert_true(now <= (uint64_t)mproc_int64_get(job.done) + (uint64_t)i + 1);
                last = (uint64_t)mproc_int64_get(job.done);
        }
        mproc_shm_free(shm);
}

static int refuse(void *data, void *context)
{
        *(int *)data = 99;
        return *(int *)context;
}

static int use_itself(void *data, void *context)
{
        int copy;

        (void)data;
        return mproc_value_get(context, &copy, 0, NULL);
}

static void each_misuse_has_its_own_error_and_changes_nothing(const char *unused)
{
        int first = 7, now = 0, refusal = -ECANCELED;
        struct mproc_value *value;
        struct mproc_shm *shm;

        (void)unused;
        value = make_memory(&shm, MPROC_VALUE_BYTES(sizeof(int)));
        assert_int_equal(mproc_value_get(value, &now, 0, NULL), -ESTALE);
        assert_int_equal(mproc_value_init(value, 0, NULL, NULL), -EINVAL);
        assert_int_equal(mproc_value_init((void *)((char *)value + 8), 4, NULL, NULL), -EFAULT);
        assert_int_equal(mproc_value_init(value, sizeof(int), &first, NULL), 0);
        assert_int_equal(mproc_value_update(value, refuse, &refusal, 0, NULL), -ECANCELED);
        assert_int_equal(mproc_value_update(value, use_itself, value, 0, NULL), -EDEADLK);
        assert_int_equal(mproc_value_get(value, &now, 0, NULL), 0);
        assert_int_equal(now, 7);
        now = 8;
        assert_int_equal(mproc_value_set(value, &now, 0, NULL), 0);
        assert_int_equal(mproc_value_get(value, &first, 0, NULL), 0);
        assert_int_equal(first, 8);
        mproc_value_done(value);
        assert_int_equal(mproc_value_set(value, &now, 0, NULL), -ESTALE);
        mproc_value_done(NULL);
        mproc_shm_free(shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(adds_of_several_lose_nothing, UNDER_ALL),
                PROMISE(neighbours_share_no_cache_line, UNDER_NONE),
                PROMISE(changes_of_several_lose_nothing, UNDER_ALL),
                PROMISE(a_change_that_its_process_died_over_never_was, UNDER_OWN_PROCESS),
                PROMISE(each_misuse_has_its_own_error_and_changes_nothing, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
