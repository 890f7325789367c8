/* A pool whose workers are killed: their task fails with the cause, and nothing else happens. */
#include "contract/pool_rig.h"

#include <pthread.h>
#include <time.h>

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

static void workers_that_never_come_up_break_the_pool(const char *method)
{
        struct mproc_pool_options options = {.start = method, .workers = 2, .initialiser = refuse};

        expect_broken(&options, "initialiser returned 5");
        if (!strcmp(method, "thread"))
                return;
        options.initialiser = die_at_once;
        expect_broken(&options, "signal 9");
}

/* Random kills ------------------------------------------------------------------------------- */

struct killer {
        struct mproc_pool *pool;
        unsigned seed;
        _Atomic bool stop;
        unsigned kills;
};

static void *kill_at_random(void *argument)
{
        struct killer *killer = argument;

        while (!atomic_load(&killer->stop)) {
                struct timespec nap = {.tv_nsec = rand_r(&killer->seed) % 2500000};
                pid_t pid;

                nanosleep(&nap, NULL);
                pid = mproc_pool_worker_pid(killer->pool, (size_t)rand_r(&killer->seed) % 3);
                if (pid && !kill(pid, SIGKILL))
                        killer->kills++;
        }
        return NULL;
}

/* Counts how often it was begun and ended. */
struct counted {
        _Atomic uint32_t begun, ended;
};

static int count_run(struct mproc_task *task)
{
        struct counted *counted = *(struct counted *const *)task->arg;

        atomic_fetch_add(&counted->begun, 1);
        for (volatile int i = 0; i < 300; i++)
                ;
        *(uint64_t *)task->result = (uint64_t)(uintptr_t)counted;
        atomic_fetch_add(&counted->ended, 1);
        return 0;
}

static unsigned random_seed(void)
{
        const char *given = getenv("MPROC_SEED");
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return given ? (unsigned)atoi(given) : (unsigned)now.tv_nsec;
}

enum { KILL_ITEMS = 20000, KILL_ROUNDS = 40 };

struct kill_scene {
        struct killer killer;
        pthread_t thread;
        struct mproc_shm *shm;
        struct counted *counted;
        struct counted **args;
        uint64_t *results;
        int32_t *codes;
};

static void open_scene(struct kill_scene *scene, const char *method)
{
        *scene = (struct kill_scene){.killer.seed = random_seed()};
        print_message("%s: MPROC_SEED=%u\n", method, scene->killer.seed);
        assert_int_equal(mproc_shm_new(&scene->shm, KILL_ITEMS * sizeof(struct counted), NULL), 0);
        scene->counted = mproc_shm_addr(scene->shm);
        scene->args = calloc(KILL_ITEMS, sizeof(*scene->args));
        scene->results = calloc(KILL_ITEMS, sizeof(*scene->results));
        scene->codes = calloc(KILL_ITEMS, sizeof(*scene->codes));
        for (size_t i = 0; i < KILL_ITEMS; i++)
                scene->args[i] = &scene->counted[i];
        scene->killer.pool = small_pool(method);
        square_of(scene->killer.pool, 1);
        assert_int_equal(pthread_create(&scene->thread, NULL, kill_at_random, &scene->killer), 0);
}

static void close_scene(struct kill_scene *scene)
{
        atomic_store(&scene->killer.stop, true);
        pthread_join(scene->thread, NULL);
        print_message("%u kills, %u workers replaced\n", scene->killer.kills,
                      (unsigned)mproc_pool_replaced(scene->killer.pool));
        end_pool(scene->killer.pool);
        free(scene->args);
        free(scene->results);
        free(scene->codes);
        mproc_shm_free(scene->shm);
}

/* Begun once at most; what succeeded ended and has its result, what failed says of what. */
static size_t expect_once_each(struct kill_scene *scene, size_t count)
{
        size_t failed = 0;

        for (size_t i = 0; i < count; i++) {
                uint32_t begun = atomic_load(&scene->counted[i].begun);
                uint32_t ended = atomic_load(&scene->counted[i].ended);

                if (scene->codes[i]) {
                        assert_int_equal(scene->codes[i], -EOWNERDEAD);
                        assert_in_range(begun, 0, 1);
                        failed++;
                } else {
                        assert_int_equal(begun, 1);
                        assert_int_equal(ended, 1);
                        assert_int_equal(scene->results[i], (uintptr_t)&scene->counted[i]);
                }
        }
        return failed;
}

static void random_kills_lose_and_double_no_item(const char *method)
{
        static const uint32_t chunks[] = {1, 16, 3000, MPROC_CHUNK_GUIDED};
        struct kill_scene scene;

        open_scene(&scene, method);
        for (int round = 0; round < KILL_ROUNDS; round++) {
                struct mproc_map map = {.function = count_run,
                                        .args = scene.args,
                                        .arg_size = sizeof(*scene.args),
                                        .results = scene.results,
                                        .result_size = 8,
                                        .count = KILL_ITEMS,
                                        .chunk = chunks[round % 4],
                                        .codes = scene.codes};
                struct mproc_failure failure = {0};
                size_t failed;
                int r;

                memset(scene.counted, 0, KILL_ITEMS * sizeof(*scene.counted));
                r = mproc_pool_map(scene.killer.pool, &map, &failure, NULL);
                failed = expect_once_each(&scene, KILL_ITEMS);
                assert_int_equal(r, failed ? -EREMOTEIO : 0);
                assert_int_equal(failure.count, failed);
                if (failed)
                        assert_non_null(strstr(failure.err.text, "SIGKILL"));
        }
        close_scene(&scene);
}

static void random_kills_lose_and_double_no_task(const char *method)
{
        enum { TASKS = 5000 };
        static struct mproc_result *results[TASKS];
        struct kill_scene scene;

        open_scene(&scene, method);
        for (int round = 0; round < KILL_ROUNDS / 2; round++) {
                struct mproc_pool *pool = scene.killer.pool;

                memset(scene.counted, 0, KILL_ITEMS * sizeof(*scene.counted));
                for (size_t i = 0; i < TASKS; i++) {
                        struct mproc_call call = {.function = count_run,
                                                  .arg = &scene.args[i],
                                                  .arg_size = 8,
                                                  .result_size = 8};

                        assert_int_equal(mproc_pool_apply_async(pool, &results[i], &call, NULL), 0);
                }
                for (size_t i = 0; i < TASKS; i++) {
                        struct mproc_failure failure = {0};
                        int r = mproc_pool_get(pool, results[i], &scene.results[i], 8,
                                               MPROC_FOREVER, &failure, NULL);

                        assert_int_equal(r, failure.err.code ? -EREMOTEIO : 0);
                        scene.codes[i] = failure.err.code;
                        mproc_pool_release(pool, results[i]);
                }
                expect_once_each(&scene, TASKS);
        }
        close_scene(&scene);
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
                PROMISE(workers_that_never_come_up_break_the_pool, UNDER_CONCURRENT),
                PROMISE(random_kills_lose_and_double_no_item, UNDER_OWN_PROCESS),
                PROMISE(random_kills_lose_and_double_no_task, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
