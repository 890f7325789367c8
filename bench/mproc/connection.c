#include "mproc/connection.h"

#include "base/clock.h"
#include "base/error.h"
#include "mproc/child.h"
#include "mproc/limits.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for messages on their way, in each direction; the kernel doubles it, and has twice that or
 * less where net.core.wmem_max is smaller. */
#define SEND_BUFFER_BYTES (256 * 1024)

static LIST_HEAD(, mproc_connection) connections = LIST_HEAD_INITIALIZER(connections);
static LIST_HEAD(, connection_loan) loans = LIST_HEAD_INITIALIZER(loans);

/* Registry locked. */
static struct mproc_connection *find(int fd)
{
        struct mproc_connection *connection;

        LIST_FOREACH(connection, &connections, entry)
        if (connection->fd == fd)
                return connection;
        return NULL;
}

static struct mproc_connection *make(void)
{
        struct mproc_connection *connection = calloc(1, sizeof(*connection));

        if (!connection)
                return NULL;
        connection->fd = -1;
        pthread_mutex_init(&connection->lock, NULL);
        return connection;
}

static void unmake(struct mproc_connection *connection)
{
        pthread_mutex_destroy(&connection->lock);
        free(connection->packet);
        free(connection);
}

/* Registry locked. */
static void add(struct mproc_connection *connection, int fd)
{
        connection->fd = fd;
        LIST_INSERT_HEAD(&connections, connection, entry);
}

/* Registry locked. */
static void cut_off(struct mproc_connection *connection)
{
        LIST_REMOVE(connection, entry);
        close(atomic_exchange(&connection->fd, -1));
}

void connection_drop_fds(struct mproc_connection *connection)
{
        while (connection->fd_count)
                close(connection->fds[--connection->fd_count]);
}

int mproc_pipe_new(struct mproc_connection **ret_first, struct mproc_connection **ret_second,
                   enum mproc_pipe_kind kind, struct mproc_err *err)
{
        struct mproc_connection *ends[2] = {NULL, NULL};
        int fds[2], bytes = SEND_BUFFER_BYTES, r;

        if (kind != MPROC_PIPE_DUPLEX && kind != MPROC_PIPE_ONE_WAY)
                return error_set(err, -EINVAL, "pipe", "there is no kind %d of pipe", (int)kind);
        registry_lock();
        r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) || stdio_fds_avoid_pair(fds)
                    ? -errno
                    : 0;
        if (!r) {
                int first = connection_adopt(&ends[0], fds[0]);
                int second = connection_adopt(&ends[1], fds[1]);

                r = first ? first : second;
        }
        registry_unlock();
        if (r) {
                mproc_connection_free(ends[0]);
                mproc_connection_free(ends[1]);
                return limits_error(err, r, "pipe", "cannot make a pair of sockets");
        }
        for (int i = 0; i < 2; i++)
                setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
        if (kind == MPROC_PIPE_ONE_WAY)
                shutdown(fds[0], SHUT_WR);
        *ret_first = ends[0];
        *ret_second = ends[1];
        return 0;
}

static int check_socket(int fd, struct mproc_err *err)
{
        int domain, type;
        socklen_t size = sizeof(int);

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) ||
            getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size))
                return error_errno(err, -errno, "pipe", "descriptor %d cannot be a connection", fd);
        if (domain != AF_UNIX || type != SOCK_SEQPACKET)
                return error_set(err, -EPROTOTYPE, "pipe",
                                 "descriptor %d is another kind of socket than the ends of "
                                 "mproc_pipe_new (AF_UNIX, SOCK_SEQPACKET)",
                                 fd);
        return 0;
}

int connection_adopt(struct mproc_connection **ret, int fd)
{
        struct mproc_connection *connection;

        if (fd < 0)
                return -errno;
        connection = make();
        if (!connection) {
                close(fd);
                return -ENOMEM;
        }
        add(connection, fd);
        *ret = connection;
        return 0;
}

int mproc_connection_new(struct mproc_connection **ret, int fd, struct mproc_err *err)
{
        struct mproc_connection *connection;
        int r = check_socket(fd, err);

        if (r)
                return r;
        connection = make();
        if (!connection)
                return limits_error(err, -ENOMEM, "pipe", "cannot note down a connection");
        registry_lock();
        if (find(fd)) {
                r = error_set(err, -EEXIST, "pipe", "descriptor %d is a connection's already", fd);
        } else {
                fcntl(fd, F_SETFD, FD_CLOEXEC);
                add(connection, fd);
        }
        registry_unlock();
        if (r)
                unmake(connection);
        else
                *ret = connection;
        return r;
}

/* A connection of a new descriptor for what stands behind `fd`. */
static int copy(struct mproc_connection **ret, int fd, struct mproc_err *err)
{
        int r;

        registry_lock();
        r = connection_adopt(ret, fcntl(fd, F_DUPFD_CLOEXEC, 3));
        registry_unlock();
        return r ? limits_error(err, r, "pipe", "cannot copy a connection's descriptor") : 0;
}

int mproc_connection_copy(struct mproc_connection **ret, const struct mproc_connection *connection,
                          struct mproc_err *err)
{
        int r = connection_check(connection, err);

        return r ? r : copy(ret, connection->fd, err);
}

int mproc_self_connection(struct mproc_connection **ret, size_t index, struct mproc_err *err)
{
        int fd = mproc_self_fd(index), r;
        bool callers;

        if (fd < 0)
                return error_set(err, -EINVAL, "pipe",
                                 "this process was handed no descriptor %zu, or took it already",
                                 index);
        registry_lock();
        callers = find(fd) != NULL;
        registry_unlock();
        /* A target that is called where its starter stands shares its descriptors. */
        if (callers)
                return copy(ret, fd, err);
        r = mproc_connection_new(ret, fd, err);
        if (!r)
                *child_fd(index) = -1;
        return r;
}

void mproc_connection_free(struct mproc_connection *connection)
{
        if (!connection)
                return;
        registry_lock();
        if (connection->fd >= 0)
                cut_off(connection);
        connection_drop_fds(connection);
        registry_unlock();
        unmake(connection);
}

int mproc_connection_fd(const struct mproc_connection *connection)
{
        return connection->fd;
}

void connection_lend(struct connection_loan *loan, int fd)
{
        loan->fd = fd;
        LIST_INSERT_HEAD(&loans, loan, entry);
}

void connection_close_loan(struct connection_loan *loan)
{
        if (loan->fd < 0)
                return;
        registry_lock();
        LIST_REMOVE(loan, entry);
        close(loan->fd);
        registry_unlock();
        loan->fd = -1;
}

uint32_t connection_ends(const int *fds, size_t count)
{
        uint32_t ends = 0;

        registry_lock();
        for (size_t i = 0; i < count; i++)
                ends |= (uint32_t)(find(fds[i]) != NULL) << i;
        registry_unlock();
        return ends;
}

void connection_move(const int *fds, size_t count)
{
        registry_lock();
        for (size_t i = 0; i < count; i++) {
                struct mproc_connection *connection = find(fds[i]);

                if (connection)
                        cut_off(connection);
        }
        registry_unlock();
}

void connection_forget(const struct ctl *mine)
{
        struct mproc_connection *connection;
        struct connection_loan *loan;

        LIST_FOREACH(connection, &connections, entry)
        {
                if (!ctl_hands_over(mine, connection->fd))
                        close(connection->fd);
                connection->fd = -1;
                connection_drop_fds(connection);
        }
        LIST_FOREACH(loan, &loans, entry)
        if (!ctl_hands_over(mine, loan->fd))
                close(loan->fd);
        LIST_INIT(&connections);
        LIST_INIT(&loans);
}

int connection_check(const struct mproc_connection *connection, struct mproc_err *err)
{
        if (connection->fd >= 0)
                return 0;
        return error_set(err, -EBADF, "pipe",
                         "this end is not here any more: it was handed to a process "
                         "(mproc_connection_copy makes another one first), or it is that of the "
                         "process from which this one was forked");
}

int connection_wait(const struct mproc_connection *connection, short events, uint64_t deadline_ns)
{
        struct pollfd poll_fd = {.fd = connection->fd, .events = events};
        struct timespec left;
        int n;

        do {
                left = clock_left(deadline_ns);
                n = ppoll(&poll_fd, 1, &left, NULL);
        } while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n ? 0 : -ETIMEDOUT;
}

static bool reports(const struct mproc_connection *connection, short event)
{
        struct pollfd poll_fd = {.fd = connection->fd, .events = event};

        return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & event;
}

bool connection_has_ended(const struct mproc_connection *connection)
{
        return reports(connection, POLLRDHUP);
}

bool connection_is_cut(const struct mproc_connection *connection)
{
        return reports(connection, POLLHUP);
}
