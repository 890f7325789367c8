#include "run/book_make.h"

#include "base/error.h"
#include "base/text.h"
#include "model/book.h"
#include "mproc/memfd.h"
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGE "command"
#define WORKLOAD "command"

static bool has_place(const struct plan_variant *variant)
{
        const char *argument = variant->arguments;

        for (uint32_t i = 0; i < variant->argument_count; i++) {
                if (strstr(argument, BOOK_PLACE))
                        return true;
                argument += strlen(argument) + 1;
        }
        return false;
}

/* 0: it can be executed. */
static int try_program(const char *path)
{
        struct stat info;

        if (stat(path, &info))
                return -errno;
        if (S_ISDIR(info.st_mode))
                return -EISDIR;
        return access(path, X_OK) ? -errno : 0;
}

/* As execvp finds it; what stands in the way of the first one that is there is the reason. */
static int find_program(const char *name, char path[PATH_MAX], struct mproc_err *err)
{
        const char *list = getenv("PATH");
        int r = -ENOENT;

        if (strchr(name, '/')) {
                text_copy(path, PATH_MAX, name);
                r = strlen(name) < PATH_MAX ? try_program(path) : -ENAMETOOLONG;
                list = "";
        }
        for (const char *at = list ? list : "/bin:/usr/bin"; *at && r;) {
                size_t bytes = strcspn(at, ":");
                int length = snprintf(path, PATH_MAX, "%.*s%s%s", (int)bytes, at, bytes ? "/" : "",
                                      name);
                int tried = length < PATH_MAX ? try_program(path) : -ENAMETOOLONG;

                if (!tried || r == -ENOENT)
                        r = tried == -ENOTDIR || tried == -EISDIR ? -ENOENT : tried;
                at += bytes + (at[bytes] == ':');
        }
        if (r == -ENOENT && !strchr(name, '/'))
                return error_set(err, r, STAGE,
                                 "there is no program '%.200s' in PATH: check its name, or give "
                                 "its path; what the shell itself knows needs sh -c '...'",
                                 name);
        if (r == -EACCES)
                return error_set(err, r, STAGE,
                                 "'%.300s' may not be executed (EACCES): chmod +x, or run it by "
                                 "its interpreter",
                                 name);
        if (r)
                return error_errno(err, r, STAGE, "'%.300s' cannot be executed", name);
        return 0;
}

static int check_command(const struct plan *plan, const struct plan_variant *variant,
                         struct mproc_err *err)
{
        char path[PATH_MAX];

        if (!variant->argument_count || !*variant->arguments)
                return error_set(err, -EINVAL, STAGE,
                                 "there is no command behind '--': mpbench run -- gzip -kf file");
        if (strstr(variant->arguments, BOOK_PLACE))
                return error_set(err, -EINVAL, STAGE,
                                 "the program's name '%.200s' holds {}, but lines are for its "
                                 "arguments: try sh -c '{}'",
                                 variant->arguments);
        if (!plan->input_lines && has_place(variant))
                return error_set(err, -EINVAL, STAGE,
                                 "{} stands for a line of the input, and there is none: give "
                                 "--input=FILE, or - for stdin");
        return find_program(variant->arguments, path, err);
}

int book_make_check(const struct plan *plan, struct mproc_err *err)
{
        uint32_t commands = 0;
        bool asked = plan_asks_for(plan, WORKLOAD);
        int r = 0;

        for (uint32_t i = 0; i < plan->variant_count && !r; i++)
                if (plan->variants[i].kind == VARIANT_COMMAND) {
                        r = check_command(plan, &plan->variants[i], err);
                        commands++;
                }
        if (r)
                return r;
        if (asked && !commands)
                return error_set(err, -EINVAL, STAGE,
                                 "the workload command needs a command: mpbench run [OPTIONS] -- "
                                 "gzip -kf file");
        if (commands && (!asked || plan->workload_count > 1))
                return error_set(err, -EINVAL, STAGE,
                                 "a command is a workload of its own: leave --workload=%s out, or "
                                 "the command",
                                 plan->workloads[0]);
        if (!commands && *plan->input)
                return error_set(err, -EINVAL, "input",
                                 "--input is for a command: mpbench run --input=%.100s -- gzip -kf "
                                 "{}",
                                 plan->input);
        return 0;
}

/* Sizes first, then bytes: `to` NULL only counts. */
static size_t put(char *to, size_t at, const char *bytes, size_t count)
{
        if (to)
                memcpy(to + at, bytes, count);
        return at + count;
}

struct input {
        const char *lines;
        size_t bytes, count;
};

static size_t put_book(char *to, const struct plan *plan, const struct plan_variant *variant,
                       const char *program, const struct input *input)
{
        struct book book = {.magic = BOOK_MAGIC,
                            .argument_count = variant->argument_count,
                            .line_count = (uint32_t)input->count,
                            .keep_output = plan->keep_output};
        const char *argument = variant->arguments, *line = input->lines;
        size_t at = sizeof(book), table;

        book.program = at;
        at = put(to, at, program, strlen(program) + 1);
        book.arguments = at;
        for (uint32_t i = 0; i < variant->argument_count; i++) {
                at = put(to, at, argument, strlen(argument) + 1);
                argument += strlen(argument) + 1;
        }
        if (input->count && !has_place(variant)) {
                at = put(to, at, BOOK_PLACE, sizeof(BOOK_PLACE));
                book.argument_count++;
        }
        at = (at + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
        book.lines = table = at;
        at += (input->count + 1) * sizeof(uint64_t);
        for (size_t i = 0; i <= input->count; i++) {
                uint64_t offset = at;

                table = put(to, table, (const char *)&offset, sizeof(offset));
                if (i == input->count)
                        break;
                at = put(to, at, line, strlen(line) + 1);
                line += strlen(line) + 1;
        }
        book.bytes = at;
        put(to, 0, (const char *)&book, sizeof(book));
        return at;
}

/* The lines that the caller counted are there, and the last one is ended. */
static int map_input(const struct plan *plan, int fd, struct input *ret, struct mproc_err *err)
{
        struct stat info;
        char *lines;

        if (!plan->input_lines)
                return 0;
        if (fd <= 0 || fstat(fd, &info) || info.st_size < (off_t)plan->input_lines)
                return error_set(err, -EINVAL, "input", "the lines of the input are not there");
        lines = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (lines == MAP_FAILED)
                return error_errno(err, -errno, "input", "the lines of the input are out of reach");
        *ret = (struct input){lines, (size_t)info.st_size, plan->input_lines};
        return 0;
}

int book_make(const struct plan *plan, const struct plan_variant *variant, int input_fd,
              struct mproc_err *err)
{
        struct input input = {0};
        char program[PATH_MAX], *to;
        int fd = -1, r = find_program(variant->arguments, program, err);
        size_t bytes;

        if (!r)
                r = map_input(plan, input_fd, &input, err);
        if (r < 0)
                return r;
        bytes = put_book(NULL, plan, variant, program, &input);
        fd = r = memfd_new("mpbench-book", bytes, err);
        if (fd < 0)
                goto out;
        to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (to == MAP_FAILED) {
                r = error_errno(err, -errno, STAGE, "no memory for the command and its lines");
                close(fd);
                goto out;
        }
        put_book(to, plan, variant, program, &input);
        munmap(to, bytes);
out:
        if (input.lines)
                munmap((void *)input.lines, input.bytes);
        return r;
}
