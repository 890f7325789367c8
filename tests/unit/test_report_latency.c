/* Times of tasks, drift and modes in the reports; and a report from before they were known. */
#include "support/report_scene.h"
#include "support/round_trip.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

/* The fixture as a run of tasks: one cell whose tasks were timed, and one with fewer of them. */
static int set_up_tasks(void **unused)
{
        set_up(unused);
        plain.width = 100;
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                result.cells[i].kind = MPB_TASKS;
        result.cells[FIXTURE_MUTEX].latency = (struct cell_latency){
                .timed = 1,
                .summary = {{101e3, 100e3, 102e3, 12, 0}, {110e3, 108e3, 113e3, 12, 0}},
        };
        result.cells[FIXTURE_ATOMIC].latency = (struct cell_latency){
                .timed = 1, .summary = {[LATENCY_P50] = {5e6, 4.9e6, 5.1e6, 12, 0}}};
        result.trials[0].outcome.latency =
                (struct trial_latency){.count = 150, .ns = {101000, 110000, 0, 0, 345678}};
        return 0;
}

static void percentiles_are_shown_where_there_are_enough_tasks(void **unused)
{
        char *text = render("text", &result, &plain), *markdown = joined("markdown");

        (void)unused;
        assert_contains(text,
                        "  Time of a task                      p50                      p90\n"
                        "  atomic             5.00 ms [4.90, 5.10]                        –\n"
                        "  mutex           0.101 ms [0.100, 0.102]  0.110 ms [0.108, 0.113]\n");
        assert_contains(markdown, "| mutex | 0.101 ms [0.100, 0.102] |");
        assert_lacks(text, "p99");
        free(text);
        free(markdown);
}

static void tasks_that_were_not_timed_say_why(void **unused)
{
        char *text = joined("text");

        (void)unused;
        assert_lacks(text, "too short to be timed");
        free(text);
        TEXT(result.cells[FIXTURE_CAS].latency.note, "tasks of 80 ns are too short to be timed");
        text = joined("text");
        assert_contains(text, "Tasks of 80 ns are too short to be timed.");
        free(text);
        *result.cells[FIXTURE_CAS].latency.note = '\0';
        result.cells[FIXTURE_CAS].latency.timed = 1;
        text = joined("markdown");
        assert_contains(text, "Fewer than 20 tasks in a trial are too few for a median");
        free(text);
}

static void samples_have_the_times_of_their_trial(void **unused)
{
        char *text = render("csv", &result, &plain);

        (void)unused;
        assert_contains(text, ",latency_count,latency_p50_ns,latency_p90_ns,latency_p99_ns,"
                              "latency_p999_ns,latency_max_ns,");
        assert_contains(text, ",150,101000,110000,,,345678,,,,,,\n");
        free(text);
}

static void two_modes_are_marked_wherever_the_median_is_shown(void **unused)
{
        char *text = joined("text"), *markdown = joined("markdown");

        (void)unused;
        assert_contains(text, "two modes: 38.1 M adds/s in 7 trials, 45.3 M adds/s in 5; the "
                              "median tells of neither");
        assert_contains(markdown, "two modes: 38.1 M adds/s in 7 trials");
        assert_lacks(text, "of two modes");
        free(text);
        free(markdown);
        result.cells[FIXTURE_MUTEX].modes = (struct cell_modes){6, 6, 20e6, 40e6};
        text = joined("text");
        assert_contains(text, "baseline: mutex 38.9 M adds/s, of two modes");
        free(text);
}

static void a_drift_is_said_on_the_screen_and_in_the_summary(void **unused)
{
        (void)unused;
        result.trend = (struct cell_trend){.n = 12, .change = -0.06, .p = 0.001, .p_holm = 0.01};
        for (size_t i = 0; i < 2; i++) {
                char *text = joined(i ? "markdown" : "text");

                assert_contains(text, "The machine got 6 % slower over the 12 rounds.");
                free(text);
        }
}

/* Every member of that name, at any depth. */
static void strip(json_t *value, const char *name)
{
        const char *key;
        json_t *member;

        if (json_is_object(value))
                json_object_del(value, name);
        json_object_foreach(value, key, member) strip(member, name);
        for (size_t i = 0; i < json_array_size(value); i++)
                strip(json_array_get(value, i), name);
}

static void a_report_from_before_they_were_known_is_shown_as_it_was(void **unused)
{
        static const char *const names[] = {"latency", "trend", "modes"};
        static const struct cell_trend none;
        char *written = round_trip_write(&result), *stripped, *text;
        json_t *root = json_loads(written, 0, NULL);
        struct result old;

        (void)unused;
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                strip(root, names[i]);
        stripped = json_dumps(root, 0);
        assert_true(strlen(stripped) < strlen(written));
        round_trip_read(stripped, &old);
        assert_memory_equal(&old.trend, &none, sizeof(none));
        assert_int_equal(old.cells[FIXTURE_CAS].modes.low_n, 0);
        text = render("text", &old, &plain);
        assert_contains(text, "baseline: mutex 38.9 M adds/s");
        assert_lacks(text, "Time of a task");
        assert_lacks(text, "modes");
        json_decref(root);
        free(written);
        free(stripped);
        free(text);
        result_done(&old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_tasks, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(percentiles_are_shown_where_there_are_enough_tasks),
                TEST(tasks_that_were_not_timed_say_why),
                TEST(samples_have_the_times_of_their_trial),
                TEST(two_modes_are_marked_wherever_the_median_is_shown),
                TEST(a_drift_is_said_on_the_screen_and_in_the_summary),
                TEST(a_report_from_before_they_were_known_is_shown_as_it_was),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
