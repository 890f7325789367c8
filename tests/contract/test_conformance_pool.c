/* Pools and what they give, held against CPython's: see conformance.h. */
#include "contract/conformance.h"
#include "contract/pool_rig.h"

#include <sys/resource.h>

#define MANY 100

static struct mproc_map squares(const uint64_t *items, uint64_t *results, size_t count)
{
        return (struct mproc_map){.function = square,
                                  .args = items,
                                  .arg_size = sizeof(*items),
                                  .results = results,
                                  .result_size = sizeof(*results),
                                  .count = count,
                                  .chunk = MPROC_CHUNK_CPYTHON};
}

static void count_up(uint64_t *items)
{
        for (uint64_t i = 0; i < MANY; i++)
                items[i] = i;
}

static void expect_squares(const uint64_t *results)
{
        for (uint64_t i = 0; i < MANY; i++)
                assert_int_equal(results[i], i * i);
}

static int identify(struct mproc_task *task)
{
        *(uint64_t *)task->result = task->index;
        return 0;
}

static void pools_may_be_large(const char *method)
{
        struct mproc_pool *pool =
                new_pool(&(struct mproc_pool_options){.start = method, .workers = 100});
        uint64_t results[1000];
        struct mproc_map map = {.function = identify,
                                .results = results,
                                .result_size = sizeof(results[0]),
                                .count = 1000,
                                .chunk = 1};

        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        for (uint64_t i = 0; i < 1000; i++)
                assert_int_equal(results[i], i);
        end_pool(pool);
}

static void apply_gives_the_result(const char *method)
{
        struct mproc_pool *pool = small_pool(method);

        assert_int_equal(square_of(pool, 5), 25);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

static void map_gives_results_in_order(const char *method)
{
        static const uint32_t chunks[] = {MPROC_CHUNK_CPYTHON, 20, 1};
        struct mproc_pool *pool = small_pool(method);
        uint64_t items[MANY], results[MANY];

        count_up(items);
        for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
                struct mproc_map map = squares(items, results, MANY);

                map.chunk = chunks[i];
                memset(results, 0xff, sizeof(results));
                assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
                expect_squares(results);
        }
        end_pool(pool);
}

struct factors {
        uint32_t left, right;
};

static int multiply(struct mproc_task *task)
{
        const struct factors *factors = task->arg;

        *(uint64_t *)task->result = (uint64_t)factors->left * factors->right;
        return 0;
}

static void items_have_several_arguments(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct factors items[MANY];
        uint64_t results[MANY];
        struct mproc_map map = squares(NULL, results, MANY);

        map.function = multiply;
        map.args = items;
        map.arg_size = sizeof(items[0]);
        for (uint32_t i = 0; i < MANY; i++)
                items[i] = (struct factors){.left = i, .right = MANY - i};
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        for (uint64_t i = 0; i < MANY; i++)
                assert_int_equal(results[i], i * (MANY - i));
        end_pool(pool);
}

static void map_async_is_fetched_later(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t items[MANY], results[MANY];
        struct mproc_map map = squares(items, results, MANY);
        struct mproc_result *result;

        count_up(items);
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        expect_squares(results);
        assert_int_equal(mproc_pool_successful(pool, result, NULL), 1);
        mproc_pool_release(pool, result);
        end_pool(pool);
}

static void nothing_is_soon_done(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = squares(NULL, NULL, 0);
        struct mproc_stream *stream;
        struct mproc_result *result;

        map.chunk = 1;
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        assert_int_equal(mproc_pool_map_async(pool, &result, &map, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        mproc_pool_release(pool, result);
        for (int ordered = 0; ordered < 2; ordered++) {
                assert_int_equal(mproc_pool_imap(pool, &stream, &map, 4, ordered, NULL), 0);
                assert_int_equal(mproc_stream_next(stream, NULL, NULL, MPROC_FOREVER, NULL, NULL),
                                 -ENODATA);
                mproc_stream_free(stream);
        }
        end_pool(pool);
}

static void chunk_0_is_refused(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t items[MANY], results[MANY];
        struct mproc_map map = squares(items, results, MANY);

        count_up(items);
        map.chunk = 0;
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), -EINVAL);
        map.chunk = 1;
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
        expect_squares(results);
        end_pool(pool);
}

static void result_may_be_late(const char *method)
{
        struct place place = take_place(sizeof(uint32_t));
        struct mproc_pool *pool = small_pool(method);
        struct mproc_result *result = submit(pool, wait_for_word, &place.at, sizeof(place.at));

        assert_int_equal(mproc_pool_ready(pool, result, NULL), 0);
        assert_int_equal(mproc_pool_successful(pool, result, NULL), -ENODATA);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, 0, NULL, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_pool_wait(pool, result, MS, NULL), -ETIMEDOUT);
        atomic_store((_Atomic uint32_t *)place.at, 1);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
        assert_int_equal(mproc_pool_successful(pool, result, NULL), 1);
        mproc_pool_release(pool, result);
        end_pool(pool);
        mproc_shm_free(place.shm);
}

static void imap_is_in_order(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t items[MANY], result;
        struct mproc_map map = squares(items, NULL, MANY);
        struct mproc_stream *stream;

        count_up(items);
        assert_int_equal(mproc_pool_imap(pool, &stream, &map, 16, true, NULL), 0);
        for (uint64_t i = 0; i < MANY; i++) {
                assert_int_equal(
                        mproc_stream_next(stream, &result, NULL, MPROC_FOREVER, NULL, NULL), 0);
                assert_int_equal(result, i * i);
        }
        assert_int_equal(mproc_stream_next(stream, &result, NULL, MPROC_FOREVER, NULL, NULL),
                         -ENODATA);
        mproc_stream_free(stream);
        end_pool(pool);
}

static void imap_unordered_has_each_once(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t items[MANY], result, index;
        struct mproc_map map = squares(items, NULL, MANY);
        struct mproc_stream *stream;
        bool seen[MANY] = {false};

        count_up(items);
        assert_int_equal(mproc_pool_imap(pool, &stream, &map, 16, false, NULL), 0);
        for (int i = 0; i < MANY; i++) {
                assert_int_equal(
                        mproc_stream_next(stream, &result, &index, MPROC_FOREVER, NULL, NULL), 0);
                assert_true(index < MANY && !seen[index]);
                assert_int_equal(result, index * index);
                seen[index] = true;
        }
        assert_int_equal(mproc_stream_next(stream, &result, NULL, MPROC_FOREVER, NULL, NULL),
                         -ENODATA);
        mproc_stream_free(stream);
        end_pool(pool);
}

static int count_runs(struct mproc_task *task)
{
        add(*(int *const *)task->arg, 1);
        return 0;
}

static void imap_has_few_under_way(const char *method)
{
        struct place place = take_place(sizeof(int));
        struct mproc_pool *pool = small_pool(method);
        int *runs = place.at, *items[MANY];
        struct mproc_map map = {.function = count_runs,
                                .args = items,
                                .arg_size = sizeof(items[0]),
                                .count = MANY,
                                .chunk = 1};
        struct mproc_stream *stream;

        for (int i = 0; i < MANY; i++)
                items[i] = runs;
        assert_int_equal(mproc_pool_imap(pool, &stream, &map, 4, true, NULL), 0);
        for (int i = 0; i < MANY; i++) {
                assert_true(load(runs) <= i + 4);
                assert_int_equal(mproc_stream_next(stream, NULL, NULL, MPROC_FOREVER, NULL, NULL),
                                 0);
        }
        mproc_stream_free(stream);
        end_pool(pool);
        mproc_shm_free(place.shm);
}

static int note_outcome(struct mproc_result *result, void *context)
{
        (void)result;
        ++*(int *)context;
        return 0;
}

static void callbacks_are_called_once(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        int called = 0;

        for (int fail = 0; fail < 2; fail++) {
                uint64_t item = (uint64_t)fail;
                struct mproc_call call = {.function = fail_odd,
                                          .arg = &item,
                                          .arg_size = sizeof(item),
                                          .result_size = sizeof(item),
                                          .callback = note_outcome,
                                          .context = &called};
                struct mproc_result *result;

                assert_int_equal(mproc_pool_apply_async(pool, &result, &call, NULL), 0);
                assert_int_equal(mproc_pool_wait(pool, result, MPROC_FOREVER, NULL), 0);
                assert_int_equal(called, fail + 1);
                assert_int_equal(mproc_pool_successful(pool, result, NULL), !fail);
                mproc_pool_release(pool, result);
        }
        end_pool(pool);
}

static int fail_callback(struct mproc_result *result, void *context)
{
        (void)result;
        (void)context;
        return -EDOM;
}

static void failed_callback_is_told(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        uint64_t item = 3;
        struct mproc_call call = {.function = square,
                                  .arg = &item,
                                  .arg_size = sizeof(item),
                                  .result_size = sizeof(item),
                                  .callback = fail_callback};
        struct mproc_result *result;

        assert_int_equal(mproc_pool_apply_async(pool, &result, &call, NULL), 0);
        assert_int_equal(
                mproc_pool_get(pool, result, &item, sizeof(item), MPROC_FOREVER, NULL, NULL),
                -EBADE);
        mproc_pool_release(pool, result);
        assert_int_equal(square_of(pool, 3), 9);
        end_pool(pool);
}

/* Descriptors end before the workers are complete. */
static bool start_too_many(const char *method)
{
        struct mproc_pool_options options = {
                .start = method, .transport = pool_transport, .workers = 64};
        struct rlimit limit = {.rlim_cur = 48, .rlim_max = 48};
        struct mproc_pool *pool = NULL;

        expect_exit(start_target(method, return_zero, NULL, 0), 0); /* the fork server, too */
        struct belongings before = take_stock();
        CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
        CHECK(mproc_pool_new(&pool, &options, NULL) == -EMFILE && !pool);
        struct belongings after = take_stock();
        return after.children == before.children && after.fds == before.fds;
}

static void failed_start_leaves_no_workers(const char *method)
{
        assert_true(run_scene(start_too_many, method));
}

static const struct conformance_case cases[] = {
        CASE_SAME(pools_may_be_large, "MiscTestCase.test_large_pool",
                  "a pool may have many workers (100 here)"),
        CASE_SAME(apply_gives_the_result, "_TestPool.test_apply",
                  "`apply` runs a function in a worker and returns its result"),
        CASE_SAME(map_gives_results_in_order, "_TestPool.test_map",
                  "`map` gives the results in order, whatever the chunk size"),
        CASE_SAME(items_have_several_arguments, "_TestPool.test_starmap, test_starmap_async",
                  "items may hold several arguments (a struct)"),
        CASE_SAME(map_async_is_fetched_later, "_TestPool.test_map_async",
                  "`map_async` returns at once, and its results are fetched later"),
        CASE_SAME(nothing_is_soon_done, "_TestPool.test_empty_iterable, test_map_chunksize",
                  "a map of nothing is done, in each of its forms"),
        CASE_BETTER(chunk_0_is_refused, "_TestPool",
                    "(not tested) with a chunk size of 0 map returns None for each item",
                    "it is refused"),
        CASE_SAME(result_may_be_late, "_TestPool.test_async, test_async_timeout",
                  "a result that is late is waited for; `get` with a timeout is an error then and "
                  "may be repeated, `successful` is an error"),
        CASE_SAME(imap_is_in_order, "_TestPool.test_imap",
                  "`imap` gives the results one by one, in order, then its end"),
        CASE_SAME(imap_unordered_has_each_once, "_TestPool.test_imap_unordered",
                  "`imap_unordered` gives each result once"),
        CASE_BETTER(imap_has_few_under_way, "_TestPool",
                    "(not tested) `imap` takes the whole input at once, however slowly results "
                    "are fetched",
                    "at most as many as was said are under way"),
        CASE_SAME(callbacks_are_called_once,
                  "_TestPool.test_map_async_callbacks, "
                  "_TestPoolWorkerErrors.test_async_error_callback",
                  "a callback is called once, when the task is over, well or not"),
        CASE_BETTER(failed_callback_is_told, "_TestPool",
                    "(not tested) a callback that fails ends the thread that collects results: "
                    "every later `get` hangs",
                    "`get` of that result says so, and the pool goes on"),
        CASE_SAME(failed_start_leaves_no_workers,
                  "TestPoolNotLeakOnFailure.test_release_unused_processes",
                  "a pool that cannot start all its workers leaves none behind"),
        CASE_NOT_APPLICABLE("_TestPool.test_map_handle_iterable_exception, "
                            "test_imap_handle_iterable_exception",
                            "the input fails while it is read", "it is an array"),
        CASE_NOT_APPLICABLE("_TestPool.test_release_task_refs, test_resource_warning",
                            "garbage collection", "C has none"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        conformance_way = use_transport;
        return run_conformance("Pools", cases, sizeof(cases) / sizeof(cases[0]));
}
