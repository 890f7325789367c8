/* Results of a pool as they come: imap, imap_unordered, callbacks. */
#include "contract/pool_rig.h"

static void imap_gives_results_one_by_one(const char *method)
{
        enum { COUNT = 2000 };
        static uint64_t args[COUNT];
        static bool seen[COUNT];
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = fail_odd,
                                .args = args,
                                .arg_size = 8,
                                .result_size = 8,
                                .count = COUNT};

        for (size_t i = 0; i < COUNT; i++)
                args[i] = i;
        for (int ordered = 0; ordered < 2; ordered++) {
                struct mproc_stream *stream;
                uint64_t value, index;
                int r;

                memset(seen, 0, sizeof(seen));
                assert_int_equal(mproc_pool_imap(pool, &stream, &map, 8, ordered, NULL), 0);
                for (uint64_t i = 0; i < COUNT; i++) {
                        r = mproc_stream_next(stream, &value, &index, MPROC_FOREVER, NULL, NULL);
                        assert_in_range(index, 0, COUNT - 1);
                        assert_int_equal(r, index % 2 ? -EREMOTEIO : 0);
                        if (!r)
                                assert_int_equal(value, index);
                        if (ordered)
                                assert_int_equal(index, i);
                        assert_false(seen[index]);
                        seen[index] = true;
                }
                r = mproc_stream_next(stream, &value, &index, MPROC_FOREVER, NULL, NULL);
                assert_int_equal(r, -ENODATA);
                mproc_stream_free(stream);
        }
        end_pool(pool);
}

static void an_imap_may_be_left_early(const char *method)
{
        static uint64_t args[100];
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {
                .function = square, .args = args, .arg_size = 8, .result_size = 8, .count = 100};

        for (int ordered = 0; ordered < 2; ordered++) {
                struct mproc_stream *stream;
                uint64_t value;

                assert_int_equal(mproc_pool_imap(pool, &stream, &map, 20, ordered, NULL), 0);
                assert_int_equal(mproc_stream_next(stream, &value, NULL, MPROC_FOREVER, NULL, NULL),
                                 0);
                mproc_stream_free(stream);
        }
        assert_int_equal(square_of(pool, 4), 16);
        end_pool(pool);
}

static int note_result(struct mproc_result *result, void *context)
{
        (void)result;
        ++*(int *)context;
        return 0;
}

static int fail_callback(struct mproc_result *result, void *context)
{
        (void)result;
        (void)context;
        return 17;
}

static void callbacks_are_called_once_each(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_call call = {.function = do_nothing, .callback = note_result};
        struct mproc_result *result;
        struct mproc_err err = {0};
        int count = 0;

        call.context = &count;
        for (int i = 0; i < 3000; i++)
                assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, NULL), 0);
        call.callback = fail_callback;
        assert_int_equal(mproc_pool_apply_async(pool, &result, &call, NULL), 0);
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, &err), -EBADE);
        assert_non_null(strstr(err.text, "17"));
        mproc_pool_release(pool, result);
        assert_int_equal(mproc_pool_close(pool, NULL), 0);
        assert_int_equal(mproc_pool_join(pool, MPROC_FOREVER, NULL), 0);
        assert_int_equal(count, 3000);
        mproc_pool_free(pool);
}

static int fail_at_length(struct mproc_task *task)
{
        memset(task->err->text, 'a' + (int)(*(const uint64_t *)task->arg % 26), 400);
        task->err->text[400] = '\0';
        return -EDOM;
}

/* Results that are not over yet need no room for words; those that failed share some. */
static void long_texts_come_back_whole(const char *method)
{
        enum { COUNT = 1000, WHOLE = 40 };
        static struct mproc_result *results[COUNT];
        struct mproc_pool *pool = small_pool(method);
        size_t cut = 0;

        for (int round = 0; round < 2; round++) {
                size_t count = round ? COUNT : WHOLE;

                for (uint64_t i = 0; i < count; i++)
                        results[i] = submit(pool, fail_at_length, &i, sizeof(i));
                for (uint64_t i = 0; i < count; i++) {
                        struct mproc_failure failure = {0};
                        size_t length;

                        assert_int_equal(mproc_pool_get(pool, results[i], NULL, 0, MPROC_FOREVER,
                                                        &failure, NULL),
                                         -EREMOTEIO);
                        length = strlen(failure.err.text);
                        assert_int_equal(failure.err.code, -EDOM);
                        assert_int_equal(failure.err.text[length - 1], 'a' + (int)(i % 26));
                        if (!round)
                                assert_int_equal(length, 400);
                        cut += length != 400;
                        assert_in_range(length, 71, 400);
                        mproc_pool_release(pool, results[i]);
                }
        }
        assert_in_range(cut, 0, COUNT - WHOLE);
        end_pool(pool);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(imap_gives_results_one_by_one, UNDER_CONCURRENT),
                PROMISE(an_imap_may_be_left_early, UNDER_CONCURRENT),
                PROMISE(long_texts_come_back_whole, UNDER_CONCURRENT),
                PROMISE(callbacks_are_called_once_each, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
