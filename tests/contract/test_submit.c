/* Trials whose tasks go through a pool: right under every start method, whichever way the tasks are
 * submitted, and whatever befalls a worker or the wish to go on comes back as a status. */
#include "base/clock.h"
#include "base/text.h"
#include "model/submit.h"
#include "run/submission.h"

#include "contract/mproc_random.h"
#include "contract/session_scene.h"
#include <dirent.h>
#include <mproc/pool.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 3

static struct trial_request submission(enum submit submit, const char *start, uint64_t tasks,
                                       int64_t task_ns)
{
        struct trial_request request = spin_request(start, WORKERS, tasks, task_ns);

        request.submit = submit;
        request.in_flight = 4 * WORKERS;
        text_copy(request.transport, sizeof(request.transport), "ring");
        return request;
}

static struct trial_outcome run_right(struct session *session, const struct trial_request *request,
                                      struct worker_outcome *workers)
{
        struct trial_outcome outcome = run_trial(session, &lean, request, NULL, workers);

        if (outcome.status != TRIAL_OK)
                fail_msg("%s, %s under %s: %s", request->workload, submit_name(request->submit),
                         request->start, outcome.reason);
        assert_true(outcome.verified);
        assert_true(outcome.final_value == outcome.expected_value);
        assert_int_equal(outcome.ops, request->ops);
        return outcome;
}

/* Start methods that a pool can use; NULL past the end. */
static const char *start_at(size_t index)
{
        for (size_t i = 0; mproc_start_at(i); i++)
                if (mproc_start_flags(mproc_start_at(i)) & MPROC_START_CONCURRENT && !index--)
                        return mproc_start_name(mproc_start_at(i));
        return NULL;
}

static void every_way_to_submit_is_right_under_every_start_method_and_transport(void **state)
{
        for (size_t s = 0; start_at(s); s++)
                for (enum submit submit = SUBMIT_MAP; submit < SUBMIT_COUNT; submit++)
                        for (size_t t = 0; submission_transport_at(t, NULL); t++) {
                                struct trial_request spin =
                                        submission(submit, start_at(s), 1000, 1000);
                                struct trial_request file = spin;

                                text_copy(spin.transport, sizeof(spin.transport),
                                          submission_transport_at(t, NULL));
                                text_copy(file.transport, sizeof(file.transport), spin.transport);
                                text_copy(file.workload, sizeof(file.workload), "fileread");
                                file.value[0] = 1000;    /* blocks */
                                file.value[1] = 4096;    /* block */
                                file.value[3] = 1 << 20; /* file_size */
                                run_right(*state, &spin, NULL);
                                run_right(*state, &file, NULL);
                        }
}

static void every_chunk_and_depth_is_right(void **state)
{
        static const uint32_t chunks[] = {
                1, 7, 1000, 100000, MPROC_CHUNK_CPYTHON, MPROC_CHUNK_GUIDED};
        static const uint32_t depths[] = {1, 2, 17, 5000};

        for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
                struct trial_request request = submission(SUBMIT_MAP, "fork", 3001, 1000);

                request.chunk = chunks[i];
                run_right(*state, &request, NULL);
        }
        for (enum submit submit = SUBMIT_IMAP; submit < SUBMIT_COUNT; submit++)
                for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
                        struct trial_request request = submission(submit, "fork", 3001, 1000);

                        request.in_flight = depths[i];
                        run_right(*state, &request, NULL);
                }
}

static void every_task_is_timed_once_and_its_response_too(void **state)
{
        for (enum submit submit = SUBMIT_STATIC; submit < SUBMIT_COUNT; submit++) {
                struct trial_request request = submission(submit, "fork", 1009, 1000);
                struct trial_outcome outcome;

                request.timed = 1;
                outcome = run_right(*state, &request, NULL);
                assert_int_equal(outcome.latency.count, 1009);
                assert_int_equal(outcome.response.count, submit == SUBMIT_STATIC ? 0 : 1009);
                for (int i = 1; i < LATENCY_P999; i++)
                        assert_true(outcome.response.ns[i - 1] <= outcome.response.ns[i]);
                assert_true(outcome.response.ns[LATENCY_MAX] <= outcome.run_ns);
                if (submit != SUBMIT_STATIC) /* a histogram knows it to 1.6 % */
                        assert_true(outcome.response.ns[LATENCY_P50] * 1.02 >=
                                    (double)outcome.latency.ns[LATENCY_P50]);
        }
}

static void the_phases_share_out_the_time_of_the_workers(void **state)
{
        for (enum submit submit = SUBMIT_STATIC; submit < SUBMIT_COUNT; submit++) {
                struct trial_request request = submission(submit, "fork", 600, 10000);
                struct worker_outcome workers[WORKERS];
                struct trial_outcome outcome = run_right(*state, &request, workers);
                const struct trial_phases *phases = &outcome.phases;
                uint64_t end_ns = 0, ops = 0;

                for (int i = 0; i < WORKERS; i++) {
                        assert_true(workers[i].begin_ns <= workers[i].end_ns);
                        assert_true(workers[i].work_ns <= workers[i].end_ns);
                        assert_int_equal(workers[i].exit_state, MPROC_EXITED);
                        assert_true(workers[i].pid > 0);
                        assert_true(workers[i].gate_ns <= outcome.wall_ns);
                        end_ns = workers[i].end_ns > end_ns ? workers[i].end_ns : end_ns;
                        ops += workers[i].ops;
                }
                assert_int_equal(ops, 600);
                assert_int_equal(phases->dispatch_ns + phases->work_ns + phases->tail_ns,
                                 WORKERS * end_ns);
                assert_true(outcome.start_ns + outcome.run_ns + outcome.stop_ns <= outcome.wall_ns);
                if (submit == SUBMIT_STATIC) {
                        assert_int_equal(phases->known, PHASES_WORKERS);
                        continue;
                }
                assert_int_equal(phases->known, PHASES_WORKERS | PHASES_PARENT);
                assert_true(phases->first_result_ns > 0);
                assert_true(phases->first_result_ns <= outcome.run_ns);
                assert_true(end_ns <= outcome.run_ns);
        }
}

/* One in seven is timed: what the others took is made up from it. */
static void tasks_that_are_too_short_to_be_timed_are_sampled(void **state)
{
        struct trial_request request = submission(SUBMIT_MAP, "fork", 3001, 1000);
        struct trial_outcome outcome;

        request.timed_one_in = 7;
        outcome = run_right(*state, &request, NULL);
        assert_int_equal(outcome.latency.count, 0);
        assert_int_equal(outcome.response.count, 0);
        assert_true(outcome.phases.work_ns > 0);
}

static void workers_without_a_task_are_no_failure(void **state)
{
        for (enum submit submit = SUBMIT_MAP; submit < SUBMIT_COUNT; submit++) {
                struct trial_request request = submission(submit, "thread", 1, 1000);
                struct worker_outcome workers[WORKERS];
                uint64_t ops = 0;

                assert_int_equal(run_right(*state, &request, workers).overlap_ns, 0);
                for (int i = 0; i < WORKERS; i++)
                        ops += workers[i].ops;
                assert_int_equal(ops, 1);
        }
}

static void a_worker_killed_at_any_time_fails_its_trial_with_the_cause(void **state)
{
        uint64_t random = random_seed();

        for (unsigned round = 0; round < 16; round++) {
                enum submit submit = SUBMIT_MAP + round % (SUBMIT_COUNT - SUBMIT_MAP);
                struct trial_request endless = submission(submit, "fork", 1000000, 1000000);
                struct trial_request quick = submission(submit, "fork", 100, 1000);
                pid_t killer = start_killer(warm_host(*state), "mproc-pool",
                                            roll(&random, 20 * NS_PER_MS), false);
                struct trial_outcome outcome = run_trial(*state, &lean, &endless, NULL, NULL);

                waitpid(killer, NULL, 0);
                if (outcome.status != TRIAL_WORKER_DIED)
                        fail_msg("%s: %s (%s)", submit_name(submit),
                                 trial_status_name(outcome.status), outcome.reason);
                if (!strstr(outcome.reason, "SIGKILL"))
                        fail_msg("%s: %s", submit_name(submit), outcome.reason);
                run_right(*state, &quick, NULL);
                assert_int_equal(find_child("mproc-pool", warm_host(*state)), 0);
        }
}

static void a_trial_beyond_its_time_limit_is_ended(void **state)
{
        for (size_t s = 0; start_at(s); s++)
                for (enum submit submit = SUBMIT_MAP; submit < SUBMIT_COUNT; submit++) {
                        struct trial_request request =
                                submission(submit, start_at(s), 1000000, 1000000);
                        struct trial_outcome outcome;

                        request.timeout_ns = 50 * NS_PER_MS;
                        outcome = run_trial(*state, &lean, &request, NULL, NULL);
                        assert_int_equal(outcome.status, TRIAL_TIMED_OUT);
                        assert_non_null(strstr(outcome.reason, "0.05 s"));
                }
        assert_int_equal(find_child("mproc-pool", warm_host(*state)), 0);
}

static void a_stop_ends_the_trial_at_once(void **state)
{
        struct session *session = *state;

        for (enum submit submit = SUBMIT_MAP; submit < SUBMIT_COUNT; submit++) {
                struct trial_request request = submission(submit, "fork", 1000000, 1000000);

                warm_host(session);
                session->stop_fd = eventfd(1, EFD_CLOEXEC);
                assert_int_equal(run_trial(session, &lean, &request, NULL, NULL).status,
                                 TRIAL_INTERRUPTED);
                close(session->stop_fd);
                session->stop_fd = -1;
        }
}

static void a_worker_that_cannot_begin_is_a_failed_start(void **state)
{
        struct cpuset cpus[WORKERS] = {0};

        for (int i = 0; i < WORKERS; i++)
                cpus[i].bits[CPUSET_WORDS - 1] = 1ull << 63;
        for (size_t s = 0; start_at(s); s++) {
                struct trial_request request = submission(SUBMIT_MAP, start_at(s), 1000, 1000);
                struct trial_outcome outcome = run_trial(*state, &lean, &request, cpus, NULL);

                assert_int_equal(outcome.status, TRIAL_START_FAILED);
                assert_non_null(strstr(outcome.reason, "bound"));
        }
}

static rlim_t fds_of(pid_t pid)
{
        rlim_t count = 0;
        char path[64];
        DIR *folder;

        snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        folder = opendir(path);
        assert_non_null(folder);
        while (readdir(folder))
                count++;
        closedir(folder);
        return count - 2; /* . and .. */
}

/* Whichever descriptor is the one too many, the trial's own too: threads that have come up wait at
 * the gate by then, up to the time limit, and that is not the cause. */
static void a_pool_that_cannot_be_made_says_why(void **state)
{
        rlim_t open = fds_of(warm_host(*state));
        rlim_t room = 4; /* below, poll refuses a host its own descriptors */

        for (;; room++) {
                struct trial_request request = submission(SUBMIT_MAP, "thread", 3, 1000);
                struct rlimit limit = {room, room};
                struct trial_outcome outcome;

                request.timeout_ns = NS_PER_S;
                assert_int_equal(prlimit(warm_host(*state), RLIMIT_NOFILE, &limit, NULL), 0);
                outcome = run_trial(*state, &lean, &request, NULL, NULL);
                if (outcome.status == TRIAL_OK)
                        break;
                if (outcome.status != TRIAL_START_FAILED)
                        fail_msg("%s (%s)", trial_status_name(outcome.status), outcome.reason);
                if (!strstr(outcome.reason, "RLIMIT_NOFILE"))
                        fail_msg("with %lu: %s", (unsigned long)room, outcome.reason);
                tear_down(state); /* a host may raise its limit no more */
                set_up(state);
        }
        assert_true(room > open + WORKERS);
}

static void what_no_pool_can_do_is_refused_with_a_reason(void **state)
{
        struct trial_request serial = submission(SUBMIT_MAP, "serial", 1000, 1000);
        struct trial_request shared = submission(SUBMIT_MAP, "fork", 1000, 1000);
        struct trial_outcome outcome = run_trial(*state, &lean, &serial, NULL, NULL);

        assert_int_equal(outcome.status, TRIAL_UNSUPPORTED);
        assert_non_null(strstr(outcome.reason, "serial"));
        text_copy(shared.workload, sizeof(shared.workload), "counter");
        outcome = run_trial(*state, &lean, &shared, NULL, NULL);
        assert_int_equal(outcome.status, TRIAL_UNSUPPORTED);
        assert_non_null(strstr(outcome.reason, "submit"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                TEST(every_way_to_submit_is_right_under_every_start_method_and_transport),
                TEST(every_chunk_and_depth_is_right),
                TEST(every_task_is_timed_once_and_its_response_too),
                TEST(the_phases_share_out_the_time_of_the_workers),
                TEST(tasks_that_are_too_short_to_be_timed_are_sampled),
                TEST(workers_without_a_task_are_no_failure),
                TEST(a_worker_killed_at_any_time_fails_its_trial_with_the_cause),
                TEST(a_trial_beyond_its_time_limit_is_ended),
                TEST(a_stop_ends_the_trial_at_once),
                TEST(a_worker_that_cannot_begin_is_a_failed_start),
                TEST(a_pool_that_cannot_be_made_says_why),
                TEST(what_no_pool_can_do_is_refused_with_a_reason),
        };

        (void)argc;
        (void)argv;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
