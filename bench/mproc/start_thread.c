#include "mproc/child.h"
#include "mproc/limits.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void close_fds(struct mproc_process *process)
{
        registry_lock();
        while (process->fd_count)
                process_close(&process->fds[--process->fd_count]);
        registry_unlock();
}

/* Runs also when the target leaves by pthread_exit. The process object may be freed as soon as
 * end_fd is readable and the thread is joined. */
static void finish(void *argument)
{
        struct mproc_process *process = argument;

        close_fds(process);
        eventfd_write(process->end_fd, 1);
}

static void *run(void *argument)
{
        struct mproc_process *process = argument;

        pthread_cleanup_push(finish, process);
        process->status.code = child_run_inside(process->ctl, process->fds, process->target);
        pthread_cleanup_pop(1);
        return NULL;
}

/* Descriptors of its own, since the caller may close its at once. */
static int copy_fds(struct mproc_process *process, const struct mproc_process_options *options,
                    struct mproc_err *err)
{
        int r = 0;

        registry_lock();
        while (process->fd_count < options->fd_count) {
                int fd = fcntl(options->fds[process->fd_count], F_DUPFD_CLOEXEC, 3);

                if (fd < 0) {
                        r = limits_error(err, -errno, "start", "cannot copy a descriptor");
                        break;
                }
                process->fds[process->fd_count++] = fd;
        }
        registry_unlock();
        return r;
}

static int start(struct mproc_process *process, const struct start_request *request,
                 struct mproc_err *err)
{
        const char *name = request->options->name;
        int r;

        r = copy_fds(process, request->options, err);
        if (r)
                goto out;
        registry_lock();
        process->end_fd = stdio_fds_avoid(eventfd(0, EFD_CLOEXEC));
        r = process->end_fd < 0 ? -errno : 0;
        registry_unlock();
        if (r) {
                limits_error(err, r, "start", "cannot create an eventfd");
                goto out;
        }
        r = -pthread_create(&process->thread, NULL, run, process);
        if (r) {
                limits_error(err, r, "start", "cannot create a thread");
                goto out;
        }
        if (name)
                pthread_setname_np(process->thread, process->ctl->name);
out:
        if (r)
                close_fds(process);
        return r;
}

static int reap(struct mproc_process *process, struct mproc_status *ret)
{
        struct pollfd poll_fd = {.fd = process->end_fd, .events = POLLIN};

        if (poll(&poll_fd, 1, 0) <= 0)
                return 0;
        pthread_join(process->thread, NULL);
        ret->state = MPROC_EXITED;
        ret->code = process->status.code;
        return 1;
}

const struct mproc_start_method start_thread = {
        .name = "thread",
        .summary = "a thread of the calling process: the baseline without isolation",
        .flags = MPROC_START_CONCURRENT,
        .start = start,
        .reap = reap,
};
