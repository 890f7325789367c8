#include "mproc/memfd.h"

#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

int memfd_new(const char *name, size_t size, struct mproc_err *err)
{
        struct rlimit limit;
        int fd, r;

        if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
            size > limit.rlim_cur)
                return error_set(err, -EFBIG, "memory",
                                 "%zu bytes of shared memory are more than RLIMIT_FSIZE allows "
                                 "(%llu): raise ulimit -f, or ask for less",
                                 size, (unsigned long long)limit.rlim_cur);

        /* Where vm.memfd_noexec is 2 the flag is a must; before Linux 6.3 it is unknown. */
        fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
        if (fd < 0 && errno == EINVAL)
                fd = memfd_create(name, MFD_CLOEXEC);
        fd = stdio_fds_avoid(fd);
        if (fd < 0)
                return limits_error(err, -errno, "memory", "cannot create shared memory");
        if (ftruncate(fd, (off_t)size)) {
                r = error_errno(err, -errno, "memory", "cannot make shared memory of %zu bytes",
                                size);
                close(fd);
                return r;
        }
        return fd;
}
