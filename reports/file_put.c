#include "reports/file_put.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_put_error(struct mproc_err *err, int code, const char *what)
{
        const char *remedy = "";

        switch (-code) {
        case ENOSPC:
        case EDQUOT:
                remedy = "; make room there, or choose another folder with --out";
                break;
        case EFBIG:
                remedy = "; the limit on file sizes (ulimit -f) is too low for it";
                break;
        case EACCES:
        case EPERM:
        case EROFS:
                remedy = "; choose a folder that you may write to with --out";
                break;
        }
        return error_set(err, code, "report", "%s could not be written: %s (%s)%s", what,
                         strerrordesc_np(-code), strerrorname_np(-code), remedy);
}

static int write_all(int fd, const char *data, size_t size)
{
        while (size) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t)n;
        }
        return 0;
}

int file_put(int folder, const char *name, const void *data, size_t size, struct mproc_err *err)
{
        char partial[128];
        int fd, rc;

        snprintf(partial, sizeof(partial), ".%s.partial", name);
        fd = openat(folder, partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
                return file_put_error(err, -errno, name);
        rc = write_all(fd, data, size);
        if (!rc && fsync(fd) < 0 && errno != EINVAL)
                rc = -errno;
        if (close(fd) < 0 && !rc)
                rc = -errno;
        if (!rc && renameat(folder, partial, folder, name) < 0)
                rc = -errno;
        if (!rc)
                return 0;
        unlinkat(folder, partial, 0);
        return file_put_error(err, rc, name);
}
