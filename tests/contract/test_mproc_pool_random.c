/* Workers killed at random instants: nothing is lost, nothing happens twice. MPROC_SEED repeats the
 * choices of a run. */
#include "base/clock.h"
#include "contract/pool_rig.h"

#include <pthread.h>
#include <time.h>

struct killer {
        struct mproc_pool *pool;
        unsigned seed;
        long nap_ns; /* between two kills, at most: some workers come to work, else the pool gives
                        up */
        _Atomic bool stop;
        unsigned kills;
};

static void *kill_at_random(void *argument)
{
        struct killer *killer = argument;

        while (!atomic_load(&killer->stop)) {
                struct timespec nap = {.tv_nsec = rand_r(&killer->seed) % killer->nap_ns};
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
        uint64_t begin_ns;
        long boot_ns;

        *scene = (struct kill_scene){.killer.seed = random_seed()};
        print_message("%s: MPROC_SEED=%u\n", method, scene->killer.seed);
        assert_int_equal(mproc_shm_new(&scene->shm, KILL_ITEMS * sizeof(struct counted), NULL), 0);
        scene->counted = mproc_shm_addr(scene->shm);
        scene->args = calloc(KILL_ITEMS, sizeof(*scene->args));
        scene->results = calloc(KILL_ITEMS, sizeof(*scene->results));
        scene->codes = calloc(KILL_ITEMS, sizeof(*scene->codes));
        for (size_t i = 0; i < KILL_ITEMS; i++)
                scene->args[i] = &scene->counted[i];
        begin_ns = clock_now_ns();
        scene->killer.pool = small_pool(method);
        square_of(scene->killer.pool, 1);
        boot_ns = (long)(clock_now_ns() - begin_ns);
        scene->killer.nap_ns = 2 * boot_ns > 2500000 ? 2 * boot_ns : 2500000;
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

/* More at a time than a pipe takes. */
static void random_kills_mix_up_no_map_with_a_task(const char *method)
{
        enum { ITEMS = 4000, TASKS = 900 };
        static struct mproc_result *results[TASKS];
        struct mproc_result *map_result;
        struct kill_scene scene;

        open_scene(&scene, method);
        for (int round = 0; round < KILL_ROUNDS / 2; round++) {
                struct mproc_pool *pool = scene.killer.pool;
                struct mproc_map map = {.function = count_run,
                                        .args = scene.args,
                                        .arg_size = sizeof(*scene.args),
                                        .results = scene.results,
                                        .result_size = 8,
                                        .count = ITEMS,
                                        .chunk = 1 + (uint32_t)round % 3,
                                        .codes = scene.codes};

                memset(scene.counted, 0, KILL_ITEMS * sizeof(*scene.counted));
                assert_int_equal(mproc_pool_map_async(pool, &map_result, &map, NULL), 0);
                for (size_t i = 0; i < TASKS; i++) {
                        struct mproc_call call = {.function = count_run,
                                                  .arg = &scene.args[ITEMS + i],
                                                  .arg_size = 8,
                                                  .result_size = 8};

                        assert_int_equal(mproc_pool_apply_async(pool, &results[i], &call, NULL), 0);
                }
                for (size_t i = 0; i < TASKS; i++) {
                        struct mproc_failure failure = {0};

                        mproc_pool_get(pool, results[i], &scene.results[ITEMS + i], 8,
                                       MPROC_FOREVER, &failure, NULL);
                        scene.codes[ITEMS + i] = failure.err.code;
                        mproc_pool_release(pool, results[i]);
                }
                mproc_pool_wait(pool, map_result, MPROC_FOREVER, NULL);
                mproc_pool_release(pool, map_result);
                expect_once_each(&scene, ITEMS + TASKS);
        }
        close_scene(&scene);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(random_kills_lose_and_double_no_item, UNDER_OWN_PROCESS),
                PROMISE(random_kills_lose_and_double_no_task, UNDER_OWN_PROCESS),
                PROMISE(random_kills_mix_up_no_map_with_a_task, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
