#include "mproc/stdio_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int stdio_fds_avoid(int fd)
{
        int copy, error;

        if (fd < 0 || fd > STDERR_FILENO)
                return fd;
        copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        error = errno;
        close(fd);
        errno = error;
        return copy;
}

int stdio_fds_avoid_pair(int fds[2])
{
        int error;

        fds[0] = stdio_fds_avoid(fds[0]);
        error = errno;
        fds[1] = stdio_fds_avoid(fds[1]);
        if (fds[0] >= 0 && fds[1] >= 0)
                return 0;
        if (fds[0] >= 0)
                error = errno;
        for (int i = 0; i < 2; i++)
                if (fds[i] >= 0)
                        close(fds[i]);
        errno = error;
        return -1;
}

void stdio_fds_fill(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        (void)!open("/dev/null", O_RDWR);
}
