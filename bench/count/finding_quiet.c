/* How quiet this machine is, and what would make it quieter. */
#include "base/clock.h"
#include "count/busy_process.h"
#include "count/machine_internal.h"
#include "count/small_file.h"
#include "count/virtualization.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void remedy(struct finding *finding, const char *text)
{
        snprintf(finding->remedy, sizeof(finding->remedy), "%s", text);
}

static void look_at_quota(const char *root, const struct environment *environment,
                          struct finding *finding)
{
        (void)root;
        if (environment->cpu_quota < 0) {
                finding_say(finding, FINDING_GOOD, "none found");
                return;
        }
        finding_say(finding, FINDING_WARNING,
                    "%.2f CPUs per period of %.0f ms: workers that use more are stopped until the "
                    "next period",
                    environment->cpu_quota,
                    (double)environment->quota_period_ns / (double)NS_PER_MS);
        remedy(finding, "raise cpu.max of the cgroup (docker run --cpus), or use no more workers "
                        "than the quota has CPUs");
}

/* Share of all CPU time since boot that the hypervisor gave to others, in per cent; −1: not known.
 */
static double steal_percent(const char *root)
{
        uint64_t v[8], sum = 0;
        char text[512];

        if (small_file_read(root, text, sizeof(text), "/proc/stat") <= 0 ||
            sscanf(text,
                   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                   " %" SCNu64 " %" SCNu64,
                   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
                return -1;
        for (size_t i = 0; i < 8; i++)
                sum += v[i];
        return sum ? 100.0 * (double)v[7] / (double)sum : -1;
}

static void look_at_virtualization(const char *root, const struct environment *environment,
                                   struct finding *finding)
{
        const char *machine = virtualization_machine(root);
        double steal = steal_percent(root);

        if (!*environment->virtualization) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (!*machine || !strcmp(machine, "none")) {
                finding_say(finding, FINDING_GOOD, "%s",
                            !strcmp(environment->virtualization, "none")
                                    ? "none"
                                    : environment->virtualization);
        } else {
                finding_say(finding, steal > 1 ? FINDING_WARNING : FINDING_NOTE,
                            "%s; %.2f %% of CPU time since boot was stolen by other guests",
                            environment->virtualization, steal < 0 ? 0 : steal);
                remedy(finding, "bare metal, or an instance with dedicated CPUs; rounds with "
                                "steal are marked, and left out where enough others remain");
        }
}

static void look_at_governor(const char *root, const struct environment *environment,
                             struct finding *finding)
{
        (void)root;
        if (!*environment->governor) {
                finding_say(finding, FINDING_NOTE,
                            "not visible: firmware or the hypervisor sets "
                            "the frequency");
        } else if (!strcmp(environment->governor, "performance")) {
                finding_say(finding, FINDING_GOOD, "performance");
        } else {
                finding_say(finding, FINDING_WARNING,
                            "%s: short trials may run before the clock has risen",
                            environment->governor);
                remedy(finding, "cpupower frequency-set -g performance");
        }
}

static void look_at_turbo(const char *root, const struct environment *environment,
                          struct finding *finding)
{
        int64_t off = small_file_int(root, -1, "/sys/devices/system/cpu/intel_pstate/no_turbo");
        int64_t on =
                off >= 0 ? !off : small_file_int(root, -1, "/sys/devices/system/cpu/cpufreq/boost");

        (void)environment;
        if (on < 0) {
                finding_say(finding, FINDING_NOTE, "not visible");
        } else if (!on) {
                finding_say(finding, FINDING_GOOD, "off");
        } else {
                finding_say(finding, FINDING_NOTE,
                            "on: the clock falls as more cores work and as they get hot");
                remedy(finding, off >= 0 ? "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo"
                                         : "echo 0 > /sys/devices/system/cpu/cpufreq/boost");
        }
}

static void look_at_smt(const char *root, const struct environment *environment,
                        struct finding *finding)
{
        (void)root;
        if (environment->smt < 0) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (!environment->smt) {
                finding_say(finding, FINDING_GOOD, "off, or not visible");
        } else {
                finding_say(finding, FINDING_NOTE, "on: two workers on one core slow each other");
                remedy(finding, "--place=core gives every worker a core while there are enough");
        }
}

static void look_at_thp(const char *root, const struct environment *environment,
                        struct finding *finding)
{
        (void)root;
        if (!*environment->thp) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (strcmp(environment->thp, "always")) {
                finding_say(finding, FINDING_GOOD, "%s", environment->thp);
        } else {
                finding_say(finding, FINDING_NOTE,
                            "always: first touches are dear, and fork's cost depends on luck");
                remedy(finding, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
        }
}

static void look_at_battery(const char *root, const struct environment *environment,
                            struct finding *finding)
{
        (void)root;
        if (environment->on_battery <= 0) {
                finding_say(finding, FINDING_GOOD, "%s",
                            environment->on_battery ? "not known: no power supply is visible"
                                                    : "not on battery");
                return;
        }
        finding_say(finding, FINDING_WARNING, "on battery: the clock is kept low");
        remedy(finding, "plug the machine in");
}

static void look_at_load(const char *root, const struct environment *environment,
                         struct finding *finding)
{
        (void)root;
        if (environment->load_avg < 0) {
                finding_say(finding, FINDING_NOTE, "not known");
                return;
        }
        /* Half a CPU's worth over the last minute is more than an idle desktop has. */
        if (environment->load_avg < 0.5) {
                finding_say(finding, FINDING_GOOD, "%.2f", environment->load_avg);
                return;
        }
        finding_say(finding, FINDING_WARNING, "%.2f over the last minute", environment->load_avg);
        remedy(finding, "wait until it is below 0.5, or end what causes it");
}

static void look_at_other_users(const char *root, const struct environment *environment,
                                struct finding *finding)
{
        struct busy_process busiest;

        (void)environment;
        if (!small_file_exists(root, "/proc/self/stat")) {
                finding_say(finding, FINDING_NOTE, "not known");
                return;
        }
        if (!busy_process_find(root, 200 * NS_PER_MS, &busiest) || busiest.share < 0.05) {
                finding_say(finding, FINDING_GOOD, "none above 5 %% of a CPU");
                return;
        }
        finding_say(finding, FINDING_WARNING, "%s (pid %d) uses %.0f %% of a CPU", busiest.comm,
                    busiest.pid, 100 * busiest.share);
        remedy(finding, "end it, or keep the team away from its CPU (--place, taskset)");
}

static void look_at_aslr(const char *root, const struct environment *environment,
                         struct finding *finding)
{
        int64_t level = small_file_int(root, -1, "/proc/sys/kernel/randomize_va_space");

        (void)environment;
        if (level < 0) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (level) {
                finding_say(finding, FINDING_GOOD,
                            "on: every trial draws a memory layout of its own");
        } else {
                finding_say(finding, FINDING_NOTE,
                            "off: all trials share one memory layout, lucky or not");
                remedy(finding, "sysctl kernel.randomize_va_space=2");
        }
}

static void look_at_isolated(const char *root, const struct environment *environment,
                             struct finding *finding)
{
        char list[128];
        int r = small_file_read(root, list, sizeof(list), "/sys/devices/system/cpu/isolated");

        (void)environment;
        if (r < 0) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (!r) {
                finding_say(finding, FINDING_GOOD, "none");
        } else {
                finding_say(finding, FINDING_NOTE,
                            "%s: quiet, but the kernel moves nothing to them by itself", list);
                snprintf(finding->remedy, sizeof(finding->remedy),
                         "to use them: taskset -c %.80s mpbench … --place=%.80s", list, list);
        }
}

const struct finding_check finding_quiet[] = {
        {"CPU quota", look_at_quota},
        {"virtualization", look_at_virtualization},
        {"frequency governor", look_at_governor},
        {"turbo", look_at_turbo},
        {"SMT", look_at_smt},
        {"transparent huge pages", look_at_thp},
        {"power", look_at_battery},
        {"load average", look_at_load},
        {"other CPU users", look_at_other_users},
        {"address space randomisation", look_at_aslr},
        {"isolated CPUs", look_at_isolated},
        {0},
};
