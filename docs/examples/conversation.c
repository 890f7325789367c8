/* Question and answer over a pipe, with a process that goes away instead of answering: who waits
 * for it is told at once, however it went.
 *
 *     cc -O2 -o conversation conversation.c $(pkg-config --cflags --libs mproc)
 *     START=fork ./conversation         # or spawn, forkserver (the default), thread */
#include <errno.h>
#include <inttypes.h>
#include <mproc/mproc.h>
#include <mproc/pipe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers until nobody is there any more who could ask. */
static int answer(void *arg, size_t arg_size)
{
        struct mproc_connection *connection;
        struct mproc_err err;
        int64_t number = 0;
        size_t size;
        int r;

        (void)arg, (void)arg_size;
        r = mproc_self_connection(&connection, 0, &err);
        if (r)
                goto out;
        while (!r) {
                r = mproc_connection_recv_into(connection, &number, sizeof(number), &size,
                                               MPROC_FOREVER, &err);
                if (!r && number == 13)
                        break; /* a crash would look the same from the other end */
                if (!r)
                        number *= number;
                if (!r)
                        r = mproc_connection_send(connection, &number, sizeof(number),
                                                  MPROC_FOREVER, &err);
        }
        mproc_connection_free(connection); /* the end of a process would do, that of a thread not */
        if (!r)
                return 13;
        if (r == -ENODATA) /* the other end is gone: that is how this conversation ends */
                return 0;
out:
        mproc_self_fail(&err);
        return 1;
}

/* Whatever goes wrong ends the program; processes that it started end with it. */
static void check(int r, const struct mproc_err *err)
{
        if (!r)
                return;
        fprintf(stderr, "conversation: %s: %s\n", err->stage, err->text);
        exit(EXIT_FAILURE);
}

/* A process, and our end of the pipe to it. */
static struct mproc_process *begin(struct mproc_connection **ret_mine)
{
        struct mproc_process_options options = {.start = getenv("START"), .target = answer};
        struct mproc_connection *its;
        struct mproc_process *process;
        struct mproc_err err;
        int fd;

        check(mproc_pipe_new(ret_mine, &its, MPROC_PIPE_DUPLEX, &err), &err);
        fd = mproc_connection_fd(its);
        options.fds = &fd;
        options.fd_count = 1;
        check(mproc_process_start(&process, &options, &err), &err);
        mproc_connection_free(its); /* it has moved to the process */
        return process;
}

/* The process ends, by itself or since our end of the pipe is gone. */
static void end(struct mproc_process *process, struct mproc_connection *mine)
{
        struct mproc_status status;
        struct mproc_err err;

        mproc_connection_free(mine);
        check(mproc_process_join(process, MPROC_FOREVER, &status, &err), &err);
        printf("the process ended with status %d\n", status.code);
        mproc_process_free(process);
}

int main(int argc, char **argv)
{
        static const int64_t questions[] = {2, 3, 13, 4};
        struct mproc_connection *mine;
        struct mproc_process *process;
        struct mproc_err err;
        int64_t square;
        size_t size;
        int r;

        mproc_init(&argc, &argv); /* first: under spawn and forkserver workers begin in main, too */
        if (getenv("START") && !strcmp(getenv("START"), "serial")) {
                fprintf(stderr, "conversation: it takes two: START cannot be serial\n");
                return EXIT_FAILURE;
        }
        process = begin(&mine);
        for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
                check(mproc_connection_send(mine, &questions[i], sizeof(*questions), MPROC_FOREVER,
                                            &err),
                      &err);
                r = mproc_connection_recv_into(mine, &square, sizeof(square), &size, MPROC_FOREVER,
                                               &err);
                if (r == -ENODATA) {
                        printf("%" PRId64 ": no answer\n", questions[i]);
                        end(process, mine);
                        process = begin(&mine);
                        continue;
                }
                check(r, &err);
                printf("%" PRId64 ": %" PRId64 "\n", questions[i], square);
        }
        end(process, mine);
}
