#include "mproc/child.h"

#include "base/clock.h"
#include "base/error.h"
#include "mproc/exec_self.h"
#include "mproc/lifeline.h"
#include "mproc/registry.h"
#include "mproc/segment.h"
#include "mproc/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BOOT_FAILED_STATUS 127

static struct ctl *process_ctl; /* of a process that mproc started */
static struct {
        int fd[MPROC_FDS_MAX];
        ino_t end[MPROC_FDS_MAX]; /* socket of a pipe's end; 0: it is none */
        uint32_t count;
} handed; /* … to it: its own, while the control block is its forked children's, too */
static __thread struct ctl *thread_ctl; /* of a target inside of its parent's process */
static __thread int *thread_fds;        /* … and what it was handed */

struct ctl *child_ctl(void)
{
        return thread_ctl ? thread_ctl : process_ctl;
}

const int child_job_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, 0};

static bool is_job_signal(int sig)
{
        for (const int *each = child_job_signals; *each; each++)
                if (*each == sig)
                        return true;
        return false;
}

static void reset_signal(int sig)
{
        struct sigaction action, plain = {.sa_handler = SIG_DFL};

        if (!sigaction(sig, NULL, &action) && action.sa_handler != SIG_DFL &&
            !(action.sa_handler == SIG_IGN && is_job_signal(sig)))
                sigaction(sig, &plain, NULL);
}

void child_reset_signals(void)
{
        static const int reset[] = {SIGHUP,  SIGINT,   SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
                                    SIGALRM, SIGTERM,  SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
                                    SIGTTOU, SIGURG,   SIGXCPU, SIGXFSZ, SIGPROF, SIGVTALRM,
                                    SIGIO,   SIGWINCH, SIGPWR,  0};
        sigset_t none;

        for (const int *sig = reset; *sig; sig++)
                reset_signal(*sig);
        for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
                reset_signal(sig);
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void fail(struct ctl *ctl, const struct mproc_err *err)
{
        ctl_fail(ctl, CTL_BOOT_FAILED, err);
        _exit(BOOT_FAILED_STATUS);
}

static void note_handed(const struct ctl *ctl)
{
        struct stat stat;

        registry_lock(); /* from the first time on forks are looked after */
        for (uint32_t i = 0; i < ctl->fd_count; i++) {
                handed.fd[i] = ctl->fd[i];
                handed.end[i] = ctl_is_end(ctl, i) && !fstat(ctl->fd[i], &stat) ? stat.st_ino : 0;
        }
        handed.count = ctl->fd_count;
        registry_unlock();
}

static _Noreturn void run(struct ctl *ctl, callable_target *target)
{
        if (!ctl_begin(ctl))
                _exit(BOOT_FAILED_STATUS);
        prctl(PR_SET_NAME, ctl->name);
        process_ctl = ctl;
        thread_ctl = NULL;
        note_handed(ctl);
        atomic_store(&ctl->ready_ns, clock_now_ns());
        _exit(target(ctl_arg(ctl), ctl->arg_size) & 0xff);
}

_Noreturn void child_run_forked(struct ctl *ctl, int lifeline_fd, callable_target *target,
                                uint64_t first_ns)
{
        struct mproc_err err;

        atomic_store(&ctl->first_ns, first_ns);
        child_reset_signals();
        if (lifeline_attach(lifeline_fd, &err))
                fail(ctl, &err);
        run(ctl, target);
}

static void set_inheritable(struct ctl *ctl, int ctl_fd, bool inheritable)
{
        int flags = inheritable ? 0 : FD_CLOEXEC;

        fcntl(ctl_fd, F_SETFD, flags);
        fcntl(ctl->lifeline_fd, F_SETFD, flags);
        for (uint32_t i = 0; i < ctl->segment_count; i++)
                fcntl(ctl_segments(ctl)[i].fd, F_SETFD, flags);
        for (uint32_t i = 0; i < ctl->fd_count; i++)
                fcntl(ctl->fd[i], F_SETFD, flags);
}

/* Another image of the same process has another layout: once, that may be the cure. */
static int map_segments(struct ctl *ctl, int ctl_fd, struct mproc_err *err)
{
        for (uint32_t i = 0; i < ctl->segment_count; i++) {
                const struct ctl_segment *segment = &ctl_segments(ctl)[i];
                int r = segment_adopt(segment->addr, segment->size, segment->fd, err);

                if (r == -EEXIST && ctl->attempt == 1) {
                        ctl->attempt++;
                        set_inheritable(ctl, ctl_fd, true);
                        exec_self_again(ctl_fd, ctl->size);
                }
                if (r)
                        return r;
        }
        return 0;
}

_Noreturn void child_run_fresh(struct ctl *ctl, int ctl_fd)
{
        callable_target *target;
        struct mproc_err err;

        if (lifeline_attach(ctl->lifeline_fd, &err) || map_segments(ctl, ctl_fd, &err))
                fail(ctl, &err);
        set_inheritable(ctl, ctl_fd, false);
        if (callable_resolve(&target, &ctl->callable, ctl_path(ctl), &err))
                fail(ctl, &err);
        close(ctl_fd);
        registry_set_phase(REGISTRY_READY);
        run(ctl, target);
}

int child_run_inside(struct ctl *ctl, int *fds, callable_target *target)
{
        struct ctl *outer = thread_ctl;
        int *outer_fds = thread_fds;
        uint64_t now = clock_now_ns();
        int code;

        thread_ctl = ctl;
        thread_fds = fds;
        atomic_store(&ctl->first_ns, now);
        atomic_store(&ctl->ready_ns, now);
        atomic_store(&ctl->tid, (uint32_t)gettid());
        wait_wake(&ctl->tid, INT_MAX);
        code = target(ctl_arg(ctl), ctl->arg_size) & 0xff;
        thread_ctl = outer;
        thread_fds = outer_fds;
        return code;
}

pid_t child_await_tid(struct ctl *ctl)
{
        uint32_t tid;

        while (!(tid = atomic_load(&ctl->tid)))
                wait_on_word(&ctl->tid, 0, WAIT_FOREVER);
        return (pid_t)tid;
}

int *child_fd(size_t index)
{
        if (thread_ctl)
                return index < thread_ctl->fd_count ? &thread_fds[index] : NULL;
        return index < handed.count ? &handed.fd[index] : NULL;
}

void child_forget_ends(const struct ctl *mine)
{
        struct stat stat;

        for (uint32_t i = 0; i < handed.count; i++) {
                int fd = handed.fd[i];

                if (!handed.end[i] || fd < 0)
                        continue;
                /* The target may have closed it by itself, and the number be another's now. */
                if (!ctl_hands_over(mine, fd) && !fstat(fd, &stat) && S_ISSOCK(stat.st_mode) &&
                    stat.st_ino == handed.end[i])
                        close(fd);
                handed.fd[i] = -1;
        }
}

int mproc_self_fd(size_t index)
{
        const int *fd = child_fd(index);

        return fd ? *fd : -1;
}

void mproc_self_fail(const struct mproc_err *err)
{
        struct ctl *ctl = child_ctl();

        if (ctl && err)
                ctl_fail(ctl, CTL_TARGET_FAILED, err);
}
