/* A pool whose workers are killed: their task fails with the cause, and nothing else happens. */
#include "contract/pool_rig.h"

#include <pthread.h>

static void a_killed_worker_fails_its_task_and_the_pool_goes_on(const char *method)
{
        static const struct {
                int sig;
                const char *name;
        } deaths[] = {{SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}};
        struct mproc_pool *pool = small_pool(method);

        for (size_t i = 0; i < 3; i++) {
                struct mproc_call call = {
                        .function = die_by, .arg = &deaths[i].sig, .arg_size = sizeof(int)};
                struct mproc_failure failure = {0};
                struct mproc_err err = {0};

                assert_int_equal(mproc_pool_apply(pool, &call, NULL, &failure, &err), -EREMOTEIO);
                assert_int_equal(failure.err.code, -EOWNERDEAD);
                assert_non_null(strstr(failure.err.text, deaths[i].name));
                assert_in_range(failure.worker, 0, 2);
                assert_true(failure.pid > 0);
                assert_int_equal(square_of(pool, i), i * i);
        }
        end_pool(pool);
}

static int leave(struct mproc_task *task)
{
        (void)task;
        _exit(9); /* exit would run the test program's own last checks */
}

static void a_task_that_exits_fails_with_the_status(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_failure failure = {0};
        struct mproc_call call = {.function = leave};

        assert_int_equal(mproc_pool_apply(pool, &call, NULL, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EOWNERDEAD);
        assert_non_null(strstr(failure.err.text, "left with status 9"));
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

static int leave_thread(struct mproc_task *task)
{
        (void)task;
        pthread_exit(NULL);
}

static void a_worker_thread_that_leaves_is_replaced(const char *unused)
{
        struct mproc_pool *pool = small_pool("thread");
        struct mproc_failure failure = {0};
        struct mproc_call call = {.function = leave_thread};

        (void)unused;
        assert_int_equal(mproc_pool_apply(pool, &call, NULL, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EOWNERDEAD);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

static void only_the_item_that_killed_fails(const char *method)
{
        enum { COUNT = 600 };
        static int args[COUNT];
        static uint64_t results[COUNT];
        static int32_t codes[COUNT];
        static const uint32_t chunks[] = {1, 50, MPROC_CHUNK_GUIDED};
        struct mproc_pool *pool = small_pool(method);

        for (int i = 0; i < COUNT; i++)
                args[i] = i % 100 == 37 ? SIGKILL : 0;
        for (size_t c = 0; c < 3; c++) {
                struct mproc_map map = {.function = die_by,
                                        .args = args,
                                        .arg_size = sizeof(int),
                                        .results = results,
                                        .result_size = 8,
                                        .count = COUNT,
                                        .chunk = chunks[c],
                                        .codes = codes};
                struct mproc_failure failure = {0};

                assert_int_equal(mproc_pool_map(pool, &map, &failure, NULL), -EREMOTEIO);
                assert_int_equal(failure.count, COUNT / 100);
                assert_int_equal(failure.index % 100, 37);
                assert_non_null(strstr(failure.err.text, "SIGKILL"));
                for (int i = 0; i < COUNT; i++) {
                        assert_int_equal(codes[i], args[i] ? -EOWNERDEAD : 0);
                        if (!args[i])
                                assert_int_equal(results[i], 49);
                }
        }
        end_pool(pool);
}

/* Dies the first times, as often as its argument says; counts in shared memory. */
struct fragile {
        _Atomic uint32_t *count;
        uint32_t deaths;
};

static int die_at_first(struct mproc_task *task)
{
        const struct fragile *fragile = task->arg;

        if (atomic_fetch_add(fragile->count, 1) < fragile->deaths)
                raise(SIGKILL);
        return 0;
}

static void a_task_is_retried_up_to_the_limit(const char *method)
{
        struct fragile fragile;
        struct mproc_call call = {
                .function = die_at_first, .arg = &fragile, .arg_size = sizeof(fragile)};
        struct mproc_map map = {.function = die_at_first,
                                .args = &fragile,
                                .arg_size = sizeof(fragile),
                                .count = 1,
                                .chunk = 1};
        struct mproc_pool *pool;
        struct mproc_shm *shm;

        assert_int_equal(mproc_shm_new(&shm, 64, NULL), 0);
        fragile.count = mproc_shm_addr(shm);
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 2, .retries = 2});
        for (fragile.deaths = 1; fragile.deaths <= 3; fragile.deaths++) {
                int expected = fragile.deaths <= 2 ? 0 : -EREMOTEIO;

                atomic_store(fragile.count, 0);
                assert_int_equal(mproc_pool_apply(pool, &call, NULL, NULL, NULL), expected);
                assert_int_equal(atomic_load(fragile.count), expected ? 3 : fragile.deaths + 1);
                atomic_store(fragile.count, 0);
                assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), expected);
                assert_int_equal(atomic_load(fragile.count), expected ? 3 : fragile.deaths + 1);
        }
        end_pool(pool);
        mproc_shm_free(shm);
}

static int hang(struct mproc_task *task)
{
        for (; task->arg_size;)
                pause();
        return 0;
}

static void a_task_beyond_its_limit_is_ended(const char *method)
{
        struct mproc_pool *pool = new_pool(&(struct mproc_pool_options){
                .start = method, .workers = 2, .task_limit_ns = SECOND_NS / 5});
        struct mproc_call call = {.function = hang, .arg = "", .arg_size = 1};
        struct mproc_map map = {
                .function = hang, .args = "", .arg_size = 1, .count = 1, .chunk = 1};
        struct mproc_failure failure = {0};

        assert_int_equal(mproc_pool_apply(pool, &call, NULL, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -ETIME);
        assert_int_equal(mproc_pool_map(pool, &map, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -ETIME);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

static void idle_workers_that_are_killed_are_replaced(const char *method)
{
        struct mproc_pool *pool = small_pool(method);

        square_of(pool, 1);
        for (int round = 0; round < 5; round++) {
                for (size_t i = 0; i < 3; i++) {
                        pid_t pid = mproc_pool_worker_pid(pool, i);

                        if (pid)
                                kill(pid, SIGKILL);
                }
                assert_int_equal(square_of(pool, 5), 25);
        }
        end_pool(pool);
}

/* Its workers die with it, some perhaps over a task; others come up under the next one. */
static void a_killed_fork_server_is_no_end(const char *unused)
{
        struct mproc_pool *pool = small_pool("forkserver");
        struct mproc_call call = {.function = do_nothing};

        (void)unused;
        for (int round = 0; round < 5; round++) {
                uint64_t replaced = mproc_pool_replaced(pool);
                pid_t server = server_pid();
                int r;

                assert_true(server > 0);
                kill(server, SIGKILL);
                do
                        r = mproc_pool_apply(pool, &call, NULL, NULL, NULL);
                while (r == -EREMOTEIO || mproc_pool_replaced(pool) < replaced + 3);
                assert_int_equal(r, 0);
        }
        end_pool(pool);
}

static int refuse(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return 5;
}

static int die_at_once(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        raise(SIGKILL);
        return 0;
}

static void expect_broken(const struct mproc_pool_options *options, const char *cause)
{
        struct mproc_pool *pool = new_pool(options);
        struct mproc_call call = {.function = do_nothing};
        struct mproc_result *result = NULL;
        struct mproc_failure failure = {0};
        struct mproc_err err = {0};
        int r = mproc_pool_apply_async(pool, &result, &call, &err);

        if (!r) {
                assert_int_equal(
                        mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, &failure, NULL),
                        -EREMOTEIO);
                assert_int_equal(failure.err.code, -ENOTRECOVERABLE);
                mproc_pool_release(pool, result);
        }
        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, &err), -ENOTRECOVERABLE);
        assert_non_null(strstr(err.text, cause));
        end_pool(pool);
}

static int close_all(void *arg, size_t arg_size)
{
        (void)arg;
        (void)arg_size;
        closefrom(STDERR_FILENO + 1);
        return 0;
}

/* The ring needs no descriptor. */
static void workers_that_no_task_can_reach_break_the_pool(const char *method)
{
        struct mproc_pool_options options = {
                .start = method, .workers = 2, .initialiser = close_all};
        struct mproc_pool *pool;

        if (!strcmp(pool_transport, "pipe")) {
                expect_broken(&options, "descriptors");
                return;
        }
        pool = new_pool(&options);
        assert_int_equal(square_of(pool, 5), 25);
        end_pool(pool);
}

static void workers_that_never_come_up_break_the_pool(const char *method)
{
        struct mproc_pool_options options = {.start = method, .workers = 2, .initialiser = refuse};

        expect_broken(&options, "initialiser returned 5");
        if (!strcmp(method, "thread"))
                return;
        options.initialiser = die_at_once;
        expect_broken(&options, "signal 9");
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_killed_worker_fails_its_task_and_the_pool_goes_on, UNDER_OWN_PROCESS),
                PROMISE(a_task_that_exits_fails_with_the_status, UNDER_OWN_PROCESS),
                PROMISE(a_worker_thread_that_leaves_is_replaced, UNDER_NONE),
                PROMISE(only_the_item_that_killed_fails, UNDER_OWN_PROCESS),
                PROMISE(a_task_is_retried_up_to_the_limit, UNDER_OWN_PROCESS),
                PROMISE(a_task_beyond_its_limit_is_ended, UNDER_OWN_PROCESS),
                PROMISE(idle_workers_that_are_killed_are_replaced, UNDER_OWN_PROCESS),
                PROMISE(a_killed_fork_server_is_no_end, UNDER_ONCE_EXEC),
                PROMISE(workers_that_never_come_up_break_the_pool, UNDER_CONCURRENT),
                PROMISE(workers_that_no_task_can_reach_break_the_pool, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
