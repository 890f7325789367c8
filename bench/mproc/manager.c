#include "base/error.h"
#include "mproc/connection.h"
#include "mproc/limits.h"
#include "mproc/manager_private.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include "mproc/sync_wait.h"
#include "mproc/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The name is as good as a number that nobody guesses; who is behind it is checked all the same. */
static socklen_t make_name(struct sockaddr_un *name, const struct mproc_manager_address *address)
{
        int length;

        *name = (struct sockaddr_un){.sun_family = AF_UNIX};
        length = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "mproc-%016llx%016llx",
                          (unsigned long long)address->id[0], (unsigned long long)address->id[1]);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int make_socket(struct mproc_connection **ret, struct mproc_err *err)
{
        int r;

        registry_lock();
        r = connection_adopt(ret,
                             stdio_fds_avoid(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)));
        registry_unlock();
        return r ? limits_error(err, r, "manager", "cannot make a manager's socket") : 0;
}

/* Connecting --------------------------------------------------------------------------------- */

static int refused(int r, struct mproc_err *err)
{
        switch (r) {
        case -ECONNREFUSED:
                return error_set(err, r, "manager",
                                 "there is no server with this address, or no more: it ends with "
                                 "the process that made the manager");
        case -EACCES:
                return error_set(err, r, "manager",
                                 "this manager is another user's, and this process has the user "
                                 "id %u",
                                 (unsigned)geteuid());
        case -EMFILE:
                return error_set(err, r, "manager",
                                 "the manager's server has no descriptor left for one more "
                                 "connection: raise ulimit -n before it is started");
        case -ENOMEM:
                return error_set(err, r, "manager",
                                 "there is no memory for one more connection, here or in the "
                                 "manager's server: raise ulimit -v or the memory limit");
        case -ETIMEDOUT:
                return error_set(err, r, "manager",
                                 "the manager's server has not answered: is it stopped, or busy "
                                 "with something large?");
        default:
                return limits_error(err, r, "manager", "cannot connect to a manager's server");
        }
}

/* Waits where as many as may are waiting already (unix(7): SO_SNDTIMEO). */
static int connect_until(int fd, const struct sockaddr_un *name, socklen_t size, uint64_t deadline)
{
        for (;;) {
                struct timeval left = {0};
                int r;

                if (deadline != WAIT_FOREVER) {
                        struct timespec exact = clock_left(deadline);

                        left.tv_sec = exact.tv_sec;
                        left.tv_usec = exact.tv_nsec / 1000; /* a million is refused */
                        if (!left.tv_sec && !left.tv_usec)
                                left.tv_usec = 1; /* 0 would be for ever */
                }
                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof(left));
                r = connect(fd, (const struct sockaddr *)name, size) ? -errno : 0;
                if (r == -EAGAIN)
                        return -ETIMEDOUT;
                if (r != -EINTR)
                        return r;
        }
}

/* Whoever listens behind the name is of this user, and is that very manager. */
static int greet(struct mproc_manager *manager, uint64_t deadline, struct mproc_err *err)
{
        struct manager_request hello = {.magic = MANAGER_MAGIC, .op = MANAGER_HELLO};
        const struct mproc_bytes none[MANAGER_PARTS] = {0};
        struct manager_reply reply;
        struct ucred peer;
        socklen_t size = sizeof(peer);
        int r;

        if (getsockopt(mproc_connection_fd(manager->connection), SOL_SOCKET, SO_PEERCRED, &peer,
                       &size))
                return refused(-errno, err);
        if (peer.uid != geteuid())
                return refused(-EACCES, err);
        r = manager_exchange(manager, &hello, none, deadline, &reply, NULL);
        if (!r)
                r = reply.code;
        if (!r && (uint64_t)reply.number != manager->address.id[0])
                r = -ECONNREFUSED;
        if (r == -ECONNRESET)
                r = -ECONNREFUSED;
        return r ? refused(r, err) : 0;
}

int manager_open(struct mproc_manager *manager, uint64_t deadline, struct mproc_err *err)
{
        struct sockaddr_un name;
        socklen_t size = make_name(&name, &manager->address);
        int r = make_socket(&manager->connection, err);

        if (r)
                return r;
        r = connect_until(mproc_connection_fd(manager->connection), &name, size, deadline);
        r = r ? refused(r, err) : greet(manager, deadline, err);
        if (r) {
                mproc_connection_free(manager->connection);
                manager->connection = NULL;
        }
        return r;
}

static struct mproc_manager *make(int64_t timeout_ns)
{
        struct mproc_manager *manager = calloc(1, sizeof(*manager));

        if (!manager)
                return NULL;
        manager->timeout_ns = timeout_ns;
        manager->generation = registry_generation();
        robust_init(&manager->lock);
        return manager;
}

static int check_timeout(int64_t timeout_ns, struct mproc_err *err)
{
        if (timeout_ns > 0)
                return 0;
        return error_set(err, -EINVAL, "manager",
                         "a timeout of %lld ns leaves a server no time to answer: give more, or "
                         "MPROC_FOREVER",
                         (long long)timeout_ns);
}

int mproc_manager_connect(struct mproc_manager **ret, const struct mproc_manager_address *address,
                          int64_t timeout_ns, struct mproc_err *err)
{
        struct mproc_manager *manager;
        int r = check_timeout(timeout_ns, err);

        if (r)
                return r;
        manager = make(timeout_ns);
        if (!manager)
                return limits_error(err, -ENOMEM, "manager", "cannot note down a connection");
        manager->address = *address;
        r = manager_open(manager, wait_deadline(timeout_ns), err);
        if (r)
                mproc_manager_free(manager);
        else
                *ret = manager;
        return r;
}

/* The server --------------------------------------------------------------------------------- */

/* The socket listens before the server runs: who has the address can connect at once. */
static int listen_at(struct mproc_connection **ret, struct mproc_manager_address *address,
                     struct mproc_err *err)
{
        struct sockaddr_un name;
        socklen_t size;
        int fd, r;

        if (getrandom(address, sizeof(*address), 0) != (ssize_t)sizeof(*address))
                return error_errno(err, -errno, "manager", "cannot find a name for a manager");
        size = make_name(&name, address);
        r = make_socket(ret, err);
        if (r)
                return r;
        fd = mproc_connection_fd(*ret);
        /* Whoever accepts holds the registry's lock meanwhile. */
        fcntl(fd, F_SETFL, O_NONBLOCK);
        if (bind(fd, (const struct sockaddr *)&name, size) || listen(fd, SOMAXCONN))
                r = limits_error(err, -errno, "manager", "cannot listen at a manager's address");
        return r;
}

static int start(struct mproc_manager *manager, const char *method, struct mproc_err *err)
{
        struct mproc_connection *listener = NULL, *its = NULL;
        int r;

        r = listen_at(&listener, &manager->address, err);
        if (!r)
                r = mproc_pipe_new(&manager->leash, &its, MPROC_PIPE_DUPLEX, err);
        if (!r) {
                int fds[] = {mproc_connection_fd(listener), mproc_connection_fd(its)};

                r = mproc_process_start(
                        &manager->process,
                        &(struct mproc_process_options){.start = method,
                                                        .name = "mproc-manager",
                                                        .target = manager_serve,
                                                        .arg = &manager->address,
                                                        .arg_size = sizeof(manager->address),
                                                        .fds = fds,
                                                        .fd_count = 2},
                        err);
        }
        mproc_connection_free(listener);
        mproc_connection_free(its);
        return r;
}

int mproc_manager_new(struct mproc_manager **ret, const struct mproc_manager_options *options,
                      struct mproc_err *err)
{
        const struct mproc_start_method *method =
                mproc_start_find(options->start ? options->start : "forkserver");
        int64_t timeout_ns = options->timeout_ns ? options->timeout_ns : MPROC_FOREVER;
        struct mproc_manager *manager;
        int r = check_timeout(timeout_ns, err);

        if (!r && method && !(mproc_start_flags(method) & MPROC_START_CONCURRENT))
                r = error_set(err, -ENOTSUP, "manager",
                              "start method %s does not return while the server runs: take "
                              "another one",
                              options->start);
        if (r)
                return r;
        manager = make(timeout_ns);
        if (!manager)
                return limits_error(err, -ENOMEM, "manager", "cannot note down a manager");
        r = start(manager, options->start, err);
        if (!r)
                r = manager_open(manager, wait_deadline(timeout_ns), err);
        if (r == -ECONNREFUSED)
                r = manager_gone(manager, err);
        if (r)
                mproc_manager_free(manager);
        else
                *ret = manager;
        return r;
}

struct mproc_manager_address mproc_manager_address(const struct mproc_manager *manager)
{
        return manager->address;
}

struct mproc_object mproc_manager_root(const struct mproc_manager *manager)
{
        return (struct mproc_object){.manager = manager->address.id[0], .id = MANAGER_ROOT_ID};
}

pid_t mproc_manager_pid(const struct mproc_manager *manager)
{
        if (!manager->process || manager->generation != registry_generation())
                return 0;
        return mproc_process_pid(manager->process);
}

/* Was another thread in the middle of an operation when this process was forked? What it had in
 * hand may be freed already and noted down still. The descriptor was closed by the fork. */
static bool was_left_in_use(struct mproc_manager *manager)
{
        int r;

        if (manager->generation == registry_generation())
                return false;
        r = robust_try(&manager->lock);
        if (!r || r == -EOWNERDEAD)
                pthread_mutex_unlock(&manager->lock);
        return r != 0;
}

void mproc_manager_free(struct mproc_manager *manager)
{
        if (!manager)
                return;
        if (!was_left_in_use(manager)) {
                mproc_connection_free(manager->connection);
                free(manager->out.data);
                free(manager->in.data);
        }
        mproc_connection_free(manager->leash);
        mproc_process_free(manager->process);
        free(manager);
}
