#include "base/stream.h"

#include "base/clock.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

int stream_send(int fd, const void *data, size_t size)
{
        const char *at = data;

        while (size) {
                ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == ECONNRESET ? -EPIPE : -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

static int wait_readable(int fd, uint64_t deadline_ns, int stop_fd)
{
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};

        for (;;) {
                struct timespec left = clock_left(deadline_ns);
                int n = ppoll(fds, 2, deadline_ns ? &left : NULL, NULL);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && fds[1].revents)
                        return -EINTR;
                if (n > 0)
                        return 0;
                if (n == 0)
                        return -ETIMEDOUT;
        }
}

int stream_receive(int fd, void *data, size_t size, uint64_t deadline_ns, int stop_fd)
{
        char *at = data;

        while (size) {
                int r = wait_readable(fd, deadline_ns, stop_fd);
                ssize_t n;

                if (r < 0)
                        return r;
                n = recv(fd, at, size, 0);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == ECONNRESET ? -EPIPE : -errno;
                if (n == 0)
                        return -EPIPE;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}
