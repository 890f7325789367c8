#include "cli/run_folder.h"

#include "base/error.h"
#include "base/text.h"
#include "reports/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGE "save"
#define NAMES_TRIED 100 /* runs of one workload that begin within one second */

/* Cuts the last component off: "a/b" → "a", "a" → ".", "/a" → "/". */
static void to_parent(char *path)
{
        char *slash = strrchr(path, '/');

        if (!slash)
                text_copy(path, 2, ".");
        else
                slash[slash == path] = '\0'; /* "/" is above "/a" */
}

static void strip_slashes(char *path)
{
        size_t length = strlen(path);

        while (length > 1 && path[length - 1] == '/')
                path[--length] = '\0';
}

static int refuse(const char *wanted, const char *parent, int code, struct mproc_err *err)
{
        return error_set(err, -code, STAGE,
                         "cannot make the folder '%.180s' in '%.180s': %s (%s); choose another one "
                         "with --out, or --no-save",
                         wanted, parent, strerrordesc_np(code), strerrorname_np(code));
}

/* Permissions, read-only file systems, quotas of inodes: the attempt knows them all. */
static int try_to_make(const char *parent, const char *wanted, struct mproc_err *err)
{
        char probe[PATH_MAX + 32];

        snprintf(probe, sizeof(probe), "%s/.mpbench-XXXXXX", parent);
        if (!mkdtemp(probe))
                return refuse(wanted, parent, errno, err);
        rmdir(probe);
        return 0;
}

int run_folder_check(const struct run_options *options, struct mproc_err *err)
{
        const char *wanted = options->out ? options->out : RESULTS_FOLDER;
        struct mproc_err refused = {0};
        char path[PATH_MAX];
        struct stat info;

        if (options->out && report_check(options->out, options->force, &refused))
                return error_set(err, -EINVAL, STAGE, "--out: %.460s", refused.text);
        text_copy(path, sizeof(path), wanted);
        strip_slashes(path);
        if (options->out && !stat(path, &info))
                to_parent(path); /* the new folder is made beside the old one */
        while (stat(path, &info)) {
                if (errno != ENOENT)
                        return refuse(wanted, path, errno, err);
                to_parent(path);
        }
        if (!S_ISDIR(info.st_mode))
                return refuse(wanted, path, ENOTDIR, err);
        return try_to_make(path, wanted, err);
}

static void name_folder(const struct plan *plan, time_t started, unsigned attempt, char *path,
                        size_t size)
{
        struct tm local;
        char stamp[32];
        size_t used;

        localtime_r(&started, &local);
        strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &local);
        used = (size_t)snprintf(path, size, RESULTS_FOLDER "/%s", stamp);
        if (plan_is_ab(plan))
                used += (size_t)snprintf(path + used, size - used, "-ab");
        for (uint32_t i = 0; i < plan->workload_count && !plan_is_ab(plan); i++)
                used += (size_t)snprintf(path + used, size - used, "%c%s", i ? '+' : '-',
                                         plan->workloads[i]);
        if (attempt)
                snprintf(path + used, size - used, "-%u", attempt + 1);
}

int run_folder_save(const struct run_options *options, const struct result *result, time_t started,
                    struct saved_run *ret, struct mproc_err *err)
{
        int rc = -EEXIST;

        *ret->plots = '\0';
        if (options->out) {
                text_copy(ret->path, sizeof(ret->path), options->out);
                strip_slashes(ret->path);
                ret->name = ret->path;
                rc = report_save(result, ret->path, options->force, ret->plots, sizeof(ret->plots),
                                 err);
        } else {
                ret->name = LATEST_LINK;
                for (unsigned i = 0; rc == -EEXIST && i < NAMES_TRIED; i++) {
                        name_folder(&result->plan, started, i, ret->path, sizeof(ret->path));
                        rc = report_save(result, ret->path, false, ret->plots, sizeof(ret->plots),
                                         err);
                }
        }
        if (rc)
                return rc;
        if (!options->out && report_mark_latest(ret->path, NULL))
                ret->name = ret->path; /* no reason to fail: the run is saved */
        return 0;
}
