#include "mproc/child.h"
#include "mproc/limits.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int start(struct mproc_process *process, const struct start_request *request,
                 struct mproc_err *err)
{
        int r = 0;

        (void)request;
        registry_lock();
        process->end_fd = stdio_fds_avoid(eventfd(1, EFD_CLOEXEC));
        if (process->end_fd < 0)
                r = limits_error(err, -errno, "start", "cannot create an eventfd");
        registry_unlock();
        if (r)
                return r;
        process->pid = gettid();
        process->status.code = child_run_inside(process->ctl, process->ctl->fd, process->target);
        return 0;
}

static int reap(struct mproc_process *process, struct mproc_status *ret)
{
        ret->state = MPROC_EXITED;
        ret->code = process->status.code;
        return 1;
}

const struct mproc_start_method start_serial = {
        .name = "serial",
        .summary = "calls the target where it stands, and returns when it is done",
        .flags = 0,
        .start = start,
        .reap = reap,
};
