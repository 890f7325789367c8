#include "count/machine.h"

#include "base/text.h"
#include "count/cgroup.h"
#include "count/cpu_model.h"
#include "count/machine_internal.h"
#include "count/small_file.h"
#include "count/virtualization.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* The one governor of all CPUs, or "mixed". */
struct governor {
        const char *root;
        char name[24];
};

static bool add_governor(const char *policy, void *context)
{
        struct governor *governor = context;
        char text[sizeof(governor->name)];

        if (strncmp(policy, "policy", 6) ||
            small_file_read(governor->root, text, sizeof(text),
                            "/sys/devices/system/cpu/cpufreq/%s/scaling_governor", policy) <= 0)
                return false;
        if (*governor->name && strcmp(governor->name, text))
                text_copy(governor->name, sizeof(governor->name), "mixed");
        else
                text_copy(governor->name, sizeof(governor->name), text);
        return !strcmp(governor->name, "mixed");
}

static bool is_discharging(const char *supply, void *context)
{
        const char *root = context;
        char type[24], scope[24], status[24];

        small_file_read(root, type, sizeof(type), "/sys/class/power_supply/%s/type", supply);
        small_file_read(root, scope, sizeof(scope), "/sys/class/power_supply/%s/scope", supply);
        small_file_read(root, status, sizeof(status), "/sys/class/power_supply/%s/status", supply);
        /* Scope "Device" is a mouse's battery. */
        return !strcmp(type, "Battery") && strcmp(scope, "Device") &&
               !strcmp(status, "Discharging");
}

/* "always [madvise] never" → "madvise" */
static void read_chosen(const char *root, const char *path, char *buf, size_t size)
{
        char text[128], *open, *close;

        buf[0] = '\0';
        if (small_file_read(root, text, sizeof(text), "%s", path) <= 0)
                return;
        open = strchr(text, '[');
        close = open ? strchr(open, ']') : NULL;
        if (close)
                snprintf(buf, size, "%.*s", (int)(close - open - 1), open + 1);
}

static void describe_system(struct environment *environment)
{
        struct utsname name;
        time_t now = time(NULL);
        struct tm local;

        if (!uname(&name)) {
                text_copy(environment->host, sizeof(environment->host), name.nodename);
                snprintf(environment->kernel, sizeof(environment->kernel), "%.24s %.70s",
                         name.sysname, name.release);
                text_copy(environment->arch, sizeof(environment->arch), name.machine);
        }
        snprintf(environment->libc, sizeof(environment->libc), "glibc %s", gnu_get_libc_version());
        if (!localtime_r(&now, &local) ||
            !strftime(environment->time, sizeof(environment->time), "%Y-%m-%dT%H:%M:%S", &local))
                environment->time[0] = '\0';
}

void machine_describe_at(const char *root, struct environment *environment)
{
        struct governor governor = {.root = root};
        struct cgroup_limits limits;
        char text[64];

        describe_system(environment);
        cpu_model_read(root, environment->cpu, sizeof(environment->cpu));
        cgroup_read_limits(root, &limits);
        environment->cpu_quota = limits.cpu_quota;
        environment->quota_period_ns = limits.quota_period_ns;
        environment->memory_max = limits.memory_max_bytes;
        environment->pids_max = limits.pids_max;
        virtualization_describe(root, environment->virtualization,
                                sizeof(environment->virtualization));
        small_file_each(root, "/sys/devices/system/cpu/cpufreq", add_governor, &governor);
        text_copy(environment->governor, sizeof(environment->governor), governor.name);
        environment->on_battery = -1;
        if (small_file_exists(root, "/sys/class/power_supply"))
                environment->on_battery = small_file_each(root, "/sys/class/power_supply",
                                                          is_discharging, (void *)root);
        read_chosen(root, "/sys/kernel/mm/transparent_hugepage/enabled", environment->thp,
                    sizeof(environment->thp));
        environment->load_avg = -1;
        if (small_file_read(root, text, sizeof(text), "/proc/loadavg") > 0)
                environment->load_avg = strtod(text, NULL);
        environment->perf_event_paranoid =
                (int32_t)small_file_int(root, INT32_MIN, "/proc/sys/kernel/perf_event_paranoid");
}

void machine_describe(struct environment *environment)
{
        machine_describe_at("", environment);
}
