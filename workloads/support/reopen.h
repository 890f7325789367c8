/* A description of its own for a file that another process opened. Workers. */
#ifndef SUPPORT_REOPEN_H
#define SUPPORT_REOPEN_H

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* Opens the file behind `fd` anew, though it may have no name any more. An inherited descriptor
 * will not do where each worker needs an open file description of its own: OFD locks belong to it,
 * and so does the kernel's read-ahead. Returns the descriptor or a negative errno. */
static inline int reopen(int fd, int flags, struct mproc_err *err)
{
        char path[32];
        int fresh;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        fresh = open(path, flags | O_CLOEXEC);
        if (fresh < 0)
                return error_errno(err, -errno, "attach", "cannot open %s anew", path);
        return fresh;
}

#endif
