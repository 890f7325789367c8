/* Workers of a pool: their life, their death and what becomes of tasks then, held against
 * CPython's: see conformance.h. */
#include "contract/conformance.h"
#include "contract/pool_rig.h"

static void expect_size(const char *method, size_t workers)
{
        struct mproc_pool *pool =
                new_pool(&(struct mproc_pool_options){.start = method, .workers = workers});

        assert_int_equal(mproc_pool_workers(pool), workers);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

static void workers_are_as_many_as_asked_for(const char *method)
{
        struct mproc_pool_options too_many = {.start = method,
                                              .workers = MPROC_POOL_WORKERS_MAX + 1};
        struct mproc_pool *pool = NULL;

        expect_size(method, 1);
        expect_size(method, 3);
        assert_int_equal(mproc_pool_new(&pool, &too_many, NULL), -EINVAL);
        assert_null(pool);
}

static int add_one(void *arg, size_t size)
{
        (void)size;
        add(*(int **)arg, 1);
        return 0;
}

static void initialiser_runs_in_each_worker(const char *method)
{
        struct place place = take_place(2 * sizeof(int));
        struct mproc_pool *pool =
                new_pool(&(struct mproc_pool_options){.start = method,
                                                      .workers = 3,
                                                      .initialiser = add_one,
                                                      .arg = &place.at,
                                                      .arg_size = sizeof(void *)});

        end_pool(pool);
        assert_int_equal(load(place.at), 3);
        mproc_shm_free(place.shm);
}

static int refuse(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return -EDOM;
}

static void failing_initialiser_breaks_the_pool(const char *method)
{
        struct mproc_pool *pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 2, .initialiser = refuse});
        uint64_t item = 3, result;
        struct mproc_call call = {.function = square,
                                  .arg = &item,
                                  .arg_size = sizeof(item),
                                  .result_size = sizeof(item)};
        struct mproc_failure failure = {0};
        struct mproc_err err = {0};
        int r = mproc_pool_apply(pool, &call, &result, &failure, &err);

        if (r == -EREMOTEIO) /* it was submitted before the pool broke */
                assert_int_equal(failure.err.code, -ENOTRECOVERABLE);
        else
                assert_int_equal(r, -ENOTRECOVERABLE);
        mproc_pool_free(pool);
}

static void errors_come_back(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t item = 123;
        struct mproc_call call = {.function = fail_odd,
                                  .arg = &item,
                                  .arg_size = sizeof(item),
                                  .result_size = sizeof(item)};
        struct mproc_failure failure = {0};

        assert_int_equal(mproc_pool_apply(pool, &call, &item, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EDOM);
        assert_string_equal(failure.err.text, "123 is odd");
        assert_true(failure.worker >= 0 && failure.worker < 3);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

#define ITEMS 10

static uint64_t map_results[ITEMS];
static int32_t map_codes[ITEMS];

/* A map of which some items fail, in chunks of half of them. */
static struct mproc_failure failing_map(struct mproc_pool *pool,
                                        int (*function)(struct mproc_task *), const void *items,
                                        size_t item_size)
{
        struct mproc_map map = {.function = function,
                                .args = items,
                                .arg_size = item_size,
                                .results = map_results,
                                .result_size = sizeof(map_results[0]),
                                .count = ITEMS,
                                .chunk = ITEMS / 2,
                                .codes = map_codes};
        struct mproc_failure failure = {0};

        memset(map_results, 0, sizeof(map_results));
        assert_int_equal(mproc_pool_map(pool, &map, &failure, NULL), -EREMOTEIO);
        return failure;
}

static void map_keeps_what_went_well(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_failure failure;
        uint64_t items[ITEMS];

        for (uint64_t i = 0; i < ITEMS; i++)
                items[i] = i;
        failure = failing_map(pool, fail_odd, items, sizeof(items[0]));
        assert_int_equal(failure.count, ITEMS / 2);
        assert_int_equal(failure.err.code, -EDOM);
        for (uint64_t i = 0; i < ITEMS; i++) {
                assert_int_equal(map_codes[i], i % 2 ? -EDOM : 0);
                assert_int_equal(map_results[i], i % 2 ? 0 : i);
        }
        end_pool(pool);
}

static int claim_too_much(struct mproc_task *task)
{
        task->result_size += 1000;
        return 0;
}

static void wrong_results_fail_their_task(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = claim_too_much};

        for (int i = 0; i < 20; i++) {
                struct mproc_failure failure = {0};

                assert_int_equal(mproc_pool_apply(pool, &call, NULL, &failure, NULL), -EREMOTEIO);
                assert_int_equal(failure.err.code, -EMSGSIZE);
        }
        assert_int_equal(mproc_pool_replaced(pool), 0);
        end_pool(pool);
}

static void what_cannot_be_sent_is_refused(const char *method)
{
        struct mproc_pool *pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 1, .arena_bytes = 65536});
        static char large[1 << 20];
        struct mproc_call call = {.function = do_nothing, .arg = large, .arg_size = sizeof(large)};

        assert_int_equal(mproc_pool_apply(pool, &call, NULL, NULL, NULL), -E2BIG);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

static void killed_worker_fails_its_task_alone(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        int signals[ITEMS] = {[3] = SIGKILL};
        struct mproc_failure failure = failing_map(pool, die_by, signals, sizeof(signals[0]));

        assert_int_equal(failure.index, 3);
        assert_int_equal(failure.count, 1);
        assert_int_equal(failure.err.code, -EOWNERDEAD);
        assert_non_null(strstr(failure.err.text, "SIGKILL"));
        for (int i = 0; i < ITEMS; i++) {
                assert_int_equal(map_codes[i], i == 3 ? -EOWNERDEAD : 0);
                if (i != 3)
                        assert_int_equal(map_results[i], 49);
        }
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

/* A signal may find its worker with a task: then that is run again. */
static void idle_workers_are_replaced(const char *method)
{
        struct mproc_pool *pool =
                new_pool(&(struct mproc_pool_options){.start = method, .workers = 3, .retries = 3});

        assert_int_equal(square_of(pool, 3), 9);
        for (size_t i = 0; i < 3; i++) {
                pid_t pid = mproc_pool_worker_pid(pool, i);

                if (pid)
                        kill(pid, SIGKILL);
        }
        for (uint64_t i = 0; i < 10; i++)
                assert_int_equal(square_of(pool, i), i * i);
        end_pool(pool);
}

static int name_process(struct mproc_task *task)
{
        *(pid_t *)task->result = getpid();
        return 0;
}

#define TASKS 30

static void workers_serve_so_many_tasks(const char *method)
{
        struct mproc_pool *pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 2, .tasks_per_worker = 5});
        struct mproc_call call = {.function = name_process, .result_size = sizeof(pid_t)};
        struct mproc_result *results[TASKS];
        pid_t pids[TASKS];

        for (int i = 0; i < TASKS; i++)
                assert_int_equal(mproc_pool_apply_async(pool, &results[i], &call, NULL), 0);
        assert_int_equal(mproc_pool_close(pool, NULL), 0); /* with tasks under way */
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        for (int i = 0; i < TASKS; i++) {
                int same = 1;

                assert_int_equal(mproc_pool_get(pool, results[i], &pids[i], sizeof(pids[i]),
                                                MPROC_FOREVER, NULL, NULL),
                                 0);
                for (int j = 0; j < i; j++)
                        same += pids[j] == pids[i];
                assert_in_range(same, 1, 5);
                mproc_pool_release(pool, results[i]);
        }
        mproc_pool_free(pool);
}

static int stay_there(struct mproc_task *task)
{
        (void)task;
        return stay();
}

static void terminate_ends_tasks_that_run(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = stay_there, .count = 1000, .chunk = 1};
        struct mproc_failure failure = {0};
        struct mproc_result *result;

        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        assert_int_equal(mproc_pool_terminate(pool, NULL), 0);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, &failure, NULL),
                         -EREMOTEIO);
        assert_int_equal(failure.err.code, -ECANCELED);
        assert_int_equal(failure.count, 1000);
        mproc_pool_release(pool, result);
        mproc_pool_free(pool);
}

static void closed_pool_takes_no_more(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = do_nothing};
        struct mproc_result *before = submit(pool, do_nothing, NULL, 0), *after = NULL;

        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), -EBUSY);
        assert_int_equal(mproc_pool_close(pool, NULL), 0);
        assert_int_equal(mproc_pool_apply_async(pool, &after, &call, NULL), -ESHUTDOWN);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, before, NULL, 0, 0, NULL, NULL), 0);
        mproc_pool_release(pool, before);
        mproc_pool_free(pool);
}

struct choice {
        char start[16], transport[16];
};

static int leave_a_pool_behind(void *arg, size_t size)
{
        const struct choice *choice = arg;
        struct mproc_pool_options options = {
                .start = choice->start, .transport = choice->transport, .workers = 2};
        struct mproc_call call = {.function = stay_there};
        struct mproc_pool *pool;

        (void)size;
        CHECK(!mproc_pool_new(&pool, &options, NULL));
        CHECK(!mproc_pool_apply_async(pool, NULL, &call, NULL));
        return 0;
}

static size_t descendants(void)
{
        return for_children(getpid(), NULL, NULL);
}

static bool leave_without_an_end(const char *method)
{
        struct choice choice = {0};
        struct mproc_process *process = NULL;
        struct mproc_status status;

        snprintf(choice.start, sizeof(choice.start), "%s", method);
        snprintf(choice.transport, sizeof(choice.transport), "%s", pool_transport);
        CHECK(!mproc_process_start(&process,
                                   &(struct mproc_process_options){.start = method,
                                                                   .target = leave_a_pool_behind,
                                                                   .arg = &choice,
                                                                   .arg_size = sizeof(choice)},
                                   NULL));
        CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
        CHECK(status.state == MPROC_EXITED && !status.code);
        mproc_process_free(process);
        /* The scene adopts what is left, and the fork server, which ends with it. */
        while (descendants() > (strcmp(method, "forkserver") ? 0u : 1u))
                waitpid(-1, NULL, WNOHANG), usleep(200);
        return true;
}

static void program_may_leave_its_pool(const char *method)
{
        assert_true(run_scene(leave_without_an_end, method));
}

static const struct conformance_case cases[] = {
        CASE_SAME(workers_are_as_many_as_asked_for, "_TestPool.test_make_pool",
                  "a pool has as many workers as it was asked for; an impossible number is an "
                  "error"),
        CASE_SAME(initialiser_runs_in_each_worker, "TestInitializers.test_pool_initializer",
                  "an initialiser runs in each worker, with its argument"),
        CASE_BETTER(failing_initialiser_breaks_the_pool, "TestInitializers",
                    "(not tested) if the initialiser fails, workers are started over and over, and "
                    "`get` hangs",
                    "after some in a row the pool is broken, and every task says why"),
        CASE_SAME(errors_come_back, "_TestPool.test_traceback, test_wrapped_exception",
                  "the error of a function comes back, and where it was raised (a text there, "
                  "code, text and worker here)"),
        CASE_BETTER(map_keeps_what_went_well, "_TestPool.test_map_no_failfast",
                    "an error does not end a map early: all items are waited for; but one error is "
                    "all that comes back",
                    "the results of the others are there, and a code for each item"),
        CASE_SAME(wrong_results_fail_their_task, "_TestPoolWorkerErrors.test_unpickleable_result",
                  "a result that cannot be sent fails its task, and costs no worker"),
        CASE_SAME(what_cannot_be_sent_is_refused, "_TestPool.test_map_unplicklable",
                  "an argument that cannot be sent is an error, not a hang"),
        CASE_BETTER(killed_worker_fails_its_task_alone, "_TestPool",
                    "(not tested) a worker that is killed loses its task: `get` hangs",
                    "its task fails with the signal's name, a new worker comes, map goes on"),
        CASE_BETTER(idle_workers_are_replaced, "_TestPool",
                    "(not tested) idle workers are killed: one dies with the queue's lock, and "
                    "every later task hangs",
                    "they are replaced, and tasks run"),
        CASE_SAME(workers_serve_so_many_tasks,
                  "_TestPoolWorkerLifetime.test_pool_worker_lifetime, "
                  "test_pool_worker_lifetime_early_close",
                  "a worker leaves after so many tasks for another one, also while the pool is "
                  "closed"),
        CASE_BETTER(terminate_ends_tasks_that_run, "_TestPool.test_terminate",
                    "`terminate` ends a pool at once; `get` of what had not run hangs then",
                    "`get` says that it was cancelled"),
        CASE_SAME(closed_pool_takes_no_more, "_TestPool.test_context",
                  "a closed pool does what it has and takes no more; `join` before that is an "
                  "error"),
        CASE_SAME(program_may_leave_its_pool,
                  "_TestPoolWorkerLifetime.test_worker_finalization_via_atexit_handler_of_"
                  "multiprocessing",
                  "a program that leaves without ending its pool ends, and so do the workers"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        conformance_way = use_transport;
        return run_conformance("Workers of a pool", cases, sizeof(cases) / sizeof(cases[0]));
}
