#include "host/meter.h"

#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

/* The first of a group that opens leads it; the others join it, and all are enabled at once. */
static void open_counter(struct meter *meter, const struct counter_spec *spec, uint32_t index,
                         int *leader)
{
        struct perf_event_attr attr = {0};
        long fd;

        meter->fds[index] = -1;
        meter->errors[index] = -ENOENT;
        if (spec->status != COUNTER_COUNTED || spec->attr_bytes > sizeof(attr))
                return;
        memcpy(&attr, spec->attr, spec->attr_bytes);
        attr.inherit = meter->children;
        fd = syscall(SYS_perf_event_open, &attr, 0, -1, *leader, PERF_FLAG_FD_CLOEXEC);
        meter->fds[index] = (int)fd;
        meter->errors[index] = fd < 0 ? -errno : 0;
        if (*leader < 0)
                *leader = (int)fd;
}

void meter_open(struct meter *meter, const struct counter_spec *specs, uint32_t count,
                bool children)
{
        int leaders[COUNTERS_MAX + 1];

        meter->count = count;
        meter->children = children;
        for (uint32_t i = 0; i <= COUNTERS_MAX; i++)
                leaders[i] = -1;
        for (uint32_t i = 0; i < count; i++) {
                int alone = -1;
                bool grouped = specs[i].group && specs[i].group <= COUNTERS_MAX;

                open_counter(meter, &specs[i], i, grouped ? &leaders[specs[i].group] : &alone);
                if (alone >= 0)
                        ioctl(alone, PERF_EVENT_IOC_ENABLE, 0);
        }
        for (uint32_t i = 0; i <= COUNTERS_MAX; i++)
                if (leaders[i] >= 0)
                        ioctl(leaders[i], PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
        meter->schedstat =
                children ? -1 : open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

static uint64_t tsc_now(void)
{
#if defined(__x86_64__)
        return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
        uint64_t ticks;

        __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
        return ticks;
#else
        return 0;
#endif
}

static uint64_t timeval_ns(struct timeval time)
{
        return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_usec * NS_PER_US;
}

static void add_usage(int who, struct meter_reading *ret)
{
        struct rusage usage;

        getrusage(who, &usage);
        ret->user_ns += timeval_ns(usage.ru_utime);
        ret->system_ns += timeval_ns(usage.ru_stime);
        ret->minor_faults += (uint64_t)usage.ru_minflt;
        ret->major_faults += (uint64_t)usage.ru_majflt;
        ret->voluntary_switches += (uint64_t)usage.ru_nvcsw;
        ret->involuntary_switches += (uint64_t)usage.ru_nivcsw;
}

void meter_read(const struct meter *meter, struct meter_reading *ret)
{
        uint64_t ran_ns = 0;
        char text[96];
        ssize_t n;

        *ret = (struct meter_reading){0};
        for (uint32_t i = 0; i < meter->count; i++) {
                struct counter_reading *counter = &ret->counters[i];
                uint64_t raw[3]; /* value, enabled, running: the attr's read_format */

                *counter = (struct counter_reading){.error = meter->errors[i]};
                if (meter->fds[i] < 0)
                        continue;
                if (read(meter->fds[i], raw, sizeof(raw)) != sizeof(raw)) {
                        counter->error = -EIO;
                        continue;
                }
                counter->value = raw[0];
                counter->enabled_ns = raw[1];
                counter->running_ns = raw[2];
        }
        add_usage(RUSAGE_THREAD, ret);
        if (meter->children)
                add_usage(RUSAGE_CHILDREN, ret);
        n = meter->schedstat < 0 ? -1 : pread(meter->schedstat, text, sizeof(text) - 1, 0);
        if (n > 0) {
                text[n] = '\0';
                sscanf(text, "%" SCNu64 " %" SCNu64, &ran_ns, &ret->run_delay_ns);
        }
        ret->has_run_delay = ran_ns; /* a kernel that does not keep these shows zeros */
        ret->tsc_ticks = tsc_now();
}

void meter_difference(const struct meter *meter, const struct meter_reading *before,
                      const struct meter_reading *after, struct worker_outcome *outcome)
{
        for (uint32_t i = 0; i < meter->count; i++) {
                const struct counter_reading *a = &before->counters[i], *b = &after->counters[i];

                outcome->counters[i] = (struct counter_reading){
                        .value = b->value - a->value,
                        .enabled_ns = b->enabled_ns - a->enabled_ns,
                        .running_ns = b->running_ns - a->running_ns,
                        .error = a->error ? a->error : b->error,
                };
        }
        outcome->user_ns = after->user_ns - before->user_ns;
        outcome->system_ns = after->system_ns - before->system_ns;
        outcome->minor_faults = after->minor_faults - before->minor_faults;
        outcome->major_faults = after->major_faults - before->major_faults;
        outcome->voluntary_switches = after->voluntary_switches - before->voluntary_switches;
        outcome->involuntary_switches = after->involuntary_switches - before->involuntary_switches;
        outcome->run_delay_ns = after->run_delay_ns - before->run_delay_ns;
        outcome->has_run_delay = after->has_run_delay;
        outcome->tsc_ticks = after->tsc_ticks - before->tsc_ticks;
}

void meter_close(struct meter *meter)
{
        for (uint32_t i = 0; i < meter->count; i++)
                if (meter->fds[i] >= 0)
                        close(meter->fds[i]);
        if (meter->schedstat >= 0)
                close(meter->schedstat);
}

uint64_t meter_pss_bytes(int pid)
{
        uint64_t kib = 0;
        char line[256];
        FILE *file;

        snprintf(line, sizeof(line), "/proc/%d/smaps_rollup", pid);
        file = fopen(line, "re");
        if (!file)
                return 0;
        while (fgets(line, sizeof(line), file))
                if (sscanf(line, "Pss: %" SCNu64, &kib) == 1)
                        break;
        fclose(file);
        return kib * 1024;
}

uint64_t meter_rss_bytes(void)
{
        unsigned long pages = 0;
        FILE *file = fopen("/proc/self/statm", "re");

        if (file && fscanf(file, "%*u %lu", &pages) != 1)
                pages = 0;
        if (file)
                fclose(file);
        return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
