#include "cli/saved_report.h"

#include "base/error.h"
#include "cli/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_FILE "report.json"
#define REPORT_BYTES_MAX (1ll << 30) /* more than this was not written by mpbench */

/* Only the link in the results' folder is meant by "latest"; a folder of that name is "./latest".
 * Opening a FIFO must not wait for its writer. */
static int open_named(const char *name, const char *stage, char *path, size_t size, int *ret,
                      struct mproc_err *err)
{
        bool latest = !strcmp(name, LATEST_LINK);
        int fd;

        snprintf(path, size, "%s%s", latest ? RESULTS_FOLDER "/" : "", name);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT && latest)
                return error_set(err, -EINVAL, stage, "no run was saved here: there is no %s/%s",
                                 RESULTS_FOLDER, LATEST_LINK);
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return error_set(err, -EINVAL, stage, "'%.200s' is no folder of a run", path);
        if (fd < 0)
                return error_errno(err, -errno, stage, "cannot open '%.200s'", path);
        *ret = fd;
        return 0;
}

static int read_all(int fd, size_t size, char *text)
{
        size_t used = 0;

        while (used < size) {
                ssize_t n = read(fd, text + used, size - used);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                used += (size_t)n;
        }
        return 0;
}

static int read_report(int fd, const struct stat *info, const char *path, const char *stage,
                       struct result *result, struct mproc_err *err)
{
        struct mproc_err reason = {0};
        char *text;
        int rc;

        if (!S_ISREG(info->st_mode) || info->st_size > REPORT_BYTES_MAX)
                return error_set(err, -EINVAL, stage, "'%.220s' is no report", path);
        text = malloc((size_t)info->st_size + 1);
        if (!text)
                return error_set(err, -ENOMEM, stage, "no memory for '%.220s'", path);
        rc = read_all(fd, (size_t)info->st_size, text);
        if (rc) {
                error_errno(err, rc, stage, "cannot read '%.220s'", path);
        } else {
                rc = result_from_json(text, (size_t)info->st_size, result, &reason);
                if (rc)
                        error_set(err, -EINVAL, stage, "'%.120s' cannot be read: %.300s", path,
                                  reason.text);
        }
        free(text);
        return rc;
}

int saved_report_read(const char *name, const char *stage, struct result *result, int *ret,
                      struct mproc_err *err)
{
        char path[PATH_MAX], file[PATH_MAX + sizeof(REPORT_FILE) + 1];
        int folder = -1, fd = -1, rc = open_named(name, stage, path, sizeof(path), &fd, err);
        struct stat info;

        if (rc)
                return rc;
        snprintf(file, sizeof(file), "%s", path);
        if (!fstat(fd, &info) && S_ISDIR(info.st_mode)) {
                folder = fd;
                snprintf(file, sizeof(file), "%s/" REPORT_FILE, path);
                fd = openat(folder, REPORT_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        }
        if (fd < 0 && errno == ENOENT)
                rc = error_set(err, -EINVAL, stage,
                               "'%.200s' is no folder of a run: it holds no " REPORT_FILE, path);
        else if (fd < 0 || fstat(fd, &info))
                rc = error_errno(err, -errno, stage, "cannot read '%.220s'", file);
        else
                rc = read_report(fd, &info, file, stage, result, err);
        if (fd >= 0)
                close(fd);
        if (folder >= 0 && (rc || !ret))
                close(folder);
        if (!rc && ret)
                *ret = folder;
        return rc;
}
