#include "base/clock.h"
#include "mproc/child.h"
#include "mproc/lifeline.h"
#include "mproc/limits.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include <errno.h>

static int start(struct mproc_process *process, const struct start_request *request,
                 struct mproc_err *err)
{
        sigset_t all, before;
        pid_t pid;
        int r;

        (void)request;
        r = lifeline_lend(&process->lifeline_fd, err);
        if (r)
                return r;
        /* No handler of the parent's program runs in the child. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pid = registry_fork(process);
        if (!pid)
                child_run_forked(process->ctl, process->lifeline_fd, process->target,
                                 clock_now_ns());
        r = -errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (pid < 0)
                return limits_error(err, r, "start", "cannot fork");
        return process_adopt(process, pid, err);
}

const struct mproc_start_method start_fork = {
        .name = "fork",
        .summary = "copies the calling process; its memory decides the cost",
        .flags = MPROC_START_OWN_PROCESS | MPROC_START_CONCURRENT,
        .start = start,
        .reap = process_reap_child,
};
