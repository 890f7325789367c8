/* Maps and single tasks side by side: none waits until another is over. */
#include "contract/pool_rig.h"

#include <sched.h>

/* More than two workers get through in a test's time while the word is 0. */
#define ITEMS 60000

static int nap_until_word(struct mproc_task *task)
{
        if (!atomic_load(*(_Atomic uint32_t *const *)task->arg))
                usleep(1000);
        return 0;
}

static int set_word(struct mproc_task *task)
{
        atomic_store(*(_Atomic uint32_t *const *)task->arg, 1);
        return 0;
}

struct scene {
        struct mproc_shm *shm;
        struct mproc_pool *pool;
        _Atomic uint32_t *word;
        struct mproc_result *map;
};

static struct mproc_result *begin_map(struct scene *scene, int (*function)(struct mproc_task *),
                                      size_t count)
{
        static _Atomic uint32_t *args[ITEMS];
        struct mproc_map map = {.function = function,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = count,
                                .chunk = 1};
        struct mproc_result *result = NULL;

        for (size_t i = 0; i < count; i++)
                args[i] = scene->word;
        assert_int_equal(mproc_pool_map_async(scene->pool, &result, &map, NULL), 0);
        return result;
}

static struct scene open_scene(const char *method)
{
        struct scene scene;

        scene.word = new_word(&scene.shm);
        scene.pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 2});
        square_of(scene.pool, 1);
        scene.map = begin_map(&scene, nap_until_word, ITEMS);
        return scene;
}

static void finish(struct scene *scene, struct mproc_result *result)
{
        assert_int_equal(mproc_pool_get(scene->pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL),
                         0);
        mproc_pool_release(scene->pool, result);
}

static void close_scene(struct scene *scene)
{
        finish(scene, scene->map);
        end_pool(scene->pool);
        mproc_shm_free(scene->shm);
}

static void a_single_task_does_not_wait_for_a_map(const char *method)
{
        struct scene scene = open_scene(method);

        finish(&scene, submit(scene.pool, set_word, &scene.word, sizeof(scene.word)));
        close_scene(&scene);
}

static void a_map_does_not_wait_for_another(const char *method)
{
        struct scene scene = open_scene(method);

        finish(&scene, begin_map(&scene, set_word, 1));
        close_scene(&scene);
}

/* Nor is it over only when a task between two of its chunks is. */
static void a_map_ends_while_a_single_task_runs(const char *method)
{
        struct scene scene = open_scene(method);
        _Atomic uint32_t *other = scene.word + 1;
        struct mproc_result *single = submit(scene.pool, wait_for_word, &other, sizeof(other));

        finish(&scene, submit(scene.pool, set_word, &scene.word, sizeof(scene.word)));
        finish(&scene, scene.map);
        assert_int_equal(mproc_pool_ready(scene.pool, single, NULL), 0);
        atomic_store(other, 1);
        finish(&scene, single);
        scene.map = begin_map(&scene, set_word, 1);
        close_scene(&scene);
}

/* Waits until there are as many of its kind as its argument says. */
struct meeting {
        _Atomic uint32_t *here;
        uint32_t wanted;
};

static int meet(struct mproc_task *task)
{
        const struct meeting *meeting = task->arg;

        atomic_fetch_add(meeting->here, 1);
        while (atomic_load(meeting->here) < meeting->wanted)
                sched_yield();
        return 0;
}

/* No worker sleeps while a task waits. */
static void tasks_that_wait_for_each_other_meet(const char *method)
{
        enum { ROUNDS = 1000, WORKERS = 3 };
        struct mproc_result *results[WORKERS];
        struct mproc_pool *pool;
        struct meeting meeting;
        struct mproc_shm *shm;

        assert_int_equal(mproc_shm_new(&shm, 64, NULL), 0);
        meeting.here = mproc_shm_addr(shm);
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = WORKERS});
        for (uint32_t round = 1; round <= ROUNDS; round++) {
                meeting.wanted = round * WORKERS;
                for (int i = 0; i < WORKERS; i++)
                        results[i] = submit(pool, meet, &meeting, sizeof(meeting));
                for (int i = 0; i < WORKERS; i++) {
                        assert_int_equal(mproc_pool_get(pool, results[i], NULL, 0, MPROC_FOREVER,
                                                        NULL, NULL),
                                         0);
                        mproc_pool_release(pool, results[i]);
                }
        }
        end_pool(pool);
        mproc_shm_free(shm);
}

/* Counts in the second word, waits for the first. */
static int count_and_wait(struct mproc_task *task)
{
        atomic_fetch_add(*(_Atomic uint32_t *const *)task->arg + 1, 1);
        return wait_for_word(task);
}

static void cancelling_a_map_leaves_what_has_begun(const char *method)
{
        enum { COUNT = 1000 };
        static _Atomic uint32_t *args[COUNT];
        static int32_t codes[COUNT];
        struct mproc_failure failure = {0};
        struct mproc_map map = {.function = count_and_wait,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = COUNT,
                                .chunk = 1,
                                .codes = codes};
        struct mproc_result *result;
        struct mproc_pool *pool;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;
        size_t run = 0;

        word = new_word(&shm);
        for (size_t i = 0; i < COUNT; i++)
                args[i] = word;
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 2});
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        while (atomic_load(word + 1) < 2)
                usleep(200);
        assert_int_equal(mproc_pool_cancel(pool, result, NULL), 0);
        assert_int_equal(mproc_pool_wait(pool, result, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_pool_cancel(pool, result, NULL), 0);
        atomic_store(word, 1);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, &failure, NULL),
                         -EREMOTEIO);
        assert_int_equal(failure.err.code, -ECANCELED);
        for (size_t i = 0; i < COUNT; i++) {
                run += !codes[i];
                assert_true(!codes[i] || codes[i] == -ECANCELED);
        }
        assert_int_equal(run, 2);
        assert_int_equal(atomic_load(word + 1), 2);
        assert_int_equal(failure.count, COUNT - 2);
        assert_int_equal(mproc_pool_cancel(pool, result, NULL), -EALREADY);
        mproc_pool_release(pool, result);
        assert_int_equal(square_of(pool, 4), 16);
        end_pool(pool);
        mproc_shm_free(shm);
}

/* A process is ended within its item, a thread after it. */
static void what_a_chunk_has_left_does_not_begin_after_terminate(const char *method)
{
        enum { COUNT = 1000 };
        static _Atomic uint32_t *args[COUNT];
        static int32_t codes[COUNT];
        struct mproc_map map = {.function = count_and_wait,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = COUNT,
                                .chunk = COUNT,
                                .codes = codes};
        struct mproc_result *result;
        struct mproc_pool *pool;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        word = new_word(&shm);
        for (size_t i = 0; i < COUNT; i++)
                args[i] = word;
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 1});
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        while (!atomic_load(word + 1))
                usleep(200);
        assert_int_equal(mproc_pool_terminate(pool, NULL), 0);
        atomic_store(word, 1);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_pool_wait(pool, result, 0, NULL), 0);
        assert_int_equal(atomic_load(word + 1), 1);
        assert_int_equal(codes[0], strcmp(method, "thread") ? -ECANCELED : 0);
        for (size_t i = 1; i < COUNT; i++)
                assert_int_equal(codes[i], -ECANCELED);
        mproc_pool_release(pool, result);
        mproc_pool_free(pool);
        mproc_shm_free(shm);
}

/* The first item waits until another worker is at the map, too. */
static int meet_another(struct mproc_task *task)
{
        _Atomic uint32_t *here = *(_Atomic uint32_t *const *)task->arg;

        atomic_fetch_or(here, 1u << task->worker);
        while (!task->index && __builtin_popcount(atomic_load(here)) < 2)
                usleep(200);
        return 0;
}

static void a_piece_of_a_large_map_is_shared_out(const char *method)
{
        enum { COUNT = 20000 };
        static _Atomic uint32_t *args[COUNT];
        struct mproc_map map = {.function = meet_another,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = COUNT,
                                .chunk = MPROC_CHUNK_CPYTHON};
        struct mproc_pool *pool;
        struct mproc_shm *shm;

        assert_int_equal(mproc_shm_new(&shm, 64, NULL), 0);
        for (size_t i = 0; i < COUNT; i++)
                args[i] = mproc_shm_addr(shm);
        pool = new_pool(&(struct mproc_pool_options){
                .start = method, .workers = 2, .arena_bytes = sizeof(args) / 10});
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        end_pool(pool);
        mproc_shm_free(shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_single_task_does_not_wait_for_a_map, UNDER_CONCURRENT),
                PROMISE(a_map_does_not_wait_for_another, UNDER_CONCURRENT),
                PROMISE(a_map_ends_while_a_single_task_runs, UNDER_CONCURRENT),
                PROMISE(tasks_that_wait_for_each_other_meet, UNDER_CONCURRENT),
                PROMISE(cancelling_a_map_leaves_what_has_begun, UNDER_CONCURRENT),
                PROMISE(what_a_chunk_has_left_does_not_begin_after_terminate, UNDER_CONCURRENT),
                PROMISE(a_piece_of_a_large_map_is_shared_out, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
