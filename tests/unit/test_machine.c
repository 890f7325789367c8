#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count/machine.h"
#include "count/machine_internal.h"
#include "count/virtualization.h"
#include "support/fake_root.h"

#include <stdio.h>
#include <string.h>

static char root[200];

static int setup(void **state)
{
        (void)state;
        fake_root_init(root, sizeof(root));
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        fake_root_done(root);
        return 0;
}

static struct environment described(void)
{
        struct environment environment = {0};

        machine_describe_at(root, &environment);
        return environment;
}

#define V2_MOUNT "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"

static void the_tightest_limit_along_a_version_2_path_wins(void **state)
{
        struct environment environment;

        (void)state;
        fake_root_write(root, "/proc/self/mountinfo", V2_MOUNT);
        fake_root_write(root, "/proc/self/cgroup", "0::/a/b/c\n");
        fake_root_write(root, "/sys/fs/cgroup/cpu.max", "400000 100000\n");
        fake_root_write(root, "/sys/fs/cgroup/a/cpu.max", "50000 20000\n"); /* 2.5 CPUs */
        fake_root_write(root, "/sys/fs/cgroup/a/b/cpu.max", "150000 50000\n");
        fake_root_write(root, "/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
        fake_root_write(root, "/sys/fs/cgroup/a/memory.max", "1073741824\n");
        fake_root_write(root, "/sys/fs/cgroup/a/b/c/memory.max", "max\n");
        fake_root_write(root, "/sys/fs/cgroup/a/b/pids.max", "500\n");
        fake_root_write(root, "/sys/fs/cgroup/a/b/c/pids.max", "400\n");
        fake_root_write(root, "/sys/fs/cgroup/other/cpu.max", "1000 100000\n");
        environment = described();
        assert_true(environment.cpu_quota == 2.5);
        assert_int_equal(environment.quota_period_ns, 20000000);
        assert_int_equal(environment.memory_max, 1073741824);
        assert_int_equal(environment.pids_max, 400);
}

static void version_1_hierarchies_are_read_each_at_its_own_path(void **state)
{
        struct environment environment;

        (void)state;
        fake_root_write(root, "/proc/self/mountinfo",
                        "31 23 0:28 / /cg rw - tmpfs tmpfs rw\n"
                        "32 31 0:29 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                        "33 31 0:30 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
                        /* A container without a cgroup namespace: its own group is mounted. */
                        "35 31 0:32 /box /cg/memory rw - cgroup cgroup rw,memory\n"
                        "39 31 0:36 / /cg/pids rw - cgroup cgroup rw,pids\n"
                        "41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n");
        fake_root_write(root, "/proc/self/cgroup",
                        "8:pids:/p\n4:memory:/box/m\n3:cpuset:/s\n2:cpu,cpuacct:/c\n0::/\n");
        fake_root_write(root, "/cg/cpu,cpuacct/c/cpu.cfs_quota_us", "150000\n");
        fake_root_write(root, "/cg/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
        fake_root_write(root, "/cg/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
        fake_root_write(root, "/cg/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
        fake_root_write(root, "/cg/memory/m/memory.limit_in_bytes", "268435456\n");
        fake_root_write(root, "/cg/memory/memory.limit_in_bytes", "536870912\n");
        fake_root_write(root, "/cg/pids/p/pids.max", "64\n");
        environment = described();
        assert_true(environment.cpu_quota == 1.5);
        assert_int_equal(environment.quota_period_ns, 100000000);
        assert_int_equal(environment.memory_max, 268435456);
        assert_int_equal(environment.pids_max, 64);

        fake_root_write(root, "/cg/memory/m/memory.limit_in_bytes", "9223372036854771712\n");
        assert_int_equal(described().memory_max, 536870912);
        fake_root_write(root, "/cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_int_equal(described().memory_max, -1); /* how version 1 writes "none" */
}

static void what_cannot_be_read_stays_not_known(void **state)
{
        struct environment environment = described();

        (void)state;
        assert_true(environment.cpu_quota == -1 && environment.load_avg == -1);
        assert_int_equal(environment.quota_period_ns, -1);
        assert_int_equal(environment.memory_max, -1);
        assert_int_equal(environment.pids_max, -1);
        assert_int_equal(environment.on_battery, -1);
        assert_int_equal(environment.perf_event_paranoid, INT32_MIN);
        assert_string_equal(environment.cpu, "");
        assert_string_equal(environment.governor, "");
        assert_string_equal(environment.thp, "");
        assert_string_equal(environment.virtualization, "");
        assert_true(strlen(environment.kernel) > 0 && strlen(environment.arch) > 0);
        assert_int_equal(strlen(environment.time), strlen("2026-11-22T14:15:00"));
}

static void a_laptop_is_described(void **state)
{
        struct environment environment;

        (void)state;
        fake_root_write(root, "/proc/cpuinfo",
                        "processor\t: 0\nmodel\t\t: 154\nmodel name\t: Some CPU @ 2 GHz\n"
                        "flags\t\t: fpu vme tsc\n\nprocessor\t: 1\n");
        fake_root_write(root, "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
                        "powersave\n");
        fake_root_write(root, "/sys/devices/system/cpu/cpufreq/policy1/scaling_governor",
                        "powersave\n");
        fake_root_write(root, "/sys/class/power_supply/BAT0/type", "Battery\n");
        fake_root_write(root, "/sys/class/power_supply/BAT0/status", "Discharging\n");
        fake_root_write(root, "/sys/class/power_supply/AC/type", "Mains\n");
        fake_root_write(root, "/sys/kernel/mm/transparent_hugepage/enabled",
                        "always [madvise] never\n");
        fake_root_write(root, "/proc/loadavg", "0.25 0.10 0.05 1/234 5678\n");
        fake_root_write(root, "/proc/sys/kernel/perf_event_paranoid", "-1\n");
        environment = described();
        assert_string_equal(environment.cpu, "Some CPU @ 2 GHz");
        assert_string_equal(environment.virtualization, "none");
        assert_string_equal(environment.governor, "powersave");
        assert_int_equal(environment.on_battery, 1);
        assert_string_equal(environment.thp, "madvise");
        assert_true(environment.load_avg == 0.25);
        assert_int_equal(environment.perf_event_paranoid, -1);

        fake_root_write(root, "/sys/devices/system/cpu/cpufreq/policy1/scaling_governor",
                        "performance\n");
        fake_root_write(root, "/sys/class/power_supply/BAT0/status", "Charging\n");
        fake_root_write(root, "/sys/class/power_supply/mouse/type", "Battery\n");
        fake_root_write(root, "/sys/class/power_supply/mouse/scope", "Device\n");
        fake_root_write(root, "/sys/class/power_supply/mouse/status", "Discharging\n");
        environment = described();
        assert_string_equal(environment.governor, "mixed");
        assert_int_equal(environment.on_battery, 0);
}

static void an_arm_core_has_a_name(void **state)
{
        (void)state;
        fake_root_write(root, "/proc/cpuinfo",
                        "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
        assert_string_equal(described().cpu, "Neoverse-N1");
        fake_root_write(root, "/proc/device-tree/model", "Some Board 4");
        assert_string_equal(described().cpu, "Some Board 4 (Neoverse-N1)");
        fake_root_write(root, "/proc/cpuinfo", "CPU implementer\t: 0x7f\nCPU part\t: 0x001\n");
        assert_string_equal(described().cpu, "Some Board 4 (implementer 0x7f part 0x001)");
}

static void containers_and_hypervisors_are_told_apart(void **state)
{
        (void)state;
        fake_root_write(root, "/proc/cpuinfo", "model name\t: X\nflags\t\t: fpu hypervisor lm\n");
        assert_string_equal(described().virtualization, "vm");
        fake_root_write(root, "/sys/class/dmi/id/sys_vendor", "QEMU\n");
        assert_string_equal(described().virtualization, "qemu");
        fake_root_write(root, "/sys/devices/system/clocksource/clocksource0/available_clocksource",
                        "tsc kvm-clock acpi_pm\n");
        assert_string_equal(described().virtualization, "kvm");
        fake_root_write(root, "/proc/self/cgroup", "0::/kubepods/burstable/pod1/abc\n");
        assert_string_equal(described().virtualization, "kubernetes on kvm");
        assert_true(virtualization_is_container("kubernetes on kvm"));
        assert_true(virtualization_is_container("nspawn"));
        assert_false(virtualization_is_container("kvm"));
        fake_root_write(root, "/run/.containerenv", "");
        assert_string_equal(described().virtualization, "podman on kvm");
        fake_root_write(root, "/proc/cpuinfo", "model name\t: X\nflags\t\t: fpu lm\n");
        assert_string_equal(described().virtualization, "podman");
}

static struct finding found[32];
static size_t found_count;

static const struct finding *finding(const char *what)
{
        for (size_t i = 0; i < found_count; i++)
                if (!strcmp(found[i].what, what))
                        return &found[i];
        fail_msg("no finding \"%s\"", what);
        return NULL;
}

static void findings_name_the_state_and_the_remedy(void **state)
{
        struct environment environment;
        const struct finding *it;

        (void)state;
        fake_root_write(root, "/proc/self/mountinfo", V2_MOUNT);
        fake_root_write(root, "/proc/self/cgroup", "0::/\n");
        fake_root_write(root, "/proc/self/stat", "1 (x) R\n");
        fake_root_write(root, "/proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
        fake_root_write(root, "/proc/sys/kernel/perf_event_paranoid", "3\n");
        fake_root_write(root, "/sys/fs/cgroup/cpu.max", "150000 100000\n");
        fake_root_write(root, "/sys/devices/system/cpu/isolated", "2-3\n");
        fake_root_write(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                        "hpet\n");
        environment = described();
        strcpy(environment.governor, "powersave");
        environment.counter_count = 1;
        strcpy(environment.counters[0].name, "cycles:u");
        strcpy(environment.counters[0].reason, "forbidden here: ask for it");
        environment.counters[0].status = COUNTER_DENIED;

        found_count = machine_findings_at(root, &environment, found, 32);
        it = finding("CPU quota");
        assert_int_equal(it->level, FINDING_WARNING);
        assert_non_null(strstr(it->state, "1.50 CPUs per period of 100 ms"));
        assert_non_null(strstr(it->remedy, "cpu.max"));
        it = finding("perf_event_paranoid");
        assert_int_equal(it->level, FINDING_WARNING);
        assert_non_null(strstr(it->remedy, "sysctl kernel.perf_event_paranoid=1"));
        it = finding("hardware counters");
        assert_string_equal(it->state, "denied: forbidden here");
        assert_string_equal(it->remedy, "ask for it");
        assert_int_equal(finding("clock source")->level, FINDING_WARNING);
        assert_int_equal(finding("frequency governor")->level, FINDING_WARNING);
        assert_non_null(strstr(finding("isolated CPUs")->remedy, "--place=2-3"));
        assert_int_equal(finding("/proc")->level, FINDING_GOOD);
        assert_int_equal(finding("pressure stall information")->level, FINDING_NOTE);
}

static void every_finding_has_a_state_and_never_more_than_there_is_room(void **state)
{
        struct environment environment = described();
        struct finding findings[32];
        size_t n;

        (void)state;
        memset(findings, 0x5a, sizeof(findings));
        n = machine_findings_at(root, &environment, findings, 32);
        assert_in_range(n, 18, 31);
        for (size_t i = 0; i < n; i++) {
                assert_true(strlen(findings[i].what) > 0 && strlen(findings[i].state) > 0);
                assert_in_range(findings[i].level, FINDING_GOOD, FINDING_WARNING);
        }
        assert_int_equal(findings[n].level, 0x5a5a5a5a);
        assert_int_equal(machine_findings_at(root, &environment, findings, 3), 3);
}

#define ON_FAKE_ROOT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ON_FAKE_ROOT(the_tightest_limit_along_a_version_2_path_wins),
                ON_FAKE_ROOT(version_1_hierarchies_are_read_each_at_its_own_path),
                ON_FAKE_ROOT(what_cannot_be_read_stays_not_known),
                ON_FAKE_ROOT(a_laptop_is_described),
                ON_FAKE_ROOT(an_arm_core_has_a_name),
                ON_FAKE_ROOT(containers_and_hypervisors_are_told_apart),
                ON_FAKE_ROOT(findings_name_the_state_and_the_remedy),
                ON_FAKE_ROOT(every_finding_has_a_state_and_never_more_than_there_is_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
