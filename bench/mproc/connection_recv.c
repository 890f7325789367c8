#include "base/error.h"
#include "mproc/connection.h"
#include "mproc/limits.h"
#include "mproc/packet.h"
#include "mproc/registry.h"
#include "mproc/wait.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Every packet is received whole into the connection's own memory, and from there to the caller's:
 * one system call, no message cut off, and no race with another process that receives on a copy of
 * this end, which looking at its size first would have. */

static bool is_message(const struct mproc_connection *connection, size_t bytes)
{
        const struct connection_header *header = &connection->packet->header;
        bool is_long = header->size > CONNECTION_INLINE_MAX;

        return bytes >= sizeof(*header) && header->magic == CONNECTION_MAGIC &&
               header->size <= MPROC_MESSAGE_MAX &&
               bytes - sizeof(*header) == (is_long ? CONNECTION_INLINE_MAX : header->size) &&
               connection->fd_count == (size_t)header->fd_count + is_long;
}

/* Locked; the registry, too: a child that is forked in another thread knows of each descriptor that
 * came, and closes it. */
static int take_packet(struct mproc_connection *connection)
{
        ssize_t n;

        /* The first call after the other side's end tells when that had not received everything;
         * what it sent is still there. */
        do
                n = packet_receive_any(connection->fd, connection->packet,
                                       sizeof(*connection->packet), connection->fds,
                                       1 + MPROC_MESSAGE_FDS_MAX, &connection->fd_count,
                                       MSG_DONTWAIT);
        while (n == -ECONNRESET);
        if (n < 0)
                return (int)n;
        if (n == 0 && !connection->fd_count && connection_has_ended(connection))
                return connection_is_cut(connection) ? -ENODATA : -ENOTSUP;
        if (!is_message(connection, (size_t)n)) {
                connection_drop_fds(connection);
                return -EPROTO;
        }
        connection->kept = true;
        return 0;
}

/* One try at the kernel. Locked. */
static int take(struct mproc_connection *connection)
{
        int r;

        if (!connection->packet)
                connection->packet = calloc(1, sizeof(*connection->packet));
        if (!connection->packet)
                return -ENOMEM;
        registry_lock();
        r = take_packet(connection);
        registry_unlock();
        return r;
}

static int explain(int r, int64_t timeout_ns, struct mproc_err *err)
{
        switch (r) {
        case -ETIMEDOUT:
                return error_set(err, r, "recv", "no message after %.3f s",
                                 wait_seconds(timeout_ns));
        case -ENODATA:
                return error_set(err, r, "recv",
                                 "the other end is gone: no process holds it any more, and all "
                                 "that was sent is received");
        case -ENOTSUP:
                return error_set(err, r, "recv",
                                 "this end of a one-way pipe only sends: receive on the first end "
                                 "of mproc_pipe_new");
        case -EPROTO:
                return error_set(err, r, "recv",
                                 "what came was no message of mproc_connection_send; it is "
                                 "dropped");
        case -EMFILE:
                return limits_error(err, r, "recv",
                                    "a message is lost: there was no room for the descriptors "
                                    "that it came with");
        default:
                return limits_error(err, r, "recv", "cannot receive a message");
        }
}

/* Waits for a message. On success it is kept in the connection, which is locked. */
static int wait_and_lock(struct mproc_connection *connection, int64_t timeout_ns,
                         struct mproc_err *err)
{
        uint64_t deadline = 0;
        int r = connection_check(connection, err);

        if (r)
                return r;
        for (;;) {
                pthread_mutex_lock(&connection->lock);
                r = connection->kept ? 0 : take(connection);
                if (!r)
                        return 0;
                pthread_mutex_unlock(&connection->lock);
                if (r != -EAGAIN)
                        break;
                if (!deadline)
                        deadline = wait_deadline(timeout_ns);
                r = connection_wait(connection, POLLIN, deadline);
                if (r)
                        break;
        }
        return explain(r, timeout_ns, err);
}

static int read_all(int fd, unsigned char *data, size_t size)
{
        size_t done = 0;

        while (done < size) {
                ssize_t n = pread(fd, data + done, size - done, (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -EPROTO;
                done += (size_t)n;
        }
        return 0;
}

/* The descriptors that came with the kept message: the user's are the user's now. */
static void hand_out_fds(struct mproc_connection *connection, int *fds)
{
        size_t count = connection->packet->header.fd_count;

        if (!connection->fd_count)
                return;
        registry_lock();
        while (count)
                fds[--count] = connection->fds[--connection->fd_count];
        connection_drop_fds(connection);
        registry_unlock();
}

static void drop_fds(struct mproc_connection *connection)
{
        registry_lock();
        connection_drop_fds(connection);
        registry_unlock();
}

/* The kept message to `buffer`, which has room for it, its descriptors to `fds`. Locked. */
static int hand_out(struct mproc_connection *connection, unsigned char *buffer, int *fds,
                    struct mproc_err *err)
{
        const struct connection_header *header = &connection->packet->header;
        size_t size = header->size;
        bool is_long = size > CONNECTION_INLINE_MAX;
        size_t head = is_long ? CONNECTION_INLINE_MAX : size;
        int r = 0;

        if (head)
                memcpy(buffer, connection->packet->data, head);
        if (is_long)
                r = read_all(connection->fds[0], buffer + head, size - head);
        connection->kept = false;
        if (r) {
                drop_fds(connection);
                return explain(r, 0, err);
        }
        hand_out_fds(connection, fds);
        return 0;
}

/* Locked, with a message. */
static int check_fds(const struct mproc_connection *connection, size_t fds_max,
                     struct mproc_err *err)
{
        uint32_t count = connection->packet->header.fd_count;

        if (count <= fds_max)
                return 0;
        return error_set(err, -EOVERFLOW, "recv",
                         "the message brings %u descriptors, but there is room for %zu: receive "
                         "it by mproc_connection_recv_fds; it is kept",
                         count, fds_max);
}

int mproc_connection_recv_fds(struct mproc_connection *connection, void *buffer, size_t capacity,
                              size_t *ret_size, int *fds, size_t fds_max, size_t *ret_fd_count,
                              int64_t timeout_ns, struct mproc_err *err)
{
        size_t size, fd_count;
        int r = wait_and_lock(connection, timeout_ns, err);

        if (r)
                return r;
        size = connection->packet->header.size;
        fd_count = connection->packet->header.fd_count;
        r = check_fds(connection, fds_max, err);
        if (r == -EOVERFLOW && ret_fd_count)
                *ret_fd_count = fd_count;
        if (!r && size > capacity) {
                *ret_size = size;
                r = error_set(err, -EMSGSIZE, "recv",
                              "the message has %zu bytes, the buffer %zu: give a larger one; the "
                              "message is kept",
                              size, capacity);
        }
        if (!r)
                r = hand_out(connection, buffer, fds, err);
        pthread_mutex_unlock(&connection->lock);
        if (r)
                return r;
        *ret_size = size;
        if (ret_fd_count)
                *ret_fd_count = fd_count;
        return 0;
}

int mproc_connection_recv_into(struct mproc_connection *connection, void *buffer, size_t capacity,
                               size_t *ret_size, int64_t timeout_ns, struct mproc_err *err)
{
        return mproc_connection_recv_fds(connection, buffer, capacity, ret_size, NULL, 0, NULL,
                                         timeout_ns, err);
}

int mproc_connection_recv(struct mproc_connection *connection, void **ret, size_t *ret_size,
                          int64_t timeout_ns, struct mproc_err *err)
{
        void *buffer = NULL;
        size_t size;
        int r = wait_and_lock(connection, timeout_ns, err);

        if (r)
                return r;
        size = connection->packet->header.size;
        r = check_fds(connection, 0, err);
        if (!r) {
                buffer = malloc(size ? size : 1);
                if (!buffer)
                        r = limits_error(err, -ENOMEM, "recv",
                                         "cannot allocate memory for a message");
        }
        if (!r)
                r = hand_out(connection, buffer, NULL, err);
        pthread_mutex_unlock(&connection->lock);
        if (r) {
                free(buffer);
                return r;
        }
        *ret = buffer;
        *ret_size = size;
        return 0;
}

bool connection_drop_kept(struct mproc_connection *connection)
{
        bool kept;

        pthread_mutex_lock(&connection->lock);
        kept = connection->kept;
        connection->kept = false;
        drop_fds(connection);
        pthread_mutex_unlock(&connection->lock);
        return kept;
}

int mproc_connection_poll(struct mproc_connection *connection, int64_t timeout_ns,
                          struct mproc_err *err)
{
        bool kept;
        int r = connection_check(connection, err);

        if (r)
                return r;
        pthread_mutex_lock(&connection->lock);
        kept = connection->kept;
        pthread_mutex_unlock(&connection->lock);
        if (kept)
                return 0;
        r = connection_wait(connection, POLLIN, wait_deadline(timeout_ns));
        return r ? explain(r, timeout_ns, err) : 0;
}
