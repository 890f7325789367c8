#include "mproc/child.h"
#include "mproc/limits.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void close_fds(struct ctl *ctl)
{
        while (ctl->fd_count)
                close(ctl->fd[--ctl->fd_count]);
}

/* Runs also when the target leaves by pthread_exit. The process object may be freed as soon as
 * end_fd is readable and the thread is joined. */
static void finish(void *argument)
{
        struct mproc_process *process = argument;

        close_fds(process->ctl);
        eventfd_write(process->end_fd, 1);
}

static void *run(void *argument)
{
        struct mproc_process *process = argument;

        pthread_cleanup_push(finish, process);
        process->status.code = child_run_inside(process->ctl, process->target);
        pthread_cleanup_pop(1);
        return NULL;
}

/* Descriptors of its own, since the caller may close its at once. */
static int copy_fds(struct ctl *ctl, const struct mproc_process_options *options,
                    struct mproc_err *err)
{
        for (ctl->fd_count = 0; ctl->fd_count < options->fd_count; ctl->fd_count++) {
                int fd = fcntl(options->fds[ctl->fd_count], F_DUPFD_CLOEXEC, 3);

                if (fd < 0)
                        return limits_error(err, -errno, "start", "cannot copy a descriptor");
                ctl->fd[ctl->fd_count] = fd;
        }
        return 0;
}

static int start(struct mproc_process *process, const struct start_request *request,
                 struct mproc_err *err)
{
        const char *name = request->options->name;
        int r;

        r = copy_fds(process->ctl, request->options, err);
        if (r)
                goto out;
        registry_lock();
        process->end_fd = eventfd(0, EFD_CLOEXEC);
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
                close_fds(process->ctl);
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
