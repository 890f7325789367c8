/* What a pool refuses, each with an error of its own; and how it ends. */
#include "contract/pool_rig.h"

static void chunk_0_is_refused(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = do_nothing, .count = 1};
        struct mproc_result *result;
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_map(pool, &map, NULL, &err), -EINVAL);
        assert_non_null(strstr(err.text, "chunk"));
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), -EINVAL);
        end_pool(pool);
}

static void nothing_is_taken_after_close(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = do_nothing};
        struct mproc_map map = {.function = do_nothing, .count = 1, .chunk = 1};
        struct mproc_result *before = submit(pool, do_nothing, NULL, 0), *result;
        struct mproc_stream *stream;
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_close(pool, NULL), 0);
        assert_int_equal(mproc_pool_close(pool, NULL), 0);
        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, &err), -ESHUTDOWN);
        assert_non_null(strstr(err.text, "closed"));
        assert_int_equal(mproc_pool_apply(pool, &call, NULL, NULL, NULL), -ESHUTDOWN);
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), -ESHUTDOWN);
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), -ESHUTDOWN);
        assert_int_equal(mproc_pool_imap(pool, &stream, &map, 1, true, NULL), -ESHUTDOWN);
        assert_int_equal(mproc_pool_get(pool, before, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        mproc_pool_release(pool, before);
        end_pool(pool);
}

static void join_before_close_is_refused(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, &err), -EBUSY);
        assert_non_null(strstr(err.text, "close"));
        end_pool(pool);
}

static void what_the_arena_cannot_hold_is_refused(const char *method)
{
        static char bytes[20000];
        struct mproc_pool *pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 1, .arena_bytes = 16384});
        struct mproc_call call = {.function = do_nothing, .arg = bytes, .arg_size = sizeof(bytes)};
        struct mproc_map map = {.function = do_nothing,
                                .args = bytes,
                                .arg_size = sizeof(bytes),
                                .count = 1,
                                .chunk = 1};
        struct mproc_result *held;
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, &err), -E2BIG);
        assert_non_null(strstr(err.text, "20000"));
        assert_int_equal(mproc_pool_map(pool, &map, NULL, &err), -E2BIG);
        /* Fits, but a result that nobody frees holds it. */
        call = (struct mproc_call){.function = do_nothing, .result_size = 16000};
        assert_int_equal(mproc_pool_apply_async(pool, &held, &call, NULL), 0);
        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, &err), -ENOBUFS);
        mproc_pool_release(pool, held);
        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, NULL), 0);
        end_pool(pool);
}

static void a_handle_of_another_pool_is_refused(const char *method)
{
        struct mproc_pool *pool = small_pool(method), *other = small_pool(method);
        struct mproc_result *result = submit(pool, do_nothing, NULL, 0);

        assert_int_equal(mproc_pool_get(other, result, NULL, 0, MPROC_FOREVER, NULL, NULL), -EXDEV);
        assert_int_equal(mproc_pool_wait(other, result, 0, NULL), -EXDEV);
        assert_int_equal(mproc_pool_ready(other, result, NULL), -EXDEV);
        assert_int_equal(mproc_pool_successful(other, result, NULL), -EXDEV);
        assert_int_equal(mproc_pool_cancel(other, result, NULL), -EXDEV);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        mproc_pool_release(pool, result);
        end_pool(pool);
        end_pool(other);
}

static void a_function_that_cannot_cross_is_refused(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        int (*nowhere)(struct mproc_task *) = (int (*)(struct mproc_task *))(void *)pool;
        struct mproc_call call = {.function = nowhere};
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, &err), -ENOTSUP);
        assert_non_null(strstr(err.text, "function"));
        call.function = NULL;
        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, NULL), -EINVAL);
        end_pool(pool);
}

static int claim_too_much(struct mproc_task *task)
{
        task->result_size++;
        return 0;
}

static int claim_less(struct mproc_task *task)
{
        *(char *)task->result = 'x';
        task->result_size = 1;
        return 0;
}

static void a_result_of_a_wrong_size_fails_its_task(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = claim_too_much, .result_size = 8};
        struct mproc_map map = {.function = claim_less, .result_size = 8, .count = 3, .chunk = 1};
        struct mproc_failure failure = {0};
        struct mproc_result *result;
        char bytes[24] = "";

        assert_int_equal(mproc_pool_apply(pool, &call, bytes, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EMSGSIZE);
        map.results = bytes;
        assert_int_equal(mproc_pool_map(pool, &map, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EMSGSIZE);
        assert_int_equal(failure.count, 3);
        call.function = claim_less; /* of a single task, less is fine */
        assert_int_equal(mproc_pool_apply_async(pool, &result, &call, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, result, bytes, 1, MPROC_FOREVER, NULL, NULL), 0);
        assert_int_equal(bytes[0], 'x');
        assert_int_equal(mproc_pool_get(pool, result, bytes, 0, MPROC_FOREVER, NULL, NULL),
                         -EMSGSIZE);
        mproc_pool_release(pool, result);
        end_pool(pool);
}

static int use_own_pool(struct mproc_task *task)
{
        struct mproc_pool *pool = *(struct mproc_pool *const *)task->arg;
        struct mproc_call call = {.function = do_nothing};

        return mproc_pool_apply(pool, &call, NULL, NULL, NULL);
}

static void a_worker_cannot_wait_for_its_own_pool(const char *unused)
{
        struct mproc_pool *pool = small_pool("thread");
        struct mproc_call call = {.function = use_own_pool, .arg = &pool, .arg_size = 8};
        struct mproc_failure failure = {0};

        (void)unused;
        assert_int_equal(mproc_pool_apply(pool, &call, NULL, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EDEADLK);
        end_pool(pool);
}

static void a_forked_process_cannot_use_it(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = do_nothing};
        int status;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (!pid) {
                bool fine = mproc_pool_apply(pool, &call, NULL, NULL, NULL) == -ECHILD &&
                            mproc_pool_join(pool, 0, NULL) == -ECHILD;

                mproc_pool_free(pool);
                _exit(fine ? 0 : 1);
        }
        waitpid(pid, &status, 0);
        assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
        assert_int_equal(square_of(pool, 9), 81);
        end_pool(pool);
}

/* How many descriptors a process has that is forked now. */
static int fds_of_a_fork(void)
{
        int status;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (!pid)
                _exit((int)count_fds());
        waitpid(pid, &status, 0);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void a_fork_has_no_descriptor_of_the_pool(const char *method)
{
        struct mproc_pool_options options = {.start = method, .workers = 1};
        struct mproc_pool *small, *large;
        int with_small, before = fds_of_a_fork();

        /* Of the second one too: its workers know nothing of it. */
        small = new_pool(&options);
        with_small = fds_of_a_fork();
        options.workers = 3;
        large = new_pool(&options);
        /* Each has one segment of shared memory, which a fork may map. */
        assert_int_equal(with_small - before, fds_of_a_fork() - with_small);
        assert_in_range(with_small - before, 0, 1);
        end_pool(large);
        end_pool(small);
}

static int count_own_fds(struct mproc_task *task)
{
        *(uint64_t *)task->result = count_fds();
        return 0;
}

static uint64_t fds_of_a_worker(struct mproc_pool *pool)
{
        struct mproc_call call = {.function = count_own_fds, .result_size = 8};
        uint64_t count = 0;

        assert_int_equal(mproc_pool_apply(pool, &call, &count, NULL, NULL), 0);
        return count;
}

static void a_worker_has_no_descriptor_of_another_pool(const char *method)
{
        struct mproc_pool *first = small_pool(method), *second = small_pool(method);

        /* Save the other's shared memory. */
        assert_in_range(fds_of_a_worker(second), 0, fds_of_a_worker(first) + 1);
        end_pool(first);
        end_pool(second);
}

static void options_that_cannot_be_are_refused(const char *unused)
{
        struct mproc_pool *pool = NULL;
        struct mproc_err err = {0};

        (void)unused;
        assert_int_equal(
                mproc_pool_new(&pool, &(struct mproc_pool_options){.start = "magic"}, &err),
                -EINVAL);
        assert_int_equal(
                mproc_pool_new(&pool, &(struct mproc_pool_options){.start = "serial"}, &err),
                -ENOTSUP);
        assert_int_equal(
                mproc_pool_new(&pool, &(struct mproc_pool_options){.transport = "pigeon"}, &err),
                -EPROTONOSUPPORT);
        assert_non_null(strstr(err.text, "pigeon"));
        assert_int_equal(
                mproc_pool_new(&pool,
                               &(struct mproc_pool_options){.start = "thread", .task_limit_ns = 5},
                               &err),
                -ENOTSUP);
        assert_int_equal(
                mproc_pool_new(&pool,
                               &(struct mproc_pool_options){.start = "thread", .workers = 257},
                               &err),
                -EINVAL);
        assert_null(pool);
        mproc_pool_free(NULL);
}

static int wait_long(struct mproc_task *task)
{
        (void)task;
        pause();
        return 0;
}

static void terminate_fails_what_is_not_over(const char *method)
{
        enum { COUNT = 30 };
        struct mproc_pool *pool = small_pool(method);
        struct mproc_result *results[COUNT], *all;
        struct mproc_map map = {.function = wait_long, .count = 1000, .chunk = 3};
        struct mproc_call call = {.function = do_nothing};
        struct mproc_failure failure;

        for (int i = 0; i < COUNT; i++)
                results[i] = submit(pool, wait_long, NULL, 0);
        assert_int_equal(mproc_pool_map_async(pool, &all, &map, NULL), 0);
        assert_int_equal(mproc_pool_terminate(pool, NULL), 0);
        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, NULL), -ESHUTDOWN);
        for (int i = 0; i < COUNT; i++) {
                assert_int_equal(
                        mproc_pool_get(pool, results[i], NULL, 0, MPROC_FOREVER, &failure, NULL),
                        -EREMOTEIO);
                assert_int_equal(failure.err.code, -ECANCELED);
                mproc_pool_release(pool, results[i]);
        }
        assert_int_equal(mproc_pool_get(pool, all, NULL, 0, MPROC_FOREVER, &failure, NULL),
                         -EREMOTEIO);
        assert_int_equal(failure.err.code, -ECANCELED);
        assert_int_equal(failure.count, 1000);
        mproc_pool_release(pool, all);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        mproc_pool_free(pool);
}

static void free_without_join_leaves_nothing(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_result *result = submit(pool, wait_long, NULL, 0);

        mproc_pool_release(pool, result);
        mproc_pool_free(pool);
}

static bool leave_at_once(const char *method)
{
        struct mproc_pool_options options = {
                .start = method, .transport = pool_transport, .workers = 3};
        struct mproc_call call = {.function = wait_long};
        struct mproc_pool *pool;

        CHECK(!mproc_pool_new(&pool, &options, NULL));
        CHECK(!mproc_pool_apply_async(pool, NULL, &call, NULL));
        return true;
}

/* The scene's process is a subreaper: run_scene returns once all that it started is gone. */
static void workers_end_with_a_program_that_just_leaves(const char *method)
{
        assert_true(run_scene(leave_at_once, method));
}

static void join_ends_after_all_that_was_submitted(const char *method)
{
        enum { COUNT = 2000 };
        static uint64_t results[COUNT];
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = square,
                                .args = (uint64_t[COUNT]){[1] = 3},
                                .arg_size = 8,
                                .results = results,
                                .result_size = 8,
                                .count = COUNT,
                                .chunk = 1};
        struct mproc_result *result;

        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        assert_int_equal(mproc_pool_close(pool, NULL), 0);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        assert_int_equal(results[1], 9);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, 0, NULL, NULL), 0);
        mproc_pool_release(pool, result);
        mproc_pool_free(pool);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(chunk_0_is_refused, UNDER_CONCURRENT),
                PROMISE(nothing_is_taken_after_close, UNDER_CONCURRENT),
                PROMISE(join_before_close_is_refused, UNDER_CONCURRENT),
                PROMISE(what_the_arena_cannot_hold_is_refused, UNDER_CONCURRENT),
                PROMISE(a_handle_of_another_pool_is_refused, UNDER_CONCURRENT),
                PROMISE(a_function_that_cannot_cross_is_refused, UNDER_CONCURRENT),
                PROMISE(a_result_of_a_wrong_size_fails_its_task, UNDER_CONCURRENT),
                PROMISE(a_worker_cannot_wait_for_its_own_pool, UNDER_NONE),
                PROMISE(a_forked_process_cannot_use_it, UNDER_OWN_PROCESS),
                PROMISE(a_fork_has_no_descriptor_of_the_pool, UNDER_OWN_PROCESS),
                PROMISE(a_worker_has_no_descriptor_of_another_pool, UNDER_OWN_PROCESS),
                PROMISE(options_that_cannot_be_are_refused, UNDER_NONE),
                PROMISE(terminate_fails_what_is_not_over, UNDER_OWN_PROCESS),
                PROMISE(free_without_join_leaves_nothing, UNDER_OWN_PROCESS),
                PROMISE(workers_end_with_a_program_that_just_leaves, UNDER_OWN_PROCESS),
                PROMISE(join_ends_after_all_that_was_submitted, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
