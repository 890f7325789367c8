/* Pipes: messages arrive whole, in order and once, and who is left alone is told. */
#include "contract/mproc_pipe_scene.h"
#include "contract/mproc_random.h"

#include <stdatomic.h>

#define LONG_BYTES ((size_t)3 << 20)

static void fill(unsigned char *data, size_t size, unsigned seed)
{
        for (size_t i = 0; i < size; i++)
                data[i] = (unsigned char)(seed + i * 31 + (i >> 12));
}

static void messages_of_any_size_come_back_whole(const char *method)
{
        size_t sizes[] = {0, 1, 100, 32767, 32768, 32769, LONG_BYTES}, size;
        struct mproc_process *process = start_on_pipe(method, echo, NULL, 0);
        unsigned char *data = malloc(LONG_BYTES), *back = malloc(LONG_BYTES);

        for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
                fill(data, sizes[i], i);
                assert_int_equal(mproc_connection_send(mine, data, sizes[i], 20 * SECOND_NS, NULL),
                                 0);
                assert_int_equal(mproc_connection_recv_into(mine, back, LONG_BYTES, &size,
                                                            20 * SECOND_NS, NULL),
                                 0);
                assert_int_equal(size, sizes[i]);
                assert_memory_equal(back, data, size);
        }
        hang_up(process);
        free(data);
        free(back);
}

/* Both sides send `COUNT` long messages before they receive any. */
#define COUNT 4

static int exchange(struct mproc_connection *connection)
{
        unsigned char *data = malloc(LONG_BYTES), *back;
        size_t size;
        int wrong = 0;

        for (unsigned i = 0; i < COUNT; i++) {
                fill(data, LONG_BYTES, i);
                wrong |= mproc_connection_send(connection, data, LONG_BYTES, 20 * SECOND_NS, NULL);
        }
        for (unsigned i = 0; i < COUNT && !wrong; i++) {
                fill(data, LONG_BYTES, i);
                wrong |= mproc_connection_recv(connection, (void **)&back, &size, 20 * SECOND_NS,
                                               NULL);
                if (wrong)
                        break;
                wrong |= size != LONG_BYTES || memcmp(back, data, size);
                free(back);
        }
        free(data);
        return wrong != 0;
}

static int exchange_in_target(void *arg, size_t arg_size)
{
        struct mproc_connection *connection = self(0);
        int wrong = exchange(connection);

        (void)arg;
        (void)arg_size;
        mproc_connection_free(connection);
        return wrong;
}

static void two_that_send_long_messages_first_do_not_wait_for_each_other(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, exchange_in_target, NULL, 0);

        assert_int_equal(exchange(mine), 0);
        hang_up(process);
}

/* Kills ------------------------------------------------------------------------------------- */

#define STREAM_MAX 100000u

/* The i-th message of a stream: its number, then bytes that follow from it. */
static size_t make_message(unsigned char *data, uint32_t number)
{
        size_t size = sizeof(number) + (number * 2654435761u) % (number % 3 ? 600 : STREAM_MAX);

        memcpy(data, &number, sizeof(number));
        memset(data + sizeof(number), (int)(number & 0xff), size - sizeof(number));
        data[size - 1] = (unsigned char)~data[size - 1];
        return size;
}

static int send_stream(void *arg, size_t arg_size)
{
        static unsigned char data[STREAM_MAX + 4];
        struct mproc_connection *connection = self(0);

        (void)arg;
        (void)arg_size;
        for (uint32_t i = 0;; i++)
                if (mproc_connection_send(connection, data, make_message(data, i), MPROC_FOREVER,
                                          NULL))
                        return 1;
}

static void a_killed_senders_messages_are_whole_and_without_a_gap(const char *method)
{
        static unsigned char data[STREAM_MAX + 4], expected[STREAM_MAX + 4];
        uint64_t random = random_seed();

        for (int round = 0; round < 25; round++) {
                struct mproc_process *process = start_on_pipe(method, send_stream, NULL, 0);
                uint32_t number = 0, last = roll(&random, 300);
                size_t size;
                int r;

                for (;; number++) {
                        if (number == last) {
                                usleep(roll(&random, 500));
                                mproc_process_kill(process, NULL);
                        }
                        r = mproc_connection_recv_into(mine, data, sizeof(data), &size,
                                                       20 * SECOND_NS, NULL);
                        if (r)
                                break;
                        assert_int_equal(size, make_message(expected, number));
                        assert_memory_equal(data, expected, size);
                }
                assert_int_equal(r, -ENODATA);
                assert_true(number >= last);
                mproc_connection_free(mine);
                mproc_process_free(process);
        }
}

static int pause_for_ever(void *arg, size_t arg_size)
{
        (void)arg;
        (void)arg_size;
        while (pause() < 0)
                ;
        return 0;
}

static void a_killed_receiver_is_told_to_who_sends(const char *method)
{
        static unsigned char data[STREAM_MAX + 4];
        uint64_t random = random_seed();

        for (int round = 0; round < 15; round++) {
                struct mproc_process *process = start_on_pipe(method, pause_for_ever, NULL, 0);
                uint32_t number = 0, last = roll(&random, 6);
                int r;

                do {
                        if (number == last)
                                mproc_process_kill(process, NULL);
                        r = mproc_connection_send(mine, data, make_message(data, number),
                                                  20 * SECOND_NS, NULL);
                        number++;
                } while (!r);
                assert_int_equal(r, -EPIPE);
                mproc_connection_free(mine);
                mproc_process_free(process);
        }
}

/* Several receive from copies of one end, a third of them killed: what the others got is without a
 * double, and the rest is not lost. */
#define RECEIVERS 3
#define MESSAGES 3000

static int count_messages(void *arg, size_t arg_size)
{
        atomic_uchar *seen = *(atomic_uchar **)arg;
        struct mproc_connection *connection = self(0);
        uint32_t number;
        size_t size;
        int r;

        (void)arg_size;
        while (!(r = mproc_connection_recv_into(connection, &number, sizeof(number), &size,
                                                MPROC_FOREVER, NULL)))
                atomic_fetch_add(&seen[number], 1);
        mproc_connection_free(connection);
        return r == -ENODATA ? 0 : 1;
}

static void copies_of_an_end_share_the_messages(const char *method)
{
        struct mproc_process *processes[RECEIVERS];
        struct mproc_connection *its, *copy;
        struct mproc_shm *shm;
        unsigned char *seen;
        unsigned lost = 0;

        assert_int_equal(mproc_shm_new(&shm, MESSAGES, NULL), 0);
        seen = mproc_shm_addr(shm);
        assert_int_equal(mproc_pipe_new(&its, &mine, MPROC_PIPE_ONE_WAY, NULL), 0);
        for (int i = 0; i < RECEIVERS; i++) {
                int fd;

                assert_int_equal(mproc_connection_copy(&copy, its, NULL), 0);
                fd = mproc_connection_fd(copy);
                processes[i] = start_with(&(struct mproc_process_options){.start = method,
                                                                          .target = count_messages,
                                                                          .arg = &seen,
                                                                          .arg_size = sizeof(seen),
                                                                          .fds = &fd,
                                                                          .fd_count = 1});
                mproc_connection_free(copy);
        }
        mproc_connection_free(its);
        for (uint32_t i = 0; i < MESSAGES; i++) {
                if (i == MESSAGES / 2)
                        mproc_process_kill(processes[0], NULL); /* refused for a thread */
                assert_int_equal(mproc_connection_send(mine, &i, sizeof(i), 20 * SECOND_NS, NULL),
                                 0);
        }
        mproc_connection_free(mine);
        for (int i = 0; i < RECEIVERS; i++) {
                join_forever(processes[i]);
                mproc_process_free(processes[i]);
        }
        for (uint32_t i = 0; i < MESSAGES; i++) {
                assert_true(seen[i] <= 1);
                lost += !seen[i];
        }
        assert_true(lost <= 1); /* the one that the dead was at */
        mproc_shm_free(shm);
}

/* A cancellation takes effect at the next point where a thread can be cancelled. */
static void *receive_when_cancelled(void *connection)
{
        char byte;
        size_t size;

        pthread_cancel(pthread_self());
        mproc_connection_recv_into(connection, &byte, 1, &size, 0, NULL);
        return NULL;
}

static void a_thread_cancelled_in_a_receive_locks_nobody_out(const char *unused)
{
        struct mproc_connection *from, *to;
        pthread_t thread;

        (void)unused;
        assert_int_equal(mproc_pipe_new(&to, &from, MPROC_PIPE_ONE_WAY, NULL), 0);
        send_text(from, "x");
        assert_int_equal(pthread_create(&thread, NULL, receive_when_cancelled, to), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        mproc_connection_free(from);
        mproc_connection_free(to);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(messages_of_any_size_come_back_whole, UNDER_CONCURRENT),
                PROMISE(two_that_send_long_messages_first_do_not_wait_for_each_other,
                        UNDER_CONCURRENT),
                PROMISE(a_killed_senders_messages_are_whole_and_without_a_gap, UNDER_OWN_PROCESS),
                PROMISE(a_killed_receiver_is_told_to_who_sends, UNDER_OWN_PROCESS),
                PROMISE(copies_of_an_end_share_the_messages, UNDER_CONCURRENT),
                PROMISE(a_thread_cancelled_in_a_receive_locks_nobody_out, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
