#include "mproc/lifeline.h"

#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends[2] = {-1, -1}; /* read, write: of the processes started here */
static int attached = -1;      /* this process's own, to its parent */

static int make_pipe(struct mproc_err *err)
{
        int both[2];

        if (ends[0] >= 0)
                return 0;
        if (pipe2(both, O_CLOEXEC | O_NONBLOCK) || stdio_fds_avoid_pair(both))
                return limits_error(err, -errno, "lifeline", "cannot create the lifeline pipe");
        ends[0] = both[0];
        ends[1] = both[1];
        /* Read ends are opened anew even after the program has changed its user. */
        (void)fchmod(ends[0], 0444);
        return 0;
}

int lifeline_lend(int *fd, struct mproc_err *err)
{
        char path[32];
        int r;

        registry_lock();
        r = make_pipe(err);
        if (!r) {
                snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
                *fd = stdio_fds_avoid(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
                if (*fd < 0)
                        r = limits_error(err, -errno, "lifeline",
                                         errno == ENOENT
                                                 ? "/proc is not mounted here, and a process finds "
                                                   "out through it when its parent ends: mount it"
                                                 : "cannot open the lifeline pipe through /proc");
        }
        registry_unlock();
        return r;
}

int lifeline_attach(int fd, struct mproc_err *err)
{
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

        attached = fd;
        if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETSIG, SIGKILL) ||
            fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC))
                return error_errno(err, -errno, "lifeline",
                                   "cannot tie this process to its parent");
        /* The parent may have ended before the signal was armed. */
        if (poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & POLLHUP)
                kill(getpid(), SIGKILL);
        return 0;
}

static void forget(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

void lifeline_forget(void)
{
        forget(&ends[0]);
        forget(&ends[1]);
        forget(&attached);
}
