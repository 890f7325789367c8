#include "count/event_internal.h"
#include "count/small_file.h"
#include "count/virtualization.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

int event_paranoid(void)
{
        return (int)small_file_int("", INT_MIN, "/proc/sys/kernel/perf_event_paranoid");
}

static bool under_seccomp(void)
{
        char text[4096];
        const char *line;

        if (small_file_read("", text, sizeof(text), "/proc/self/status") <= 0)
                return false;
        line = strstr(text, "\nSeccomp:\t");
        return line && line[strlen("\nSeccomp:\t")] == '2';
}

static void explain_unsupported(const struct event_need *need, char *reason, size_t size)
{
        const char *machine = virtualization_machine("");

        if (!need->hardware || event_has_cpu_pmu())
                snprintf(reason, size, "this machine has no such event");
        else if (*machine && strcmp(machine, "none"))
                snprintf(reason, size,
                         "this virtual machine has no PMU: enable it in the hypervisor, or "
                         "measure on bare metal");
        else
                snprintf(reason, size, "the kernel drives no PMU of this CPU");
}

static void explain_cpu_wide(uint32_t type, char *reason, size_t size)
{
        char pmu[64];

        event_pmu_name(type, pmu, sizeof(pmu));
        snprintf(reason, size,
                 "PMU %s counts for whole CPUs, whoever runs there, and not for a worker: `perf "
                 "stat -a` shows it",
                 pmu);
}

/* perf_event_paranoid answers EACCES, a container's seccomp profile usually EPERM. */
static void explain_denied(int error, const struct event_need *need, char *reason, size_t size)
{
        int paranoid = event_paranoid();

        if (error == -EACCES && paranoid > need->paranoid)
                snprintf(reason, size,
                         "perf_event_paranoid is %d: allow it with `sysctl "
                         "kernel.perf_event_paranoid=%d`, or give CAP_PERFMON",
                         paranoid, need->paranoid);
        else if (under_seccomp())
                snprintf(reason, size,
                         "a seccomp filter forbids perf_event_open: start the container with "
                         "--cap-add=PERFMON or with a seccomp profile that allows it");
        else
                snprintf(reason, size,
                         "a security policy forbids perf_event_open: CAP_PERFMON may help");
}

enum counter_status event_errno_status(int error)
{
        switch (-error) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
        case EOPNOTSUPP:
        case ENOSYS:
        case EINVAL:
                return COUNTER_UNSUPPORTED;
        case EACCES:
        case EPERM:
                return COUNTER_DENIED;
        default:
                return COUNTER_NOT_COUNTED;
        }
}

enum counter_status event_explain_errno(int error, const struct event_need *need, char *reason,
                                        size_t size)
{
        enum counter_status status = event_errno_status(error);
        const char *name = strerrorname_np(-error);

        if (error == -ENOSYS && under_seccomp())
                status = COUNTER_DENIED;

        if (status == COUNTER_DENIED)
                explain_denied(error, need, reason, size);
        else if (error == -ENOSYS)
                snprintf(reason, size, "this kernel was built without perf events");
        else if (error == -EINVAL && event_pmu_is_cpu_wide(need->type))
                explain_cpu_wide(need->type, reason, size);
        else if (error == -EINVAL)
                snprintf(reason, size,
                         "the kernel refuses it for a single process (EINVAL): `perf stat -a` may "
                         "count it for whole CPUs");
        else if (status == COUNTER_UNSUPPORTED)
                explain_unsupported(need, reason, size);
        else if (error == -EMFILE)
                snprintf(reason, size, "no file descriptor is left: raise `ulimit -n`");
        else
                snprintf(reason, size, "it could not be opened (%s)",
                         name ? name : "unknown error");
        return status;
}
