/* What pipes carry besides bytes, and who holds their ends, held against CPython's: see
 * conformance.h. */
#include "contract/conformance.h"
#include "contract/mproc_pipe_scene.h"

#include <poll.h>

static int write_to_what_comes(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);
        size_t got, fd_count;
        char byte;
        int fd;

        (void)arg;
        (void)size;
        CHECK(!mproc_connection_recv_fds(connection, &byte, 1, &got, &fd, 1, &fd_count,
                                         MPROC_FOREVER, NULL));
        CHECK(fd_count == 1 && write(fd, "foo", 3) == 3 && !close(fd));
        mproc_connection_free(connection);
        return 0;
}

static void descriptors_travel(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, write_to_what_comes, NULL, 0);
        int ends[2], high;
        char text[4] = "";

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        high = fcntl(ends[1], F_DUPFD_CLOEXEC, 256);
        if (high < 0) /* as many are not allowed here */
                high = fcntl(ends[1], F_DUPFD_CLOEXEC, 0);
        assert_int_equal(mproc_connection_send_fds(mine, "x", 1, &high, 1, MPROC_FOREVER, NULL), 0);
        close(high);
        close(ends[1]);
        assert_int_equal(read(ends[0], text, sizeof(text)), 3);
        assert_string_equal(text, "foo");
        close(ends[0]);
        hang_up(process);
}

static int send_no_descriptor(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        CHECK(write(mproc_self_fd(0), "", 1) == 1);
        return 0;
}

static void foreign_bytes_are_no_message(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, send_no_descriptor, NULL, 0);
        size_t size, fd_count;
        char byte;
        int fd;

        assert_int_equal(mproc_connection_recv_fds(mine, &byte, 1, &size, &fd, 1, &fd_count,
                                                   MPROC_FOREVER, NULL),
                         -EPROTO);
        hang_up(process);
}

static int talk_on_what_comes(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0), *other;
        size_t got, fd_count;
        char byte;
        int fd;

        (void)arg;
        (void)size;
        CHECK(!mproc_connection_recv_fds(connection, &byte, 1, &got, &fd, 1, &fd_count,
                                         MPROC_FOREVER, NULL));
        CHECK(!mproc_connection_new(&other, fd, NULL));
        CHECK(!mproc_connection_send(other, "here", 4, MPROC_FOREVER, NULL));
        mproc_connection_free(other);
        mproc_connection_free(connection);
        return 0;
}

static void connections_travel(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, talk_on_what_comes, NULL, 0);
        struct mproc_connection *near, *far;
        int fd;

        assert_int_equal(mproc_pipe_new(&near, &far, MPROC_PIPE_DUPLEX, NULL), 0);
        fd = mproc_connection_fd(far);
        assert_int_equal(mproc_connection_send_fds(mine, "x", 1, &fd, 1, MPROC_FOREVER, NULL), 0);
        mproc_connection_free(far);
        expect_text(near, "here");
        expect_exit(process, 0);
        mproc_connection_free(near);
        mproc_connection_free(mine);
}

static void end_may_be_closed_after_the_start(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, echo, NULL, 0); /* closes it */

        send_text(mine, "hello");
        expect_text(mine, "hello");
        hang_up(process);
}

static int send_ten(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);

        (void)arg;
        (void)size;
        for (int i = 0; i < 10; i++)
                CHECK(!mproc_connection_send(connection, &i, sizeof(i), MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

#define SENDERS 4

static void several_are_waited_for_at_once(const char *method)
{
        struct mproc_connection *readers[SENDERS];
        struct mproc_process *processes[SENDERS];
        struct pollfd fds[2 * SENDERS];
        int next[SENDERS] = {0}, left = 2 * SENDERS, number, r;
        size_t size;

        for (int i = 0; i < SENDERS; i++) {
                processes[i] = start_on_pipe(method, send_ten, NULL, 0);
                readers[i] = mine;
                fds[i] = (struct pollfd){.fd = mproc_connection_fd(mine), .events = POLLIN};
                fds[SENDERS + i] =
                        (struct pollfd){.fd = mproc_process_fd(processes[i]), .events = POLLIN};
        }
        while (left) {
                assert_true(poll(fds, 2 * SENDERS, -1) > 0);
                for (int i = 0; i < 2 * SENDERS; i++) {
                        if (!fds[i].revents)
                                continue;
                        if (i >= SENDERS) {
                                fds[i].fd = -1;
                                left--;
                                continue;
                        }
                        r = mproc_connection_recv_into(readers[i], &number, sizeof(number), &size,
                                                       0, NULL);
                        if (!r) {
                                assert_int_equal(number, next[i]++);
                                continue;
                        }
                        assert_int_equal(r, -ENODATA);
                        fds[i].fd = -1;
                        left--;
                }
        }
        for (int i = 0; i < SENDERS; i++) {
                assert_int_equal(next[i], 10);
                expect_exit(processes[i], 0);
                mproc_connection_free(readers[i]);
        }
}

static int hold_it(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        self(0);
        return stay();
}

/* The second begins while the first one's end is open in the parent. */
static void siblings_do_not_hide_a_death(const char *method)
{
        struct mproc_connection *first, *first_far, *second, *second_far;
        struct mproc_process *processes[2];
        int fds[2];
        char byte;
        size_t size;

        assert_int_equal(mproc_pipe_new(&first, &first_far, MPROC_PIPE_DUPLEX, NULL), 0);
        assert_int_equal(mproc_pipe_new(&second, &second_far, MPROC_PIPE_DUPLEX, NULL), 0);
        fds[0] = mproc_connection_fd(first_far);
        fds[1] = mproc_connection_fd(second_far);
        for (int i = 1; i >= 0; i--)
                processes[i] = start_with(&(struct mproc_process_options){
                        .start = method, .target = hold_it, .fds = &fds[i], .fd_count = 1});
        kill_and_free(processes[0]);
        assert_int_equal(mproc_connection_recv_into(first, &byte, 1, &size, MPROC_FOREVER, NULL),
                         -ENODATA);
        kill_and_free(processes[1]);
        mproc_connection_free(first_far);
        mproc_connection_free(second_far);
        mproc_connection_free(first);
        mproc_connection_free(second);
}

static void ignore_signal(int sig)
{
        (void)sig;
}

static int signal_then_send(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);

        (void)size;
        for (int i = 0; i < 10; i++) {
                CHECK(!kill(*(pid_t *)arg, SIGUSR1));
                nap(MS);
        }
        CHECK(!mproc_connection_send(connection, "ready", 5, MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

static void handled_signals_do_not_end_a_recv(const char *method)
{
        struct sigaction action = {.sa_handler = ignore_signal}, before;
        pid_t pid = getpid();
        struct mproc_process *process;

        sigaction(SIGUSR1, &action, &before);
        process = start_on_pipe(method, signal_then_send, &pid, sizeof(pid));
        expect_text(mine, "ready");
        expect_exit(process, 0);
        sigaction(SIGUSR1, &before, NULL);
        mproc_connection_free(mine);
}

static const struct conformance_case cases[] = {
        CASE_SAME(descriptors_travel, "_TestConnection.test_fd_transfer, test_large_fd_transfer",
                  "a descriptor, of a high number too, is sent and works there"),
        CASE_SAME(foreign_bytes_are_no_message, "_TestConnection.test_missing_fd_transfer",
                  "bytes without the descriptor that is waited for are an error"),
        CASE_SAME(connections_travel, "_TestPicklingConnections.test_pickling",
                  "the end of a pipe is sent through another pipe and works there"),
        CASE_SAME(end_may_be_closed_after_the_start, "_TestConnection.test_spawn_close",
                  "the parent may close the child's end as soon as the start has returned"),
        {BETTER, ALL_METHODS, SPAWN | FORKSERVER, siblings_do_not_hide_a_death, "_TestConnection",
         "(not tested) under fork a sibling has a copy of the end, so that its owner's "
         "death is not seen",
         "a process has the ends that were handed to it, no others"},
        CASE_SAME(several_are_waited_for_at_once, "TestWait.test_wait, test_wait_integer",
                  "several connections and sentinels are waited for at once (by `poll(2)`)"),
        CASE_SAME(handled_signals_do_not_end_a_recv, "TestIgnoreEINTR.test_ignore",
                  "a signal that is handled meanwhile does not end a `recv`"),
        CASE_NOT_APPLICABLE("_TestListener, _TestListenerClient, TestInvalidFamily",
                            "connections by address", "the ends of a pipe are handed over"),
        CASE_NOT_APPLICABLE("OtherTest, ChallengeResponseTest", "who connects proves who it is",
                            "nobody connects to a pipe: its ends are handed over"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Connections", cases, sizeof(cases) / sizeof(cases[0]));
}
