#include "mproc/packet.h"

#include "mproc/stdio_fds.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
        struct cmsghdr header;
        char space[CMSG_SPACE(PACKET_FDS_MAX * sizeof(int))];
};

int packet_send_parts(int sock, const struct iovec *parts, size_t part_count, const int *fds,
                      size_t fd_count, int flags)
{
        struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = part_count};
        union control control;
        ssize_t n;

        if (fd_count) {
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
                control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                                  .cmsg_type = SCM_RIGHTS,
                                                  .cmsg_len = CMSG_LEN(fd_count * sizeof(int))};
                memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
        }
        do
                n = sendmsg(sock, &message, flags | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return 0;
        return errno == ECONNRESET ? -EPIPE : -errno;
}

int packet_send(int sock, const void *data, size_t size, const int *fds, size_t fd_count)
{
        struct iovec part = {.iov_base = (void *)data, .iov_len = size};

        return packet_send_parts(sock, &part, 1, fds, fd_count, 0);
}

static size_t take_fds(struct msghdr *message, int *fds, size_t fds_max)
{
        size_t count = 0;

        for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
             header = CMSG_NXTHDR(message, header)) {
                size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
                        if (count < fds_max)
                                fds[count++] = fd;
                        else
                                close(fd);
                }
        }
        return count;
}

static void close_fds(const int *fds, size_t count)
{
        while (count) {
                count--;
                if (fds[count] >= 0)
                        close(fds[count]);
        }
}

/* false: there is no room. */
static bool move_off_stdio(int *fds, size_t count)
{
        bool all = true;

        for (size_t i = 0; i < count; i++) {
                fds[i] = stdio_fds_avoid(fds[i]);
                all &= fds[i] >= 0;
        }
        return all;
}

ssize_t packet_receive_any(int sock, void *data, size_t size, int *fds, size_t fds_max,
                           size_t *fd_count, int flags)
{
        struct iovec part = {.iov_base = data, .iov_len = size};
        union control control;
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        ssize_t n;

        *fd_count = 0;
        do
                n = recvmsg(sock, &message, flags | MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        *fd_count = take_fds(&message, fds, fds_max);
        if (!move_off_stdio(fds, *fd_count) || message.msg_flags & MSG_CTRUNC)
                n = -EMFILE;
        else if (message.msg_flags & MSG_TRUNC)
                n = -EPROTO;
        if (n < 0) {
                close_fds(fds, *fd_count);
                *fd_count = 0;
        }
        return n;
}

int packet_receive(int sock, void *data, size_t size, int *fds, size_t fds_max, size_t *fd_count,
                   int flags)
{
        ssize_t n = packet_receive_any(sock, data, size, fds, fds_max, fd_count, flags);

        if (n == 0 || n == -ECONNRESET)
                return -EPIPE;
        if (n < 0)
                return (int)n;
        if ((size_t)n == size)
                return 0;
        close_fds(fds, *fd_count);
        *fd_count = 0;
        return -EPROTO;
}
