/* What this machine can measure. */
#include "base/units.h"
#include "count/event.h"
#include "count/machine_internal.h"
#include "count/small_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* `event`, as the caller resolved it. A counter's reason reads "fact: remedy". */
static void look_at_event(const struct environment *environment, const char *event,
                          struct finding *finding)
{
        const struct counter_spec *spec = NULL;
        const char *colon;

        for (uint32_t i = 0; i < environment->counter_count && !spec; i++)
                if (!strncmp(environment->counters[i].name, event, strlen(event)))
                        spec = &environment->counters[i];
        if (!spec) {
                finding_say(finding, FINDING_NOTE, "not looked at");
                return;
        }
        if (!*spec->reason) {
                finding_say(finding, FINDING_GOOD, "counted");
                return;
        }
        colon = strchrnul(spec->reason, ':');
        finding_say(finding, spec->status == COUNTER_DENIED ? FINDING_WARNING : FINDING_NOTE,
                    "%s: %.*s", counter_status_name(spec->status), (int)(colon - spec->reason),
                    spec->reason);
        if (*colon)
                snprintf(finding->remedy, sizeof(finding->remedy), "%s",
                         colon + strspn(colon, ": "));
}

static void look_at_hardware_counters(const char *root, const struct environment *environment,
                                      struct finding *finding)
{
        uint32_t count, interval_ms;
        char turns[48] = "";
        size_t used;

        (void)root;
        look_at_event(environment, "cycles", finding);
        count = strncmp(finding->state, "counted", 7) ? 0 : event_counters_at_once();
        if (!count)
                return;
        interval_ms = event_mux_interval_ms();
        if (interval_ms)
                snprintf(turns, sizeof(turns), ", more take turns of %" PRIu32 " ms", interval_ms);
        used = strlen(finding->state);
        snprintf(finding->state + used, sizeof(finding->state) - used, "; %" PRIu32 " at once%s",
                 count, turns);
}

static void look_at_software_counters(const char *root, const struct environment *environment,
                                      struct finding *finding)
{
        (void)root;
        look_at_event(environment, "context-switches", finding);
}

/* CAP_PERFMON or CAP_SYS_ADMIN: perf_event_paranoid does not bind us. */
static bool is_privileged(const char *root)
{
        char text[4096], *line;

        if (small_file_read(root, text, sizeof(text), "/proc/self/status") <= 0)
                return false;
        line = strstr(text, "\nCapEff:");
        return line && strtoull(line + strlen("\nCapEff:"), NULL, 16) & (1ull << 38 | 1ull << 21);
}

static void look_at_paranoid(const char *root, const struct environment *environment,
                             struct finding *finding)
{
        int paranoid = environment->perf_event_paranoid;

        if (paranoid == INT32_MIN) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (paranoid <= 1) {
                finding_say(finding, FINDING_GOOD, "%d: user and kernel mode are counted",
                            paranoid);
        } else if (is_privileged(root)) {
                finding_say(finding, FINDING_GOOD, "%d, which does not bind a privileged user",
                            paranoid);
        } else {
                finding_say(finding, paranoid == 2 ? FINDING_NOTE : FINDING_WARNING, "%d: %s",
                            paranoid,
                            paranoid == 2 ? "user mode only, and no context switches"
                                          : "some kernels allow no counter at all at this level");
                snprintf(finding->remedy, sizeof(finding->remedy),
                         "sysctl kernel.perf_event_paranoid=1, or run with CAP_PERFMON");
        }
}

static void look_at_clock(const char *root, const struct environment *environment,
                          struct finding *finding)
{
        char name[32];

        (void)environment;
        small_file_read(root, name, sizeof(name),
                        "/sys/devices/system/clocksource/clocksource0/current_clocksource");
        if (!*name) {
                finding_say(finding, FINDING_NOTE, "not known");
        } else if (!strcmp(name, "tsc") || !strcmp(name, "arch_sys_counter")) {
                finding_say(finding, FINDING_GOOD, "%s: read without a system call", name);
        } else if (!strcmp(name, "kvm-clock") || strstr(name, "hyperv")) {
                finding_say(finding, FINDING_NOTE, "%s: the hypervisor's, slower than the TSC",
                            name);
        } else {
                finding_say(finding, FINDING_WARNING,
                            "%s: reading it takes a system call and up to a microsecond", name);
                snprintf(finding->remedy, sizeof(finding->remedy),
                         "see `dmesg | grep -i tsc` for why the kernel gave the TSC up");
        }
}

static void look_at_proc(const char *root, const struct environment *environment,
                         struct finding *finding)
{
        (void)environment;
        if (small_file_exists(root, "/proc/self/stat")) {
                finding_say(finding, FINDING_GOOD, "mounted");
                return;
        }
        finding_say(finding, FINDING_WARNING,
                    "not mounted: no steal, foreign CPU use, limits or run-queue waits");
        snprintf(finding->remedy, sizeof(finding->remedy), "mount -t proc proc /proc");
}

static void look_at_pressure(const char *root, const struct environment *environment,
                             struct finding *finding)
{
        char text[64];

        (void)environment;
        if (small_file_read(root, text, sizeof(text), "/proc/pressure/cpu") > 0) {
                finding_say(finding, FINDING_GOOD, "there");
                return;
        }
        finding_say(finding, FINDING_NOTE, "not there: noise is judged by steal and CPU use alone");
        snprintf(finding->remedy, sizeof(finding->remedy),
                 "boot with psi=1 (the kernel needs CONFIG_PSI)");
}

static void look_at_memfd(const char *root, const struct environment *environment,
                          struct finding *finding)
{
        int fd = memfd_create("mpbench-doctor", MFD_CLOEXEC), error = errno;

        (void)root;
        (void)environment;
        if (fd >= 0) {
                close(fd);
                finding_say(finding, FINDING_GOOD, "memfd works");
                return;
        }
        finding_say(finding, FINDING_WARNING,
                    "memfd_create fails (%s): nothing can be shared between processes",
                    strerrorname_np(error));
        snprintf(finding->remedy, sizeof(finding->remedy),
                 "allow memfd_create in the container's seccomp profile");
}

static bool in_path(const char *program)
{
        const char *path = getenv("PATH");
        char file[PATH_MAX];

        for (const char *at = path ? path : "/bin:/usr/bin"; at;) {
                const char *end = strchrnul(at, ':');

                if (snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - at), at,
                             end > at ? "/" : "", program) < (int)sizeof(file) &&
                    !access(file, X_OK))
                        return true;
                at = *end ? end + 1 : NULL;
        }
        return false;
}

static void look_at_gnuplot(const char *root, const struct environment *environment,
                            struct finding *finding)
{
        (void)root;
        (void)environment;
        if (in_path("gnuplot")) {
                finding_say(finding, FINDING_GOOD, "there");
                return;
        }
        finding_say(finding, FINDING_NOTE, "not there: runs succeed, without plots");
        snprintf(finding->remedy, sizeof(finding->remedy),
                 "apt install gnuplot-nox; plots of a saved run are drawn by `mpbench report`");
}

static void look_at_memory(const char *root, const struct environment *environment,
                           struct finding *finding)
{
        char size[32];

        (void)root;
        if (environment->memory_max < 0) {
                finding_say(finding, FINDING_GOOD, "none found");
                return;
        }
        finding_say(finding, FINDING_NOTE, "%s: a team that needs more is killed",
                    units_format_size((double)environment->memory_max, size, sizeof(size)));
        snprintf(finding->remedy, sizeof(finding->remedy),
                 "raise memory.max of the cgroup, or use fewer workers and smaller data");
}

static void look_at_pids(const char *root, const struct environment *environment,
                         struct finding *finding)
{
        (void)root;
        if (environment->pids_max < 0) {
                finding_say(finding, FINDING_GOOD, "none found");
                return;
        }
        finding_say(finding, environment->pids_max < 256 ? FINDING_WARNING : FINDING_NOTE,
                    "%lld processes and threads in this cgroup", (long long)environment->pids_max);
        snprintf(finding->remedy, sizeof(finding->remedy),
                 "raise pids.max of the cgroup for more workers than that");
}

const struct finding_check finding_ability[] = {
        {"hardware counters", look_at_hardware_counters},
        {"software counters", look_at_software_counters},
        {"perf_event_paranoid", look_at_paranoid},
        {"clock source", look_at_clock},
        {"/proc", look_at_proc},
        {"pressure stall information", look_at_pressure},
        {"shared memory", look_at_memfd},
        {"memory limit", look_at_memory},
        {"process limit", look_at_pids},
        {"gnuplot", look_at_gnuplot},
        {0},
};
