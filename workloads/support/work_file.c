#include "support/work_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FACTOR                                                                              \
        0x9e3779b97f4a7c15ull /* odd: word i is (i + 1) · FACTOR, and none is like another \
                               */
#define TRIES 3               /* pages in flight may need a second look */

static struct {
        int fd;
        uint64_t bytes; /* written and on the disk */
} file = {.fd = -1};

static const char *folder(void)
{
        const char *given = getenv("TMPDIR");

        return given && *given ? given : "/var/tmp";
}

static int make(struct mproc_err *err)
{
        char path[4096];
        int fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { /* no O_TMPFILE there */
                if ((size_t)snprintf(path, sizeof(path), "%s/mpbench-XXXXXX", folder()) >=
                    sizeof(path))
                        return error_set(err, -ENAMETOOLONG, "prepare",
                                         "the path of the temporary folder is too long");
                fd = mkostemp(path, O_CLOEXEC);
                if (fd >= 0)
                        unlink(path);
        }
        if (fd < 0)
                return error_errno(err, -errno, "prepare",
                                   "cannot make a file to read in %s (set TMPDIR to change that)",
                                   folder());
        file.fd = fd;
        return 0;
}

static int write_whole(const void *data, size_t size, uint64_t offset)
{
        for (size_t done = 0; done < size;) {
                ssize_t wrote = pwrite(file.fd, (const char *)data + done, size - done,
                                       (off_t)(offset + done));

                if (wrote < 0 && errno != EINTR)
                        return -errno;
                if (wrote > 0)
                        done += (size_t)wrote;
        }
        return 0;
}

/* Appends up to `bytes`. Synced at once, so that no write-back falls into a measurement. */
static int enlarge(uint64_t bytes)
{
        size_t room = 1 << 20;
        uint64_t *words = malloc(room);
        int code = words ? 0 : -ENOMEM;

        for (uint64_t at = file.bytes; !code && at < bytes;) {
                size_t size = bytes - at < room ? bytes - at : room;

                for (size_t i = 0; i < size / sizeof(*words); i++)
                        words[i] = (at / sizeof(*words) + i + 1) * FACTOR;
                code = write_whole(words, size, at);
                at += size;
        }
        free(words);
        if (!code && fdatasync(file.fd))
                code = -errno;
        return code;
}

int work_file_open(uint64_t bytes, int *fd, struct mproc_err *err)
{
        struct rlimit limit;
        int code;

        /* beyond it a write would not fail, but kill by SIGXFSZ */
        if (!getrlimit(RLIMIT_FSIZE, &limit) && bytes > limit.rlim_cur)
                return error_set(err, -EFBIG, "prepare",
                                 "a file of %ju bytes exceeds RLIMIT_FSIZE, %ju bytes; fewer "
                                 "blocks, a smaller file_size or a higher limit would do",
                                 (uintmax_t)bytes, (uintmax_t)limit.rlim_cur);
        if (file.fd < 0) {
                code = make(err);
                if (code)
                        return code;
        }
        if (bytes > file.bytes) {
                code = enlarge(bytes);
                if (code) {
                        error_errno(err, code, "prepare", "cannot write a file of %ju bytes in %s",
                                    (uintmax_t)bytes, folder());
                        close(file.fd); /* gives the space back */
                        file.fd = -1;
                        file.bytes = 0;
                        return code;
                }
                file.bytes = bytes;
        }
        *fd = file.fd;
        return 0;
}

/* Pages of the first `bytes` that are in the page cache, out of *all; negative errno. */
static int64_t resident_pages(uint64_t bytes, uint64_t *all)
{
        enum { WINDOW = 1 << 28 };
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        unsigned char *seen = malloc(WINDOW / page);
        int64_t resident = 0;

        if (!seen)
                return -ENOMEM;
        *all = 0;
        for (uint64_t at = 0; at < bytes; at += WINDOW) {
                size_t size = bytes - at < WINDOW ? bytes - at : WINDOW;
                size_t pages = (size + page - 1) / page;
                void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, file.fd, (off_t)at);

                if (map == MAP_FAILED || mincore(map, size, seen)) {
                        resident = -errno;
                        if (map != MAP_FAILED)
                                munmap(map, size);
                        break;
                }
                munmap(map, size);
                for (size_t i = 0; i < pages; i++)
                        resident += seen[i] & 1;
                *all += pages;
        }
        free(seen);
        return resident;
}

static int read_through(uint64_t bytes)
{
        size_t room = 1 << 20;
        char *buffer = malloc(room);
        int code = buffer ? 0 : -ENOMEM;

        for (uint64_t at = 0; !code && at < bytes;) {
                ssize_t got = pread(file.fd, buffer, room, (off_t)at);

                if (got > 0)
                        at += (uint64_t)got;
                else if (!got || errno != EINTR)
                        code = got ? -errno : -ENODATA;
        }
        free(buffer);
        return code;
}

int work_file_warm(uint64_t bytes, struct mproc_err *err)
{
        uint64_t all = 0;
        int64_t resident = 0;

        for (int i = 0; i < TRIES; i++) {
                int code;

                resident = resident_pages(bytes, &all);
                if (resident < 0)
                        return error_errno(err, (int)resident, "prepare",
                                           "cannot see what the page cache holds");
                if ((uint64_t)resident == all)
                        return 0;
                code = read_through(bytes);
                if (code)
                        return error_errno(err, code, "prepare", "cannot read the file in %s",
                                           folder());
        }
        return error_set(err, -EOPNOTSUPP, "prepare",
                         "the page cache does not hold the file: %ju of %ju pages after reading "
                         "it %d times; a smaller file_size would fit",
                         (uintmax_t)resident, (uintmax_t)all, TRIES);
}

int work_file_drop(uint64_t bytes, struct mproc_err *err)
{
        struct statfs system;
        uint64_t all = 0;
        int64_t resident = 0;

        if (!fstatfs(file.fd, &system) &&
            (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC))
                return error_set(err, -EOPNOTSUPP, "prepare",
                                 "%s is in memory (tmpfs), so there is no cache to drop; set "
                                 "TMPDIR to a folder on a disk",
                                 folder());
        for (int i = 0; i < TRIES; i++) {
                int code = posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);

                if (code)
                        return error_errno(err, -code, "prepare", "cannot drop the page cache");
                resident = resident_pages(bytes, &all);
                if (resident < 0)
                        return error_errno(err, (int)resident, "prepare",
                                           "cannot see what the page cache holds");
                if (!resident)
                        return 0;
        }
        return error_set(err, -EOPNOTSUPP, "prepare",
                         "the file system of %s keeps %ju of %ju pages in the page cache after "
                         "POSIX_FADV_DONTNEED",
                         folder(), (uintmax_t)resident, (uintmax_t)all);
}

uint64_t work_file_sum(uint64_t bytes)
{
        uint64_t n = bytes / sizeof(uint64_t);

        return FACTOR * (n % 2 ? (n + 1) / 2 * n : n / 2 * (n + 1)); /* 1 + 2 + … + n */
}
