/* Counters against the truth, on the PMU of the emulated machine: `scripts/lab --icount --
 * test_pmu`. One CPU, where time is instructions; seven counters; user mode, since the kernel's
 * share varies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count/event.h"
#include "host/meter.h"

#include <grp.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define LOOP UINT64_C(20000000) /* instructions */
#define LONG_LOOP (20 * LOOP)   /* 0.4 s: a hundred turns of the scheduler of counters */
#define COUNTERS 7              /* of this PMU, that of cycles included */

static void execute(uint64_t instructions)
{
        uint64_t rest = instructions / 2;

        __asm__ volatile("1: subs %0, %0, #1\n\t"
                         "b.ne 1b"
                         : "+r"(rest)
                         :
                         : "cc");
}

static void within(double counted, uint64_t truth, double share)
{
        double difference = counted / (double)truth - 1;

        if (!(difference <= share && difference >= -share))
                fail_msg("%.0f counted of %.0f: %+.3f %%", counted, (double)truth,
                         100 * difference);
}

static void resolve(const char *name, struct counter_spec *spec)
{
        struct mproc_err err = {0};

        if (event_resolve(name, spec, &err))
                fail_msg("%s: %s", name, err.text);
}

/* What a worker would report of so many instructions. */
static void count(const struct counter_spec *specs, uint32_t count, uint64_t instructions,
                  struct worker_outcome *outcome)
{
        struct meter_reading before, after;
        struct meter meter;

        *outcome = (struct worker_outcome){0};
        meter_open(&meter, specs, count, false);
        meter_read(&meter, &before);
        execute(instructions);
        meter_read(&meter, &after);
        meter_difference(&meter, &before, &after, outcome);
        meter_close(&meter);
}

static void instructions_of_a_known_loop_are_counted_to_a_thousandth(void **state)
{
        struct worker_outcome outcome;
        struct counter_spec spec;
        double value, share;

        (void)state;
        resolve("instructions:u", &spec);
        count(&spec, 1, LOOP, &outcome);
        assert_int_equal(event_reading_status(&spec, &outcome.counters[0], &value, &share),
                         COUNTER_COUNTED);
        within(value, LOOP, 0.001);
        assert_true(share == 1);
}

static void perf_event_open_alone_counts_the_same(void **state)
{
        struct perf_event_attr attr = {
                .type = PERF_TYPE_HARDWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_HW_INSTRUCTIONS,
                .exclude_kernel = 1,
        };
        int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
        uint64_t before, after;

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(read(fd, &before, sizeof(before)), sizeof(before));
        execute(LOOP);
        assert_int_equal(read(fd, &after, sizeof(after)), sizeof(after));
        close(fd);
        within((double)(after - before), LOOP, 0.001);
}

static void twelve_events_on_seven_counters_are_scaled_and_say_so(void **state)
{
        struct counter_spec specs[12];
        struct worker_outcome outcome;
        double value, share, shares = 0;

        (void)state;
        for (size_t i = 0; i < 12; i++)
                resolve("instructions:u", &specs[i]);
        count(specs, 12, LONG_LOOP, &outcome);
        for (size_t i = 0; i < 12; i++) {
                enum counter_status status =
                        event_reading_status(&specs[i], &outcome.counters[i], &value, &share);
                printf("%zu: %s %f %f\n", i, counter_status_name(status), value / LONG_LOOP, share);
                assert_int_equal(status, COUNTER_SCALED);
                within(value, LONG_LOOP, 0.01);
                shares += share;
        }
        assert_true(shares > COUNTERS - 1.5 && shares < COUNTERS);
}

static void what_the_pmu_lacks_is_unsupported_beside_what_is_counted(void **state)
{
        static const char *const lacking[] = {"branch-misses", "cache-misses", "LLC-load-misses"};
        struct counter_spec specs[4];
        struct worker_outcome outcome;
        double value, share;

        (void)state;
        for (size_t i = 0; i < 3; i++) {
                resolve(lacking[i], &specs[i]);
                assert_string_equal(specs[i].reason, "this machine has no such event");
        }
        resolve("instructions:u", &specs[3]);
        count(specs, 4, LOOP, &outcome);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(
                        event_reading_status(&specs[i], &outcome.counters[i], &value, &share),
                        COUNTER_UNSUPPORTED);
        assert_int_equal(event_reading_status(&specs[3], &outcome.counters[3], &value, &share),
                         COUNTER_COUNTED);
        within(value, LOOP, 0.001);
}

static void set_paranoid(int level)
{
        FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "we");

        assert_non_null(file);
        fprintf(file, "%d", level);
        assert_int_equal(fclose(file), 0);
}

struct permission {
        int paranoid;
        bool root;
        const char *event, *name;
        enum counter_status status;
        const char *reason;
};

/* In a child, as whoever is asked for: does it resolve so, and count what it says? */
static int is_so(const struct permission *wanted)
{
        struct worker_outcome outcome;
        struct counter_spec spec;

        if (!wanted->root && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)))
                return 1;
        if (event_resolve(wanted->event, &spec, NULL))
                return 1;
        count(&spec, 1, LOOP, &outcome);
        if (spec.status == wanted->status && !strcmp(spec.name, wanted->name) &&
            strstr(spec.reason, wanted->reason) && !*wanted->reason == !*spec.reason &&
            !outcome.counters[0].error == (spec.status == COUNTER_COUNTED))
                return 0;
        print_error("paranoid %d, %s, %s: \"%s\" %s, \"%s\", error %d\n", wanted->paranoid,
                    wanted->root ? "root" : "nobody", wanted->event, spec.name,
                    counter_status_name(spec.status), spec.reason, outcome.counters[0].error);
        return 1;
}

static void every_permission_level_is_told_with_its_remedy(void **state)
{
        static const char at_2[] = "user mode only, as perf_event_paranoid is 2: `sysctl "
                                   "kernel.perf_event_paranoid=1`";
        static const char no_switches[] = "perf_event_paranoid is 2: allow it with `sysctl "
                                          "kernel.perf_event_paranoid=1`";
        static const char nothing[] = "perf_event_paranoid is 3: allow it with `sysctl "
                                      "kernel.perf_event_paranoid=2`";
        static const struct permission levels[] = {
                {-1, false, "cycles", "cycles", COUNTER_COUNTED, ""},
                {1, false, "cycles", "cycles", COUNTER_COUNTED, ""},
                {1, false, "context-switches", "context-switches", COUNTER_COUNTED, ""},
                {2, false, "cycles", "cycles:u", COUNTER_COUNTED, at_2},
                {2, false, "instructions:u", "instructions:u", COUNTER_COUNTED, ""},
                {2, false, "task-clock", "task-clock", COUNTER_COUNTED, ""},
                {2, false, "context-switches", "context-switches", COUNTER_DENIED, no_switches},
                {3, false, "cycles", "cycles", COUNTER_DENIED, nothing},
                {3, false, "task-clock", "task-clock", COUNTER_DENIED, nothing},
                {3, true, "cycles", "cycles", COUNTER_COUNTED, ""},
                {3, true, "context-switches", "context-switches", COUNTER_COUNTED, ""},
        };
        int wrong = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
                pid_t pid;
                int status;

                set_paranoid(levels[i].paranoid);
                pid = fork();
                assert_true(pid >= 0);
                if (!pid)
                        _exit(is_so(&levels[i]));
                assert_int_equal(waitpid(pid, &status, 0), pid);
                wrong += !WIFEXITED(status) || WEXITSTATUS(status);
        }
        set_paranoid(2);
        assert_int_equal(wrong, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(instructions_of_a_known_loop_are_counted_to_a_thousandth),
                cmocka_unit_test(perf_event_open_alone_counts_the_same),
                cmocka_unit_test(twelve_events_on_seven_counters_are_scaled_and_say_so),
                cmocka_unit_test(what_the_pmu_lacks_is_unsupported_beside_what_is_counted),
                cmocka_unit_test(every_permission_level_is_told_with_its_remedy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
