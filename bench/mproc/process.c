#include "mproc/process.h"

#include "base/clock.h"
#include "base/error.h"
#include "mproc/child.h"
#include "mproc/fork_client.h"
#include "mproc/limits.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include "mproc/wait.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct mproc_process *process_new(const struct mproc_start_method *method)
{
        struct mproc_process *process = calloc(1, sizeof(*process));

        if (!process)
                return NULL;
        process->method = method;
        process->ctl_fd = process->lifeline_fd = process->status_fd = -1;
        process->pidfd = process->end_fd = -1;
        pthread_mutex_init(&process->lock, NULL);
        registry_add(process);
        return process;
}

void process_close(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

void process_close_handed_over(struct mproc_process *process)
{
        registry_lock();
        process_close(&process->ctl_fd);
        process_close(&process->lifeline_fd);
        process_close(&process->status_fd);
        registry_unlock();
}

/* Registry locked, or in a forked child. */
static void close_all(struct mproc_process *process)
{
        process_close(&process->ctl_fd);
        process_close(&process->lifeline_fd);
        process_close(&process->status_fd);
        if (process->end_fd != process->pidfd)
                process_close(&process->end_fd);
        process_close(&process->pidfd);
        process->end_fd = -1;
}

void process_disown(struct mproc_process *process, const struct ctl *mine)
{
        close_all(process);
        for (size_t i = 0; i < process->fd_count; i++)
                if ((mine || !pthread_equal(process->thread, pthread_self()) ||
                     ctl_is_end(process->ctl, i)) &&
                    !ctl_hands_over(mine, process->fds[i]))
                        process_close(&process->fds[i]);
        /* Hidden from the child by madvise; a thread's or a call's block goes on in the fork of
         * its target. */
        if (process->method->flags & MPROC_START_OWN_PROCESS)
                process->ctl = NULL;
}

int process_adopt(struct mproc_process *process, pid_t pid, struct mproc_err *err)
{
        bool gone;
        int r = 0;

        process->pid = pid;
        registry_lock();
        process->pidfd = process->end_fd = stdio_fds_avoid(pidfd_open(pid, 0));
        gone = process->pidfd < 0 && errno == ESRCH; /* SIGCHLD is ignored */
        if (gone)
                process->end_fd = stdio_fds_avoid(eventfd(1, EFD_CLOEXEC));
        if (process->end_fd < 0)
                r = -errno;
        registry_unlock();
        if (!r)
                return 0;
        if (!gone) {
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
        }
        return limits_error(err, r, "start", "cannot open a pidfd of the new process");
}

void process_decode(struct mproc_status *ret, int wait_status)
{
        if (WIFEXITED(wait_status)) {
                ret->state = MPROC_EXITED;
                ret->code = WEXITSTATUS(wait_status);
        } else {
                ret->state = MPROC_SIGNALED;
                ret->code = WTERMSIG(wait_status);
        }
}

int process_reap_child(struct mproc_process *process, struct mproc_status *ret)
{
        siginfo_t info = {0};
        int r = -ECHILD;

        if (process->pidfd >= 0)
                r = waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG);
        if (!r && !info.si_pid)
                return 0;
        if (r) {
                ret->state = MPROC_UNKNOWN;
                error_set(&ret->err, -ECHILD, "join",
                          "the exit status of process %d went to somebody else: SIGCHLD is "
                          "ignored, or other code waits for any child",
                          (int)process->pid);
        } else {
                ret->state = info.si_code == CLD_EXITED ? MPROC_EXITED : MPROC_SIGNALED;
                ret->code = info.si_status;
        }
        return 1;
}

/* What the process itself reported, and whether its target ran at all. */
static void add_report(const struct mproc_process *process, struct mproc_status *status)
{
        struct ctl *ctl = process->ctl;
        uint32_t failure = atomic_load(&ctl->failure);

        if (failure != CTL_NO_FAILURE) {
                status->err = ctl->err;
                status->err.stage[sizeof(status->err.stage) - 1] = '\0';
                status->err.text[sizeof(status->err.text) - 1] = '\0';
        }
        if (failure == CTL_BOOT_FAILED) {
                status->state = MPROC_FAILED;
        } else if (status->state == MPROC_EXITED && !atomic_load(&ctl->ready_ns)) {
                status->state = MPROC_FAILED;
                error_set(&status->err, -EPROTO, "boot",
                          "process %d left with status %d before its target ran: mproc_init is not "
                          "the first call in main, a library's constructor left, or /proc/self/exe "
                          "is not this program (run through a loader or an emulator)",
                          (int)process->pid, status->code);
        }
        if (status->state == MPROC_FAILED)
                status->code = -status->err.code;
}

/* 1: over, and its status is in `ret` (may be NULL); 0: it runs. */
static int look(struct mproc_process *process, struct mproc_status *ret)
{
        struct mproc_status status = {.state = MPROC_RUNNING};
        int over;

        pthread_mutex_lock(&process->lock);
        if (!process->over && process->method->reap(process, &status)) {
                add_report(process, &status);
                process->status = status;
                process->over = true;
        }
        over = process->over;
        if (over && ret)
                *ret = process->status;
        pthread_mutex_unlock(&process->lock);
        return over;
}

static bool is_own(const struct mproc_process *process, struct mproc_err *err)
{
        if (registry_owns(process))
                return true;
        error_set(err, -ECHILD, "process",
                  "this process was started by another one, from which the caller was forked");
        return false;
}

int mproc_process_join(struct mproc_process *process, int64_t timeout_ns, struct mproc_status *ret,
                       struct mproc_err *err)
{
        uint64_t deadline = wait_deadline(timeout_ns);

        if (!is_own(process, err))
                return -ECHILD;
        if (child_ctl() == process->ctl)
                return error_set(err, -EDEADLK, "join", "a target cannot join itself");
        while (!look(process, ret)) {
                struct pollfd poll_fd = {.fd = process->end_fd, .events = POLLIN};
                struct timespec left = clock_left(deadline), nap = {.tv_nsec = NS_PER_MS};

                if (wait_is_over(deadline))
                        return error_set(err, -ETIMEDOUT, "join",
                                         "the process still runs after %.3f s",
                                         wait_seconds(timeout_ns));
                /* Readable and yet not reaped: a debugger holds it, or its fork server has yet to
                 * be buried. */
                if (ppoll(&poll_fd, 1, deadline == WAIT_FOREVER ? NULL : &left, NULL) > 0 &&
                    !look(process, ret))
                        nanosleep(&nap, NULL);
        }
        return 0;
}

static int send_signal(struct mproc_process *process, int sig, struct mproc_err *err)
{
        int over;

        if (!is_own(process, err))
                return -ECHILD;
        if (!(process->method->flags & MPROC_START_OWN_PROCESS))
                return error_set(err, -ENOTSUP, "signal",
                                 "start method %s gives the target no process of its own to signal",
                                 process->method->name);
        pthread_mutex_lock(&process->lock);
        over = process->over;
        pthread_mutex_unlock(&process->lock);
        if (over || process->pidfd < 0 || !pidfd_send_signal(process->pidfd, sig, NULL, 0) ||
            errno == ESRCH)
                return 0;
        return error_errno(err, -errno, "signal", "cannot send signal %d to process %d", sig,
                           (int)process->pid);
}

int mproc_process_terminate(struct mproc_process *process, struct mproc_err *err)
{
        return send_signal(process, SIGTERM, err);
}

int mproc_process_kill(struct mproc_process *process, struct mproc_err *err)
{
        return send_signal(process, SIGKILL, err);
}

pid_t mproc_process_pid(const struct mproc_process *process)
{
        if (process->pid || !process->ctl)
                return process->pid;
        return child_await_tid(process->ctl);
}

int mproc_process_fd(const struct mproc_process *process)
{
        return process->end_fd;
}

void mproc_process_steps(const struct mproc_process *process, struct mproc_start_steps *ret)
{
        *ret = (struct mproc_start_steps){.called_ns = process->called_ns,
                                          .returned_ns = process->returned_ns};
        if (process->ctl) {
                ret->first_ns = atomic_load(&process->ctl->first_ns);
                ret->ready_ns = atomic_load(&process->ctl->ready_ns);
        }
}

void mproc_process_free(struct mproc_process *process)
{
        if (!process)
                return;
        if (registry_owns(process) && !process->over) {
                int r = mproc_process_kill(process, NULL);

                /* One that changed its user cannot be killed; waiting for it could be for ever. */
                if (!r || r == -ENOTSUP)
                        mproc_process_join(process, MPROC_FOREVER, NULL, NULL);
        }
        registry_remove(process);
        registry_lock();
        close_all(process);
        registry_unlock();
        fork_client_release(process->server);
        if (process->ctl)
                munmap(process->ctl, process->ctl_size);
        pthread_mutex_destroy(&process->lock);
        free(process);
}
