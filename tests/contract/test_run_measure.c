/* Whole runs, short ones: which trials there are and in what order, how a run ends, and what is
 * kept when it ends early. Of figures nothing is asserted. */
#include "base/clock.h"
#include "run/run.h"
#include "support/make_plan.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* One run, and what happens in the middle of it: `event` is called before the first trial of the
 * stage and round that are named. */
struct scene {
        struct plan plan;
        struct result result;
        const char *stage;
        uint32_t round;
        void (*event)(struct scene *scene);
        bool stop;
        int stop_fd;
};

static int set_up(void **state)
{
        struct scene *scene = calloc(1, sizeof(*scene));

        assert_non_null(scene);
        *state = scene;
        plan_init(&scene->plan);
        scene->plan.workload_count = 1;
        strcpy(scene->plan.workloads[0], "counter");
        scene->plan.counters_off = 1;
        scene->plan.start_strip = 0;
        scene->plan.budget_ns = 0;
        scene->stop_fd = eventfd(0, EFD_CLOEXEC);
        result_init(&scene->result);
        return 0;
}

static int tear_down(void **state)
{
        struct scene *scene = *state;

        close(scene->stop_fd);
        result_done(&scene->result);
        free(scene);
        return 0;
}

/* Three strategies, one worker, too short for a rate: a trial takes a few ms. */
static void plan_short(struct scene *scene, uint32_t rounds)
{
        make_plan_levels(&scene->plan, FACTOR_SHARE, "mutex,atomic,sharded");
        make_plan_levels(&scene->plan, FACTOR_WORKERS, "1");
        make_plan_param(&scene->plan, "increments", "1000");
        scene->plan.rounds = rounds;
}

static void on_progress(const struct run_progress *progress, void *context)
{
        struct scene *scene = context;

        if (!scene->event || strcmp(progress->stage, scene->stage) ||
            progress->round < scene->round)
                return;
        scene->event(scene);
        scene->event = NULL;
}

static void expand(struct scene *scene)
{
        struct mproc_err err = {0};

        if (run_expand(&scene->plan, &scene->result, &err) < 0)
                fail_msg("%s", err.text);
}

static void measure(struct scene *scene)
{
        struct run_hooks hooks = {.progress = on_progress,
                                  .stop = &scene->stop,
                                  .stop_fd = scene->stop_fd,
                                  .context = scene};
        struct mproc_err err = {0};

        if (run_measure(&scene->result, &hooks, &err) < 0)
                fail_msg("%s", err.text);
}

static void run(struct scene *scene)
{
        expand(scene);
        measure(scene);
}

static void stop(struct scene *scene)
{
        uint64_t one = 1;

        scene->stop = true;
        assert_int_equal(write(scene->stop_fd, &one, sizeof(one)), sizeof(one));
}

/* At most a quarter more stand in for rounds that something foreign disturbed. */
static void assert_rounds(const struct result *result, uint32_t wanted)
{
        assert_true(result->rounds >= wanted);
        assert_true(result->rounds <= wanted + wanted / 4);
        assert_true(result->rounds - wanted <= result->disturbed_rounds);
}

static void rounds_alone_are_exact_and_have_each_cell_once(void **state)
{
        struct scene *scene = *state;
        const struct result *result = &scene->result;

        plan_short(scene, 3);
        run(scene);
        assert_int_equal(result->rounds, 3);
        assert_int_equal(result->end, RESULT_COMPLETE);
        assert_int_equal(result->trial_count, 9);
        for (uint32_t round = 0; round < 3; round++) {
                uint32_t seen = 0;

                for (uint32_t i = 0; i < 3; i++) {
                        const struct trial *trial = &result->trials[3 * round + i];

                        assert_int_equal(trial->round, round);
                        assert_int_equal(trial->position, i);
                        assert_int_equal(trial->outcome.status, TRIAL_OK);
                        seen |= 1u << trial->cell;
                }
                assert_int_equal(seen, 7);
        }
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(result->cells[i].status, CELL_VERIFIED_ONLY);
                assert_true(result->cells[i].verified);
                assert_int_equal(result->cells[i].final_value, 1000);
        }
        assert_string_equal(result->no_verdict, "no verdicts: no cell ran long enough for a rate");
}

static void raise_quota(struct scene *scene) /* asks for longer trials */
{
        scene->result.environment.cpu_quota = scene->result.environment.quota_period_ns = 1e9;
}

static void the_number_of_operations_that_is_shown_was_run(void **state)
{
        struct scene *scene = *state;

        plan_short(scene, 1);
        make_plan_param(&scene->plan, "increments", "auto");
        scene->stage = "measuring";
        scene->event = raise_quota;
        run(scene);
        for (const struct trial *t = scene->result.trials; t < scene->result.trials + 3; t++)
                assert_int_equal(scene->result.cells[t->cell].value[0], t->outcome.ops);
}

static void one_round_is_enough_to_verify(void **state)
{
        struct scene *scene = *state;

        plan_short(scene, 1);
        run(scene);
        assert_int_equal(scene->result.trial_count, 3);
        assert_true(scene->result.cells[0].verified);
}

static void the_order_depends_on_seed_and_round_alone(void **state)
{
        struct scene *scene = *state, *longer;
        void *other;
        bool differs = false;

        plan_short(scene, 3);
        run(scene);
        set_up(&other);
        longer = other;
        plan_short(longer, 6);
        run(longer);
        for (size_t i = 0; i < 9; i++) {
                const struct trial *a = &scene->result.trials[i], *b = &longer->result.trials[i];

                assert_true(a->cell == b->cell && a->round == b->round &&
                            a->position == b->position);
        }
        tear_down(&other);

        set_up(&other);
        longer = other;
        plan_short(longer, 6);
        longer->plan.seed = 2;
        run(longer);
        for (size_t i = 0; i < 9; i++)
                differs |= scene->result.trials[i].cell != longer->result.trials[i].cell;
        assert_true(differs);
        tear_down(&other);
}

static void what_is_too_short_for_a_rate_is_not_repeated_for_the_whole_budget(void **state)
{
        struct scene *scene = *state;

        plan_short(scene, 0);
        scene->plan.budget_ns = 60 * NS_PER_S;
        run(scene);
        assert_rounds(&scene->result, 12);
}

static void a_budget_that_calibration_uses_up_still_gets_one_round(void **state)
{
        struct scene *scene = *state;

        plan_short(scene, 0);
        scene->plan.budget_ns = 1;
        run(scene);
        assert_int_equal(scene->result.rounds, 1);
        assert_int_equal(scene->result.trial_count, 3);
        assert_true(scene->result.cells[0].verified);
}

static void where_nothing_can_be_measured_no_round_is_counted(void **state)
{
        struct scene *scene = *state;

        make_plan_levels(&scene->plan, FACTOR_SHARE, "atomic");
        make_plan_param(&scene->plan, "hold", "10"); /* it has no critical section */
        scene->plan.rounds = 5;
        run(scene);
        assert_int_equal(scene->result.cells[0].status, CELL_SKIPPED);
        assert_int_equal(scene->result.rounds, 0);
        assert_int_equal(scene->result.trial_count, 0);
        assert_string_equal(scene->result.no_verdict, "no verdicts: no cell could be measured");
}

static void plan_precise(struct scene *scene, uint64_t precision_ppm, uint32_t rounds)
{
        make_plan_levels(&scene->plan, FACTOR_SHARE, "atomic");
        make_plan_levels(&scene->plan, FACTOR_WORKERS, "1");
        scene->plan.precision_ppm = precision_ppm;
        scene->plan.rounds = rounds;
}

static void a_precision_that_is_reached_ends_the_run_before_its_rounds(void **state)
{
        struct scene *scene = *state;

        plan_precise(scene, 100000000, 40); /* 100 times the figure */
        run(scene);
        assert_rounds(&scene->result, 12);
}

static void a_precision_that_is_not_reached_ends_with_the_rounds(void **state)
{
        struct scene *scene = *state;

        plan_precise(scene, 1, 14);
        make_plan_levels(&scene->plan, FACTOR_SHARE, "mutex");
        run(scene);
        assert_rounds(&scene->result, 14);
}

static void one_cell_alone_has_a_precision_too(void **state)
{
        struct scene *scene = *state;

        plan_precise(scene, 1, 13);
        run(scene);
        assert_rounds(&scene->result, 13);
}

static void a_stop_in_mid_run_keeps_the_rounds_before_it(void **state)
{
        struct scene *scene = *state;
        const struct result *result = &scene->result;

        plan_short(scene, 100);
        scene->stage = "measuring";
        scene->round = 2;
        scene->event = stop;
        run(scene);
        assert_int_equal(result->end, RESULT_INTERRUPTED);
        assert_int_equal(result->rounds, 2);
        assert_true(result->trial_count >= 6 && result->trial_count < 9);
        for (size_t i = 0; i < result->trial_count; i++)
                assert_int_equal(result->trials[i].outcome.status, TRIAL_OK);
        assert_true(result->cells[0].verified);
}

static void a_stop_during_calibration_is_an_interrupted_run_without_rounds(void **state)
{
        struct scene *scene = *state;

        plan_short(scene, 100);
        scene->stage = "calibrating";
        scene->event = stop;
        run(scene);
        assert_int_equal(scene->result.end, RESULT_INTERRUPTED);
        assert_int_equal(scene->result.rounds, 0);
        assert_int_equal(scene->result.trial_count, 0);
        assert_false(scene->result.cells[0].verified);
}

static void a_parent_that_does_not_fit_into_memory_is_skipped(void **state)
{
        struct scene *scene = *state;
        struct result *result = &scene->result;

        strcpy(scene->plan.workloads[0], "start");
        make_plan_levels(&scene->plan, FACTOR_SHARE, "raw-vfork");
        make_plan_param(&scene->plan, "starts", "1");
        make_plan_param(&scene->plan, "parent_rss", "0,1M");
        scene->plan.rounds = 2;
        expand(scene);
        result->cells[1].value[1] = (int64_t)1 << 50; /* beyond every address space */
        measure(scene);
        assert_int_equal(result->cells[0].status, CELL_MEASURED);
        assert_int_equal(result->cells[0].summary[METRIC_WALL].n, 2);
        assert_int_equal(result->cells[1].status, CELL_SKIPPED);
        assert_non_null(strstr(result->cells[1].note, "parent_rss"));
}

/* The host dies, and no other can be started since there is no descriptor left. */
static void lose_the_host(struct scene *scene)
{
        struct rlimit limit;
        char path[64];
        FILE *file;
        int pid;

        (void)scene;
        snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%d", &pid), 1);
        fclose(file);
        kill(pid, SIGKILL);
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 3;
        setrlimit(RLIMIT_NOFILE, &limit);
}

static void what_was_measured_is_kept_when_hosts_are_lost_for_good(void **state)
{
        struct scene *scene = *state;
        const struct result *result = &scene->result;
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        plan_short(scene, 3);
        scene->stage = "measuring";
        scene->round = 2;
        scene->event = lose_the_host;
        run(scene);
        setrlimit(RLIMIT_NOFILE, &limit);
        assert_int_equal(result->trial_count, 9);
        for (size_t i = 0; i < 9; i++)
                assert_true((result->trials[i].outcome.status == TRIAL_OK) == (i < 6));
        assert_int_equal(result->trials[6].outcome.status, TRIAL_HOST_DIED);
        assert_int_equal(result->trials[8].outcome.status, TRIAL_START_FAILED);
        assert_int_equal(result->trials[8].workers[0].pu_begin, -1); /* it never ran */
        assert_non_null(strstr(result->cells[0].note, "1 of 3 trials failed: "));
        assert_int_equal(result->cells[0].summary[METRIC_WALL].n, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(rounds_alone_are_exact_and_have_each_cell_once),
                TEST(the_number_of_operations_that_is_shown_was_run),
                TEST(one_round_is_enough_to_verify),
                TEST(the_order_depends_on_seed_and_round_alone),
                TEST(what_is_too_short_for_a_rate_is_not_repeated_for_the_whole_budget),
                TEST(a_budget_that_calibration_uses_up_still_gets_one_round),
                TEST(where_nothing_can_be_measured_no_round_is_counted),
                TEST(a_precision_that_is_reached_ends_the_run_before_its_rounds),
                TEST(a_precision_that_is_not_reached_ends_with_the_rounds),
                TEST(one_cell_alone_has_a_precision_too),
                TEST(a_stop_in_mid_run_keeps_the_rounds_before_it),
                TEST(a_stop_during_calibration_is_an_interrupted_run_without_rounds),
                TEST(a_parent_that_does_not_fit_into_memory_is_skipped),
                TEST(what_was_measured_is_kept_when_hosts_are_lost_for_good),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
