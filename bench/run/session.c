#include "run/session.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/orphans.h"
#include "base/stream.h"
#include "base/text.h"
#include "host/hello.h"
#include "mproc/limits.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREPARE_NS \
        (60 * NS_PER_S) /* of a trial, beyond its time limit: files to make, files to drop */
#define HELLO_NS (60 * NS_PER_S) /* a large ballast has to be touched */
#define LEAVE_NS (2 * NS_PER_S)  /* to kill a team and leave */

int session_init(struct session *session, int stop_fd, struct mproc_err *err)
{
        /* From this program's folder: the build's, a test's, the installed one's. */
        static const char *const places[] = {".", "..", MPBENCH_LIBEXEC};
        char own[400], *slash;
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

        memset(session, 0, sizeof(*session));
        session->stop_fd = stop_fd;
        session->variants[0].book_fd = -1;
        if (n < 0)
                return error_errno(err, -errno, "host",
                                   "%s is looked for beside this program, but /proc/self/exe does "
                                   "not say where that is: mount /proc",
                                   HOST_PROGRAM);
        /* What a host leaves behind becomes a child of this process: reap() */
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        own[n] = '\0';
        slash = strrchr(own, '/');
        if (slash)
                *slash = '\0';
        for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
                char *program = session->variants[0].program;

                snprintf(program, sizeof(session->variants[0].program), "%s/%s/%s", own, places[i],
                         HOST_PROGRAM);
                if (access(program, X_OK) < 0)
                        continue;
                for (size_t v = 1; v < VARIANTS_MAX; v++)
                        session->variants[v] = session->variants[0];
                return 0;
        }
        return error_set(err, -ENOENT, "host",
                         "%s is neither in %s nor in %s/%s: build or install mpbench whole",
                         HOST_PROGRAM, own, own, MPBENCH_LIBEXEC);
}

/* Waits for the end of a host, kills it when it does not come; says in words how it ended. Its fork
 * server, and workers that it left, are in its process group: none of them is there afterwards, not
 * even as a zombie. */
static void reap(struct session_host *host, char *how, size_t size)
{
        struct pollfd fd = {.fd = pidfd_open(host->pid, 0), .events = POLLIN};
        siginfo_t info = {0};

        if (fd.fd < 0 || poll(&fd, 1, (int)(LEAVE_NS / NS_PER_MS)) <= 0)
                kill(host->pid, SIGKILL);
        if (fd.fd >= 0)
                close(fd.fd);
        kill(-host->pid, SIGKILL);
        while (waitid(P_PID, (id_t)host->pid, &info, WEXITED) < 0 && errno == EINTR)
                ;
        while (waitpid(-host->pid, NULL, 0) > 0 || errno == EINTR)
                ;
        if (info.si_code == CLD_EXITED)
                snprintf(how, size, "it left with exit code %d", info.si_status);
        else if (info.si_code)
                snprintf(how, size, "it was killed by signal %d (SIG%s)%s", info.si_status,
                         sigabbrev_np(info.si_status) ? sigabbrev_np(info.si_status) : "?",
                         info.si_status == SIGKILL ? ": by hand, or for want of memory (see dmesg)"
                                                   : "");
        else
                snprintf(how, size, "its exit status went elsewhere");
        host->pid = 0;
}

/* Commands are in groups of their own: those that outlive their host are this process's now. */
static void end_commands(const struct session *session, const struct session_host *host)
{
        int pids[HOSTS_MAX];

        if (session->variants[host->choice.variant].book_fd >= 0)
                orphans_end(pids, session_pids(session, pids));
}

static void end_host(struct session *session, struct session_host *host, char *how, size_t size)
{
        close(host->socket);
        host->socket = -1;
        reap(host, how, size);
        end_commands(session, host);
}

void session_done(struct session *session)
{
        char how[160];

        if (!session)
                return;
        for (uint32_t i = 0; i < session->host_count; i++)
                if (session->hosts[i].pid)
                        end_host(session, &session->hosts[i], how, sizeof(how));
        session->host_count = 0;
}

static int spawn_host(const struct session_variant *variant, uint64_t ballast, int theirs, int *pid)
{
        char fd_argument[32], ballast_argument[48], book_argument[32];
        char plugin_argument[sizeof(variant->plugin) + 16];
        char *argv[] = {(char *)HOST_PROGRAM, fd_argument, ballast_argument, NULL, NULL, NULL};
        size_t argc = 3;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        int r;

        snprintf(fd_argument, sizeof(fd_argument), "--fd=%d", theirs);
        snprintf(ballast_argument, sizeof(ballast_argument), "--ballast=%llu",
                 (unsigned long long)ballast);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attr);
        /* Onto itself: the descriptor stays open over exec. A group of its own: Ctrl-C reaches the
         * driver alone, and the driver decides what is kept. */
        r = posix_spawn_file_actions_adddup2(&actions, theirs, theirs);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
        if (!r && variant->book_fd >= 0) {
                snprintf(book_argument, sizeof(book_argument), "--book=%d", variant->book_fd);
                argv[argc++] = book_argument;
                r = posix_spawn_file_actions_adddup2(&actions, variant->book_fd, variant->book_fd);
        }
        if (*variant->plugin) {
                snprintf(plugin_argument, sizeof(plugin_argument), "--plugin=%s", variant->plugin);
                argv[argc++] = plugin_argument;
        }
        if (!r)
                r = posix_spawn(pid, variant->program, &actions, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int start_host(struct session *session, struct session_host *host, struct mproc_err *err)
{
        const struct session_variant *variant = &session->variants[host->choice.variant];
        struct host_hello hello, own = HOST_HELLO;
        char how[160];
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return limits_error(err, -errno, "host", "no socket to talk to a host");
        r = spawn_host(variant, host->choice.ballast, pair[1], &host->pid);
        close(pair[1]);
        if (r < 0) {
                close(pair[0]);
                host->pid = 0;
                return limits_error(err, r, "host", HOST_PROGRAM " could not be started");
        }
        host->socket = pair[0];
        r = stream_receive(host->socket, &hello, sizeof(hello), clock_now_ns() + HELLO_NS,
                           session->stop_fd);
        if (r == 0 && !hello.err.code && hello.request_bytes == own.request_bytes &&
            hello.outcome_bytes == own.outcome_bytes && hello.worker_bytes == own.worker_bytes)
                return 0;
        end_host(session, host, how, sizeof(how));
        if (r == -EINTR)
                return error_set(err, r, "host", "stopped");
        if (r < 0)
                return error_set(err, -ECHILD, "host", "%s did not come up: %s", HOST_PROGRAM, how);
        if (hello.err.code) {
                if (err)
                        *err = hello.err;
                return hello.err.code;
        }
        return error_set(err, -EPROTO, "host",
                         "%s speaks another protocol than this mpbench: it is of a build that is "
                         "too far from this one",
                         variant->program);
}

static int find_host(struct session *session, const struct session_choice *choice,
                     struct session_host **ret, struct mproc_err *err)
{
        struct session_host *host = NULL;

        for (uint32_t i = 0; i < session->host_count; i++)
                if (session->hosts[i].choice.ballast == choice->ballast &&
                    session->hosts[i].choice.variant == choice->variant)
                        host = &session->hosts[i];
        if (!host) {
                if (session->host_count == HOSTS_MAX)
                        return error_set(err, -E2BIG, "host",
                                         "more than %d sizes of a parent in one run: ask for fewer",
                                         HOSTS_MAX);
                host = &session->hosts[session->host_count++];
                *host = (struct session_host){.choice = *choice, .socket = -1};
        }
        *ret = host;
        return host->pid ? 0 : start_host(session, host, err);
}

int session_warm(struct session *session, const struct session_choice *choice,
                 struct mproc_err *err)
{
        struct session_host *host;

        return find_host(session, choice, &host, err);
}

static void give_up(struct session *session, struct session_host *host, int code, uint32_t workers,
                    struct trial_outcome *outcome)
{
        char how[160];

        if (code == -ETIMEDOUT)
                kill(host->pid, SIGKILL); /* it does not keep its own time limit: it is stuck */
        end_host(session, host, how, sizeof(how));
        *outcome = (struct trial_outcome){
                .workers = workers,
                .status = code == -EINTR ? TRIAL_INTERRUPTED : TRIAL_HOST_DIED,
        };
        if (code == -EINTR)
                text_copy(outcome->reason, sizeof(outcome->reason), "the run was stopped");
        else if (code == -ETIMEDOUT)
                text_copy(outcome->reason, sizeof(outcome->reason),
                          "the host process did not answer and was killed");
        else
                snprintf(outcome->reason, sizeof(outcome->reason),
                         "the host process died in mid-trial: %s", how);
}

int session_trial(struct session *session, const struct session_choice *choice,
                  const struct trial_request *request, const struct cpuset *cpus,
                  struct trial_outcome *outcome, struct worker_outcome *workers,
                  struct mproc_err *err)
{
        struct session_host *host;
        uint64_t deadline_ns;
        int r;

        r = find_host(session, choice, &host, err);
        if (r < 0)
                return r;
        *outcome = (struct trial_outcome){.workers = request->workers};
        deadline_ns = clock_now_ns() + request->timeout_ns + PREPARE_NS;
        r = stream_send(host->socket, request, sizeof(*request));
        if (!r)
                r = stream_send(host->socket, cpus, request->workers * sizeof(*cpus));
        if (!r)
                r = stream_receive(host->socket, outcome, sizeof(*outcome), deadline_ns,
                                   session->stop_fd);
        if (!r)
                r = stream_receive(host->socket, workers, request->workers * sizeof(*workers),
                                   deadline_ns, session->stop_fd);
        if (r < 0)
                give_up(session, host, r, request->workers, outcome);
        return 0;
}

size_t session_pids(const struct session *session, int pids[HOSTS_MAX])
{
        size_t n = 0;

        for (uint32_t i = 0; i < session->host_count; i++)
                if (session->hosts[i].pid)
                        pids[n++] = session->hosts[i].pid;
        return n;
}
