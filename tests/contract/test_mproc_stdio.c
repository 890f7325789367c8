/* Programs that have closed 0, 1 and 2, and print all the same. */
#include "contract/mproc_crew.h"

#include <fcntl.h>
#include <mproc/manager.h>
#include <mproc/pipe.h>
#include <mproc/pool.h>

#define MAGIC 7

static int wait_and_look(void *arg, size_t size)
{
        int *word = *(int **)arg;
        char byte;

        (void)size;
        if (write(STDOUT_FILENO, "a worker prints", 15) < 0 && errno != EBADF)
                return 1;
        return read(mproc_self_fd(0), &byte, 1) == 1 && *word == MAGIC ? 0 : 2;
}

static void close_stdio(void)
{
        for (int fd = 0; fd < 3; fd++)
                close(fd);
}

static bool stdio_is_closed(void)
{
        for (int fd = 0; fd < 3; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        return false;
        return true;
}

/* Twice: a first start makes what later ones find. */
static bool print_into_the_void(const char *method)
{
        struct mproc_shm *shm[2];
        int ends[2];

        CHECK(!pipe2(ends, O_CLOEXEC));
        close_stdio();
        for (int i = 0; i < 2; i++) {
                struct mproc_process_options options = {
                        .start = method, .target = wait_and_look, .fds = &ends[0], .fd_count = 1};
                struct mproc_process *process;
                struct mproc_status status;
                int *word;

                CHECK(!mproc_shm_new(&shm[i], sizeof(*word), NULL));
                word = mproc_shm_addr(shm[i]);
                *word = MAGIC;
                options.arg = &word;
                options.arg_size = sizeof(word);
                CHECK(!mproc_process_start(&process, &options, NULL));
                CHECK(write(STDOUT_FILENO, "the parent prints", 17) < 0 && errno == EBADF);
                CHECK(write(STDERR_FILENO, "the parent warns", 16) < 0 && errno == EBADF);
                CHECK(write(ends[1], "", 1) == 1);
                CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
                CHECK(status.state == MPROC_EXITED && status.code == 0);
                CHECK(stdio_is_closed());
                mproc_process_free(process);
        }
        return true;
}

static void a_print_to_a_closed_stdout_harms_nobody(const char *method)
{
        assert_true(run_scene(print_into_the_void, method));
}

static bool make_everything(const char *method)
{
        struct mproc_connection *first, *second;
        struct mproc_manager *manager;
        struct mproc_pool *pool;

        close_stdio();
        CHECK(!mproc_pipe_new(&first, &second, MPROC_PIPE_DUPLEX, NULL));
        CHECK(stdio_is_closed());
        for (int i = 0; mproc_pool_transport_at((size_t)i); i++) {
                struct mproc_pool_options options = {
                        .start = method,
                        .workers = 1,
                        .transport = mproc_pool_transport_name(mproc_pool_transport_at((size_t)i))};

                CHECK(!mproc_pool_new(&pool, &options, NULL));
                CHECK(stdio_is_closed());
                mproc_pool_free(pool);
        }
        CHECK(!mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method}, NULL));
        CHECK(stdio_is_closed());
        mproc_manager_free(manager);
        mproc_connection_free(first);
        mproc_connection_free(second);
        return true;
}

static void nothing_takes_the_place_of_closed_stdio(const char *method)
{
        assert_true(run_scene(make_everything, method));
}

/* A long message travels in memory of its own, which stays here until it is received. */
static bool receive_everything(const char *unused)
{
        static char text[40000], received[sizeof(text)];
        struct mproc_connection *first, *second;
        size_t size, fd_count;
        int fd;

        (void)unused;
        memset(text, 'x', sizeof(text));
        CHECK(!mproc_pipe_new(&first, &second, MPROC_PIPE_DUPLEX, NULL));
        fd = mproc_connection_fd(first);
        close_stdio();
        CHECK(!mproc_connection_send_fds(first, text, sizeof(text), &fd, 1, 0, NULL));
        CHECK(mproc_connection_recv_into(second, received, 1, &size, 0, NULL) == -EOVERFLOW);
        CHECK(stdio_is_closed());
        CHECK(!mproc_connection_recv_fds(second, received, sizeof(received), &size, &fd, 1,
                                         &fd_count, 0, NULL));
        CHECK(size == sizeof(text) && !memcmp(received, text, size));
        CHECK(fd_count == 1 && fd > STDERR_FILENO);
        CHECK(stdio_is_closed());
        return true;
}

static void nothing_that_is_received_does(const char *unused)
{
        (void)unused;
        assert_true(run_scene(receive_everything, NULL));
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_print_to_a_closed_stdout_harms_nobody, UNDER_CONCURRENT),
                PROMISE(nothing_takes_the_place_of_closed_stdio, UNDER_CONCURRENT),
                PROMISE(nothing_that_is_received_does, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
