#include "mproc/fork_client.h"

#include "base/error.h"
#include "mproc/exec_self.h"
#include "mproc/lifeline.h"
#include "mproc/limits.h"
#include "mproc/packet.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct fork_server {
        unsigned refs; /* one for being the current one, one per process started by it */
        pid_t pid;
        int sock;                  /* of whoever holds `talk`, who alone closes it */
        int pidfd;                 /* closed by the burial */
        int far_sock, lifeline_fd; /* the server's, until it has started */
        bool answered;             /* ever */
        bool dead;
        bool left;    /* it was not killed */
        char end[64]; /* "was killed by SIGKILL" */
};

/* Over `current` and the talk with it; never taken with the registry locked. */
static pthread_mutex_t talk = PTHREAD_MUTEX_INITIALIZER;
/* Over a server's death. */
static pthread_mutex_t burial = PTHREAD_MUTEX_INITIALIZER;
static struct fork_server *current; /* changes under talk, with the registry locked */

void fork_client_release(struct fork_server *server)
{
        unsigned refs;

        if (!server)
                return;
        registry_lock();
        refs = --server->refs;
        registry_unlock();
        if (!refs)
                free(server);
}

/* Registry locked. */
static void close_all(struct fork_server *server)
{
        process_close(&server->sock);
        process_close(&server->pidfd);
        process_close(&server->far_sock);
        process_close(&server->lifeline_fd);
}

void fork_client_forget(void)
{
        pthread_mutex_init(&talk, NULL);
        pthread_mutex_init(&burial, NULL);
        if (!current)
                return;
        close_all(current);
        if (!--current->refs)
                free(current);
        current = NULL;
}

static void describe_end(struct fork_server *server, const siginfo_t *info)
{
        const char *name = sigabbrev_np(info->si_status);

        if (!info->si_pid)
                snprintf(server->end, sizeof(server->end), "is gone");
        else if (info->si_code == CLD_EXITED)
                snprintf(server->end, sizeof(server->end), "left with status %d", info->si_status);
        else
                snprintf(server->end, sizeof(server->end), "was killed by SIG%s",
                         name ? name : "?");
}

/* Reaps a server that is dying: its socket or a status pipe of it has closed. Any thread may be the
 * one that notices, while another waits for an answer at the socket: that stays. */
static void bury(struct fork_server *server)
{
        struct pollfd poll_fd = {.events = POLLIN};
        siginfo_t info = {0};

        pthread_mutex_lock(&burial);
        if (server->dead)
                goto out;
        poll_fd.fd = server->pidfd;
        /* Its descriptors close a moment before it can be waited for. */
        while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR)
                ;
        if (waitid(P_PIDFD, (id_t)server->pidfd, &info, WEXITED | WNOHANG))
                info.si_pid = 0;
        describe_end(server, &info);
        server->left = info.si_pid && info.si_code == CLD_EXITED;
        server->dead = true;
        registry_lock();
        process_close(&server->pidfd);
        registry_unlock();
out:
        pthread_mutex_unlock(&burial);
}

/* Its socket alone would not tell: a worker that it has just forked holds that, too, for a moment.
 */
static bool is_dead(struct fork_server *server)
{
        struct pollfd poll_fd = {.events = POLLIN};
        bool dead;

        pthread_mutex_lock(&burial);
        poll_fd.fd = server->pidfd;
        dead = server->dead || poll(&poll_fd, 1, 0) > 0;
        pthread_mutex_unlock(&burial);
        return dead;
}

static void retire_current(void)
{
        struct fork_server *server = current;

        bury(server);
        registry_lock();
        close_all(server);
        current = NULL;
        registry_unlock();
        fork_client_release(server);
}

void fork_client_explain(struct fork_server *server, struct mproc_err *err)
{
        bury(server);
        error_set(err, -ECHILD, "join",
                  "the fork server (process %d) %s: its processes end with it, and their exit "
                  "statuses are lost",
                  (int)server->pid, server->end);
}

static int open_descriptors(struct fork_server *server, struct mproc_err *err)
{
        int pair[2], r = 0;

        registry_lock();
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
            stdio_fds_avoid_pair(pair)) {
                r = limits_error(err, -errno, "start", "cannot create the fork server's socket");
        } else {
                server->sock = pair[0];
                server->far_sock = pair[1];
        }
        registry_unlock();
        return r ? r : lifeline_lend(&server->lifeline_fd, err);
}

static int spawn_server(struct fork_server *server, struct mproc_err *err)
{
        int sources[2] = {server->far_sock, server->lifeline_fd}, numbers[2], r;
        char mark[EXEC_SELF_MARK_MAX];

        exec_self_assign(sources, numbers, 2);
        snprintf(mark, sizeof(mark), EXEC_SELF_SERVER "%d,%d", numbers[0], numbers[1]);
        r = exec_self_spawn(&server->pid, mark, sources, numbers, 2, err);
        if (r)
                return r;
        registry_lock();
        process_close(&server->far_sock);
        process_close(&server->lifeline_fd);
        server->pidfd = stdio_fds_avoid(pidfd_open(server->pid, 0));
        if (server->pidfd < 0)
                r = -errno;
        registry_unlock();
        if (!r)
                return 0;
        if (r != -ESRCH) {
                kill(server->pid, SIGKILL);
                waitpid(server->pid, NULL, 0);
        }
        return limits_error(err, r, "start", "cannot open a pidfd of the fork server");
}

static int launch(struct mproc_err *err)
{
        struct fork_server *server = malloc(sizeof(*server));
        int r;

        if (!server)
                return limits_error(err, -ENOMEM, "start", "cannot note down a fork server");
        *server = (struct fork_server){
                .refs = 1, .sock = -1, .pidfd = -1, .far_sock = -1, .lifeline_fd = -1};
        registry_lock();
        current = server; /* where a fork in another thread finds its descriptors */
        registry_unlock();
        r = open_descriptors(server, err);
        if (!r)
                r = spawn_server(server, err);
        if (r) {
                registry_lock();
                close_all(server);
                current = NULL;
                registry_unlock();
                free(server);
        }
        return r;
}

/* The server was killed before it answered. If it had forked, the target may have begun: then the
 * start has succeeded, and the process is about to end with the server. */
static bool has_begun(struct mproc_process *process)
{
        pid_t pid = ctl_give_up(process->ctl);

        if (!pid)
                return false;
        process->pid = pid;
        registry_lock();
        process->pidfd = stdio_fds_avoid(pidfd_open(pid, 0)); /* -1: it is gone already */
        registry_unlock();
        return true;
}

/* Of a server that died before it could do what it was asked. Another one would fare no better than
 * one that left by itself without ever having got to mproc_init. */
static int explain_death(const struct fork_server *server, const char *when, struct mproc_err *err)
{
        if (server->left && !server->answered)
                return error_set(err, -EPROTO, "start",
                                 "the fork server (process %d) %s before it answered: mproc_init "
                                 "is not the first call in main, a library's constructor left, or "
                                 "/proc/self/exe is not this program (run through a loader or an "
                                 "emulator)",
                                 (int)server->pid, server->end);
        return error_set(err, -ECONNRESET, "start",
                         "the fork server (process %d) %s before it %s; the next start launches a "
                         "new one",
                         (int)server->pid, server->end, when);
}

/* Sends to the server; one that died idle is replaced without a word. */
static int send_request(const struct fork_request *request, const int *fds, struct mproc_err *err)
{
        size_t fd_count = 2 + request->segment_count + request->fd_count;
        int death = 0, r;

        if (current && is_dead(current))
                retire_current();
        for (int attempt = 0; attempt < 2; attempt++) {
                r = current ? 0 : launch(err);
                if (r)
                        return r;
                r = packet_send(current->sock, request, sizeof(*request), fds, fd_count);
                if (r != -EPIPE)
                        break;
                bury(current);
                death = explain_death(current, "could be asked", err);
                retire_current();
        }
        if (!r || r == -EPIPE)
                return r ? death : 0;
        return limits_error(err, r, "start", "cannot send to the fork server");
}

static int receive_reply(struct fork_reply *reply, int *pidfd, struct mproc_err *err)
{
        struct fork_server *server = current;
        struct pollfd poll_fd = {.fd = server->sock, .events = POLLIN};
        size_t fd_count = 0;
        int r;

        do {
                while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR)
                        ;
                registry_lock();
                r = packet_receive(server->sock, reply, sizeof(*reply), pidfd, 1, &fd_count,
                                   MSG_DONTWAIT);
                registry_unlock();
        } while (r == -EAGAIN);
        if (r == -EPIPE) {
                bury(server);
                r = explain_death(server, "answered", err);
                retire_current();
                return r;
        }
        if (!r)
                server->answered = true;
        if (r == -EMFILE) { /* its pidfd is lost: another thread took the last descriptor */
                kill(reply->pid, SIGKILL);
                return limits_error(err, r, "start", "cannot take the new process's pidfd");
        }
        if (r)
                return error_errno(err, r, "start", "cannot understand the fork server");
        return 0;
}

int fork_client_start(struct mproc_process *process, const struct fork_request *request,
                      const int *fds, struct mproc_err *err)
{
        struct fork_server *server = NULL;
        struct fork_reply reply = {0};
        struct mproc_err lost;
        int r;

        pthread_mutex_lock(&talk);
        r = send_request(request, fds, err);
        if (r)
                goto out;
        registry_lock();
        server = current;
        server->refs++;
        registry_unlock();
        process_close_handed_over(process); /* leaves room for the pidfd */
        r = receive_reply(&reply, &process->pidfd, &lost);
        if ((r == -ECONNRESET || r == -EPROTO) && has_begun(process)) {
                r = 0;
        } else if (r) {
                reply.err = lost;
        } else if (reply.pid < 0) {
                r = reply.pid;
        } else {
                process->pid = reply.pid;
        }
        if (r) {
                if (err)
                        *err = reply.err;
                goto out;
        }
        process->server = server;
        server = NULL;
out:
        fork_client_release(server);
        pthread_mutex_unlock(&talk);
        return r;
}
