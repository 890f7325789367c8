#include "mproc/fork_client.h"
#include "mproc/limits.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static int open_status_pipe(struct mproc_process *process, struct mproc_err *err)
{
        int ends[2], r = 0;

        registry_lock();
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) || stdio_fds_avoid_pair(ends)) {
                r = limits_error(err, -errno, "start", "cannot create a status pipe");
        } else {
                process->end_fd = ends[0];
                process->status_fd = ends[1];
        }
        registry_unlock();
        return r;
}

static int start(struct mproc_process *process, const struct start_request *request,
                 struct mproc_err *err)
{
        const struct segment_list *segments = &request->segments;
        const struct mproc_process_options *options = request->options;
        struct fork_request message = {.ctl_size = (uint32_t)process->ctl_size,
                                       .segment_count = (uint32_t)segments->count,
                                       .fd_count = (uint32_t)options->fd_count};
        int fds[FORK_REQUEST_FDS_MAX], r;
        size_t count = 0;

        r = open_status_pipe(process, err);
        if (r)
                return r;
        fds[count++] = process->ctl_fd;
        fds[count++] = process->status_fd;
        for (size_t i = 0; i < segments->count; i++)
                fds[count++] = segment_fd(segments->at[i]);
        for (size_t i = 0; i < options->fd_count; i++)
                fds[count++] = options->fds[i];
        return fork_client_start(process, &message, fds, err);
}

/* The status pipe has said what it had to say. Whoever polls end_fd goes on with the same number:
 * the pidfd, which stays readable after the worker's end. */
static void replace_pipe(struct mproc_process *process)
{
        if (process->pidfd < 0) /* it was gone before it was known: the end of the pipe stays */
                return;
        registry_lock();
        dup3(process->pidfd, process->end_fd, O_CLOEXEC);
        registry_unlock();
}

static int reap(struct mproc_process *process, struct mproc_status *ret)
{
        struct pollfd poll_fd = {.fd = process->pidfd, .events = POLLIN};
        ssize_t n;
        int status;

        if (!process->orphaned) {
                n = read(process->end_fd, &status, sizeof(status));
                if (n == sizeof(status)) {
                        replace_pipe(process);
                        process_decode(ret, status);
                        return 1;
                }
                if (n < 0)
                        return 0;
                replace_pipe(process);
                process->orphaned = true;
        }
        if (process->pidfd >= 0 && poll(&poll_fd, 1, 0) <= 0)
                return 0;
        ret->state = MPROC_UNKNOWN;
        fork_client_explain(process->server, &ret->err);
        return 1;
}

const struct mproc_start_method start_forkserver = {
        .name = "forkserver",
        .summary = "a small process of this program forks on request, whatever the caller's size",
        .flags = MPROC_START_OWN_PROCESS | MPROC_START_CONCURRENT | MPROC_START_EXEC,
        .start = start,
        .reap = reap,
};
