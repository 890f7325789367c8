/* What is made of counters: sums, ratios, shares, and how far off they may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count/event.h"
#include "count/metric_table.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void a_reading_is_scaled_and_a_missing_one_is_not_a_number(void **state)
{
        struct counter_spec spec = {.status = COUNTER_COUNTED};
        struct counter_reading reading = {.value = 300, .enabled_ns = 900, .running_ns = 900};
        double value, share;

        (void)state;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share), COUNTER_COUNTED);
        assert_true(value == 300 && share == 1);
        reading.running_ns = 300;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share), COUNTER_SCALED);
        assert_true(fabs(value - 900) < 1e-6 && fabs(share - 1.0 / 3) < 1e-9);
        reading.running_ns = 0;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share),
                         COUNTER_NOT_COUNTED);
        assert_true(isnan(value));
        reading.error = -EACCES;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share), COUNTER_DENIED);
        reading = (struct counter_reading){.value = 1, .enabled_ns = 1, .running_ns = 1};
        spec.status = COUNTER_UNSUPPORTED;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share),
                         COUNTER_UNSUPPORTED);
        assert_true(isnan(value));
}

/* Three trials of two workers; worker w of trial t has counted value[t] in all of its events. */
struct bench {
        struct counter_spec specs[3];
        struct worker_outcome workers[3][2];
        struct trial trials[3];
        const struct trial *pointers[3];
        struct cell cell;
};

static void bench_init(struct bench *bench, uint64_t cycles, uint64_t instructions)
{
        *bench = (struct bench){.specs = {{.name = "cycles"},
                                          {.name = "instructions"},
                                          {.name = "cache-misses",
                                           .status = COUNTER_UNSUPPORTED,
                                           .reason = "no such event"}}};
        for (size_t t = 0; t < 3; t++) {
                for (size_t w = 0; w < 2; w++)
                        for (size_t e = 0; e < 3; e++)
                                bench->workers[t][w].counters[e] = (struct counter_reading){
                                        .value = (t + 1) * (e ? instructions : cycles),
                                        .enabled_ns = 1000,
                                        .running_ns = 1000};
                bench->trials[t].outcome.workers = 2;
                bench->trials[t].outcome.ops = 10;
                bench->trials[t].workers = bench->workers[t];
                bench->pointers[t] = &bench->trials[t];
        }
}

static const struct cell_counter *counter(const struct cell *cell, const char *name)
{
        for (uint32_t i = 0; i < cell->counter_count; i++)
                if (!strcmp(cell->counters[i].name, name))
                        return &cell->counters[i];
        return NULL;
}

static void counters_are_summed_over_workers_and_derived_per_trial(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_true(counter(&bench.cell, "cycles")->value == 400); /* 2 × 200, the middle trial */
        assert_int_equal(counter(&bench.cell, "cycles")->n, 3);
        assert_true(counter(&bench.cell, "cycles/op")->value == 40);
        assert_true(counter(&bench.cell, "instructions/cycle")->value == 2.5);
        assert_int_equal(counter(&bench.cell, "cache-misses")->status, COUNTER_UNSUPPORTED);
        assert_string_equal(counter(&bench.cell, "cache-misses")->reason, "no such event");
        assert_true(isnan(counter(&bench.cell, "cache-misses")->value));
        assert_null(counter(&bench.cell, "cache-misses/op"));
}

static void a_worker_that_could_not_count_voids_its_trial_only(void **state)
{
        static struct bench bench;
        const struct cell_counter *cycles;

        (void)state;
        bench_init(&bench, 100, 250);
        bench.workers[2][1].counters[0].running_ns = 0;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        cycles = counter(&bench.cell, "cycles");
        assert_int_equal(cycles->n, 2);
        assert_true(cycles->value == 300); /* between 200 and 400, not 2 × 100 and a half trial */
        assert_string_equal(cycles->reason, "counted in 2 of 3 trials");

        for (size_t t = 0; t < 3; t++)
                bench.workers[t][0].counters[0].error = -EMFILE;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        cycles = counter(&bench.cell, "cycles");
        assert_int_equal(cycles->n, 0);
        assert_true(isnan(cycles->value));
        assert_int_equal(cycles->status, COUNTER_NOT_COUNTED);
        assert_non_null(strstr(cycles->reason, "EMFILE"));
        assert_int_equal(counter(&bench.cell, "instructions/cycle")->status, COUNTER_NOT_COUNTED);
        assert_true(isnan(counter(&bench.cell, "instructions/cycle")->value));
}

static void a_multiplexed_counter_says_its_running_share(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        for (size_t t = 0; t < 3; t++)
                for (size_t w = 0; w < 2; w++)
                        bench.workers[t][w].counters[0].running_ns = 500;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_int_equal(counter(&bench.cell, "instructions")->status, COUNTER_COUNTED);
        assert_int_equal(counter(&bench.cell, "cycles")->status, COUNTER_SCALED);
        assert_true(counter(&bench.cell, "cycles")->running_share == 0.5);
        assert_true(counter(&bench.cell, "instructions/cycle")->value == 1.25);
        assert_int_equal(counter(&bench.cell, "instructions/cycle")->status, COUNTER_SCALED);
        assert_true(counter(&bench.cell, "instructions/cycle")->running_share == 0.5);
}

static void a_ratio_does_not_mix_user_mode_with_all_modes(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        strcpy(bench.specs[1].name, "instructions:u");
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_null(counter(&bench.cell, "instructions/cycle"));
        strcpy(bench.specs[0].name, "cycles:u");
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_true(counter(&bench.cell, "instructions/cycle")->value == 2.5);
}

static bool near(double a, double b)
{
        return fabs(a - b) < 1e-9;
}

static void ratios_know_the_names_of_perf_and_of_libpfm4(void **state)
{
        static const char *const names[][3] = {
                {"branch-misses", "branches", "branch-misses/branch"},
                {"branch-misses", "branch-instructions", "branch-misses/branch"},
                {"perf::CACHE-MISSES", "cache-references", "cache-misses/cache-reference"},
                {"L1-dcache-load-misses", "L1-dcache-loads", "L1-dcache-load-misses/load"},
                {"LLC-load-misses:u", "LLC-loads:u", "LLC-load-misses/load"},
                {"dTLB-load-misses", "dTLB-loads", "dTLB-load-misses/load"},
                {"idle-cycles-backend", "cpu-cycles", "stalled-cycles-backend/cycle"},
                {"cycles", "task-clock", "GHz"},
        };
        static struct bench bench;

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                bench_init(&bench, 100, 250);
                strcpy(bench.specs[0].name, names[i][0]);
                strcpy(bench.specs[1].name, names[i][1]);
                metric_summarise(bench.specs, 2, bench.pointers, 3, &bench.cell);
                if (!counter(&bench.cell, names[i][2]))
                        fail_msg("there is no %s", names[i][2]);
                assert_true(near(counter(&bench.cell, names[i][2])->value, 0.4));
        }
}

static void what_metrics_divide_is_to_be_counted_together(void **state)
{
        struct counter_spec specs[] = {{.name = "task-clock"},
                                       {.name = "cycles:u"},
                                       {.name = "cycles"},
                                       {.name = "instructions"}};
        size_t above, below, pairs = 0;

        (void)state;
        for (size_t i = 0; metric_pair_at(i, specs, 4, &above, &below); i++) {
                if (below == 4)
                        continue;
                pairs++;
                assert_int_equal(above, 3);
                assert_int_equal(below, 2);
        }
        assert_int_equal(pairs, 1);
}

static void figures_per_byte_come_where_operations_handle_bytes(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_null(counter(&bench.cell, "cycles/byte"));
        bench.cell.bytes_per_op = 16;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_true(counter(&bench.cell, "cycles/byte")->value == 2.5);
        assert_null(counter(&bench.cell, "cache-misses/byte"));
}

/* 12 trials of one worker each; trial t counts 1000 + t % 3. */
static void the_error_is_the_spread_over_trials_and_what_multiplexing_can_do(void **state)
{
        static struct worker_outcome workers[12];
        static struct trial trials[12];
        static struct cell cell;
        const struct trial *pointers[12];
        struct counter_spec specs[] = {{.name = "cycles", .rotation_ms = 8, .group = 1},
                                       {.name = "instructions", .rotation_ms = 8, .group = 1}};
        double spread;

        (void)state;
        for (size_t t = 0; t < 12; t++) {
                for (size_t e = 0; e < 2; e++)
                        workers[t].counters[e] = (struct counter_reading){
                                .value = (1000 + t % 3) * 1000, .enabled_ns = 1, .running_ns = 1};
                workers[t].ops = 10;
                trials[t].outcome = (struct trial_outcome){.workers = 1, .ops = 10};
                trials[t].workers = &workers[t];
                pointers[t] = &trials[t];
        }
        metric_summarise(specs, 2, pointers, 12, &cell);
        spread = counter(&cell, "cycles")->error;
        assert_true(spread > 0 && spread <= 0.001 + 1e-9);
        assert_true(counter(&cell, "cycles/op")->error == spread);
        assert_true(counter(&cell, "instructions/cycle")->error == 0);

        for (size_t t = 0; t < 12; t++)
                for (size_t e = 0; e < 2; e++)
                        workers[t].counters[e] = (struct counter_reading){
                                .value = 1000000, .enabled_ns = 100000000, .running_ns = 75000000};
        metric_summarise(specs, 2, pointers, 12, &cell);
        /* A quarter of a rotation of 8 ms in 100 ms. */
        assert_true(near(counter(&cell, "cycles")->error, 0.02));
        assert_true(near(counter(&cell, "instructions/cycle")->error, 0.02));
        specs[1].group = 2;
        metric_summarise(specs, 2, pointers, 12, &cell);
        assert_true(near(counter(&cell, "instructions/cycle")->error, 0.04));
        cell.children = 1; /* ten of them, and the worker */
        metric_summarise(specs, 2, pointers, 12, &cell);
        assert_true(near(counter(&cell, "cycles")->error, 0.22));
        specs[0].rotation_ms = 0;
        metric_summarise(specs, 2, pointers, 12, &cell);
        assert_true(isnan(counter(&cell, "cycles")->error));
        assert_true(isnan(counter(&cell, "instructions/cycle")->error));
        metric_summarise(specs, 2, pointers, 3, &cell);
        assert_true(isnan(counter(&cell, "instructions")->error)); /* too few for an interval */
}

static void a_raw_event_that_stays_zero_says_that_it_may_not_exist(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 0, 250);
        strcpy(bench.specs[0].name, "r3ff");
        strcpy(bench.specs[0].encoding, "perf_raw::r3ff:u=1:k=1");
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_int_equal(counter(&bench.cell, "r3ff")->status, COUNTER_COUNTED);
        assert_true(counter(&bench.cell, "r3ff")->value == 0);
        assert_non_null(strstr(counter(&bench.cell, "r3ff")->reason, "no event of this code"));
}

static void workers_tell_their_times_without_any_counter(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        for (size_t t = 0; t < 3; t++)
                for (size_t w = 0; w < 2; w++) {
                        struct worker_outcome *worker = &bench.workers[t][w];

                        worker->user_ns = 600;
                        worker->system_ns = 200;
                        worker->minor_faults = 5;
                        worker->voluntary_switches = 15;
                        worker->run_delay_ns = 200;
                        worker->has_run_delay = w == 0 || t;
                        worker->tsc_ticks = 1000;
                }
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_true(near(counter(&bench.cell, "kernel share")->value, 0.25));
        assert_true(near(counter(&bench.cell, "run-queue wait")->value, 0.2));
        assert_int_equal(counter(&bench.cell, "run-queue wait")->n, 2);
        assert_true(near(counter(&bench.cell, "rusage-faults/op")->value, 1));
        assert_true(near(counter(&bench.cell, "rusage-switches/op")->value, 3));
        assert_true(near(counter(&bench.cell, "tsc-ticks/op")->value, 200));
        for (size_t t = 0; t < 3; t++)
                bench.workers[t][1].has_run_delay = 0;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_int_equal(counter(&bench.cell, "run-queue wait")->status, COUNTER_NOT_COUNTED);
        assert_true(isnan(counter(&bench.cell, "run-queue wait")->value));
        assert_non_null(strstr(counter(&bench.cell, "run-queue wait")->reason, "schedstat"));
}

static void cpus_used_are_the_task_clock_of_all_by_the_makespan(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        strcpy(bench.specs[0].name, "task-clock");
        for (size_t t = 0; t < 3; t++)
                bench.trials[t].outcome.run_ns = (t + 1) * 125;
        metric_summarise(bench.specs, 1, bench.pointers, 3, &bench.cell);
        assert_true(near(counter(&bench.cell, "CPUs used")->value, 1.6));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_reading_is_scaled_and_a_missing_one_is_not_a_number),
                cmocka_unit_test(counters_are_summed_over_workers_and_derived_per_trial),
                cmocka_unit_test(a_worker_that_could_not_count_voids_its_trial_only),
                cmocka_unit_test(a_multiplexed_counter_says_its_running_share),
                cmocka_unit_test(a_ratio_does_not_mix_user_mode_with_all_modes),
                cmocka_unit_test(ratios_know_the_names_of_perf_and_of_libpfm4),
                cmocka_unit_test(what_metrics_divide_is_to_be_counted_together),
                cmocka_unit_test(figures_per_byte_come_where_operations_handle_bytes),
                cmocka_unit_test(the_error_is_the_spread_over_trials_and_what_multiplexing_can_do),
                cmocka_unit_test(a_raw_event_that_stays_zero_says_that_it_may_not_exist),
                cmocka_unit_test(workers_tell_their_times_without_any_counter),
                cmocka_unit_test(cpus_used_are_the_task_clock_of_all_by_the_makespan),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
