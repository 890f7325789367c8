/* Who has which end of a pipe: it moves to who is given it, and nobody else keeps it alive. */
#include "contract/mproc_pipe_scene.h"

#include <stdatomic.h>

static int greet(void *arg, size_t arg_size)
{
        struct mproc_connection *connection = self(0);

        CHECK(mproc_self_fd(0) == -1 || mproc_self_fd(0) != mproc_connection_fd(connection));
        CHECK(!mproc_connection_send(connection, arg, arg_size, MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

static void an_end_moves_to_the_process_that_gets_it(const char *method)
{
        struct mproc_connection *its;
        struct mproc_err err = {0};
        char text[8];
        size_t size;
        int fd;

        assert_int_equal(mproc_pipe_new(&mine, &its, MPROC_PIPE_DUPLEX, NULL), 0);
        fd = mproc_connection_fd(its);
        expect_exit(start_with(&(struct mproc_process_options){.start = method,
                                                               .target = greet,
                                                               .arg = "hello",
                                                               .arg_size = 6,
                                                               .fds = &fd,
                                                               .fd_count = 1}),
                    0);
        assert_int_equal(mproc_connection_fd(its), -1);
        assert_int_equal(mproc_connection_send(its, "x", 1, 0, &err), -EBADF);
        assert_int_equal(err.code, -EBADF);
        assert_int_equal(mproc_connection_recv_into(mine, text, sizeof(text), &size, 0, NULL), 0);
        assert_string_equal(text, "hello");
        /* `its` still stands, and yet its process's end is told. */
        assert_int_equal(mproc_connection_recv_into(mine, text, sizeof(text), &size, 0, NULL),
                         -ENODATA);
        assert_int_equal(mproc_connection_send(mine, "x", 1, 0, NULL), -EPIPE);
        mproc_connection_free(its);
        mproc_connection_free(mine);
}

static void a_failed_start_leaves_the_end_where_it_was(const char *unused)
{
        struct mproc_connection *its;
        struct mproc_process *process;
        int fd;

        (void)unused;
        assert_int_equal(mproc_pipe_new(&mine, &its, MPROC_PIPE_DUPLEX, NULL), 0);
        fd = mproc_connection_fd(its);
        assert_int_equal(mproc_process_start(&process,
                                             &(struct mproc_process_options){.start = "none",
                                                                             .target = greet,
                                                                             .fds = &fd,
                                                                             .fd_count = 1},
                                             NULL),
                         -EINVAL);
        assert_int_equal(mproc_connection_fd(its), fd);
        mproc_connection_free(its);
        mproc_connection_free(mine);
}

/* A worker with a pipe is killed while a sibling started later, and the child of a plain fork, live
 * on. Nothing of theirs may keep the end alive. */
static void a_death_is_noticed_though_siblings_live_on(const char *method)
{
        struct mproc_process *worker, *sibling;
        struct mproc_connection *first;
        int held[2];
        pid_t foreign;
        char byte;

        worker = start_on_pipe(method, echo, NULL, 0);
        first = mine;
        sibling = start_on_pipe(method, echo, NULL, 0);
        assert_int_equal(pipe(held), 0);
        foreign = fork();
        if (!foreign) {
                close(held[1]);
                _exit(read(held[0], &byte, 1) < 0);
        }
        close(held[0]);
        mproc_process_kill(worker, NULL);
        assert_int_equal(mproc_connection_poll(first, 20 * SECOND_NS, NULL), 0);
        assert_int_equal(mproc_connection_recv_into(first, NULL, 0, &(size_t){0}, 0, NULL),
                         -ENODATA);
        assert_int_equal(mproc_connection_send(first, "x", 1, 0, NULL), -EPIPE);
        mproc_connection_free(first);
        mproc_process_free(worker);
        /* The sibling's other end is here alone: without it, it ends. */
        mproc_connection_free(mine);
        expect_exit(sibling, 0);
        close(held[1]);
        assert_int_equal(waitpid(foreign, NULL, 0), foreign);
}

static void a_forked_child_finds_its_parents_ends_closed(const char *unused)
{
        struct mproc_connection *other;
        int status;
        pid_t pid;

        (void)unused;
        assert_int_equal(mproc_pipe_new(&mine, &other, MPROC_PIPE_DUPLEX, NULL), 0);
        pid = fork();
        if (!pid) {
                CHECK(mproc_connection_send(mine, "x", 1, 0, NULL) == -EBADF);
                CHECK(mproc_connection_poll(other, 0, NULL) == -EBADF);
                mproc_connection_free(mine);
                mproc_connection_free(other);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(mproc_connection_send(mine, "x", 1, 0, NULL), 0);
        mproc_connection_free(mine);
        mproc_connection_free(other);
}

/* Forks before it takes its end, and frees the end while that child lives on. */
static int fork_before_taking(void *arg, size_t arg_size)
{
        struct mproc_connection *connection;
        int held[2];
        pid_t pid;
        char byte;

        (void)arg;
        (void)arg_size;
        CHECK(!pipe2(held, O_CLOEXEC));
        pid = fork();
        if (!pid) {
                close(held[1]);
                if (mproc_self_connection(&connection, 0, NULL) != -EINVAL)
                        _exit(1);
                _exit(read(held[0], &byte, 1) < 0);
        }
        connection = self(0);
        CHECK(!mproc_connection_send(connection, "x", 1, MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        /* Until the other side has looked. */
        connection = self(1);
        CHECK(mproc_connection_poll(connection, MPROC_FOREVER, NULL) == 0);
        mproc_connection_free(connection);
        close(held[1]);
        close(held[0]);
        CHECK(waitpid(pid, &held[0], 0) == pid);
        return held[0] != 0;
}

static void an_end_that_is_not_taken_yet_is_no_forked_childs(const char *method)
{
        struct mproc_connection *its[2], *other;
        struct mproc_process *process;
        size_t size;
        int fds[2];
        char byte;

        assert_int_equal(mproc_pipe_new(&mine, &its[0], MPROC_PIPE_DUPLEX, NULL), 0);
        assert_int_equal(mproc_pipe_new(&other, &its[1], MPROC_PIPE_DUPLEX, NULL), 0);
        for (int i = 0; i < 2; i++)
                fds[i] = mproc_connection_fd(its[i]);
        process = start_with(&(struct mproc_process_options){
                .start = method, .target = fork_before_taking, .fds = fds, .fd_count = 2});
        mproc_connection_free(its[0]);
        mproc_connection_free(its[1]);
        assert_int_equal(mproc_connection_recv_into(mine, &byte, 1, &size, 20 * SECOND_NS, NULL),
                         0);
        assert_int_equal(mproc_connection_recv_into(mine, &byte, 1, &size, 20 * SECOND_NS, NULL),
                         -ENODATA);
        mproc_connection_free(mine);
        mproc_connection_free(other);
        expect_exit(process, 0);
}

/* Long messages on their way through the threads of a process that forks. */
#define FORKS 300

struct traffic {
        struct mproc_connection *to, *from;
        atomic_bool stop;
};

static void *send_long_ones(void *arg)
{
        static char text[40000];
        struct traffic *traffic = arg;

        while (!traffic->stop)
                mproc_connection_send(traffic->from, text, sizeof(text), SECOND_NS / 100, NULL);
        return NULL;
}

static void *receive_all(void *arg)
{
        static char text[40000];
        struct traffic *traffic = arg;
        size_t size;

        while (!traffic->stop)
                mproc_connection_recv_into(traffic->to, text, sizeof(text), &size, SECOND_NS / 100,
                                           NULL);
        return NULL;
}

/* No allocation: the child of a fork beside threads. */
static int count_messages(void)
{
        char path[32], target[64];
        int count = 0;

        for (int fd = 0; fd < 256; fd++) {
                ssize_t n;

                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                n = readlink(path, target, sizeof(target) - 1);
                target[n > 0 ? n : 0] = '\0';
                count += strstr(target, "mproc-message") != NULL;
        }
        return count;
}

static void no_child_keeps_a_message_that_its_parent_was_receiving(const char *unused)
{
        struct traffic traffic = {.stop = false};
        pthread_t sender, receiver;
        int leaks = 0, status;

        (void)unused;
        assert_int_equal(mproc_pipe_new(&traffic.to, &traffic.from, MPROC_PIPE_ONE_WAY, NULL), 0);
        pthread_create(&sender, NULL, send_long_ones, &traffic);
        pthread_create(&receiver, NULL, receive_all, &traffic);
        for (int i = 0; i < FORKS; i++) {
                pid_t pid = fork();

                if (!pid)
                        _exit(count_messages());
                assert_int_equal(waitpid(pid, &status, 0), pid);
                leaks += status != 0;
        }
        traffic.stop = true;
        pthread_join(sender, NULL);
        pthread_join(receiver, NULL);
        mproc_connection_free(traffic.from);
        mproc_connection_free(traffic.to);
        assert_int_equal(leaks, 0);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(an_end_moves_to_the_process_that_gets_it, UNDER_ALL),
                PROMISE(a_failed_start_leaves_the_end_where_it_was, UNDER_NONE),
                PROMISE(a_death_is_noticed_though_siblings_live_on, UNDER_OWN_PROCESS),
                PROMISE(a_forked_child_finds_its_parents_ends_closed, UNDER_NONE),
                PROMISE(an_end_that_is_not_taken_yet_is_no_forked_childs, UNDER_CONCURRENT),
                PROMISE(no_child_keeps_a_message_that_its_parent_was_receiving, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
