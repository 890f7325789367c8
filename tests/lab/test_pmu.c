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

static void resolve_list(const char *const *asked, size_t count, uint32_t wanted,
                         struct counter_spec *specs)
{
        struct mproc_err err = {0};
        uint32_t n;

        if (event_resolve_list(asked, count, specs, &n, &err))
                fail_msg("%s: %s", asked[0], err.text);
        assert_int_equal(n, wanted);
}

/* One instruction takes one cycle here, so both count the same. */
static void twelve_events_on_seven_counters_are_scaled_within_the_stated_bound(void **state)
{
        /* The last ten are instructions, too: one code under ten names. */
        static const char *const asked[12] = {
                "cycles:u",   "instructions:u", "r8:u",         "r08:u",
                "r008:u",     "r0008:u",        "r00008:u",     "r000008:u",
                "r0000008:u", "r00000008:u",    "r000000008:u", "r0000000008:u",
        };
        struct counter_spec specs[COUNTERS_MAX];
        struct worker_outcome outcome;
        double value, share, error, shares = 0;

        (void)state;
        resolve_list(asked, 12, 12, specs);
        count(specs, 12, LONG_LOOP, &outcome);
        for (size_t i = 0; i < 12; i++) {
                const struct counter_reading *reading = &outcome.counters[i];

                assert_int_equal(event_reading_status(&specs[i], reading, &value, &share),
                                 COUNTER_SCALED);
                error = event_reading_error(&specs[i], reading, 1);
                assert_true(error > 0 && error < 0.1);
                within(value, LONG_LOOP, error);
                shares += share;
        }
        /* Less than seven: one counter knows cycles alone, and it is not always their turn. */
        assert_true(shares > COUNTERS - 1.5 && shares <= COUNTERS);
}

static void a_group_too_large_is_explained_and_counted_in_smaller_ones(void **state)
{
        static const char *const group =
                "{instructions:u,cycles:u,r8:u,r11:u,instructions,cycles,r8,r11}";
        struct counter_spec specs[COUNTERS_MAX];
        struct worker_outcome outcome;
        double value, share, error;
        uint32_t split = 8;

        (void)state;
        assert_int_equal(event_counters_at_once(), COUNTERS);
        resolve_list(&group, 1, 8, specs);
        for (uint32_t i = 0; i < 8; i++) {
                assert_int_equal(specs[i].status, COUNTER_COUNTED);
                if (split == 8 && specs[i].group != specs[0].group)
                        split = i;
        }
        assert_int_equal(split, COUNTERS);
        assert_non_null(
                strstr(specs[split].reason, "cannot be counted together with instructions:u"));
        assert_non_null(strstr(specs[split].reason, "the PMU counts 7 of these at once"));

        count(specs, 8, LONG_LOOP, &outcome);
        for (uint32_t i = 0; i < 8; i++) {
                const struct counter_reading *reading = &outcome.counters[i];

                assert_int_equal(event_reading_status(&specs[i], reading, &value, &share),
                                 COUNTER_SCALED);
                error = event_reading_error(&specs[i], reading, 1);
                if (i < 4)
                        within(value, LONG_LOOP, error);
                else /* with the kernel's share, which varies */
                        assert_true(value > LONG_LOOP * (1 - error));
        }
}

/* Each of the two is scaled, with an error that their ratio has not. */
static void grouped_events_run_at_the_same_times(void **state)
{
        static const char *const group = "{instructions:u,cycles:u}";
        struct counter_spec specs[COUNTERS_MAX];
        struct worker_outcome outcome;
        struct counter_reading *a = &outcome.counters[0], *b = &outcome.counters[1];

        (void)state;
        resolve_list(&group, 1, 2, specs);
        for (size_t i = 2; i < 12; i++)
                resolve("instructions:u", &specs[i]);
        count(specs, 12, LONG_LOOP, &outcome);
        assert_true(a->running_ns < a->enabled_ns);
        within((double)a->running_ns, b->running_ns, 0.001); /* they are read one after the other */
        within((double)a->value, b->value, 0.001);
}

static void what_child_processes_execute_is_counted_where_they_do_the_work(void **state)
{
        struct meter_reading before, after;
        struct worker_outcome outcome = {0};
        struct counter_spec spec;
        struct meter meter;
        pid_t pid;

        (void)state;
        resolve("instructions:u", &spec);
        meter_open(&meter, &spec, 1, true);
        meter_read(&meter, &before);
        pid = fork();
        assert_true(pid >= 0);
        if (!pid) {
                execute(LOOP);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        meter_read(&meter, &after);
        meter_difference(&meter, &before, &after, &outcome);
        meter_close(&meter);
        within((double)outcome.counters[0].value, LOOP, 0.001);
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
                cmocka_unit_test(
                        twelve_events_on_seven_counters_are_scaled_within_the_stated_bound),
                cmocka_unit_test(a_group_too_large_is_explained_and_counted_in_smaller_ones),
                cmocka_unit_test(grouped_events_run_at_the_same_times),
                cmocka_unit_test(what_child_processes_execute_is_counted_where_they_do_the_work),
                cmocka_unit_test(what_the_pmu_lacks_is_unsupported_beside_what_is_counted),
                cmocka_unit_test(every_permission_level_is_told_with_its_remedy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
