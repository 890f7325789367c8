/* Trials as the driver sees them: every strategy under every start method is right, and whatever
 * befalls a worker, the host or the wish to go on comes back as a status, with nothing left
 * running. */
#include "base/clock.h"
#include "base/text.h"
#include "contract/mproc_scene.h"
#include "contract/session_scene.h"
#include "workloads/workload_table.h"

#include <errno.h>
#include <mproc/mproc.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 4

static const struct session_choice large = {.ballast = 64 << 20};

static struct trial_request counter_request(const char *strategy, const char *start, uint64_t ops)
{
        const int64_t values[] = {(int64_t)ops, 0, 0, 7}; /* increments, hold, gap, batch */
        struct trial_request request = new_request("counter", start, WORKERS, ops);

        request.timeout_ns = 30 * NS_PER_S;
        memcpy(request.value, values, sizeof(values));
        text_copy(request.strategy, sizeof(request.strategy), strategy);
        return request;
}

static void every_strategy_is_right_under_every_start_method(void **state)
{
        const struct mpb_workload *counter = workload_find("counter");
        const struct mpb_strategy *strategy;

        for (size_t s = 0; mproc_start_at(s); s++)
                for (size_t i = 0; (strategy = counter->strategy_at(i)); i++) {
                        const char *start = mproc_start_name(mproc_start_at(s));
                        struct trial_request request = counter_request(strategy->name, start, 1000);
                        struct trial_outcome outcome;

                        if (strategy->flags & MPB_FIFO_SPIN)
                                continue; /* more workers than PUs */
                        outcome = run_trial(*state, &lean, &request, NULL, NULL);
                        if (outcome.status != TRIAL_OK)
                                fail_msg("%s under %s: %s", strategy->name, start, outcome.reason);
                        assert_int_equal(outcome.expected_value, 4000);
                        assert_int_equal(outcome.ops, 4000);
                        if (!(strategy->flags & MPB_LOSSY))
                                assert_int_equal(outcome.final_value, 4000);
                        assert_true(outcome.final_value <= 4000);
                }
}

static void times_of_a_trial_fit_into_each_other(void **state)
{
        struct trial_request request = counter_request("mutex", "fork", 100000);
        struct worker_outcome workers[WORKERS];
        struct trial_outcome outcome = run_trial(*state, &lean, &request, NULL, workers);

        assert_int_equal(outcome.status, TRIAL_OK);
        assert_true(outcome.overlap_ns <= outcome.run_ns);
        assert_true(outcome.start_ns + outcome.run_ns + outcome.stop_ns <= outcome.wall_ns);
        assert_true(outcome.overlap_ops <= outcome.ops);
        for (int i = 0; i < WORKERS; i++) {
                assert_true(workers[i].begin_ns < workers[i].end_ns);
                assert_true(workers[i].noted_ns <= workers[i].end_ns);
                assert_true(workers[i].first_ns <= workers[i].ready_ns);
                assert_true(workers[i].ready_ns <= workers[i].gate_ns);
                assert_int_equal(workers[i].exit_state, MPROC_EXITED);
                assert_true(workers[i].pid > 0 && workers[i].pu_end >= 0);
        }
}

static void a_killed_worker_fails_its_trial_and_the_next_one_works(void **state)
{
        struct trial_request endless = counter_request("mutex", "fork", 1ull << 40);
        struct trial_request quick = counter_request("mutex", "fork", 1000);
        pid_t killer = start_killer(warm_host(*state), "mpbench-worker", 0, false);
        struct trial_outcome outcome = run_trial(*state, &lean, &endless, NULL, NULL);

        waitpid(killer, NULL, 0);
        assert_int_equal(outcome.status, TRIAL_WORKER_DIED);
        assert_non_null(strstr(outcome.reason, "SIGKILL"));
        assert_int_equal(run_trial(*state, &lean, &quick, NULL, NULL).status, TRIAL_OK);
}

static void a_killed_host_fails_its_trial_and_is_replaced(void **state)
{
        struct trial_request endless = counter_request("mutex", "fork", 1ull << 40);
        struct trial_request quick = counter_request("mutex", "fork", 1000);
        pid_t host = warm_host(*state), killer = start_killer(host, "mpbench-worker", 0, true);
        struct trial_outcome outcome = run_trial(*state, &lean, &endless, NULL, NULL);

        waitpid(killer, NULL, 0);
        assert_int_equal(outcome.status, TRIAL_HOST_DIED);
        assert_non_null(strstr(outcome.reason, "SIGKILL"));
        assert_int_equal(run_trial(*state, &lean, &quick, NULL, NULL).status, TRIAL_OK);
        assert_int_not_equal(warm_host(*state), host);
}

static void a_trial_beyond_its_time_limit_is_ended(void **state)
{
        struct trial_request request = counter_request("mutex", "fork", 1ull << 40);
        struct trial_outcome outcome;

        request.timeout_ns = 50 * NS_PER_MS;
        outcome = run_trial(*state, &lean, &request, NULL, NULL);
        assert_int_equal(outcome.status, TRIAL_TIMED_OUT);
        assert_non_null(strstr(outcome.reason, "0.05 s"));
        assert_int_equal(find_child("mpbench-worker", warm_host(*state)), 0);
}

static void a_fifo_spinlock_beyond_its_time_limit_has_collapsed(void **state)
{
        struct trial_request request = counter_request("ticket", "fork", 1ull << 40);

        request.timeout_ns = 50 * NS_PER_MS;
        assert_int_equal(run_trial(*state, &lean, &request, NULL, NULL).status, TRIAL_COLLAPSED);
}

static void a_stop_ends_the_trial_at_once(void **state)
{
        struct session *session = *state;
        struct trial_request request = counter_request("mutex", "fork", 1ull << 40);

        warm_host(session);
        session->stop_fd = eventfd(1, EFD_CLOEXEC);
        assert_int_equal(run_trial(session, &lean, &request, NULL, NULL).status, TRIAL_INTERRUPTED);
        close(session->stop_fd);
        session->stop_fd = -1;
        request.ops = 1000;
        assert_int_equal(run_trial(session, &lean, &request, NULL, NULL).status, TRIAL_OK);
}

static void a_pu_that_cannot_be_had_is_a_failed_start(void **state)
{
        struct cpuset cpus[WORKERS] = {0};
        struct trial_request request = counter_request("atomic", "fork", 1000);
        struct trial_outcome outcome;

        for (int i = 0; i < WORKERS; i++)
                cpus[i].bits[CPUSET_WORDS - 1] = 1ull << 63;
        outcome = run_trial(*state, &lean, &request, cpus, NULL);
        assert_int_equal(outcome.status, TRIAL_START_FAILED);
        assert_non_null(strstr(outcome.reason, "bound"));
}

static void workers_run_where_they_are_bound(void **state)
{
        struct trial_request request = counter_request("atomic", "spawn", 100000);
        struct worker_outcome workers[WORKERS];
        struct cpuset cpus[WORKERS] = {0};
        int pu = sched_getcpu();

        for (int i = 0; i < WORKERS; i++)
                cpus[i].bits[pu / 64] = 1ull << (pu % 64);
        assert_int_equal(run_trial(*state, &lean, &request, cpus, workers).status, TRIAL_OK);
        for (int i = 0; i < WORKERS; i++) {
                assert_int_equal(workers[i].pu_begin, pu);
                assert_int_equal(workers[i].pu_end, pu);
        }
}

static void a_large_parent_is_as_large_as_was_asked_for(void **state)
{
        struct trial_request request = {.workload = "start",
                                        .strategy = "mproc",
                                        .start = "fork",
                                        .workers = 1,
                                        .pus = 1,
                                        .ops = 1,
                                        .timeout_ns = 30 * NS_PER_S,
                                        .value = {1}};
        struct cpuset unbound = {0};
        struct worker_outcome worker;
        struct trial_outcome outcome;

        assert_int_equal(session_trial(*state, &large, &request, &unbound, &outcome, &worker, NULL),
                         0);
        assert_int_equal(outcome.status, TRIAL_OK);
        assert_true(outcome.host_rss_bytes >= 64 << 20 && outcome.host_rss_bytes < 80 << 20);
        assert_true(outcome.life.wall_ns >= outcome.life.ready_ns);
}

/* What a driver leaves becomes a child of this process, and stays one, since nobody else reaps. */
static void a_session_leaves_no_process_not_even_a_zombie(void **state)
{
        struct trial_request request = counter_request("atomic", "forkserver", 1000);
        int status;
        pid_t driver;

        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
        driver = fork();
        if (!driver) {
                set_up(state);
                status = run_trial(*state, &lean, &request, NULL, NULL).status;
                kill(warm_host(*state), SIGKILL); /* it can take nobody along */
                tear_down(state);
                _exit(status);
        }
        assert_int_equal(waitpid(driver, &status, 0), driver);
        assert_int_equal(status, TRIAL_OK);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(every_strategy_is_right_under_every_start_method),
                TEST(times_of_a_trial_fit_into_each_other),
                TEST(a_killed_worker_fails_its_trial_and_the_next_one_works),
                TEST(a_killed_host_fails_its_trial_and_is_replaced),
                TEST(a_trial_beyond_its_time_limit_is_ended),
                TEST(a_fifo_spinlock_beyond_its_time_limit_has_collapsed),
                TEST(a_stop_ends_the_trial_at_once),
                TEST(a_pu_that_cannot_be_had_is_a_failed_start),
                TEST(workers_run_where_they_are_bound),
                TEST(a_large_parent_is_as_large_as_was_asked_for),
                cmocka_unit_test(a_session_leaves_no_process_not_even_a_zombie),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
