/* The truth about counters: known numbers of events, counted by what workers count with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/known.h"
#include "count/event.h"
#include "host/meter.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define FAULTS 4000
#define SWITCHES 400

static int skipped(const struct counter_spec *spec)
{
        print_message("skipped: %s: %s\n", spec->name, spec->reason);
        skip();
        return -1;
}

/* What a worker would report of `work`, done in this process or by a child of it. */
static void count(const char *name, bool children, int (*work)(size_t), size_t times,
                  struct worker_outcome *outcome)
{
        struct meter_reading before, after;
        struct counter_spec spec;
        struct meter meter;
        int r;

        assert_int_equal(event_resolve(name, &spec, NULL), 0);
        if (spec.status != COUNTER_COUNTED)
                skipped(&spec);
        *outcome = (struct worker_outcome){0};
        meter_open(&meter, &spec, 1, children);
        meter_read(&meter, &before);
        r = children ? known_in_child(work, times) : work(times);
        meter_read(&meter, &after);
        meter_difference(&meter, &before, &after, outcome);
        meter_close(&meter);
        assert_int_equal(r, 0);
        assert_int_equal(outcome->counters[0].error, 0);
        assert_int_equal(outcome->counters[0].enabled_ns, outcome->counters[0].running_ns);
}

static void within_2_percent(uint64_t counted, uint64_t truth)
{
        assert_in_range(counted, truth - truth / 50, truth + truth / 50);
}

static void faults_are_counted(bool children)
{
        struct worker_outcome outcome;

        count("page-faults", children, known_faults, FAULTS, &outcome);
        within_2_percent(outcome.counters[0].value, FAULTS);
        within_2_percent(outcome.minor_faults + outcome.major_faults, FAULTS);
}

/* Where others want the CPU, switches come on top that are not known beforehand: rusage tells them
 * apart. */
static void switches_are_counted(bool children)
{
        struct worker_outcome outcome;

        count("context-switches", children, known_switches, SWITCHES, &outcome);
        within_2_percent(outcome.counters[0].value, SWITCHES + outcome.involuntary_switches);
        within_2_percent(outcome.voluntary_switches, SWITCHES);
}

static void page_faults_are_counted_to_2_percent(void **state)
{
        (void)state;
        faults_are_counted(false);
}

static void context_switches_are_counted_to_2_percent(void **state)
{
        (void)state;
        switches_are_counted(false);
}

static void events_of_child_processes_are_counted_where_they_do_the_work(void **state)
{
        struct worker_outcome outcome;

        (void)state;
        faults_are_counted(true);
        switches_are_counted(true);
        count("task-clock", true, known_faults, FAULTS, &outcome);
        assert_int_equal(outcome.has_run_delay, 0); /* schedstat would tell of the parent alone */
}

/* Group or not, software events always fit: what matters here is that a worker opens the group. */
static void a_group_runs_at_the_same_times_and_its_counts_are_true(void **state)
{
        const char *asked[] = {"cpu-migrations", "{context-switches,page-faults}"};
        struct counter_spec specs[COUNTERS_MAX];
        struct meter_reading before, after;
        struct worker_outcome outcome = {0};
        struct meter meter;
        uint32_t count;

        (void)state;
        assert_int_equal(event_resolve_list(asked, 2, specs, &count, NULL), 0);
        assert_int_equal(count, 3);
        if (specs[1].status != COUNTER_COUNTED)
                skipped(&specs[1]);
        assert_true(specs[1].group && specs[1].group == specs[2].group && !specs[0].group);
        meter_open(&meter, specs, count, false);
        meter_read(&meter, &before);
        assert_int_equal(known_faults(FAULTS), 0);
        assert_int_equal(known_switches(SWITCHES), 0);
        meter_read(&meter, &after);
        meter_difference(&meter, &before, &after, &outcome);

        /* What stops the leader stops its group, and no other. */
        ioctl(meter.fds[1], PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP);
        meter_read(&meter, &before);
        meter_read(&meter, &after);
        assert_true(after.counters[0].enabled_ns > before.counters[0].enabled_ns);
        assert_true(after.counters[2].enabled_ns == before.counters[2].enabled_ns);
        meter_close(&meter);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(outcome.counters[i].error, 0);
        within_2_percent(outcome.counters[1].value, SWITCHES + outcome.involuntary_switches);
        within_2_percent(outcome.counters[2].value, FAULTS);
        assert_int_equal(outcome.counters[2].running_ns, outcome.counters[2].enabled_ns);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(page_faults_are_counted_to_2_percent),
                cmocka_unit_test(context_switches_are_counted_to_2_percent),
                cmocka_unit_test(a_group_runs_at_the_same_times_and_its_counts_are_true),
                cmocka_unit_test(events_of_child_processes_are_counted_where_they_do_the_work),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
