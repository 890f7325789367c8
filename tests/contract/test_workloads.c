/* What every workload promises to the host, and each one to its reader. Trials run in forked
 * workers without the host (trial_rig.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/option_table.h"
#include "contract/trial_rig.h"
#include "support/lcg.h"
#include "workload_table.h"

/* The table ------------------------------------------------------------------------------------ */

static const struct mpb_option *param_of(const struct mpb_workload *workload, const char *name)
{
        for (const struct mpb_option *param = workload->params; param->name; param++)
                if (!strcmp(param->name, name))
                        return param;
        return NULL;
}

static void every_workload_is_whole(void **state)
{
        (void)state;
        for (size_t i = 0; workload_at(i); i++) {
                const struct mpb_workload *w = workload_at(i);
                struct mproc_err err;
                int64_t value;

                assert_ptr_equal(workload_find(w->name), w);
                assert_int_equal(w->abi, MPB_ABI);
                assert_non_null(w->summary);
                assert_non_null(w->operation);
                assert_non_null(param_of(w, w->ops_param));
                assert_true(param_of(w, w->ops_param)->allows_auto);
                assert_int_equal(param_of(w, w->ops_param)->min, 1);
                for (const struct mpb_option *param = w->params; param->name; param++) {
                        assert_non_null(param->summary);
                        assert_non_null(param->fallback);
                        if (option_parse_value(param, param->fallback, &value, &err))
                                fail_msg("%s: %s: %s", w->name, param->name, err.text);
                        assert_true(param->choices || param->unit);
                }
                if (w->kind == MPB_LIFE_CYCLE)
                        assert_non_null(w->life);
                else
                        assert_true(w->sizes && w->work && w->verify);
        }
        assert_null(workload_find("no such workload"));
}

static void strategies_have_names_of_their_own_and_only_right_ones_advise(void **state)
{
        (void)state;
        for (size_t i = 0; workload_at(i); i++) {
                const struct mpb_workload *w = workload_at(i);
                int has_baseline = 0;

                for (size_t s = 0; w->strategy_at && w->strategy_at(s); s++) {
                        const struct mpb_strategy *strategy = w->strategy_at(s);

                        assert_non_null(strategy->summary);
                        if (strategy->flags & (MPB_LOSSY | MPB_REFERENCE))
                                assert_null(strategy->advice);
                        else if (w->kind == MPB_SHARED)
                                assert_non_null(strategy->advice);
                        for (size_t other = 0; other < s; other++)
                                assert_string_not_equal(w->strategy_at(other)->name,
                                                        strategy->name);
                        has_baseline |= w->baseline && !strcmp(w->baseline, strategy->name);
                }
                assert_true(has_baseline || !w->baseline);
        }
}

/* counter -------------------------------------------------------------------------------------- */

static void counter_init(struct rig *rig, size_t strategy, uint32_t workers, uint64_t ops)
{
        rig_init(rig, workload_find("counter"));
        rig->trial.strategy = (uint32_t)strategy;
        rig->trial.workers = workers;
        rig->trial.ops = ops;
        rig_set(rig, "batch", 10);
}

static void counter_counts_exactly_under_every_strategy_that_is_meant_to(void **state)
{
        const struct mpb_workload *w = workload_find("counter");
        const uint64_t grains[] = {1, 7, 10000};

        (void)state;
        for (size_t s = 0; w->strategy_at(s); s++)
                for (size_t g = 0; g < 3; g++) {
                        uint32_t flags = w->strategy_at(s)->flags;
                        struct mpb_outcome outcome;
                        struct rig rig;

                        if (flags & MPB_LOSSY)
                                continue;
                        counter_init(&rig, s, 3, 1001);
                        if (flags & MPB_FIFO_SPIN && rig.trial.pus < 3)
                                rig.trial.workers = rig.trial.pus;
                        rig_set(&rig, "gap", g == 1 ? 20 : 0);
                        assert_int_equal(w->check(&rig.trial, &rig.err), 0);
                        assert_int_equal(rig_run(&rig, grains[g], &outcome), 0);
                        assert_int_equal(outcome.expected_value, rig.trial.workers * 1001);
                        if (outcome.final_value != outcome.expected_value)
                                fail_msg("%s: %ju of %ju", w->strategy_at(s)->name,
                                         (uintmax_t)outcome.final_value,
                                         (uintmax_t)outcome.expected_value);
                        assert_int_equal(rig.trial.fd, -1);
                }
}

static void counter_holds_its_lock_as_long_as_asked(void **state)
{
        const struct mpb_workload *w = workload_find("counter");

        (void)state;
        for (size_t s = 0; w->strategy_at(s); s++) {
                struct mpb_outcome outcome;
                struct rig rig;
                int code;

                counter_init(&rig, s, 1, 100);
                assert_string_equal(w->shown_work(&rig.trial), "empty critical section");
                rig_set(&rig, "hold", 50);
                assert_null(strstr(w->shown_work(&rig.trial), "empty"));
                code = w->check(&rig.trial, &rig.err);
                if (code) { /* only what has a critical section can hold it */
                        assert_int_equal(code, -EOPNOTSUPP);
                        assert_non_null(strstr(rig.err.text, "hold must be 0"));
                        continue;
                }
                assert_int_equal(rig_run(&rig, 100, &outcome), 0);
                assert_int_equal(outcome.final_value, 100);
        }
        for (const char *const *name = (const char *const[]){"mutex", "ofdlock", "mcs", NULL};
             *name; name++) {
                struct rig rig;

                counter_init(&rig, 0, 1, 100);
                rig_strategy(&rig, *name);
                rig_set(&rig, "hold", 50);
                assert_int_equal(w->check(&rig.trial, &rig.err), 0);
        }
}

static void racy_never_counts_too_much_and_isolated_counts_nothing_in_processes(void **state)
{
        struct mpb_outcome outcome;
        struct rig rig;

        (void)state;
        counter_init(&rig, 0, 2, 200000);
        rig_strategy(&rig, "racy");
        assert_int_equal(rig_run(&rig, 1000, &outcome), 0);
        assert_int_equal(outcome.expected_value, 400000);
        assert_in_range(outcome.final_value, 2, 400000);

        counter_init(&rig, 0, 2, 1000);
        rig_strategy(&rig, "isolated");
        assert_int_equal(rig_run(&rig, 1000, &outcome), 0);
        assert_int_equal(outcome.final_value, 0);
        assert_int_equal(outcome.expected_value, 2000);
}

static void isolated_counts_afresh_within_one_process(void **state)
{
        struct mpb_outcome outcome;
        struct rig rig;

        (void)state;
        counter_init(&rig, 0, 1, 500);
        rig_strategy(&rig, "isolated");
        for (int trial = 0; trial < 2; trial++) {
                assert_int_equal(rig_prepare(&rig), 0);
                assert_int_equal(rig_work(&rig, 0, 100), 0);
                assert_int_equal(rig.workload->verify(&rig.trial, &outcome, NULL), 0);
                assert_int_equal(outcome.final_value, 500);
                rig_done(&rig);
        }
}

static void a_manager_that_dies_is_told_and_no_wrong_count(void **state)
{
        struct mpb_outcome outcome;
        struct mpb_worker worker;
        struct rig rig;

        (void)state;
        counter_init(&rig, 0, 1, 20);
        rig_strategy(&rig, "manager");
        assert_int_equal(rig_prepare(&rig), 0);
        worker = rig_worker(&rig, 0);
        assert_int_equal(rig.workload->attach(&worker, NULL), 0);
        rig.workload->work(&worker, 0, 10);
        assert_int_equal(rig.workload->verify(&rig.trial, &outcome, NULL), 0);
        assert_int_equal(outcome.final_value, 10);
        rig.workload->stop(&rig.trial); /* it is killed */
        rig.workload->work(&worker, 10, 10);
        assert_int_not_equal(rig.workload->verify(&rig.trial, &outcome, &rig.err), 0);
        assert_non_null(strstr(rig.err.text, "SIGKILL"));
        rig.workload->detach(&worker);
        rig_done(&rig);
}

static void batched_delivers_whole_batches_and_the_rest_at_the_flush(void **state)
{
        struct mpb_outcome outcome;
        struct mpb_worker worker;
        struct rig rig;

        (void)state;
        counter_init(&rig, 0, 1, 25);
        rig_strategy(&rig, "batched");
        assert_int_equal(rig_prepare(&rig), 0);
        worker = rig_worker(&rig, 0);
        assert_int_equal(rig.workload->attach(&worker, NULL), 0);
        for (uint64_t i = 0; i < 25; i += 5)
                rig.workload->work(&worker, i, 5);
        rig.workload->verify(&rig.trial, &outcome, NULL);
        assert_int_equal(outcome.final_value, 20);
        rig.workload->flush(&worker);
        rig.workload->verify(&rig.trial, &outcome, NULL);
        assert_int_equal(outcome.final_value, 25);
        rig.workload->detach(&worker);
        rig_done(&rig);
}

static void fifo_spinlocks_with_more_workers_than_pus_are_told_apart_as_collapsing(void **state)
{
        const struct mpb_workload *w = workload_find("counter");

        (void)state;
        for (size_t s = 0; w->strategy_at(s); s++) {
                int fifo = w->strategy_at(s)->flags & MPB_FIFO_SPIN;
                struct rig rig;

                counter_init(&rig, s, 4, 0);
                rig.trial.pus = 2;
                assert_int_equal(w->check(&rig.trial, &rig.err), fifo ? -EDEADLK : 0);
                if (fifo)
                        assert_non_null(strstr(rig.err.text, "4 workers on 2 PUs"));
                rig.trial.pus = 4;
                assert_int_equal(w->check(&rig.trial, &rig.err), 0);
        }
}

/* spin ----------------------------------------------------------------------------------------- */

static void spin_init(struct rig *rig, uint32_t workers, int uneven)
{
        rig_init(rig, workload_find("spin"));
        rig->trial.workers = workers;
        rig->trial.ops = 103;
        rig->trial.seed = 42;
        rig_set(rig, "task_time", 5000);
        rig_set(rig, "spread", uneven);
}

static void a_leap_lands_where_the_steps_do(void **state)
{
        const uint64_t steps[] = {0, 1, 2, 3, 63, 64, 1000, 12345};

        (void)state;
        for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
                for (uint64_t x = 0; x < 5; x++) {
                        struct lcg_leap leap = lcg_leap_of(steps[i]);

                        assert_int_equal(leap.a * x + leap.c, lcg_run(x, steps[i]));
                }
}

static void spin_gives_what_a_serial_run_gives(void **state)
{
        (void)state;
        for (int uneven = 0; uneven < 2; uneven++) {
                struct mpb_outcome serial, team;
                struct rig rig;

                spin_init(&rig, 1, uneven);
                assert_int_equal(rig_prepare(&rig), 0);
                assert_int_equal(rig_work(&rig, 0, 1), 0);
                rig.workload->verify(&rig.trial, &serial, NULL);
                rig_done(&rig);
                spin_init(&rig, 3, uneven);
                assert_int_equal(rig_run(&rig, 8, &team), 0);
                assert_int_equal(serial.final_value, serial.expected_value);
                assert_int_equal(team.final_value, serial.final_value);
                assert_int_equal(team.expected_value, serial.expected_value);
        }
}

static void spin_misses_a_task_that_was_left_out(void **state)
{
        struct mpb_outcome outcome;
        struct rig rig;

        (void)state;
        spin_init(&rig, 1, 0);
        assert_int_equal(rig_prepare(&rig), 0);
        rig.trial.ops--;
        assert_int_equal(rig_work(&rig, 0, 10), 0);
        rig.trial.ops++;
        rig.workload->verify(&rig.trial, &outcome, NULL);
        assert_int_not_equal(outcome.final_value, outcome.expected_value);
        rig_done(&rig);
}

/* Steps of one task, seen from outside: its result is that of a leap of as many. */
static uint64_t task_steps(struct rig *rig, uint64_t index, const uint64_t lengths[2])
{
        struct mpb_worker worker = rig_worker(rig, 0);
        uint64_t result;

        rig->workload->attach(&worker, NULL);
        rig->workload->work(&worker, index, 1);
        result = *(uint64_t *)worker.slot;
        for (int i = 0; i < 2; i++) {
                struct lcg_leap leap = lcg_leap_of(lengths[i]);

                if (leap.a * (rig->trial.seed + index) + leap.c == result)
                        return lengths[i];
        }
        return 0;
}

static void uneven_tasks_take_as_long_as_even_ones_taken_together(void **state)
{
        uint64_t even, uneven[2];
        struct rig rig;

        (void)state;
        spin_init(&rig, 1, 0);
        assert_int_equal(rig_prepare(&rig), 0);
        even = *(uint64_t *)mpb_shared(&rig.trial);
        rig_done(&rig);
        spin_init(&rig, 1, 1);
        assert_int_equal(rig_prepare(&rig), 0);
        memcpy(uneven, mpb_shared(&rig.trial), sizeof(uneven));
        assert_in_range(uneven[1], 10 * uneven[0], 10 * uneven[0] + 19);
        for (uint64_t group = 0; group < 5; group++) {
                uint64_t sum = 0;

                for (uint64_t i = 0; i < 10; i++)
                        sum += task_steps(&rig, group * 10 + i, uneven);
                assert_int_equal(sum, 10 * even);
        }
        rig_done(&rig);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_workload_is_whole),
                cmocka_unit_test(strategies_have_names_of_their_own_and_only_right_ones_advise),
                cmocka_unit_test(counter_counts_exactly_under_every_strategy_that_is_meant_to),
                cmocka_unit_test(counter_holds_its_lock_as_long_as_asked),
                cmocka_unit_test(
                        racy_never_counts_too_much_and_isolated_counts_nothing_in_processes),
                cmocka_unit_test(isolated_counts_afresh_within_one_process),
                cmocka_unit_test(a_manager_that_dies_is_told_and_no_wrong_count),
                cmocka_unit_test(batched_delivers_whole_batches_and_the_rest_at_the_flush),
                cmocka_unit_test(
                        fifo_spinlocks_with_more_workers_than_pus_are_told_apart_as_collapsing),
                cmocka_unit_test(a_leap_lands_where_the_steps_do),
                cmocka_unit_test(spin_gives_what_a_serial_run_gives),
                cmocka_unit_test(spin_misses_a_task_that_was_left_out),
                cmocka_unit_test(uneven_tasks_take_as_long_as_even_ones_taken_together),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
