/* What a queue says and does with each message, and with every misuse: within one process. */
#include "contract/mproc_queue_scene.h"

static void messages_keep_boundaries_and_order_around_the_wrap(const char *unused)
{
        struct mproc_queue *queue = make_queue(1000, 0);
        unsigned char sent[900], got[900];
        size_t size;

        (void)unused;
        for (unsigned i = 0; i < 2000; i++) {
                size_t sizes[2] = {i % 450, i * 7 % 400};

                for (unsigned k = 0; k < 2; k++) {
                        memset(sent, (int)(i + k), sizeof(sent));
                        assert_int_equal(mproc_queue_put(queue, sent, sizes[k], 0, NULL), 0);
                }
                assert_int_equal(mproc_queue_size(queue), 2);
                for (unsigned k = 0; k < 2; k++) {
                        memset(sent, (int)(i + k), sizeof(sent));
                        assert_int_equal(mproc_queue_get(queue, got, sizeof(got), &size, 0, NULL),
                                         0);
                        assert_int_equal(size, sizes[k]);
                        assert_memory_equal(got, sent, size);
                }
        }
        free_queue();
}

static void a_full_queue_takes_no_more_and_an_empty_one_gives_none(const char *unused)
{
        struct mproc_queue *queue = make_queue(100, 3);
        char bytes[104];
        size_t size;

        (void)unused;
        assert_int_equal(mproc_queue_get(queue, bytes, 1, &size, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_queue_get(queue, bytes, 1, &size, 2000000, NULL), -ETIMEDOUT);
        for (int i = 0; i < 3; i++)
                assert_int_equal(mproc_queue_put(queue, "abc", 3, 0, NULL), 0);
        assert_int_equal(mproc_queue_put(queue, "abc", 3, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_queue_put(queue, "abc", 3, 2000000, NULL), -ETIMEDOUT);
        for (int i = 0; i < 3; i++)
                assert_int_equal(mproc_queue_get(queue, bytes, 3, &size, 0, NULL), 0);
        assert_int_equal(mproc_queue_put(queue, bytes, 104, 0, NULL), 0);
        assert_int_equal(mproc_queue_put(queue, NULL, 0, 0, NULL), -ETIMEDOUT);
        free_queue();
}

static void each_misuse_has_its_own_error(const char *unused)
{
        struct mproc_queue *queue = make_queue(100, 0);
        struct mproc_err err = {0};
        char bytes[200];
        size_t size = 77;

        (void)unused;
        assert_int_equal(mproc_queue_init((void *)((char *)queue + 8), 5000, 0, &err), -EFAULT);
        assert_int_equal(mproc_queue_init(queue, sizeof(*queue), 0, &err), -EINVAL);
        assert_int_equal(mproc_queue_put(queue, bytes, 105, MPROC_FOREVER, &err), -EMSGSIZE);
        assert_non_null(strstr(err.text, "105"));
        assert_int_equal(mproc_queue_put(queue, bytes, SIZE_MAX, MPROC_FOREVER, &err), -EMSGSIZE);
        assert_int_equal(mproc_queue_put(queue, NULL, 5, 0, &err), -EINVAL);
        assert_int_equal(mproc_queue_task_done(queue, &err), -EOVERFLOW);

        assert_int_equal(mproc_queue_put(queue, "hello", 5, 0, NULL), 0);
        assert_int_equal(mproc_queue_get(queue, bytes, 4, &size, 0, &err), -EMSGSIZE);
        assert_int_equal(size, 5);
        assert_int_equal(mproc_queue_size(queue), 1);
        assert_int_equal(mproc_queue_get(queue, bytes, 5, &size, 0, &err), 0);
        assert_memory_equal(bytes, "hello", 5);

        mproc_queue_done(queue);
        assert_int_equal(mproc_queue_put(queue, "x", 1, 0, &err), -ESTALE);
        assert_int_equal(mproc_queue_get(queue, bytes, 1, &size, 0, &err), -ESTALE);
        assert_int_equal(mproc_queue_task_done(queue, &err), -ESTALE);
        assert_int_equal(mproc_queue_join(queue, 0, &err), -ESTALE);
        assert_int_equal(mproc_queue_close(queue, &err), -ESTALE);
        mproc_queue_done(NULL);
        free_queue();
}

static void a_closed_queue_is_emptied_and_takes_no_more(const char *unused)
{
        struct mproc_queue *queue = make_queue(100, 0);
        char byte;
        size_t size;

        (void)unused;
        assert_int_equal(mproc_queue_put(queue, "x", 1, 0, NULL), 0);
        assert_int_equal(mproc_queue_close(queue, NULL), 0);
        assert_int_equal(mproc_queue_close(queue, NULL), 0);
        assert_int_equal(mproc_queue_put(queue, "y", 1, MPROC_FOREVER, NULL), -EPIPE);
        assert_int_equal(mproc_queue_get(queue, &byte, 1, &size, MPROC_FOREVER, NULL), 0);
        assert_int_equal(mproc_queue_get(queue, &byte, 1, &size, MPROC_FOREVER, NULL), -ENODATA);
        free_queue();
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(messages_keep_boundaries_and_order_around_the_wrap, UNDER_NONE),
                PROMISE(a_full_queue_takes_no_more_and_an_empty_one_gives_none, UNDER_NONE),
                PROMISE(each_misuse_has_its_own_error, UNDER_NONE),
                PROMISE(a_closed_queue_is_emptied_and_takes_no_more, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
