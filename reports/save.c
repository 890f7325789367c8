/* The folder of a run: report.json and what is made from it. */
#include "base/text.h"
#include "reports/report.h"

#include "base/clock.h"
#include "base/error.h"
#include "reports/file_put.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8 /* of folders within a report's folder */

struct place {
        char path[PATH_MAX];   /* as given, without slashes at the end */
        char parent[PATH_MAX]; /* "." when `path` has none */
        char temp[PATH_MAX + 64], aside[PATH_MAX + 64];
        size_t made; /* folders of `parent`, from its end, that a failure has to take back */
};

static int folder_error(struct mproc_err *err, int code, const char *path)
{
        char what[400];

        snprintf(what, sizeof(what), "the folder '%.360s'", path);
        return file_put_error(err, code, what);
}

int report_end(FILE *out, struct mproc_err *err)
{
        bool failed = ferror(out);

        errno = 0;
        if (fflush(out) == 0 && !failed)
                return 0;
        return file_put_error(err, errno ? -errno : -EIO, "the report");
}

static int split(const char *path, struct place *place, struct mproc_err *err)
{
        size_t length = strlen(path);
        char *slash;

        while (length > 1 && path[length - 1] == '/')
                length--;
        if (!length || length >= sizeof(place->path))
                return error_set(err, length ? -ENAMETOOLONG : -EINVAL, "report",
                                 "the output folder '%.64s' is %s", path,
                                 length ? "too long a path" : "no path");
        memcpy(place->path, path, length);
        memcpy(place->parent, path, length);
        slash = strrchr(place->parent, '/');
        if (!slash)
                text_copy(place->parent, sizeof(place->parent), ".");
        else
                slash[slash == place->parent] = '\0';
        snprintf(place->temp, sizeof(place->temp), "%s/.mpbench-%d-%llu.partial", place->parent,
                 (int)getpid(), (unsigned long long)clock_now_ns());
        snprintf(place->aside, sizeof(place->aside), "%s/.mpbench-%d-%llu.old", place->parent,
                 (int)getpid(), (unsigned long long)clock_now_ns());
        return 0;
}

static void remove_parents(struct place *place)
{
        for (; place->made; place->made--) {
                char *slash = strrchr(place->parent, '/');

                if (rmdir(place->parent) < 0 || !slash)
                        return;
                *slash = '\0';
        }
}

static int make_parents(struct place *place, struct mproc_err *err)
{
        char *end = place->parent, *full = place->parent + strlen(place->parent);

        while (end < full) {
                char kept;
                int failed;

                end += strspn(end, "/");
                end += strcspn(end, "/");
                kept = *end;
                *end = '\0';
                failed = mkdir(place->parent, 0777) < 0 ? errno : 0;
                place->made += !failed;
                if (failed && failed != EEXIST) {
                        folder_error(err, -failed, place->parent);
                        if (place->made) { /* the last one made is one up */
                                *strrchr(place->parent, '/') = '\0';
                                remove_parents(place);
                        }
                        return -failed;
                }
                *end = kept;
        }
        return 0;
}

/* Removes a folder of ours with what it holds. */
static int remove_report(const char *path, unsigned depth)
{
        DIR *folder = opendir(path);
        int rc = 0;

        if (!folder)
                return errno == ENOENT ? 0 : -errno;
        for (struct dirent *entry; (entry = readdir(folder));) {
                char child[PATH_MAX + 512];
                int failed;

                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
                        continue;
                if (!unlinkat(dirfd(folder), entry->d_name, 0))
                        continue;
                failed = errno;
                snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
                rc = failed == EISDIR && depth ? remove_report(child, depth - 1) : -failed;
                if (rc)
                        break;
        }
        closedir(folder);
        if (!rc && rmdir(path) < 0)
                rc = -errno;
        return rc;
}

static bool is_report_file(const char *name)
{
        static const char *const others[] = {".", "..", "plots", "report.html"};
        const struct report_format *format;

        for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
                if (!strcmp(name, others[i]))
                        return true;
        for (size_t i = 0; (format = report_at(i)); i++)
                if (format->file && !strcmp(name, format->file))
                        return true;
        return false;
}

/* 0: nothing is there, or something that --force may replace: a folder that holds a report and
 * nothing else. */
static int check_free(const struct place *place, bool force, bool *exists, struct mproc_err *err)
{
        struct stat status;
        DIR *folder;
        int rc = 0;

        *exists = lstat(place->path, &status) == 0;
        if (!*exists)
                return 0;
        if (!force)
                return error_set(err, -EEXIST, "report",
                                 "the output folder '%s' exists; choose another one with --out, or "
                                 "replace it with --force",
                                 place->path);
        folder = S_ISDIR(status.st_mode) ? opendir(place->path) : NULL;
        if (!folder)
                return error_set(err, -EEXIST, "report",
                                 "'%s' exists and is not a folder that can be read; --force "
                                 "replaces folders of reports only",
                                 place->path);
        for (struct dirent *entry; !rc && (entry = readdir(folder));)
                if (!is_report_file(entry->d_name))
                        rc = error_set(
                                err, -EEXIST, "report",
                                "the folder '%s' holds '%.64s', which is not of a report, so "
                                "--force does not replace it",
                                place->path, entry->d_name);
        closedir(folder);
        return rc;
}

int report_check(const char *path, bool force, struct mproc_err *err)
{
        struct place place;
        bool exists;
        int rc = split(path, &place, err);

        return rc ? rc : check_free(&place, force, &exists, err);
}

/* In memory first, so that each file is written by one plain call whose errno is known. */
static int put_format(const struct report_format *format, const struct result *result, int folder,
                      struct mproc_err *err)
{
        static const struct report_style style = {.utf8 = true};
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        int rc;

        if (!out)
                return error_set(err, -ENOMEM, "report", "no memory for %s", format->file);
        rc = format->write(result, &style, out, err);
        if (fclose(out) && !rc)
                rc = error_set(err, -ENOMEM, "report", "no memory for %s", format->file);
        if (!rc)
                rc = file_put(folder, format->file, text, size, err);
        free(text);
        return rc;
}

/* A folder of pictures that lacks its program, or whose program failed, is no failed run. */
static int put_folder(const struct report_format *format, const struct result *result, int parent,
                      char *note, size_t note_size, struct mproc_err *err)
{
        struct mproc_err local = {0};
        int folder, rc;

        if (mkdirat(parent, format->file, 0777) < 0 && errno != EEXIST)
                return folder_error(err, -errno, format->file);
        folder = openat(parent, format->file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return folder_error(err, -errno, format->file);
        rc = format->write_folder(result, folder, &local);
        close(folder);
        if (rc) /* a picture can be drawn again from what is saved beside it */
                snprintf(note, note_size, "%s", local.text);
        return 0;
}

int report_fill(const struct result *result, int folder, bool again, char *note, size_t note_size,
                struct mproc_err *err)
{
        const struct report_format *format;
        int rc = 0;

        for (size_t i = 0; !rc && (format = report_at(i)); i++) {
                if (!format->file || (again && !strcmp(format->name, "json")))
                        continue;
                if (format->write)
                        rc = put_format(format, result, folder, err);
                else
                        rc = put_folder(format, result, folder, note, note_size, err);
        }
        if (!rc && fsync(folder) < 0 && errno != EINVAL)
                rc = file_put_error(err, -errno, "the report's folder");
        return rc;
}

/* Where rename cannot refuse to replace, it still refuses a folder that is not empty. */
static int rename_new(const char *from, const char *to)
{
        if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        return rename(from, to) < 0 ? -errno : 0;
}

static int move_in(struct place *place, bool exists, struct mproc_err *err)
{
        int rc = 0;

        if (exists && rename(place->path, place->aside) < 0)
                return folder_error(err, -errno, place->path);
        rc = rename_new(place->temp, place->path);
        if (rc && exists)
                rename(place->aside, place->path);
        if (rc == -EEXIST || rc == -ENOTEMPTY)
                return error_set(err, -EEXIST, "report",
                                 "the output folder '%s' appeared while the report was written; "
                                 "choose another one with --out",
                                 place->path);
        if (rc)
                return folder_error(err, rc, place->path);
        if (exists)
                remove_report(place->aside, DEPTH_MAX);
        return 0;
}

int report_save(const struct result *result, const char *path, bool force, char *plots_note,
                size_t note_size, struct mproc_err *err)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
        struct place place = {.made = 0};
        int folder = -1, parent = -1, rc;
        bool exists = false;

        if (note_size)
                *plots_note = '\0';
        rc = split(path, &place, err);
        if (!rc)
                rc = check_free(&place, force, &exists, err);
        if (rc)
                return rc;
        /* A limit on file sizes shall be an error to report, not a signal to die of. */
        sigaction(SIGXFSZ, &ignore, &before);
        rc = make_parents(&place, err);
        if (rc)
                goto out;
        if (mkdir(place.temp, 0777) < 0 ||
            (folder = open(place.temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
                rc = folder_error(err, -errno, place.path);
                goto undo;
        }
        rc = report_fill(result, folder, false, plots_note, note_size, err);
        if (!rc)
                rc = move_in(&place, exists, err);
undo:
        if (rc) {
                remove_report(place.temp, DEPTH_MAX);
                remove_parents(&place);
        } else if ((parent = open(place.parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
                fsync(parent); /* the report is there; a crash could still undo its name */
                close(parent);
        }
        if (folder >= 0)
                close(folder);
out:
        sigaction(SIGXFSZ, &before, NULL);
        return rc;
}
