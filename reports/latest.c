/* What stands beside the runs in the folder that they are saved in by default. */
#include "reports/report.h"

#include "base/error.h"
#include "reports/file_put.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int report_mark_latest(const char *path, struct mproc_err *err)
{
        const char temp[] = ".latest.partial";
        char parent[PATH_MAX];
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        int folder, rc = 0;

        if (!*name || (size_t)(name - path) >= sizeof(parent))
                return error_set(err, -EINVAL, "report", "'%.64s' does not name a run's folder",
                                 path);
        snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(name - path) : 1,
                 slash ? path : ".");
        folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return file_put_error(err, -errno, "the link 'latest'");
        if (faccessat(folder, ".gitignore", F_OK, 0) < 0)
                rc = file_put(folder, ".gitignore", "*\n", 2, err);
        if (rc)
                goto out;
        /* Renamed over the old link, so that there is no moment without one. */
        unlinkat(folder, temp, 0);
        if (symlinkat(name, folder, temp) < 0 || renameat(folder, temp, folder, "latest") < 0) {
                rc = file_put_error(err, -errno, "the link 'latest'");
                unlinkat(folder, temp, 0);
        }
out:
        close(folder);
        return rc;
}
