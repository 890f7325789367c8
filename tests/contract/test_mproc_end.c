/* How a started process ends, and how its parent learns of it. */
#include "contract/mproc_gate.h"

#include <poll.h>

static int return_code(void *arg, size_t size)
{
        (void)size;
        return *(int *)arg;
}

static void the_return_value_is_the_exit_code(const char *method)
{
        int codes[] = {0, 7, 255, 300, -1};

        for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
                expect_exit(start_target(method, return_code, &codes[i], sizeof(int)),
                            codes[i] & 0xff);
}

static int call_exit(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        exit(9);
}

static void a_target_that_exits_has_exited(const char *method)
{
        expect_exit(start_target(method, call_exit, NULL, 0), 9);
}

static int raise_signal(void *arg, size_t size)
{
        (void)size;
        raise(*(int *)arg);
        return 0;
}

static void the_signal_that_ended_it_is_told(const char *method)
{
        int signals[] = {SIGUSR1, SIGKILL};

        for (size_t i = 0; i < 2; i++) {
                struct mproc_process *process =
                        start_target(method, raise_signal, &signals[i], sizeof(int));
                struct mproc_status status = join_forever(process);

                assert_int_equal(status.state, MPROC_SIGNALED);
                assert_int_equal(status.code, signals[i]);
                mproc_process_free(process);
        }
}

static void join_times_out_and_can_be_repeated(const char *method)
{
        struct mproc_status status = {.state = -5}, again;
        struct mproc_process *process;
        struct pollfd poll_fd = {.events = POLLIN};
        struct mproc_err err = {0};

        open_gate();
        process = start_waiting(method, 3);
        poll_fd.fd = mproc_process_fd(process);
        assert_int_equal(mproc_process_join(process, 0, &status, &err), -ETIMEDOUT);
        assert_int_equal(mproc_process_join(process, 2000000, &status, &err), -ETIMEDOUT);
        assert_int_equal(err.code, -ETIMEDOUT);
        assert_int_equal(status.state, -5);
        assert_int_equal(poll(&poll_fd, 1, 0), 0);
        release_gate();
        assert_int_equal(poll(&poll_fd, 1, -1), 1);
        assert_int_equal(mproc_process_join(process, 20 * SECOND_NS, &status, &err), 0);
        assert_int_equal(mproc_process_join(process, 0, &again, NULL), 0);
        assert_memory_equal(&status, &again, sizeof(status));
        assert_int_equal(poll(&poll_fd, 1, 0), 1);
        expect_exit(process, 3);
}

static void *join_in_thread(void *argument)
{
        struct mproc_status status = {0};
        int r = mproc_process_join(argument, 20 * SECOND_NS, &status, NULL);

        return (void *)(intptr_t)(r ? r : status.state == MPROC_EXITED ? status.code : -1000);
}

static void several_threads_may_join_one_process(const char *method)
{
        struct mproc_process *process;
        pthread_t threads[4];
        void *code;

        open_gate();
        process = start_waiting(method, 5);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, join_in_thread, process), 0);
        release_gate();
        for (size_t i = 0; i < 4; i++) {
                pthread_join(threads[i], &code);
                assert_int_equal((intptr_t)code, 5);
        }
        mproc_process_free(process);
}

static void kill_and_terminate_end_it(const char *method)
{
        for (int i = 0; i < 2; i++) {
                struct mproc_process *process;
                struct mproc_status status;

                open_gate();
                process = start_waiting(method, 0);
                assert_int_equal(i ? mproc_process_kill(process, NULL)
                                   : mproc_process_terminate(process, NULL),
                                 0);
                status = join_forever(process);
                assert_int_equal(status.state, MPROC_SIGNALED);
                assert_int_equal(status.code, i ? SIGKILL : SIGTERM);
                assert_int_equal(mproc_process_kill(process, NULL), 0); /* over already */
                mproc_process_free(process);
                release_gate();
        }
}

static void free_ends_what_still_runs(const char *method)
{
        struct mproc_process *process;
        pid_t pid;

        open_gate();
        process = start_waiting(method, 0);
        pid = mproc_process_pid(process);
        assert_int_equal(kill(pid, 0), 0);
        mproc_process_free(process);
        assert_int_equal(kill(pid, 0), -1);
        release_gate();
        mproc_process_free(NULL);
}

static void a_thread_cannot_be_signalled(const char *unused)
{
        struct mproc_process *process = start_target("thread", return_zero, NULL, 0);
        struct mproc_err err = {0};

        (void)unused;
        assert_int_equal(mproc_process_terminate(process, &err), -ENOTSUP);
        assert_int_equal(mproc_process_kill(process, NULL), -ENOTSUP);
        assert_non_null(strstr(err.text, "thread"));
        mproc_process_free(process);
}

static int fail_with_reason(void *arg, size_t size)
{
        struct mproc_err err = {.code = -EDOM, .stage = "attach", .text = "17 is out of range"};

        (void)arg;
        (void)size;
        mproc_self_fail(&err);
        return 4;
}

static void the_error_that_a_target_leaves_arrives_whole(const char *method)
{
        struct mproc_process *process = start_target(method, fail_with_reason, NULL, 0);
        struct mproc_status status = join_forever(process);

        assert_int_equal(status.state, MPROC_EXITED);
        assert_int_equal(status.code, 4);
        assert_int_equal(status.err.code, -EDOM);
        assert_string_equal(status.err.stage, "attach");
        assert_string_equal(status.err.text, "17 is out of range");
        mproc_process_free(process);
}

#define MANY 200

static void two_hundred_run_at_once(const char *method)
{
        struct mproc_process *processes[MANY];

        open_gate();
        for (int i = 0; i < MANY; i++)
                processes[i] = start_waiting(method, i);
        for (int i = 0; i < MANY; i++)
                assert_int_equal(mproc_process_join(processes[i], 0, NULL, NULL), -ETIMEDOUT);
        release_gate();
        for (int i = 0; i < MANY; i++)
                expect_exit(processes[i], i);
}

static void *start_in_thread(void *method)
{
        return start_waiting(method, 6);
}

static void it_outlives_the_thread_that_started_it(const char *method)
{
        struct mproc_process *process;
        pthread_t thread;
        void *result;

        open_gate();
        assert_int_equal(pthread_create(&thread, NULL, start_in_thread, (void *)method), 0);
        pthread_join(thread, &result);
        process = result;
        assert_int_equal(mproc_process_join(process, 20000000, NULL, NULL), -ETIMEDOUT);
        release_gate();
        expect_exit(process, 6);
}

static bool with_sigchld_ignored(const char *method)
{
        struct mproc_process_options options = {.start = method, .target = return_zero};
        struct mproc_process *process;
        struct mproc_status status;

        signal(SIGCHLD, SIG_IGN);
        for (int i = 0; i < 20; i++) {
                CHECK(!mproc_process_start(&process, &options, NULL));
                CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
                if (!strcmp(method, "forkserver")) { /* the server waits, not this process */
                        CHECK(status.state == MPROC_EXITED && status.code == 0);
                } else {
                        CHECK(status.state == MPROC_UNKNOWN);
                        CHECK(strstr(status.err.text, "SIGCHLD"));
                }
                mproc_process_free(process);
        }
        return true;
}

static void a_status_that_was_taken_is_unknown_not_a_hang(const char *method)
{
        assert_true(run_scene(with_sigchld_ignored, method));
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(the_return_value_is_the_exit_code, UNDER_ALL),
                PROMISE(a_target_that_exits_has_exited, UNDER_OWN_PROCESS),
                PROMISE(the_signal_that_ended_it_is_told, UNDER_OWN_PROCESS),
                PROMISE(join_times_out_and_can_be_repeated, UNDER_CONCURRENT),
                PROMISE(several_threads_may_join_one_process, UNDER_CONCURRENT),
                PROMISE(kill_and_terminate_end_it, UNDER_OWN_PROCESS),
                PROMISE(free_ends_what_still_runs, UNDER_OWN_PROCESS),
                PROMISE(a_thread_cannot_be_signalled, UNDER_NONE),
                PROMISE(the_error_that_a_target_leaves_arrives_whole, UNDER_ALL),
                PROMISE(two_hundred_run_at_once, UNDER_CONCURRENT),
                PROMISE(it_outlives_the_thread_that_started_it, UNDER_CONCURRENT),
                PROMISE(a_status_that_was_taken_is_unknown_not_a_hang, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
