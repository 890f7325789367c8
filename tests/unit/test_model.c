/* The model: names, defaults, storage, labels, CPU lists. */
#include "model/cpuset.h"
#include "model/names.h"
#include "support/fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static void names_are_read_back(void **unused)
{
        (void)unused;
        for (int status = CELL_MEASURED; status <= CELL_FAILED; status++)
                assert_int_equal(cell_status_from_name(cell_status_name(status)), status);
        for (int status = TRIAL_OK; status <= TRIAL_INTERRUPTED; status++)
                assert_int_equal(trial_status_from_name(trial_status_name(status)), status);
        for (uint32_t status = COUNTER_COUNTED; status <= COUNTER_DENIED; status++)
                assert_int_equal(name_find(counter_status_at, counter_status_at(status)), status);
        assert_int_equal(cell_status_from_name("Measured"), -EINVAL);
        assert_int_equal(trial_status_from_name(""), -EINVAL);
        assert_null(cell_status_name(CELL_FAILED + 1));
        assert_null(factor_name(FACTOR_COUNT));
        assert_null(metric_name(METRIC_COUNT));
        assert_string_equal(factor_name(FACTOR_SHARE), "share");
        assert_true(metric_higher_is_better(METRIC_THROUGHPUT));
        assert_false(metric_higher_is_better(METRIC_START));
        assert_string_equal(metric_unit(METRIC_WALL), "ns");
}

static void a_plan_begins_with_the_documented_defaults(void **unused)
{
        struct plan plan;

        (void)unused;
        memset(&plan, 0xff, sizeof(plan));
        plan_init(&plan);
        assert_int_equal(plan.threshold_ppm, 20000);
        assert_int_equal(plan.budget_ns, 10000000000);
        assert_int_equal(plan.seed, 1);
        assert_int_equal(plan.rounds, 0);
        assert_int_equal(plan.counter_count, 1);
        assert_string_equal(plan.counters[0], "default");
        assert_string_equal(plan.baseline, "");
}

static void storage_grows_zeroed_and_keeps_what_it_has(void **unused)
{
        struct result result;
        const struct cell zero = {.id = 99};

        (void)unused;
        result_init(&result);
        for (uint32_t i = 0; i < 100; i++) {
                struct cell *cell = result_add_cell(&result);
                struct trial *trial = result_add_trial(&result, i % 3);
                struct comparison *comparison = result_add_comparison(&result);

                assert_int_equal(cell->id, i);
                if (i == 99)
                        assert_memory_equal(cell, &zero, sizeof(zero));
                cell->ops = i;
                assert_int_equal(trial->outcome.workers, i % 3);
                trial->round = i;
                if (i % 3)
                        trial->workers[i % 3 - 1].pid = (int32_t)i;
                comparison->cell = i;
                if (i % 10 == 7) {
                        result_drop_trial(&result);
                        result_add_trial(&result, 0)->round = i;
                }
        }
        for (uint32_t i = 0; i < 100; i++) {
                assert_int_equal(result.cells[i].ops, i);
                assert_int_equal(result.trials[i].round, i);
                assert_int_equal(result.comparisons[i].cell, i);
        }
        assert_int_equal(result.trials[95].workers[1].pid, 95);
        assert_int_equal(result.trial_count, 100);
        result_done(&result);
        result_done(&result);
        result_done(NULL);
}

static struct cell *add_cell(struct result *result, const char *share, const char *start,
                             const char *workers)
{
        struct cell *cell = result_add_cell(result);

        assert_non_null(cell);
        TEXT(cell->workload, "counter");
        TEXT(cell->level[FACTOR_SHARE], share);
        TEXT(cell->level[FACTOR_START], start);
        TEXT(cell->level[FACTOR_WORKERS], workers);
        return cell;
}

static void set_param(struct cell *cell, const char *name, const char *unit, int64_t value,
                      bool is_auto)
{
        uint32_t i = cell->param_count++;

        TEXT(cell->param[i], name);
        TEXT(cell->param_unit[i], unit);
        cell->value[i] = value;
        cell->is_auto[i] = is_auto;
        snprintf(cell->value_text[0], sizeof(cell->value_text[0]), "%lld", (long long)value);
}

static void assert_label(const struct result *result, size_t cell, const char *expected)
{
        char label[80];

        cell_label(result, &result->cells[cell], label, sizeof(label));
        assert_string_equal(label, expected);
}

static void labels_tell_what_cells_of_a_workload_differ_in(void **unused)
{
        struct result result;

        (void)unused;
        result_init(&result);
        add_cell(&result, "atomic", "fork", "4");
        assert_label(&result, 0, "atomic");
        add_cell(&result, "mutex", "fork", "4");
        TEXT(add_cell(&result, "", "vfork", "1")->workload, "other");
        assert_label(&result, 0, "atomic");
        assert_label(&result, 2, "vfork");
        add_cell(&result, "atomic", "spawn", "4");
        add_cell(&result, "atomic", "spawn", "1");
        assert_label(&result, 0, "atomic · fork · 4 workers");
        assert_label(&result, 4, "atomic · spawn · 1 worker");
        assert_label(&result, 2, "vfork");
        result_done(&result);
}

static void labels_tell_parameters_that_differ(void **unused)
{
        struct result result;

        (void)unused;
        result_init(&result);
        /* Automatic values are one choice, whatever they came to. */
        set_param(add_cell(&result, "", "fork", "1"), "increments", "adds", 1000, true);
        set_param(add_cell(&result, "", "spawn", "1"), "increments", "adds", 2000, true);
        assert_label(&result, 0, "fork");
        set_param(add_cell(&result, "", "spawn", "1"), "increments", "adds", 1000, false);
        assert_label(&result, 0, "fork · increments auto");
        assert_label(&result, 2, "spawn · increments 1000");
        result.cell_count = 0;
        set_param(add_cell(&result, "", "fork", "1"), "parent_rss", "bytes", 0, false);
        set_param(add_cell(&result, "", "fork", "1"), "parent_rss", "bytes", 1 << 30, false);
        assert_label(&result, 1, "parent_rss 1 GiB");
        result_done(&result);
}

static void a_label_stays_within_its_room(void **unused)
{
        struct result result;
        char room[12] = "???????????";

        (void)unused;
        result_init(&result);
        add_cell(&result, "atomic", "fork", "4");
        add_cell(&result, "sharded", "spawn", "1");
        cell_label(&result, &result.cells[0], room, 8);
        assert_int_equal(strlen(room), 7);
        assert_memory_equal(room, "atomic ", 7);
        assert_int_equal(room[8], '?');
        result_done(&result);
}

static void cpu_lists_are_read_back(void **unused)
{
        static const char *const lists[] = {"", "0", "0-3,8", "5,63-64,1023", "0-1023"};
        char text[CPUSET_TEXT_BYTES];
        struct cpuset set;

        (void)unused;
        for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
                assert_int_equal(cpuset_parse(lists[i], &set), 0);
                assert_string_equal(cpuset_format(&set, text, sizeof(text)), lists[i]);
        }
        memset(&set, 0x55, sizeof(set));
        assert_true(strlen(cpuset_format(&set, text, sizeof(text))) < sizeof(text) - 1);
        assert_non_null(strstr(text, ",1022"));
}

static void wrong_cpu_lists_are_refused(void **unused)
{
        static const char *const lists[] = {"1024", "a",   "1,",  ",1",  "3-1",  "1-",   "-1",
                                            "1,1",  "2,0", "1 2", "0x1", "1--2", "1-2-3"};
        struct cpuset set = {.bits = {42}};

        (void)unused;
        for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
                if (cpuset_parse(lists[i], &set) != -EINVAL)
                        fail_msg("\"%s\" was taken", lists[i]);
        assert_int_equal(set.bits[0], 42);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_read_back),
                cmocka_unit_test(a_plan_begins_with_the_documented_defaults),
                cmocka_unit_test(storage_grows_zeroed_and_keeps_what_it_has),
                cmocka_unit_test(labels_tell_what_cells_of_a_workload_differ_in),
                cmocka_unit_test(labels_tell_parameters_that_differ),
                cmocka_unit_test(a_label_stays_within_its_room),
                cmocka_unit_test(cpu_lists_are_read_back),
                cmocka_unit_test(wrong_cpu_lists_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
