/* Processes at the other end of a pipe. */
#ifndef MPROC_PIPE_SCENE_H
#define MPROC_PIPE_SCENE_H

#include "contract/mproc_gate.h"

#include <mproc/pipe.h>

static struct mproc_connection *mine;

/* Starts `target` with one end of a new duplex pipe; `mine` is the other. */
static inline struct mproc_process *start_on_pipe(const char *method, int (*target)(void *, size_t),
                                                  const void *arg, size_t arg_size)
{
        struct mproc_connection *its;
        struct mproc_process *process;
        int fd;

        assert_int_equal(mproc_pipe_new(&mine, &its, MPROC_PIPE_DUPLEX, NULL), 0);
        fd = mproc_connection_fd(its);
        process = start_with(&(struct mproc_process_options){.start = method,
                                                             .target = target,
                                                             .arg = arg,
                                                             .arg_size = arg_size,
                                                             .fds = &fd,
                                                             .fd_count = 1});
        mproc_connection_free(its);
        return process;
}

static inline void send_text(struct mproc_connection *to, const char *text)
{
        assert_int_equal(mproc_connection_send(to, text, strlen(text), MPROC_FOREVER, NULL), 0);
}

static inline void expect_text(struct mproc_connection *from, const char *text)
{
        size_t size;
        void *data;

        assert_int_equal(mproc_connection_recv(from, &data, &size, MPROC_FOREVER, NULL), 0);
        assert_int_equal(size, strlen(text));
        assert_memory_equal(data, text, size);
        free(data);
}

/* The last of `mine`; the other process leaves, or has. */
static inline void hang_up(struct mproc_process *process)
{
        mproc_connection_free(mine);
        expect_exit(process, 0);
}

static inline struct mproc_connection *self(size_t index)
{
        struct mproc_connection *connection = NULL;

        CHECK(!mproc_self_connection(&connection, index, NULL));
        CHECK(fcntl(mproc_connection_fd(connection), F_GETFD) == FD_CLOEXEC);
        return connection;
}

static inline int echo(void *arg, size_t arg_size)
{
        struct mproc_connection *connection = self(0);
        size_t size;
        void *data;
        int r;

        (void)arg;
        (void)arg_size;
        while (!(r = mproc_connection_recv(connection, &data, &size, MPROC_FOREVER, NULL))) {
                CHECK(!mproc_connection_send(connection, data, size, MPROC_FOREVER, NULL));
                free(data);
        }
        mproc_connection_free(connection);
        return r == -ENODATA ? 0 : 1;
}

#endif
