#include "run/task_lines.h"

#include "base/error.h"
#include "mproc/memfd.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGE "input"

/* Without its newline; 0 bytes: it is empty. */
static size_t trimmed(char *line, size_t bytes)
{
        if (bytes && line[bytes - 1] == '\n')
                bytes--;
        if (bytes && line[bytes - 1] == '\r')
                bytes--;
        line[bytes] = '\0';
        return bytes;
}

static int check(const char *name, const char *line, size_t bytes, uint64_t number,
                 struct mproc_err *err)
{
        unsigned long long n = number;

        if (strlen(line) != bytes)
                return error_set(err, -EINVAL, STAGE,
                                 "%.200s: line %llu holds a NUL byte, which no argument can hold; "
                                 "lines end with a newline",
                                 name, n);
        if (bytes > TASK_LINE_BYTES_MAX)
                return error_set(err, -EINVAL, STAGE,
                                 "%.200s: line %llu has %zu bytes, and an argument at most %d",
                                 name, n, bytes, TASK_LINE_BYTES_MAX);
        return 0;
}

static int copy_lines(const char *name, FILE *in, FILE *out, uint64_t *count, struct mproc_err *err)
{
        size_t size = 0, total = 0, bytes;
        uint64_t number = 0, kept = 0;
        char *line = NULL;
        ssize_t got;
        int r = 0;

        for (errno = 0; !r && (got = getline(&line, &size, in)) >= 0; errno = 0) {
                number++;
                bytes = trimmed(line, (size_t)got);
                if (!bytes)
                        continue;
                r = check(name, line, bytes, number, err);
                total += bytes + 1;
                kept++;
                if (!r && (kept > TASK_LINES_MAX || total > TASK_LINES_BYTES_MAX))
                        r = error_set(err, -EINVAL, STAGE,
                                      "%.200s: more than %d lines or %d MiB: give fewer, they are "
                                      "repeated as often as is needed",
                                      name, TASK_LINES_MAX, TASK_LINES_BYTES_MAX >> 20);
                if (!r && fwrite(line, 1, bytes + 1, out) != bytes + 1)
                        r = error_errno(err, -errno, STAGE, "%.200s cannot be kept in memory",
                                        name);
        }
        if (!r && ferror(in))
                r = error_errno(err, errno ? -errno : -EIO, STAGE, "%.200s cannot be read", name);
        if (!r && !kept)
                r = error_set(err, -EINVAL, STAGE,
                              "%.200s has no lines: it has to name a task in each", name);
        free(line);
        *count = kept;
        return r;
}

int task_lines_read(const char *name, int *fd, uint64_t *count, struct mproc_err *err)
{
        int is_stdin = !strcmp(name, "-");
        FILE *in = is_stdin ? stdin : fopen(name, "re"), *out = NULL;
        const char *shown = is_stdin ? "stdin" : name;
        int memory = -1, copy, r;
        uint64_t lines = 0;

        if (!in)
                return error_errno(err, -errno, STAGE, "%.300s cannot be opened", name);
        memory = memfd_new("mpbench-input", 0, err);
        if (memory < 0) {
                r = memory;
                goto out;
        }
        copy = dup(memory);
        out = copy < 0 ? NULL : fdopen(copy, "w");
        if (!out) {
                r = error_errno(err, -errno, STAGE, "%.300s cannot be kept in memory", shown);
                goto out;
        }
        r = copy_lines(shown, in, out, &lines, err);
        if (fclose(out) && !r)
                r = error_errno(err, -errno, STAGE, "%.300s cannot be kept in memory", shown);
out:
        if (!is_stdin)
                fclose(in);
        if (r < 0) {
                if (memory >= 0)
                        close(memory);
                return r;
        }
        *fd = memory;
        *count = lines;
        return 0;
}
