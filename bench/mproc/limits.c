#include "mproc/limits.h"

#include "base/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void describe_limit(char *text, size_t size, int resource, const char *name,
                           const char *remedy)
{
        struct rlimit limit;

        if (getrlimit((__rlimit_resource_t)resource, &limit) || limit.rlim_cur == RLIM_INFINITY)
                snprintf(text, size, " (%s)", remedy);
        else
                snprintf(text, size, " (%s is %llu: %s)", name, (unsigned long long)limit.rlim_cur,
                         remedy);
}

int limits_error(struct mproc_err *err, int code, const char *stage, const char *what)
{
        char hint[200] = "";

        if (!err)
                return code;
        switch (-code) {
        case EAGAIN:
                /* The kernel does not say which of the two it was. */
                describe_limit(hint, sizeof(hint), RLIMIT_NPROC, "RLIMIT_NPROC",
                               "that, or the cgroup's pids.max, allows no more: raise ulimit -u "
                               "or pids.max, or start fewer");
                break;
        case EMFILE:
                describe_limit(hint, sizeof(hint), RLIMIT_NOFILE, "RLIMIT_NOFILE",
                               "raise ulimit -n, or close some descriptors");
                break;
        case ENFILE:
                snprintf(hint, sizeof(hint), " (raise the system's fs.file-max)");
                break;
        case ENOMEM:
                describe_limit(hint, sizeof(hint), RLIMIT_AS, "RLIMIT_AS",
                               "raise ulimit -v or the memory limit, or ask for less");
                break;
        default:
                break;
        }
        return error_errno(err, code, stage, "%s%s", what, hint);
}
