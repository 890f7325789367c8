#include "mproc/ctl.h"

#include "base/error.h"
#include "base/text.h"
#include "mproc/connection.h"
#include "mproc/limits.h"
#include "mproc/memfd.h"
#include "mproc/registry.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARG_ALIGN 128 /* what a target may ask of its argument: a pair of cache lines */

static size_t round_up(size_t value, size_t unit)
{
        return (value + unit - 1) / unit * unit;
}

/* The program's name, where none is asked for: an exec of /proc/self/exe would leave "exe". */
static void set_name(struct ctl *ctl, const char *name)
{
        text_copy(ctl->name, sizeof(ctl->name), name ? name : program_invocation_short_name);
}

int ctl_map(struct ctl **ret, int fd, size_t size, struct mproc_err *err)
{
        int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
        void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

        if (addr == MAP_FAILED)
                return limits_error(err, -errno, "start", "cannot map the control block");
        *ret = addr;
        return 0;
}

int ctl_new(struct ctl **ret, int *fd, const struct start_request *request, struct mproc_err *err)
{
        const struct mproc_process_options *options = request->options;
        struct callable callable;
        char path[PATH_MAX];
        size_t segments_at, path_at, arg_at, size;
        struct ctl *ctl;
        int r;

        r = callable_describe(&callable, path, options->target, err);
        if (r)
                return r;
        segments_at = sizeof(*ctl);
        path_at = segments_at + request->segments.count * sizeof(struct ctl_segment);
        arg_at = round_up(path_at + strlen(path) + 1, ARG_ALIGN);
        size = arg_at + options->arg_size;

        if (fd) {
                registry_lock();
                *fd = memfd_new("mproc-control", size, err);
                registry_unlock();
                if (*fd < 0)
                        return *fd;
        }
        r = ctl_map(&ctl, fd ? *fd : -1, size, err);
        if (r)
                return r;
        ctl->magic = CTL_MAGIC;
        ctl->size = (uint32_t)size;
        ctl->arg_at = (uint32_t)arg_at;
        ctl->arg_size = (uint32_t)options->arg_size;
        ctl->path_at = (uint32_t)path_at;
        ctl->segments_at = (uint32_t)segments_at;
        ctl->segment_count = (uint32_t)request->segments.count;
        ctl->fd_count = (uint32_t)options->fd_count;
        ctl->callable = callable;
        ctl->attempt = 1;
        set_name(ctl, options->name);
        for (size_t i = 0; i < options->fd_count; i++)
                ctl->fd[i] = options->fds[i];
        ctl->ends = connection_ends(options->fds, options->fd_count);
        for (size_t i = 0; i < request->segments.count; i++)
                ctl_segments(ctl)[i] = (struct ctl_segment){
                        .addr = (uintptr_t)mproc_shm_addr(request->segments.at[i]),
                        .size = mproc_shm_size(request->segments.at[i])};
        memcpy((char *)ctl + path_at, path, strlen(path) + 1);
        if (options->arg_size)
                memcpy(ctl_arg(ctl), options->arg, options->arg_size);
        *ret = ctl;
        return 0;
}

pid_t ctl_give_up(struct ctl *ctl)
{
        uint32_t pid = 0;

        return atomic_compare_exchange_strong(&ctl->begun, &pid, CTL_GIVEN_UP) ? 0 : (pid_t)pid;
}

bool ctl_begin(struct ctl *ctl)
{
        uint32_t none = 0;

        return atomic_compare_exchange_strong(&ctl->begun, &none, (uint32_t)getpid());
}

void ctl_fail(struct ctl *ctl, enum ctl_failure failure, const struct mproc_err *err)
{
        ctl->err = *err;
        atomic_store(&ctl->failure, failure);
}
