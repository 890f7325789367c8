#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/run_folder.h"
#include "cli/terminal.h"
#include "reports/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGE "report"
#define REPORT_FILE "report.json"
#define REPORT_BYTES_MAX (1ll << 30) /* more than this was not written by mpbench */

static const struct mpb_option options[] = {
        {.name = "format",
         .type = MPB_TEXT,
         .metavar = "NAME",
         .group = "Output",
         .summary = "print one format and write nothing; 'mpbench list' shows them"},
        COMMAND_END,
};

static int take(const struct mpb_option *option, const char *text, void *context,
                struct mproc_err *err)
{
        (void)option, (void)err;
        *(const char **)context = text;
        return 0;
}

/* Only the link in the results' folder is meant by "latest"; a folder of that name is "./latest".
 */
static int open_folder(const char *name, char *path, size_t size, int *ret, struct mproc_err *err)
{
        bool latest = !strcmp(name, LATEST_LINK);
        int fd;

        snprintf(path, size, "%s%s", latest ? RESULTS_FOLDER "/" : "", name);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT && latest)
                return error_set(err, -EINVAL, STAGE, "no run was saved here: there is no %s/%s",
                                 RESULTS_FOLDER, LATEST_LINK);
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return error_set(err, -EINVAL, STAGE, "'%.200s' is no folder of a run", path);
        if (fd < 0)
                return error_errno(err, -errno, STAGE, "cannot open '%.200s'", path);
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

static int read_result(int folder, const char *path, struct result *result, struct mproc_err *err)
{
        int fd = openat(folder, REPORT_FILE, O_RDONLY | O_CLOEXEC), rc;
        struct mproc_err reason = {0};
        struct stat info;
        char *text = NULL;

        if (fd < 0 && errno == ENOENT)
                return error_set(err, -EINVAL, STAGE,
                                 "'%.200s' is no folder of a run: it holds no " REPORT_FILE, path);
        if (fd < 0 || fstat(fd, &info)) {
                rc = error_errno(err, -errno, STAGE, "cannot read '%.200s/" REPORT_FILE "'", path);
                goto out;
        }
        if (!S_ISREG(info.st_mode) || info.st_size > REPORT_BYTES_MAX) {
                rc = error_set(err, -EINVAL, STAGE, "'%.200s/" REPORT_FILE "' is no report", path);
                goto out;
        }
        text = malloc((size_t)info.st_size + 1);
        if (!text) {
                rc = error_set(err, -ENOMEM, STAGE, "no memory for '%.200s/" REPORT_FILE "'", path);
                goto out;
        }
        rc = read_all(fd, (size_t)info.st_size, text);
        if (rc) {
                error_errno(err, rc, STAGE, "cannot read '%.200s/" REPORT_FILE "'", path);
                goto out;
        }
        rc = result_from_json(text, (size_t)info.st_size, result, &reason);
        if (rc)
                error_set(err, -EINVAL, STAGE, "'%.100s/" REPORT_FILE "' cannot be read: %.300s",
                          path, reason.text);
out:
        free(text);
        if (fd >= 0)
                close(fd);
        return rc;
}

static int render(const struct result *result, int folder, struct mproc_err *err)
{
        char note[sizeof(err->text)] = "";
        int rc = report_fill(result, folder, true, note, sizeof(note), err);

        if (*note)
                printf("No plots: %s\n", note);
        return rc;
}

static const char *format_at(size_t index, void *context)
{
        const struct report_format *format = report_at(index);

        (void)context;
        return format ? format->name : NULL;
}

static int find_format(const char *name, const struct report_format **ret, struct mproc_err *err)
{
        const struct report_format *format = report_find(name);
        const char *nearest = text_nearest(name, format_at, NULL);

        if (format && !format->write)
                return error_set(err, -EINVAL, STAGE,
                                 "--format: %s makes a folder of files and cannot be printed",
                                 name);
        if (!format)
                return error_set(err, -EINVAL, STAGE, "--format: unknown '%.64s'%s%s%s", name,
                                 nearest ? ", did you mean '" : "", nearest ? nearest : "",
                                 nearest ? "'?" : "; 'mpbench list' shows them");
        *ret = format;
        return 0;
}

static int report(const char *name, const char *format_name, struct result *result,
                  struct mproc_err *err)
{
        const struct report_format *format = report_find("text");
        struct report_style style = terminal_style(STDOUT_FILENO);
        char path[PATH_MAX];
        int folder = -1, rc = 0;

        if (format_name)
                rc = find_format(format_name, &format, err);
        if (!rc)
                rc = open_folder(name, path, sizeof(path), &folder, err);
        if (!rc)
                rc = read_result(folder, path, result, err);
        if (!rc)
                rc = format->write(result, &style, stdout, err);
        if (rc && ferror(stdout))
                rc = 0; /* main tells of it; the files are made all the same */
        if (!rc && !format_name)
                rc = render(result, folder, err);
        if (folder >= 0)
                close(folder);
        return rc;
}

static int report_main(const struct command *command, int argc, char **argv)
{
        const char *format = NULL;
        struct result result;
        struct mproc_err err = {0};
        int rest, rc, status = command_parse(command, argc, argv, take, &format, &rest);

        if (status != CLI_GO_ON)
                return status;
        if (rest == argc) {
                error_set(&err, -EINVAL, STAGE, "which run? Name its folder, or 'latest'");
                return command_fail(command, &err);
        }
        if (rest + 1 < argc)
                return command_refuse_argument(command, argv[rest + 1]);
        result_init(&result);
        rc = report(argv[rest], format, &result, &err);
        result_done(&result);
        return rc ? command_fail(command, &err) : CLI_OK;
}

const struct command command_report = {
        .name = "report",
        .summary = "Shows a saved run again, and makes its files anew from report.json.",
        .usage = "[--format=NAME] DIR",
        .options = options,
        .epilogue = "'latest' stands for the newest run in " RESULTS_FOLDER "/.\n",
        .main = report_main,
};
