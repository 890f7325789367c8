#include "mproc/start.h"

#include "base/clock.h"
#include "base/error.h"
#include "mproc/connection.h"
#include "mproc/limits.h"
#include "mproc/process.h"
#include "mproc/registry.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

const struct mproc_start_method *mproc_start_at(size_t index)
{
        return start_at(index);
}

const struct mproc_start_method *mproc_start_find(const char *name)
{
        return start_find(name);
}

const char *mproc_start_name(const struct mproc_start_method *method)
{
        return method->name;
}

const char *mproc_start_summary(const struct mproc_start_method *method)
{
        return method->summary;
}

unsigned mproc_start_flags(const struct mproc_start_method *method)
{
        return method->flags;
}

static int check_options(const struct mproc_process_options *options, struct mproc_err *err)
{
        if (!options->target)
                return error_set(err, -EINVAL, "start", "options.target is NULL");
        if (options->arg_size > MPROC_ARG_MAX)
                return error_set(err, -EINVAL, "start",
                                 "an argument of %zu bytes is more than MPROC_ARG_MAX (%d): put it "
                                 "into shared memory and pass its address",
                                 options->arg_size, MPROC_ARG_MAX);
        if (options->arg_size && !options->arg)
                return error_set(err, -EINVAL, "start", "options.arg is NULL, options.arg_size %zu",
                                 options->arg_size);
        if (options->fd_count > MPROC_FDS_MAX)
                return error_set(err, -EINVAL, "start",
                                 "%zu descriptors are more than MPROC_FDS_MAX (%d)",
                                 options->fd_count, MPROC_FDS_MAX);
        for (size_t i = 0; i < options->fd_count; i++)
                if (fcntl(options->fds[i], F_GETFD) < 0)
                        return error_set(err, -EBADF, "start",
                                         "options.fds[%zu] is %d, which is not open", i,
                                         options->fds[i]);
        return 0;
}

static int check_method(const struct mproc_start_method **ret, const char *name,
                        struct mproc_err *err)
{
        const struct mproc_start_method *method = start_find(name ? name : "forkserver");
        char known[128] = "";

        if (!method) {
                for (size_t i = 0; start_at(i); i++) {
                        strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
                        strncat(known, start_at(i)->name, sizeof(known) - strlen(known) - 1);
                }
                return error_set(err, -EINVAL, "start", "no start method \"%s\"; there are %s",
                                 name, known);
        }
        if (method->flags & MPROC_START_EXEC) {
                if (registry_phase() == REGISTRY_FOREIGN)
                        return error_set(err, -EINVAL, "start",
                                         "%s runs this program anew, but it has not called "
                                         "mproc_init: call mproc_init(&argc, &argv) first in main, "
                                         "else each new process would run main as a whole",
                                         method->name);
                if (registry_phase() == REGISTRY_BOOTING)
                        return error_set(err, -EINVAL, "start",
                                         "this process is itself still being started by mproc (in "
                                         "a library's constructor?): start others from its target");
                if (getauxval(AT_SECURE))
                        return error_set(err, -EPERM, "start",
                                         "%s does not run a set-user-ID program anew: use fork",
                                         method->name);
                if (!SEGMENT_FIXED)
                        return error_set(err, -ENOTSUP, "start",
                                         "under this sanitizer shared memory cannot have the same "
                                         "address after exec: use fork or thread instead of %s",
                                         method->name);
        }
        *ret = method;
        return 0;
}

static int start(struct mproc_process *process, const struct mproc_process_options *options,
                 struct mproc_err *err)
{
        bool exec = process->method->flags & MPROC_START_EXEC;
        struct start_request request = {.options = options};
        int r;

        if (exec)
                segment_hold_all(&request.segments);
        r = ctl_new(&process->ctl, exec ? &process->ctl_fd : NULL, &request, err);
        if (r)
                goto out;
        process->ctl_size = process->ctl->size;
        process->target = options->target;
        if (exec)
                madvise(process->ctl, process->ctl_size, MADV_DONTFORK);
        r = process->method->start(process, &request, err);
        if (!r && !exec && process->method->flags & MPROC_START_OWN_PROCESS)
                madvise(process->ctl, process->ctl_size, MADV_DONTFORK);
out:
        process_close_handed_over(process);
        segment_release(&request.segments);
        return r;
}

int mproc_process_start(struct mproc_process **ret, const struct mproc_process_options *options,
                        struct mproc_err *err)
{
        uint64_t called_ns = clock_now_ns();
        const struct mproc_start_method *method = NULL;
        struct mproc_process *process;
        int r;

        r = check_method(&method, options->start, err);
        if (!r)
                r = check_options(options, err);
        if (r)
                return r;
        process = process_new(method);
        if (!process)
                return limits_error(err, -ENOMEM, "start", "cannot note down a process");
        process->called_ns = called_ns;
        r = start(process, options, err);
        if (r) {
                process->over = true;
                mproc_process_free(process);
                return r;
        }
        connection_move(options->fds, options->fd_count);
        process->returned_ns = clock_now_ns();
        *ret = process;
        return 0;
}
