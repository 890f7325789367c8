/* What a connection says and does with each message, and with every misuse: within one process. */
#include "contract/mproc_gate.h"

#include <mproc/pipe.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct mproc_connection *left, *right;

static void make_pipe(enum mproc_pipe_kind kind)
{
        assert_int_equal(mproc_pipe_new(&left, &right, kind, NULL), 0);
}

static void free_pipe(void)
{
        mproc_connection_free(left);
        mproc_connection_free(right);
        mproc_connection_free(NULL);
}

static void a_message_that_does_not_fit_is_kept(const char *unused)
{
        static char text[40000], buffer[40000];
        struct mproc_err err;
        size_t sizes[] = {5, sizeof(text)}, size;

        (void)unused;
        memset(text, 'a', sizeof(text));
        make_pipe(MPROC_PIPE_DUPLEX);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(mproc_connection_send(left, text, sizes[i], 0, NULL), 0);
                assert_int_equal(mproc_connection_send(left, "next", 4, 0, NULL), 0);
                for (int again = 0; again < 2; again++) {
                        buffer[0] = 'x';
                        assert_int_equal(mproc_connection_recv_into(right, buffer, sizes[i] - 1,
                                                                    &size, 0, &err),
                                         -EMSGSIZE);
                        assert_int_equal(size, sizes[i]);
                        assert_int_equal(buffer[0], 'x');
                        assert_int_equal(mproc_connection_poll(right, 0, NULL), 0);
                }
                assert_int_equal(mproc_connection_recv_into(right, buffer, size, &size, 0, &err),
                                 0);
                assert_int_equal(size, sizes[i]);
                assert_memory_equal(buffer, text, size);
                assert_int_equal(mproc_connection_recv_into(right, buffer, 4, &size, 0, &err), 0);
                assert_memory_equal(buffer, "next", 4);
        }
        free_pipe();
}

static void a_kept_message_is_closed_with_its_connection(const char *unused)
{
        static char text[40000];
        size_t size;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(mproc_connection_send(left, text, sizeof(text), 0, NULL), 0);
        assert_int_equal(mproc_connection_recv_into(right, NULL, 0, &size, 0, NULL), -EMSGSIZE);
        free_pipe();
}

static void a_one_way_pipe_refuses_the_other_way(const char *unused)
{
        char byte;
        size_t size;

        (void)unused;
        make_pipe(MPROC_PIPE_ONE_WAY);
        assert_int_equal(mproc_connection_send(left, "x", 1, 0, NULL), -ENOTSUP);
        assert_int_equal(mproc_connection_recv_into(right, &byte, 1, &size, 0, NULL), -ENOTSUP);
        assert_int_equal(mproc_connection_send(right, "y", 1, 0, NULL), 0);
        assert_int_equal(mproc_connection_recv_into(left, &byte, 1, &size, 0, NULL), 0);
        assert_int_equal(byte, 'y');
        mproc_connection_free(left);
        left = NULL;
        assert_int_equal(mproc_connection_send(right, "x", 1, 0, NULL), -EPIPE);
        free_pipe();
}

static void waits_end_at_their_timeouts(const char *unused)
{
        static char text[30000];
        size_t size, sent = 0;
        int r;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(mproc_connection_recv_into(left, text, 1, &size, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_connection_recv_into(left, text, 1, &size, 2000000, NULL),
                         -ETIMEDOUT);
        assert_int_equal(mproc_connection_poll(left, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_connection_poll(left, 2000000, NULL), -ETIMEDOUT);
        while (!(r = mproc_connection_send(left, text, sizeof(text), 0, NULL)))
                sent++;
        assert_int_equal(r, -ETIMEDOUT);
        assert_int_equal(mproc_connection_send(left, text, sizeof(text), 2000000, NULL),
                         -ETIMEDOUT);
        assert_true(sent >= 4);
        while (!mproc_connection_recv_into(right, text, sizeof(text), &size, 0, NULL))
                sent--;
        assert_int_equal(sent, 0);
        free_pipe();
}

static void what_was_sent_before_the_end_arrives(const char *unused)
{
        char byte;
        size_t size;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        /* What `right` never received makes its end an abrupt one. */
        assert_int_equal(mproc_connection_send(left, "u", 1, 0, NULL), 0);
        assert_int_equal(mproc_connection_send(right, "a", 1, 0, NULL), 0);
        assert_int_equal(mproc_connection_send(right, "b", 1, 0, NULL), 0);
        mproc_connection_free(right);
        right = NULL;
        assert_int_equal(mproc_connection_recv_into(left, &byte, 1, &size, 0, NULL), 0);
        assert_int_equal(byte, 'a');
        assert_int_equal(mproc_connection_recv_into(left, &byte, 1, &size, 0, NULL), 0);
        assert_int_equal(byte, 'b');
        assert_int_equal(mproc_connection_recv_into(left, &byte, 1, &size, 0, NULL), -ENODATA);
        assert_int_equal(mproc_connection_poll(left, 0, NULL), 0);
        free_pipe();
}

static void descriptors_travel_with_messages(const char *unused)
{
        static char text[50000], buffer[50000];
        size_t sizes[] = {0, 3, sizeof(text)}, size, count;
        int pair[2], fds[4];
        char byte;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
                assert_int_equal(mproc_connection_send_fds(left, text, sizes[i], pair, 2, 0, NULL),
                                 0);
                assert_int_equal(
                        mproc_connection_recv_into(right, buffer, sizeof(buffer), &size, 0, NULL),
                        -EOVERFLOW);
                assert_int_equal(mproc_connection_recv_fds(right, buffer, sizeof(buffer), &size,
                                                           fds, 1, &count, 0, NULL),
                                 -EOVERFLOW);
                assert_int_equal(count, 2);
                assert_int_equal(mproc_connection_recv_fds(right, buffer, sizeof(buffer), &size,
                                                           fds, 4, &count, 0, NULL),
                                 0);
                assert_int_equal(size, sizes[i]);
                assert_int_equal(count, 2);
                assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
                close(pair[0]);
                close(pair[1]);
                assert_int_equal(write(fds[1], "z", 1), 1);
                assert_int_equal(read(fds[0], &byte, 1), 1);
                close(fds[0]);
                close(fds[1]);
        }
        free_pipe();
}

static void an_end_can_travel_over_another_pipe(const char *unused)
{
        struct mproc_connection *first, *second, *arrived;
        size_t size, count;
        char byte;
        int fd;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(mproc_pipe_new(&first, &second, MPROC_PIPE_DUPLEX, NULL), 0);
        fd = mproc_connection_fd(second);
        assert_int_equal(mproc_connection_send_fds(left, NULL, 0, &fd, 1, 0, NULL), 0);
        mproc_connection_free(second);
        assert_int_equal(mproc_connection_recv_fds(right, NULL, 0, &size, &fd, 1, &count, 0, NULL),
                         0);
        assert_int_equal(mproc_connection_new(&arrived, fd, NULL), 0);
        assert_int_equal(mproc_connection_new(&second, fd, NULL), -EEXIST);
        assert_int_equal(mproc_connection_send(arrived, "t", 1, 0, NULL), 0);
        mproc_connection_free(arrived);
        assert_int_equal(mproc_connection_recv_into(first, &byte, 1, &size, 0, NULL), 0);
        assert_int_equal(mproc_connection_recv_into(first, &byte, 1, &size, 0, NULL), -ENODATA);
        mproc_connection_free(first);
        free_pipe();
}

static void its_descriptor_works_with_epoll(const char *unused)
{
        struct epoll_event event = {.events = EPOLLIN};
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        size_t size;
        char byte;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, mproc_connection_fd(left), &event), 0);
        assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
        assert_int_equal(mproc_connection_send(right, "x", 1, 0, NULL), 0);
        assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1);
        assert_int_equal(mproc_connection_recv_into(left, &byte, 1, &size, 0, NULL), 0);
        assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
        mproc_connection_free(right);
        right = NULL;
        assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1);
        close(epoll);
        free_pipe();
}

static void each_misuse_has_its_own_error(const char *unused)
{
        struct mproc_connection *connection = NULL;
        struct mproc_err err = {0};
        int stream[2], many[MPROC_MESSAGE_FDS_MAX + 1] = {0}, closed = 1000;
        char text[8];
        size_t size;

        (void)unused;
        assert_int_equal(mproc_pipe_new(&left, &right, (enum mproc_pipe_kind)7, &err), -EINVAL);
        assert_int_equal(mproc_self_connection(&connection, 0, &err), -EINVAL);
        assert_int_equal(mproc_connection_new(&connection, closed, &err), -EBADF);
        assert_int_equal(mproc_connection_new(&connection, STDIN_FILENO, &err), -ENOTSOCK);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
        assert_int_equal(mproc_connection_new(&connection, stream[0], &err), -EPROTOTYPE);
        assert_null(connection);
        close(stream[0]);
        close(stream[1]);

        make_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(mproc_connection_send(left, text, MPROC_MESSAGE_MAX + 1, 0, &err),
                         -EMSGSIZE);
        assert_non_null(strstr(err.text, "1073741825"));
        assert_int_equal(mproc_connection_send(left, NULL, 1, 0, &err), -EINVAL);
        assert_int_equal(
                mproc_connection_send_fds(left, "x", 1, many, MPROC_MESSAGE_FDS_MAX + 1, 0, &err),
                -EINVAL);
        assert_int_equal(mproc_connection_send_fds(left, "x", 1, &closed, 1, 0, &err), -EBADF);
        assert_int_equal(send(mproc_connection_fd(left), "no message of mproc's", 21, 0), 21);
        assert_int_equal(send(mproc_connection_fd(left), "short", 5, 0), 5);
        assert_int_equal(mproc_connection_send(left, "good", 4, 0, &err), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(mproc_connection_recv_into(right, text, 8, &size, 0, &err),
                                 -EPROTO);
        assert_int_equal(mproc_connection_recv_into(right, text, 8, &size, 0, &err), 0);
        assert_memory_equal(text, "good", 4);
        free_pipe();
}

static void expect_garbage_then_good(void)
{
        char text[8];
        size_t size;

        assert_int_equal(mproc_connection_send(left, "good", 4, 0, NULL), 0);
        assert_int_equal(mproc_connection_recv_into(right, text, 8, &size, 0, NULL), -EPROTO);
        assert_int_equal(mproc_connection_recv_into(right, text, 8, &size, 0, NULL), 0);
        assert_memory_equal(text, "good", 4);
}

static void garbage_of_any_kind_is_told_and_dropped(const char *unused)
{
        static char packet[60000];
        ssize_t size;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(send(mproc_connection_fd(left), "", 0, 0), 0);
        expect_garbage_then_good();
        /* A long message without the memory that travels beside it, and with each word wrong. */
        for (size_t at = 0; at < 32; at += sizeof(uint32_t)) {
                assert_int_equal(mproc_connection_send(left, packet, sizeof(packet), 0, NULL), 0);
                size = recv(mproc_connection_fd(right), packet, sizeof(packet), 0);
                assert_in_range(size, 32, sizeof(packet) - 1);
                assert_int_equal(send(mproc_connection_fd(left), packet, (size_t)size, 0), size);
                expect_garbage_then_good();
                memset(packet + at, 0xff, sizeof(uint32_t));
                assert_int_equal(send(mproc_connection_fd(left), packet, (size_t)size, 0), size);
                expect_garbage_then_good();
                memset(packet, 0, sizeof(packet));
        }
        free_pipe();
}

static bool without_room_for_descriptors(const char *unused)
{
        static char text[40000];
        struct rlimit limit;
        struct mproc_err err;
        size_t size;

        (void)unused;
        CHECK(!mproc_pipe_new(&left, &right, MPROC_PIPE_DUPLEX, NULL));
        CHECK(!mproc_connection_send(left, text, sizeof(text), 0, NULL));
        CHECK(!mproc_connection_send(left, "s", 1, 0, NULL));
        CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_cur = (rlim_t)mproc_connection_fd(right) + 1;
        CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
        CHECK(mproc_connection_send(left, text, sizeof(text), 0, &err) == -EMFILE);
        CHECK(mproc_connection_recv_into(right, text, sizeof(text), &size, 0, &err) == -EMFILE);
        CHECK(strstr(err.text, "RLIMIT_NOFILE") && strstr(err.text, "is lost"));
        CHECK(!mproc_connection_recv_into(right, text, sizeof(text), &size, 0, &err) && size == 1);
        return true;
}

static void want_of_descriptors_is_told_and_short_messages_need_none(const char *unused)
{
        (void)unused;
        assert_true(run_scene(without_room_for_descriptors, NULL));
}

/* Threads that share both ends. */
#define EACH 2000

static void *send_numbers(void *first)
{
        for (uint32_t i = 0; i < EACH; i++) {
                uint32_t number = (uint32_t)(uintptr_t)first + i;

                if (mproc_connection_send(left, &number, sizeof(number), MPROC_FOREVER, NULL))
                        return "send failed";
        }
        return NULL;
}

static void *sum_numbers(void *sum)
{
        uint32_t number;
        size_t size;

        for (uint32_t i = 0; i < EACH; i++) {
                if (mproc_connection_recv_into(right, &number, sizeof(number), &size, MPROC_FOREVER,
                                               NULL))
                        return "recv failed";
                *(uint64_t *)sum += number;
        }
        return NULL;
}

static void threads_may_share_a_connection(const char *unused)
{
        uint64_t sums[2] = {0}, n = 2 * EACH;
        pthread_t threads[4];
        void *complaint;

        (void)unused;
        make_pipe(MPROC_PIPE_DUPLEX);
        for (uintptr_t i = 0; i < 2; i++) {
                pthread_create(&threads[i], NULL, send_numbers, (void *)(i * EACH));
                pthread_create(&threads[2 + i], NULL, sum_numbers, &sums[i]);
        }
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], &complaint);
                assert_null(complaint);
        }
        assert_int_equal(sums[0] + sums[1], n * (n - 1) / 2);
        free_pipe();
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_message_that_does_not_fit_is_kept, UNDER_NONE),
                PROMISE(a_kept_message_is_closed_with_its_connection, UNDER_NONE),
                PROMISE(a_one_way_pipe_refuses_the_other_way, UNDER_NONE),
                PROMISE(waits_end_at_their_timeouts, UNDER_NONE),
                PROMISE(what_was_sent_before_the_end_arrives, UNDER_NONE),
                PROMISE(descriptors_travel_with_messages, UNDER_NONE),
                PROMISE(an_end_can_travel_over_another_pipe, UNDER_NONE),
                PROMISE(its_descriptor_works_with_epoll, UNDER_NONE),
                PROMISE(each_misuse_has_its_own_error, UNDER_NONE),
                PROMISE(garbage_of_any_kind_is_told_and_dropped, UNDER_NONE),
                PROMISE(want_of_descriptors_is_told_and_short_messages_need_none, UNDER_NONE),
                PROMISE(threads_may_share_a_connection, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
