#include "count/event.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "count/event_internal.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RAW_PMU "perf_raw::"

/* How long an event may take until it first runs, where others take turns with it: some turns. */
#define TRY_NS (20 * NS_PER_MS)
#define TRY_LOOKS 100 /* at least: on a busy machine the time goes by without this process */

static const char *const defaults[] = {
        "cycles",     "instructions",     "branch-misses",  "cache-misses",
        "task-clock", "context-switches", "cpu-migrations", "page-faults",
};

#define DEFAULT_COUNT (sizeof(defaults) / sizeof(*defaults))

const char *event_default_at(size_t index)
{
        return index < DEFAULT_COUNT ? defaults[index] : NULL;
}

/* A worker's attr travels in a counter_spec; later kernels' longer ones are zero beyond it. */
_Static_assert(sizeof(struct perf_event_attr) <= sizeof(((struct counter_spec *)0)->attr),
               "perf_event_attr outgrew counter_spec.attr");

/* "perf::CYCLES:u=1:k=1:precise=0:…" as "perf::CYCLES", unit masks kept. */
static void cut_modifiers(char *name)
{
        char *equals = strchr(name, '=');

        if (!equals)
                return;
        while (equals > name && *equals != ':')
                equals--;
        *equals = '\0';
}

/* perf's ":uk" and ":ku" in libpfm4's words. */
static void spell_modifiers(const char *name, char *buf, size_t size)
{
        size_t length = strlen(name);

        text_copy(buf, size, name);
        if (length > 3 && length + 1 < size &&
            (!strcmp(name + length - 3, ":uk") || !strcmp(name + length - 3, ":ku")))
                text_copy(buf + length - 3, size - (length - 3), ":u:k");
}

static int encode(const char *name, struct perf_event_attr *attr, char *full, size_t full_size,
                  struct mproc_err *err)
{
        pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof(arg)};
        char spelt[80], *text = NULL;
        int r;

        arg.fstr = &text;
        memset(attr, 0, sizeof(*attr));
        spell_modifiers(name, spelt, sizeof(spelt));
        r = pfm_get_os_event_encoding(spelt, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
        if (r != PFM_SUCCESS) {
                r = event_explain_unknown(name, r, err);
                goto out;
        }
        if (attr->sample_period || attr->freq) {
                r = error_set(err, -EINVAL, "counters",
                              "\"%.100s\" asks for sampling; events are only counted here: leave "
                              "period= and freq= out",
                              name);
                goto out;
        }
        attr->size = sizeof(*attr);
        attr->disabled = 1;
        attr->exclude_hv = 1;
        attr->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
        cut_modifiers(text);
        if (!strncmp(text, RAW_PMU, strlen(RAW_PMU))) /* libpfm4 leaves the event out */
                snprintf(full, full_size, RAW_PMU "r%llx", (unsigned long long)attr->config);
        else
                text_copy(full, full_size, text);
        r = 0;
out:
        free(text);
        return r;
}

static int open_event(const struct perf_event_attr *attr, int leader)
{
        long fd = syscall(SYS_perf_event_open, attr, 0, -1, leader, PERF_FLAG_FD_CLOEXEC);

        return fd < 0 ? -errno : (int)fd;
}

/* Has each of them run by now? */
static int look_at_running(const int *fds, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct {
                        uint64_t value, enabled_ns, running_ns;
                } reading = {0};

                if (read(fds[i], &reading, sizeof(reading)) != sizeof(reading))
                        return -EIO;
                if (!reading.running_ns)
                        return -EBUSY;
        }
        return 0;
}

int event_try(const struct perf_event_attr *const *attrs, size_t count)
{
        uint64_t patience_ns = clock_now_ns() + TRY_NS;
        int fds[EVENT_TRY_MAX], r = 0;
        size_t opened = 0, looks = 0;

        while (opened < count && opened < EVENT_TRY_MAX) {
                fds[opened] = open_event(attrs[opened], opened ? fds[0] : -1);
                if (fds[opened] < 0) {
                        r = fds[opened];
                        goto out;
                }
                opened++;
        }
        ioctl(fds[0], PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
        do {
                for (volatile int i = 0; i < 20000; i++)
                        ;
                r = look_at_running(fds, opened);
        } while (r == -EBUSY && (++looks < TRY_LOOKS || clock_now_ns() < patience_ns));
out:
        while (opened)
                close(fds[--opened]);
        return r;
}

/* An event that opens may still find every counter taken. */
static void try_out(const struct perf_event_attr *attr, struct counter_spec *spec)
{
        switch (event_try(&attr, 1)) {
        case 0:
                break;
        case -EBUSY:
                spec->status = COUNTER_NOT_COUNTED;
                text_copy(spec->reason, sizeof(spec->reason),
                          "it opens, but never runs, as the hardware counters are taken: sysctl "
                          "kernel.nmi_watchdog=0, or end other profilers");
                break;
        default:
                spec->status = COUNTER_NOT_COUNTED;
                text_copy(
                        spec->reason, sizeof(spec->reason),
                        "it opens, but cannot be read: end what has pinned the hardware counters");
        }
}

/* Clocks measure whole time; the kernel does not heed exclude_kernel for them. */
static bool is_clock(const struct perf_event_attr *attr)
{
        return attr->type == PERF_TYPE_SOFTWARE && (attr->config == PERF_COUNT_SW_TASK_CLOCK ||
                                                    attr->config == PERF_COUNT_SW_CPU_CLOCK);
}

/* The kernel notes these while it is in the kernel itself: with user mode alone they stay zero. */
static bool happens_in_kernel(const struct perf_event_attr *attr)
{
        if (attr->type == PERF_TYPE_TRACEPOINT)
                return true;
        return attr->type == PERF_TYPE_SOFTWARE &&
               (attr->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
                attr->config == PERF_COUNT_SW_CPU_MIGRATIONS ||
                attr->config == PERF_COUNT_SW_CGROUP_SWITCHES);
}

static void add_user_only(struct counter_spec *spec)
{
        size_t used = strlen(spec->name);
        int paranoid = event_paranoid();

        text_copy(spec->name + used, sizeof(spec->name) - used, ":u");
        snprintf(spec->reason, sizeof(spec->reason),
                 "user mode only, as perf_event_paranoid is %d: `sysctl "
                 "kernel.perf_event_paranoid=1` or CAP_PERFMON adds the kernel's share",
                 paranoid);
}

static void probe(struct perf_event_attr *attr, struct counter_spec *spec)
{
        bool in_kernel = happens_in_kernel(attr);
        int fd = open_event(attr, -1);

        spec->status = COUNTER_COUNTED;
        if ((fd == -EACCES || fd == -EPERM) && !attr->exclude_kernel && !attr->exclude_user &&
            !in_kernel) {
                attr->exclude_kernel = 1;
                fd = open_event(attr, -1);
                if (fd < 0)
                        attr->exclude_kernel = 0;
                else if (!is_clock(attr))
                        add_user_only(spec);
        }
        if (fd < 0) {
                struct event_need need = {
                        .hardware = attr->type != PERF_TYPE_SOFTWARE &&
                                    attr->type != PERF_TYPE_TRACEPOINT,
                        .type = attr->type,
                        .paranoid = attr->type == PERF_TYPE_TRACEPOINT ? -1
                                    : in_kernel || attr->exclude_user  ? 1
                                                                       : 2,
                };

                spec->status = event_explain_errno(fd, &need, spec->reason, sizeof(spec->reason));
                return;
        }
        close(fd);
        if (in_kernel && attr->exclude_kernel) {
                spec->status = COUNTER_NOT_COUNTED;
                text_copy(spec->reason, sizeof(spec->reason),
                          "it happens in the kernel, and user mode alone was asked for");
        } else {
                try_out(attr, spec);
        }
}

int event_resolve(const char *name, struct counter_spec *spec, struct mproc_err *err)
{
        struct counter_spec found = {0};
        struct perf_event_attr attr;
        char full[256];
        int r;

        if (!*name || strlen(name) + sizeof(":u") > sizeof(found.name))
                return error_set(err, -EINVAL, "counters",
                                 "\"%.100s\" is no event name: 1 to %zu characters are allowed",
                                 name, sizeof(found.name) - sizeof(":u"));
        text_copy(found.name, sizeof(found.name), name);
        if (event_paranoid() ==
            INT_MIN) { /* libpfm4 looks there, too, and would call the name wrong */
                found.status = COUNTER_UNSUPPORTED;
                text_copy(found.reason, sizeof(found.reason),
                          "the kernel offers no perf events: "
                          "/proc/sys/kernel/perf_event_paranoid is missing");
                *spec = found;
                return 0;
        }
        r = pfm_initialize();
        if (r != PFM_SUCCESS) {
                found.status = COUNTER_UNSUPPORTED;
                snprintf(found.reason, sizeof(found.reason),
                         "libpfm4 does not know this machine (%s): mount /proc, if it is missing",
                         pfm_strerror(r));
                *spec = found;
                return 0;
        }
        r = encode(name, &attr, full, sizeof(full), err);
        if (r)
                return r;
        probe(&attr, &found);

        snprintf(found.encoding, sizeof(found.encoding), "%.44s:u=%d:k=%d type=0x%x config=0x%llx",
                 full, !attr.exclude_user, !attr.exclude_kernel, attr.type,
                 (unsigned long long)attr.config);
        memcpy(found.attr, &attr, sizeof(attr));
        found.attr_bytes = sizeof(attr);
        found.rotation_ms = event_pmu_mux_interval_ms(attr.type);
        *spec = found;
        return 0;
}

enum counter_status event_reading_status(const struct counter_spec *spec,
                                         const struct counter_reading *reading, double *value,
                                         double *share)
{
        *value = NAN;
        *share = 0;
        if (spec->status != COUNTER_COUNTED)
                return spec->status;
        if (reading->error)
                return event_errno_status(reading->error);
        if (!reading->running_ns)
                return COUNTER_NOT_COUNTED;
        if (reading->running_ns >= reading->enabled_ns) {
                *value = (double)reading->value;
                *share = 1;
                return COUNTER_COUNTED;
        }
        *share = (double)reading->running_ns / (double)reading->enabled_ns;
        *value = (double)reading->value / *share;
        return COUNTER_SCALED;
}

double event_reading_error(const struct counter_spec *spec, const struct counter_reading *reading,
                           uint64_t tasks)
{
        double enabled_ns = (double)reading->enabled_ns;

        if (reading->running_ns >= reading->enabled_ns)
                return 0;
        if (!spec->rotation_ms)
                return NAN;
        return (double)tasks * (1 - (double)reading->running_ns / enabled_ns) * spec->rotation_ms *
               NS_PER_MS / enabled_ns;
}
