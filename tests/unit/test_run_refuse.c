/* Plans that are refused before anything runs, and how; and which counters a plan comes to. */
#include "base/text.h"
#include "support/plan_scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct mproc_err err;

/* And begins a new plan. */
static void assert_refused(const char *part)
{
        assert_int_equal(run_expand(&plan, &result, &err), -EINVAL);
        if (!strstr(err.text, part))
                fail_msg("\"%s\" does not say \"%s\"", err.text, part);
        result_done(&result);
        set_up(NULL);
}

static void unknown_names_get_the_nearest_one(void **unused)
{
        (void)unused;
        assert_refused("no workload was named");
        make_plan_workload(&plan, "conter");
        assert_refused("did you mean 'counter'?");
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex,atomc");
        assert_refused("unknown share 'atomc': did you mean 'atomic'?");
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_START, "frok");
        assert_refused("did you mean 'fork'?");
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_RUNTIME, "mprok");
        assert_refused("did you mean 'mproc'?");
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_PLACE, "scater");
        assert_refused("did you mean 'scatter'?");
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_PLACE, "1000");
        assert_refused("1000");
        make_plan_workload(&plan, "counter");
        make_plan_param(&plan, "incremens", "1");
        assert_refused("unknown parameter 'incremens': did you mean 'increments'?");
        make_plan_workload(&plan, "counter");
        make_plan_param(&plan, "increments", "many");
        assert_refused("many");
        make_plan_workload(&plan, "start");
        make_plan_param(&plan, "starts",
                        "1025"); /* the host would do fewer, and an explicit number is exact */
        assert_refused("1024");
}

static void factors_that_mean_nothing_to_a_workload_are_refused(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "spin");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex");
        assert_refused("spin shares nothing");
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SUBMIT, "static");
        assert_refused("counter has no tasks");
        make_plan_workload(&plan, "start");
        make_plan_levels(&plan, FACTOR_WORKERS, "2");
        assert_refused("one process at a time");
}

static void a_baseline_that_no_cell_has_is_refused_before_anything_runs(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex,atomic");
        text_copy(plan.baseline, sizeof(plan.baseline), "sharded");
        assert_refused("sharded");
}

static void a_plan_of_too_many_cells_is_refused(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex,atomic");
        make_plan_param(&plan, "hold", "1-64");
        make_plan_param(&plan, "gap", "1-64");
        assert_refused("more than 4096 cells");
}

static void more_sizes_of_a_parent_than_hosts_are_refused(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "start");
        make_plan_param(&plan, "parent_rss", "1M,2M,3M,4M,5M,6M,7M,8M,9M");
        assert_refused("parent_rss");
}

/* Counters ---------------------------------------------------------------------------------- */

static void expand(void)
{
        if (run_expand(&plan, &result, &err))
                fail_msg("%s", err.text);
}

static void give_counter(const char *name)
{
        plan.counters_off = 0;
        text_copy(plan.counters[plan.counter_count++], sizeof(plan.counters[0]), name);
}

static void counters_are_the_default_set_none_or_by_name(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "spin");
        expand();
        assert_int_equal(result.environment.counter_count, 0);

        result_done(&result);
        set_up(NULL);
        make_plan_workload(&plan, "spin");
        plan.counter_count = 0;
        give_counter("default");
        expand();
        assert_int_equal(result.environment.counter_count, 8);

        result_done(&result);
        set_up(NULL);
        make_plan_workload(&plan, "spin");
        plan.counter_count = 0;
        give_counter("page-faults");
        give_counter("cpu-clock");
        expand();
        assert_int_equal(result.environment.counter_count, 2);

        result_done(&result);
        set_up(NULL);
        make_plan_workload(&plan, "spin");
        plan.counter_count = 0;
        give_counter("page-fauts");
        assert_refused("page-faults");
}

static void a_counter_that_is_named_twice_is_opened_once(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "spin");
        plan.counter_count = 0;
        give_counter("page-faults");
        give_counter("default");
        give_counter("page-faults");
        expand();
        assert_int_equal(result.environment.counter_count, 8);
}

static void more_counters_than_there_is_room_for_are_refused_not_dropped(void **unused)
{
        static const char *const more[] = {"branches",  "cache-references", "bus-cycles",
                                           "cpu-clock", "minor-faults",     "major-faults",
                                           "cs",        "faults",           "migrations"};

        (void)unused;
        make_plan_workload(&plan, "spin");
        plan.counter_count = 0;
        for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
                give_counter(more[i]);
        give_counter("default"); /* 9 + 8 */
        assert_refused("more than 16 counters");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(unknown_names_get_the_nearest_one),
                TEST(factors_that_mean_nothing_to_a_workload_are_refused),
                TEST(a_baseline_that_no_cell_has_is_refused_before_anything_runs),
                TEST(a_plan_of_too_many_cells_is_refused),
                TEST(more_sizes_of_a_parent_than_hosts_are_refused),
                TEST(counters_are_the_default_set_none_or_by_name),
                TEST(a_counter_that_is_named_twice_is_opened_once),
                TEST(more_counters_than_there_is_room_for_are_refused_not_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
