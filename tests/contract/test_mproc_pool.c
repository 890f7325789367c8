/* A pool's tasks and maps, under every start method that runs beside its caller. */
#include "contract/pool_rig.h"

static void apply_gives_the_result(const char *method)
{
        struct mproc_pool *pool = small_pool(method);

        for (uint64_t i = 0; i < 500; i++)
                assert_int_equal(square_of(pool, i), i * i);
        end_pool(pool);
}

static void many_tasks_may_be_under_way(const char *method)
{
        enum { COUNT = 5000 };
        static struct mproc_result *results[COUNT];
        struct mproc_pool *pool = small_pool(method);

        for (uint64_t i = 0; i < COUNT; i++)
                assert_int_equal(mproc_pool_apply_async(pool, &results[i],
                                                        &(struct mproc_call){.function = square,
                                                                             .arg = &i,
                                                                             .arg_size = 8,
                                                                             .result_size = 8},
                                                        NULL),
                                 0);
        for (uint64_t i = COUNT; i--;) {
                uint64_t value = 0;

                assert_int_equal(
                        mproc_pool_get(pool, results[i], &value, 8, MPROC_FOREVER, NULL, NULL), 0);
                assert_int_equal(value, i * i);
                mproc_pool_release(pool, results[i]);
        }
        end_pool(pool);
}

static void map_gives_results_in_order(const char *method)
{
        enum { COUNT = 20011 };
        static uint64_t args[COUNT], results[COUNT];
        static const uint32_t chunks[] = {1, 7, 100000, MPROC_CHUNK_CPYTHON, MPROC_CHUNK_GUIDED};
        struct mproc_pool *pool = small_pool(method);

        for (size_t i = 0; i < COUNT; i++)
                args[i] = i;
        for (size_t c = 0; c < sizeof(chunks) / sizeof(*chunks); c++) {
                struct mproc_map map = {.function = square,
                                        .args = args,
                                        .arg_size = 8,
                                        .results = results,
                                        .result_size = 8,
                                        .count = COUNT,
                                        .chunk = chunks[c]};
                struct mproc_err err = {0};

                memset(results, 0xff, sizeof(results));
                if (mproc_pool_map(pool, &map, NULL, &err))
                        fail_msg("map: %s", err.text);
                for (size_t i = 0; i < COUNT; i++)
                        assert_int_equal(results[i], i * i);
        }
        end_pool(pool);
}

static int tell_index(struct mproc_task *task)
{
        if (task->arg || task->arg_size)
                return -EINVAL;
        *(uint64_t *)task->result = task->index;
        return 0;
}

static void a_map_larger_than_the_arena_goes_through_it(const char *method)
{
        enum { COUNT = 50000 };
        static uint64_t results[COUNT];
        struct mproc_pool *pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 2, .arena_bytes = 65536});
        struct mproc_map map = {.function = tell_index,
                                .results = results,
                                .result_size = 8,
                                .count = COUNT,
                                .chunk = MPROC_CHUNK_CPYTHON};
        struct mproc_result *result;
        struct mproc_err err = {0};

        if (mproc_pool_map(pool, &map, NULL, &err))
                fail_msg("map: %s", err.text);
        for (size_t i = 0; i < COUNT; i++)
                assert_int_equal(results[i], i);
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, &err), -E2BIG);
        assert_non_null(strstr(err.text, "in_place"));
        end_pool(pool);
}

static void a_map_of_nothing_is_done(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = tell_index, .chunk = 1};
        struct mproc_result *result = NULL;

        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, 0, NULL, NULL), 0);
        mproc_pool_release(pool, result);
        end_pool(pool);
}

static void arrays_in_shared_memory_are_not_copied(const char *method)
{
        enum { COUNT = 3000 };
        struct mproc_pool *pool;
        struct mproc_shm *shm;
        struct mproc_map map = {.function = square,
                                .arg_size = 8,
                                .result_size = 8,
                                .count = COUNT,
                                .chunk = 10,
                                .in_place = true};
        uint64_t *values;

        assert_int_equal(mproc_shm_new(&shm, COUNT * 8, NULL), 0);
        values = mproc_shm_addr(shm);
        pool = small_pool(method);
        for (uint64_t i = 0; i < COUNT; i++)
                values[i] = i;
        map.args = map.results = values; /* in place indeed */
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        for (uint64_t i = 0; i < COUNT; i++)
                assert_int_equal(values[i], i * i);
        end_pool(pool);
        mproc_shm_free(shm);
}

static void an_error_comes_back_with_code_text_and_worker(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t value = 5, result = 0;
        struct mproc_call call = {
                .function = fail_odd, .arg = &value, .arg_size = 8, .result_size = 8};
        struct mproc_failure failure = {0};
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_apply(pool, &call, &result, &failure, &err), -EREMOTEIO);
        assert_int_equal(failure.err.code, -EDOM);
        assert_string_equal(failure.err.text, "5 is odd");
        assert_string_equal(err.text, "5 is odd");
        assert_in_range(failure.worker, 0, 2);
        assert_int_equal(failure.pid, mproc_pool_worker_pid(pool, (size_t)failure.worker));
        assert_int_equal(result, 0);
        end_pool(pool);
}

static void items_that_fail_leave_the_others(const char *method)
{
        enum { COUNT = 1000 };
        static uint64_t args[COUNT], results[COUNT];
        static int32_t codes[COUNT];
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = fail_odd,
                                .args = args,
                                .arg_size = 8,
                                .results = results,
                                .result_size = 8,
                                .count = COUNT,
                                .chunk = 16,
                                .codes = codes};
        struct mproc_failure failure = {0};
        char text[40];

        for (size_t i = 0; i < COUNT; i++) {
                args[i] = i;
                results[i] = UINT64_MAX;
        }
        assert_int_equal(mproc_pool_map(pool, &map, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.count, COUNT / 2);
        assert_int_equal(failure.index % 2, 1);
        snprintf(text, sizeof(text), "%d is odd", (int)failure.index);
        assert_string_equal(failure.err.text, text);
        for (size_t i = 0; i < COUNT; i++) {
                assert_int_equal(codes[i], i % 2 ? -EDOM : 0);
                assert_int_equal(results[i], i % 2 ? UINT64_MAX : i);
        }
        end_pool(pool);
}

static int sum_large(struct mproc_task *task)
{
        const unsigned char *from = task->arg;
        unsigned char *to = task->result;
        size_t alignment = task->arg_size > 32 ? 64 : 32;

        for (size_t i = 0; i < task->arg_size; i++)
                to[i] = (unsigned char)(from[i] + 1);
        return (uintptr_t)from % alignment || (uintptr_t)to % alignment ? -EFAULT : 0;
}

static void large_arguments_and_results_arrive_whole(const char *method)
{
        static unsigned char arg[300000], result[300000];
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = sum_large, .arg = arg};
        size_t sizes[] = {1, 32, 33, 64, 65, 4096, 300000};

        for (size_t i = 0; i < sizeof(arg); i++)
                arg[i] = (unsigned char)(i * 13);
        for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
                call.arg_size = call.result_size = sizes[s];
                memset(result, 0, sizeof(result));
                assert_int_equal(mproc_pool_apply(pool, &call, result, NULL, NULL), 0);
                for (size_t i = 0; i < sizes[s]; i++)
                        assert_int_equal(result[i], (unsigned char)(arg[i] + 1));
        }
        end_pool(pool);
}

static void get_times_out_and_does_not_cancel(const char *method)
{
        struct mproc_pool *pool;
        struct mproc_result *result;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        word = new_word(&shm);
        pool = small_pool(method);
        result = submit(pool, wait_for_word, &word, sizeof(word));
        assert_int_equal(mproc_pool_wait(pool, result, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, 5000000, NULL, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_pool_ready(pool, result, NULL), 0);
        assert_int_equal(mproc_pool_successful(pool, result, NULL), -ENODATA);
        atomic_store(word, 1);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        assert_int_equal(mproc_pool_ready(pool, result, NULL), 1);
        assert_int_equal(mproc_pool_successful(pool, result, NULL), 1);
        mproc_pool_release(pool, result);
        end_pool(pool);
        mproc_shm_free(shm);
}

static void what_has_not_begun_can_be_cancelled(const char *method)
{
        struct mproc_result *running, *queued;
        struct mproc_failure failure;
        struct mproc_pool *pool;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        word = new_word(&shm);
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 1});
        assert_int_equal(square_of(pool, 2), 4);
        running = submit(pool, wait_for_word, &word, sizeof(word));
        queued = submit(pool, do_nothing, NULL, 0);
        assert_int_equal(mproc_pool_cancel(pool, queued, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, queued, NULL, 0, 0, &failure, NULL), -EREMOTEIO);
        assert_int_equal(failure.err.code, -ECANCELED);
        assert_int_equal(mproc_pool_cancel(pool, queued, NULL), -EALREADY);
        atomic_store(word, 1);
        assert_int_equal(mproc_pool_get(pool, running, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        assert_int_equal(mproc_pool_cancel(pool, running, NULL), -EALREADY);
        mproc_pool_release(pool, running);
        mproc_pool_release(pool, queued);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
        mproc_shm_free(shm);
}

static int add_one(void *arg, size_t size)
{
        (void)size;
        atomic_fetch_add(*(_Atomic uint32_t **)arg, 1);
        return 0;
}

static int add_hundred(void *arg, size_t size)
{
        (void)size;
        atomic_fetch_add(*(_Atomic uint32_t **)arg, 100);
        return 0;
}

static void initialiser_and_finaliser_run_once_per_worker(const char *method)
{
        struct mproc_pool *pool;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        word = new_word(&shm);
        pool = new_pool(&(struct mproc_pool_options){.start = method,
                                                     .workers = 3,
                                                     .initialiser = add_one,
                                                     .finaliser = add_hundred,
                                                     .arg = &word,
                                                     .arg_size = sizeof(word)});
        for (uint64_t i = 0; i < 20; i++)
                square_of(pool, i);
        end_pool(pool);
        assert_int_equal(atomic_load(word), 303);
        mproc_shm_free(shm);
}

static void a_worker_is_replaced_after_its_number_of_tasks(const char *method)
{
        struct mproc_pool *pool = new_pool(&(struct mproc_pool_options){
                .start = method, .workers = 2, .tasks_per_worker = 10});

        for (uint64_t i = 0; i < 100; i++)
                assert_int_equal(square_of(pool, i), i * i);
        assert_in_range(mproc_pool_replaced(pool), 5, 10);
        end_pool(pool);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(apply_gives_the_result, UNDER_CONCURRENT),
                PROMISE(many_tasks_may_be_under_way, UNDER_CONCURRENT),
                PROMISE(map_gives_results_in_order, UNDER_CONCURRENT),
                PROMISE(a_map_larger_than_the_arena_goes_through_it, UNDER_CONCURRENT),
                PROMISE(a_map_of_nothing_is_done, UNDER_CONCURRENT),
                PROMISE(arrays_in_shared_memory_are_not_copied, UNDER_CONCURRENT),
                PROMISE(an_error_comes_back_with_code_text_and_worker, UNDER_CONCURRENT),
                PROMISE(items_that_fail_leave_the_others, UNDER_CONCURRENT),
                PROMISE(large_arguments_and_results_arrive_whole, UNDER_CONCURRENT),
                PROMISE(get_times_out_and_does_not_cancel, UNDER_CONCURRENT),
                PROMISE(what_has_not_begun_can_be_cancelled, UNDER_CONCURRENT),
                PROMISE(initialiser_and_finaliser_run_once_per_worker, UNDER_CONCURRENT),
                PROMISE(a_worker_is_replaced_after_its_number_of_tasks, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
