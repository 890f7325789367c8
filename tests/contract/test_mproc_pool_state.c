/* Workers that die at instants which chance rarely finds: what they would have left in shared
 * memory then is put there by hand. And pipes that are full, and numbers that are large. */
#include "contract/pool_rig.h"
#include "mproc/pool_private.h"

/* What a task needs to spoil its own pool. */
struct inside {
        struct pool_shared *shared;
        _Atomic uint32_t *begun;
};

static struct pool_slot *own_slot(const struct inside *inside, uint32_t worker)
{
        for (uint32_t i = 0; i < inside->shared->slot_count; i++) {
                uint64_t word = atomic_load(&inside->shared->slots[i].state);

                if (pool_word_state(word) == POOL_RUNNING && pool_word_worker(word) == worker)
                        return &inside->shared->slots[i];
        }
        abort();
}

/* As if the worker had died after DONE, before it could tell anybody. */
static int die_when_done(struct mproc_task *task)
{
        const struct inside *inside = task->arg;
        struct pool_slot *slot = own_slot(inside, task->worker);

        atomic_fetch_add(inside->begun, 1);
        *(uint64_t *)slot->small = 77;
        atomic_store(&slot->state, atomic_load(&slot->state) | POOL_DONE);
        raise(SIGKILL);
        return 0;
}

/* As if it had died while it noted down how the function failed, over the argument. */
static int die_when_failing(struct mproc_task *task)
{
        const struct inside *inside = task->arg;
        struct pool_slot *slot = own_slot(inside, task->worker);

        atomic_fetch_add(inside->begun, 1);
        slot->code = -EDOM;
        atomic_store(&inside->shared->texts[0].slot, (uint32_t)(slot - inside->shared->slots) + 1);
        memset(&slot->failed, 'x', sizeof(slot->failed));
        raise(SIGKILL);
        return 0;
}

struct scene {
        struct mproc_shm *shm;
        struct mproc_pool *pool;
        struct inside inside;
};

static struct scene open_scene(const char *method)
{
        struct scene scene;

        assert_int_equal(mproc_shm_new(&scene.shm, 64, NULL), 0);
        scene.pool =
                new_pool(&(struct mproc_pool_options){.start = method, .workers = 2, .retries = 3});
        scene.inside =
                (struct inside){.shared = scene.pool->shared, .begun = mproc_shm_addr(scene.shm)};
        return scene;
}

static void close_scene(struct scene *scene)
{
        end_pool(scene->pool);
        mproc_shm_free(scene->shm);
}

static void a_task_that_was_done_is_done_though_nobody_was_told(const char *method)
{
        struct scene scene = open_scene(method);
        struct mproc_call call = {.function = die_when_done,
                                  .arg = &scene.inside,
                                  .arg_size = sizeof(scene.inside),
                                  .result_size = 8};
        uint64_t result = 0;

        for (uint32_t i = 1; i <= 5; i++) {
                assert_int_equal(mproc_pool_apply(scene.pool, &call, &result, NULL, NULL), 0);
                assert_int_equal(result, 77);
                assert_int_equal(atomic_load(scene.inside.begun), i);
        }
        close_scene(&scene);
}

static void a_function_that_failed_is_not_tried_again(const char *method)
{
        struct scene scene = open_scene(method);
        struct mproc_call call = {.function = die_when_failing,
                                  .arg = &scene.inside,
                                  .arg_size = sizeof(scene.inside)};
        struct mproc_failure failure = {0};

        assert_int_equal(mproc_pool_apply(scene.pool, &call, NULL, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EDOM);
        assert_non_null(strstr(failure.err.text, "died before it could say more"));
        assert_int_equal(atomic_load(scene.inside.begun), 1);
        assert_int_equal(atomic_load(&scene.inside.shared->texts[0].slot), 0);
        close_scene(&scene);
}

/* The first item, at first: as if it had failed, and its worker died after it had found words for
 * that, before the code. The second item fails. */
static int die_with_words(struct mproc_task *task)
{
        const struct inside *inside = task->arg;
        struct pool_words *words = &inside->shared->jobs[0].words;

        if (task->index)
                return -ERANGE;
        if (atomic_fetch_add(inside->begun, 1))
                return 0;
        atomic_store(&words->taken, 1);
        words->item = 0;
        words->err = (struct mproc_err){.code = -EDOM, .text = "as it was"};
        atomic_store(&words->ready, 1);
        raise(SIGKILL);
        return 0;
}

static void an_item_that_succeeds_in_the_end_is_not_said_to_have_failed(const char *method)
{
        struct scene scene = open_scene(method);
        struct inside args[] = {scene.inside, scene.inside};
        struct mproc_map map = {.function = die_with_words,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = 2,
                                .chunk = 1};
        struct mproc_failure failure = {0};

        assert_int_equal(mproc_pool_map(scene.pool, &map, &failure, NULL), -EREMOTEIO);
        assert_int_equal(atomic_load(scene.inside.begun), 2);
        assert_int_equal(failure.count, 1);
        assert_int_equal(failure.index, 1);
        assert_int_equal(failure.err.code, -ERANGE);
        close_scene(&scene);
}

/* Takes the message of another task out of the pipe, and dies with it. */
static int swallow(struct mproc_task *task)
{
        char message[32];

        (void)task;
        if (read(mproc_self_fd(0), message, sizeof(message)) != (ssize_t)sizeof(message))
                return -EIO;
        raise(SIGKILL);
        return 0;
}

static void what_a_dead_worker_had_read_is_not_lost(const char *method)
{
        enum { COUNT = 300 };
        static uint64_t args[COUNT], squares[COUNT];
        struct mproc_map map = {.function = square,
                                .args = args,
                                .arg_size = 8,
                                .results = squares,
                                .result_size = 8,
                                .count = COUNT,
                                .chunk = 1};
        struct mproc_call call = {.function = square, .arg_size = 8, .result_size = 8};
        struct mproc_result *swallower, *others[COUNT], *all;
        struct mproc_failure failure = {0};
        struct mproc_pool *pool;

        if (strcmp(pool_transport, "pipe"))
                return; /* nothing else is read */
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 1});
        for (int round = 0; round < 3; round++) {
                swallower = submit(pool, swallow, NULL, 0);
                for (uint64_t i = 0; i < COUNT; i++) {
                        args[i] = i;
                        call.arg = &args[i];
                        if (round != 1)
                                assert_int_equal(
                                        mproc_pool_apply_async(pool, &others[i], &call, NULL), 0);
                }
                assert_int_equal(mproc_pool_map_async(pool, &all, &map, NULL), 0);
                assert_int_equal(
                        mproc_pool_get(pool, swallower, NULL, 0, MPROC_FOREVER, &failure, NULL),
                        -EREMOTEIO);
                assert_int_equal(failure.err.code, -EOWNERDEAD);
                mproc_pool_release(pool, swallower);
                assert_int_equal(mproc_pool_get(pool, all, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
                mproc_pool_release(pool, all);
                for (uint64_t i = 0; i < COUNT; i++) {
                        uint64_t value = 0;

                        assert_int_equal(squares[i], i * i);
                        if (round == 1)
                                continue;
                        assert_int_equal(mproc_pool_get(pool, others[i], &value, 8, MPROC_FOREVER,
                                                        NULL, NULL),
                                         0);
                        assert_int_equal(value, i * i);
                        mproc_pool_release(pool, others[i]);
                }
        }
        end_pool(pool);
}

static struct mproc_result *submit_square(struct mproc_pool *pool, uint64_t value)
{
        struct mproc_call call = {
                .function = square, .arg = &value, .arg_size = 8, .result_size = 8};
        struct mproc_result *result = NULL;

        assert_int_equal(mproc_pool_apply_async(pool, &result, &call, NULL), 0);
        return result;
}

static int count(struct mproc_task *task)
{
        atomic_fetch_add(*(_Atomic uint32_t *const *)task->arg, 1);
        return 0;
}

/* More than any pipe takes at once, while the owner does something else; then results likewise. */
static void what_was_submitted_runs_without_the_caller(const char *method)
{
        enum { TASKS = 20000, ITEMS = 5000 };
        static _Atomic uint32_t *args[ITEMS];
        struct mproc_map map = {.function = count,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = ITEMS,
                                .chunk = 1};
        struct mproc_result *all;
        _Atomic uint32_t *word;
        struct mproc_pool *pool;
        struct mproc_shm *shm;

        word = new_word(&shm);
        for (size_t i = 0; i < ITEMS; i++)
                args[i] = word;
        pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 2, .queue = TASKS});
        assert_int_equal(mproc_pool_map_async(pool, &all, &map, NULL), 0);
        for (int i = 0; i < 5000; i++)
                mproc_pool_release(pool, submit(pool, count, &word, sizeof(word)));
        while (atomic_load(word) < ITEMS + 5000)
                usleep(1000);
        for (int i = 5000; i < TASKS; i++)
                mproc_pool_release(pool, submit(pool, count, &word, sizeof(word)));
        assert_int_equal(mproc_pool_get(pool, all, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        mproc_pool_release(pool, all);
        end_pool(pool);
        assert_int_equal(atomic_load(word), ITEMS + TASKS);
        mproc_shm_free(shm);
}

/* Each time one is cancelled in a queue that is almost full, the next one goes a whole turn further
 * on: more positions are left out than anybody could go through. */
static void cancelling_in_a_full_queue_keeps_the_rest(const char *method)
{
        enum { QUEUE = 1000, CANCELS = 100000 };
        static struct mproc_result *results[QUEUE];
        struct mproc_result *blocker, *cancelled;
        struct mproc_pool *pool;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        word = new_word(&shm);
        pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 1, .queue = QUEUE});
        blocker = submit(pool, wait_for_word, &word, sizeof(word));
        for (uint64_t i = 0; i < QUEUE - 2; i++)
                results[i] = submit_square(pool, i);
        for (int i = 0; i < CANCELS; i++) {
                cancelled = submit(pool, do_nothing, NULL, 0);
                assert_int_equal(mproc_pool_cancel(pool, cancelled, NULL), 0);
                mproc_pool_release(pool, cancelled);
        }
        results[QUEUE - 2] = submit_square(pool, QUEUE - 2);
        atomic_store(word, 1);
        for (uint64_t i = 0; i < QUEUE - 1; i++) {
                uint64_t value = 0;

                assert_int_equal(
                        mproc_pool_get(pool, results[i], &value, 8, MPROC_FOREVER, NULL, NULL), 0);
                assert_int_equal(value, i * i);
                mproc_pool_release(pool, results[i]);
        }
        mproc_pool_release(pool, blocker);
        end_pool(pool);
        mproc_shm_free(shm);
}

#define MANY (1ull << 48) /* tasks: a year of ten million a second */

static void a_pool_goes_on_after_any_number_of_tasks(const char *method)
{
        struct mproc_pool *pool = small_pool(method);

        pool->watch.next = pool->watch.tail = pool->pipe.offered = MANY - 50;
        atomic_store(&pool->shared->head, MANY - 50);
        atomic_store(&pool->shared->front.tail, MANY - 50);
        for (uint64_t i = 0; i < 100; i++)
                assert_int_equal(square_of(pool, i), i * i);
        end_pool(pool);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_task_that_was_done_is_done_though_nobody_was_told, UNDER_OWN_PROCESS),
                PROMISE(a_function_that_failed_is_not_tried_again, UNDER_OWN_PROCESS),
                PROMISE(an_item_that_succeeds_in_the_end_is_not_said_to_have_failed,
                        UNDER_OWN_PROCESS),
                PROMISE(what_a_dead_worker_had_read_is_not_lost, UNDER_OWN_PROCESS),
                PROMISE(what_was_submitted_runs_without_the_caller, UNDER_CONCURRENT),
                PROMISE(cancelling_in_a_full_queue_keeps_the_rest, UNDER_CONCURRENT),
                PROMISE(a_pool_goes_on_after_any_number_of_tasks, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
