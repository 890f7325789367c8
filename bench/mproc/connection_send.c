#include "base/error.h"
#include "mproc/connection.h"
#include "mproc/limits.h"
#include "mproc/memfd.h"
#include "mproc/packet.h"
#include "mproc/registry.h"
#include "mproc/wait.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel refuses to send from the beginning of the other end's closing, and poll(2) tells of it
 * from its end. */
#define CLOSING_NS ((int64_t)(100 * NS_PER_MS))

static int write_all(int fd, const unsigned char *data, size_t size)
{
        while (size) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        data += n;
                        size -= (size_t)n;
                }
        }
        return 0;
}

int connection_lend_rest(struct connection_loan *loan, const void *message, size_t size,
                         struct mproc_err *err)
{
        int fd, r;

        loan->fd = -1;
        if (size <= CONNECTION_INLINE_MAX)
                return 0;
        size -= CONNECTION_INLINE_MAX;
        registry_lock();
        fd = memfd_new("mproc-message", size, err);
        if (fd >= 0)
                connection_lend(loan, fd);
        registry_unlock();
        if (fd < 0)
                return fd;
        r = write_all(fd, (const unsigned char *)message + CONNECTION_INLINE_MAX, size);
        if (!r)
                return 0;
        connection_close_loan(loan);
        return limits_error(err, r, "send", "cannot write a long message to memory");
}

static int check(struct mproc_connection *connection, const void *data, size_t size, const int *fds,
                 size_t fd_count, struct mproc_err *err)
{
        if (size > MPROC_MESSAGE_MAX)
                return error_set(err, -EMSGSIZE, "send",
                                 "a message of %zu bytes is longer than MPROC_MESSAGE_MAX (%zu): "
                                 "divide it, or put it into shared memory and send its address",
                                 size, MPROC_MESSAGE_MAX);
        if ((size && !data) || (fd_count && !fds))
                return error_set(err, -EINVAL, "send", "%s is NULL",
                                 fd_count && !fds ? "fds" : "data");
        if (fd_count > MPROC_MESSAGE_FDS_MAX)
                return error_set(err, -EINVAL, "send",
                                 "%zu descriptors are more than MPROC_MESSAGE_FDS_MAX (%d)",
                                 fd_count, MPROC_MESSAGE_FDS_MAX);
        return connection_check(connection, err);
}

static int explain(const struct mproc_connection *connection, int r, int64_t timeout_ns,
                   struct mproc_err *err)
{
        switch (r) {
        case -ETIMEDOUT:
                return error_set(err, r, "send",
                                 "no room for the message after %.3f s: the other side does not "
                                 "receive",
                                 wait_seconds(timeout_ns));
        case -EPIPE:
                if (connection_wait(connection, 0, wait_deadline(CLOSING_NS)))
                        return error_set(err, -ENOTSUP, "send",
                                         "this end of a one-way pipe only receives: send on the "
                                         "second end of mproc_pipe_new");
                return error_set(err, r, "send",
                                 "the other end is gone: no process holds it any more");
        default:
                return limits_error(err, r, "send", "cannot send a message");
        }
}

/* `fds`: the rest's first, if there is one, then `fd_count` of the user's. */
static int send_packet(const struct mproc_connection *connection, const void *data, size_t size,
                       const int *fds, size_t fd_count, int64_t timeout_ns, struct mproc_err *err)
{
        bool is_long = size > CONNECTION_INLINE_MAX;
        struct connection_header header = {
                .size = size, .magic = CONNECTION_MAGIC, .fd_count = (uint32_t)fd_count};
        struct iovec parts[2] = {
                {.iov_base = &header, .iov_len = sizeof(header)},
                {.iov_base = (void *)data, .iov_len = is_long ? CONNECTION_INLINE_MAX : size}};
        uint64_t deadline = 0;
        int r;

        for (;;) {
                r = packet_send_parts(connection->fd, parts, 2, fds, fd_count + is_long,
                                      MSG_DONTWAIT);
                if (r != -EAGAIN)
                        break;
                if (!deadline)
                        deadline = wait_deadline(timeout_ns);
                r = connection_wait(connection, POLLOUT, deadline);
                if (r)
                        break;
        }
        return r ? explain(connection, r, timeout_ns, err) : 0;
}

int connection_send_lent(const struct mproc_connection *connection, const void *data, size_t size,
                         const struct connection_loan *rest, int64_t timeout_ns,
                         struct mproc_err *err)
{
        return send_packet(connection, data, size, &rest->fd, 0, timeout_ns, err);
}

int mproc_connection_send_fds(struct mproc_connection *connection, const void *data, size_t size,
                              const int *fds, size_t fd_count, int64_t timeout_ns,
                              struct mproc_err *err)
{
        int all[1 + MPROC_MESSAGE_FDS_MAX];
        struct connection_loan loan;
        int r = check(connection, data, size, fds, fd_count, err);

        if (!r)
                r = connection_lend_rest(&loan, data, size, err);
        if (r)
                return r;
        all[0] = loan.fd;
        if (fd_count)
                memcpy(all + (loan.fd >= 0), fds, fd_count * sizeof(*fds));
        r = send_packet(connection, data, size, all, fd_count, timeout_ns, err);
        connection_close_loan(&loan);
        return r;
}

int mproc_connection_send(struct mproc_connection *connection, const void *data, size_t size,
                          int64_t timeout_ns, struct mproc_err *err)
{
        return mproc_connection_send_fds(connection, data, size, NULL, 0, timeout_ns, err);
}
