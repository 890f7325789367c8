#include "mproc/fork_server.h"

#include "base/clock.h"
#include "base/error.h"
#include "mproc/child.h"
#include "mproc/lifeline.h"
#include "mproc/limits.h"
#include "mproc/packet.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
        pid_t pid;
        int status_fd;
};

static struct worker *workers;
static size_t worker_count, worker_room;
static int sock, signal_fd;
static struct mproc_err boot_err; /* why it cannot serve: the answer to the first request */

static int make_room(struct mproc_err *err)
{
        size_t room = worker_room ? 2 * worker_room : 64;
        struct worker *more;

        if (worker_count < worker_room)
                return 0;
        more = reallocarray(workers, room, sizeof(*workers));
        if (!more)
                return limits_error(err, -ENOMEM, "start", "the fork server is out of memory");
        workers = more;
        worker_room = room;
        return 0;
}

static void relay(size_t index, int status)
{
        /* Fails, and no harm done, where the parent has let go of the worker. */
        ssize_t n = write(workers[index].status_fd, &status, sizeof(status));

        (void)n;
        close(workers[index].status_fd);
        workers[index] = workers[--worker_count];
}

static void relay_statuses(void)
{
        struct signalfd_siginfo info;
        int status;
        pid_t pid;

        /* One signal may stand for several ends. */
        if (read(signal_fd, &info, sizeof(info)) < 0)
                return;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                for (size_t i = 0; i < worker_count; i++)
                        if (workers[i].pid == pid) {
                                relay(i, status);
                                break;
                        }
}

static _Noreturn void run_worker(const struct fork_request *request, const int *fds,
                                 int lifeline_fd)
{
        uint64_t first_ns = clock_now_ns();
        struct ctl *ctl;

        close(sock);
        close(signal_fd);
        for (size_t i = 0; i < worker_count; i++)
                close(workers[i].status_fd);
        close(fds[1]);
        free(workers);
        child_reset_signals();
        if (ctl_map(&ctl, fds[0], request->ctl_size, NULL))
                _exit(127);
        atomic_store(&ctl->first_ns, first_ns);
        ctl->lifeline_fd = lifeline_fd;
        for (uint32_t i = 0; i < request->segment_count; i++)
                ctl_segments(ctl)[i].fd = fds[2 + i];
        for (uint32_t i = 0; i < request->fd_count; i++)
                ctl->fd[i] = fds[2 + request->segment_count + i];
        child_run_fresh(ctl, fds[0]);
}

/* The pidfd of a new worker, or a negative errno. */
static int fork_worker(const struct fork_request *request, const int *fds, pid_t *ret,
                       struct mproc_err *err)
{
        int lifeline_fd, pidfd, r;
        pid_t pid;

        r = make_room(err);
        if (!r)
                r = lifeline_lend(&lifeline_fd, err);
        if (r)
                return r;
        pid = fork();
        if (!pid)
                run_worker(request, fds, lifeline_fd);
        r = -errno;
        close(lifeline_fd);
        if (pid < 0)
                return limits_error(err, r, "start", "the fork server cannot fork");
        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0) {
                r = limits_error(err, -errno, "start", "the fork server cannot open a pidfd");
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                return r;
        }
        *ret = pid;
        return pidfd;
}

static void serve(void)
{
        struct fork_reply reply = {0};
        struct fork_request request;
        int fds[FORK_REQUEST_FDS_MAX], pidfd, r;
        size_t fd_count = 0;
        pid_t pid = -1;

        r = packet_receive(sock, &request, sizeof(request), fds, FORK_REQUEST_FDS_MAX, &fd_count,
                           0);
        if (boot_err.code) {
                reply = (struct fork_reply){.pid = boot_err.code, .err = boot_err};
                packet_send(sock, &reply, sizeof(reply), NULL, 0);
                _exit(1);
        }
        if (r == -EMFILE)
                limits_error(&reply.err, r, "start", "the fork server has no room for descriptors");
        else if (r || fd_count != 2 + request.segment_count + request.fd_count)
                _exit(0); /* the parent is gone */

        pidfd = r ? r : fork_worker(&request, fds, &pid, &reply.err);
        reply.pid = pidfd < 0 ? pidfd : pid;
        if (packet_send(sock, &reply, sizeof(reply), &pidfd, pidfd >= 0))
                _exit(0);
        if (pidfd >= 0) {
                workers[worker_count++] = (struct worker){.pid = pid, .status_fd = fds[1]};
                close(pidfd);
        }
        for (size_t i = 0; i < fd_count; i++)
                if (i != 1 || pidfd < 0)
                        close(fds[i]);
}

_Noreturn void fork_server_run(int sock_fd, int lifeline_fd)
{
        struct pollfd poll_fds[2];
        sigset_t all, child;

        sock = sock_fd;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        prctl(PR_SET_NAME, "mproc-forkserv");
        signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signal_fd < 0)
                limits_error(&boot_err, -errno, "start", "the fork server cannot open a signalfd");
        else
                lifeline_attach(lifeline_fd, &boot_err);
        fcntl(sock, F_SETFD, FD_CLOEXEC);
        fcntl(lifeline_fd, F_SETFD, FD_CLOEXEC);
        poll_fds[0] = (struct pollfd){.fd = sock, .events = POLLIN};
        poll_fds[1] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
        for (;;) {
                if (poll(poll_fds, 2, -1) < 0)
                        continue;
                if (poll_fds[1].revents)
                        relay_statuses();
                if (poll_fds[0].revents)
                        serve();
        }
}
