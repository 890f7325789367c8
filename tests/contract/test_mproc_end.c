/* How a started process ends, and how its parent learns of it. */
#include "contract/mproc_scene.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

/* A target that runs until the write end of its pipe is closed everywhere. */
static int wait_for_release(void *arg, size_t size)
{
        char byte;

        (void)size;
        while (read(mproc_self_fd(0), &byte, 1) > 0)
                ;
        return arg ? *(int *)arg : 0;
}

static int gate[2] = {-1, -1};

static void open_gate(void)
{
        assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
}

/* Under fork a worker would hold the write end itself: it is closed for it. */
static int close_and_wait(void *arg, size_t size)
{
        if (gate[1] >= 0 && getpid() == gettid() && mproc_self_fd(0) == gate[0])
                close(gate[1]);
        return wait_for_release(arg, size);
}

static struct mproc_process *start_waiting(const char *method, int code)
{
        struct mproc_process_options options = {.start = method,
                                                .target = strcmp(method, "fork") ? wait_for_release
                                                                                 : close_and_wait,
                                                .arg = &code,
                                                .arg_size = sizeof(code),
                                                .fds = gate,
                                                .fd_count = 1};

        return start_with(&options);
}

static void release_gate(void)
{
        close(gate[1]);
        close(gate[0]);
        gate[0] = gate[1] = -1;
}

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

/* Death of the parent ------------------------------------------------------------------------ */

static int forever(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        while (pause() < 0)
                ;
        return 0;
}

static int start_and_pause(void *arg, size_t size)
{
        struct mproc_process *process;
        char byte = 'r';

        (void)size;
        if (mproc_process_start(&process,
                                &(struct mproc_process_options){.start = arg, .target = forever},
                                NULL) ||
            write(mproc_self_fd(0), &byte, 1) != 1)
                _exit(1);
        return forever(NULL, 0);
}

static void *start_family(void *method)
{
        struct mproc_process *process;
        int ready[2];
        char byte;

        CHECK(!pipe2(ready, O_CLOEXEC));
        for (int i = 0; i < 2; i++) {
                CHECK(!mproc_process_start(
                        &process,
                        &(struct mproc_process_options){.start = method,
                                                        .target = start_and_pause,
                                                        .arg = method,
                                                        .arg_size = strlen(method) + 1,
                                                        .fds = &ready[1],
                                                        .fd_count = 1},
                        NULL));
                CHECK(read(ready[0], &byte, 1) == 1);
        }
        return NULL;
}

/* Two workers with a worker each, started by a thread that has ended. The parent is killed; the
 * scene, a subreaper, inherits them and waits until each has died. */
static bool parent_is_killed(const char *method, bool foreign_fork)
{
        int ready[2], status;
        pid_t parent, foreign = 0, each;
        size_t ended = 0;

        CHECK(!pipe2(ready, O_CLOEXEC));
        parent = fork();
        if (!parent) {
                pthread_t thread;

                CHECK(!pthread_create(&thread, NULL, start_family, (void *)method));
                pthread_join(thread, NULL);
                if (foreign_fork && !(foreign = fork()))
                        forever(NULL, 0);
                CHECK(write(ready[1], &foreign, sizeof(foreign)) == sizeof(foreign));
                forever(NULL, 0);
        }
        close(ready[1]);
        CHECK(read(ready[0], &foreign, sizeof(foreign)) == sizeof(foreign));
        kill(parent, SIGKILL);
        while ((each = waitpid(-1, &status, 0)) > 0) {
                CHECK(WIFSIGNALED(status) || !strcmp(method, "forkserver"));
                ended++;
                /* The foreign child is to be the last one: only then is it ended. */
                if (foreign && for_children(getpid(), NULL, NULL) == 1) {
                        CHECK(kill(foreign, SIGKILL) == 0);
                        foreign = 0;
                }
        }
        CHECK(ended >= 5);
        return true;
}

static bool parent_alone_is_killed(const char *method)
{
        return parent_is_killed(method, false);
}

static bool parent_with_a_foreign_child_is_killed(const char *method)
{
        return parent_is_killed(method, true);
}

static void all_die_with_a_killed_parent(const char *method)
{
        assert_true(run_scene(parent_alone_is_killed, method));
}

static void all_die_with_a_parent_whose_foreign_child_lives_on(const char *method)
{
        assert_true(run_scene(parent_with_a_foreign_child_is_killed, method));
}

/* The fork server ---------------------------------------------------------------------------- */

static void workers_of_a_killed_fork_server_die_and_the_next_start_works(const char *unused)
{
        struct mproc_process *processes[3];
        struct mproc_status status;
        pid_t server = server_pid();

        (void)unused;
        assert_true(server > 0);
        open_gate();
        for (int i = 0; i < 3; i++)
                processes[i] = start_waiting("forkserver", 0);
        kill(server, SIGKILL);
        for (int i = 0; i < 3; i++) {
                pid_t pid = mproc_process_pid(processes[i]);

                status = join_forever(processes[i]);
                assert_int_equal(status.state, MPROC_UNKNOWN);
                assert_non_null(strstr(status.err.text, "killed by SIGKILL"));
                assert_non_null(strstr(status.err.text, "fork server"));
                assert_true(kill(pid, 0) < 0 || getpgid(pid) >= 0);
                mproc_process_free(processes[i]);
        }
        release_gate();
        expect_exit(start_target("forkserver", return_zero, NULL, 0), 0);
        assert_true(server_pid() > 0 && server_pid() != server);
}

static void *start_once(void *argument)
{
        struct mproc_process_options options = {.start = "forkserver", .target = return_zero};
        struct mproc_process *process = NULL;

        if (!mproc_process_start(&process, &options, argument))
                mproc_process_free(process);
        return process;
}

static void a_start_in_flight_says_that_the_fork_server_was_killed(const char *unused)
{
        struct mproc_err err = {0};
        pid_t server = server_pid();
        pthread_t thread;
        void *process;

        (void)unused;
        assert_true(server > 0);
        kill(server, SIGSTOP); /* takes the request, never answers */
        assert_int_equal(pthread_create(&thread, NULL, start_once, &err), 0);
        usleep(20000); /* late is as good as early: idle, it is replaced without a word */
        kill(server, SIGKILL);
        pthread_join(thread, &process);
        if (!process) {
                assert_int_equal(err.code, -ECONNRESET);
                assert_non_null(strstr(err.text, "killed by SIGKILL"));
        }
        expect_exit(start_target("forkserver", return_zero, NULL, 0), 0);
}

/* Forks -------------------------------------------------------------------------------------- */

static struct mproc_process *inherited;

static bool in_a_foreign_fork(const char *method)
{
        struct belongings before;

        CHECK(mproc_process_join(inherited, 0, NULL, NULL) == -ECHILD);
        CHECK(mproc_process_kill(inherited, NULL) == -ECHILD);
        CHECK(mproc_process_fd(inherited) == -1);
        mproc_process_free(inherited);
        before = take_stock();
        CHECK(before.children == 0 && server_pid() == 0);
        for (int i = 0; i < 2; i++) {
                struct mproc_process *process;
                struct mproc_status status;

                CHECK(!mproc_process_start(
                        &process,
                        &(struct mproc_process_options){.start = method, .target = return_zero},
                        NULL));
                CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
                CHECK(status.state == MPROC_EXITED && status.code == 0);
                mproc_process_free(process);
        }
        return true;
}

static void a_foreign_fork_starts_its_own_and_leaves_its_parents_alone(const char *method)
{
        open_gate();
        inherited = start_waiting(method, 8);
        assert_true(run_scene(in_a_foreign_fork, method));
        release_gate();
        expect_exit(inherited, 8);
}

static atomic_bool enough;

static void *keep_busy(void *method)
{
        while (!enough) {
                struct mproc_shm *shm = NULL;

                if (mproc_shm_new(&shm, 4096, NULL))
                        return "no memory";
                expect_exit(start_target(method, return_zero, NULL, 0), 0);
                mproc_shm_free(shm);
        }
        return NULL;
}

static void a_fork_beside_a_start_deadlocks_nobody(const char *method)
{
        pthread_t thread;
        void *complaint;

        enough = false;
        assert_int_equal(pthread_create(&thread, NULL, keep_busy, (void *)method), 0);
        for (int i = 0; i < 40; i++) {
                int status;
                pid_t pid = fork();

                if (!pid) {
                        struct mproc_shm *shm = NULL;

                        alarm(10);
                        CHECK(!mproc_shm_new(&shm, 4096, NULL));
                        mproc_shm_free(shm);
                        _exit(count_fds() > 30);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
        enough = true;
        pthread_join(thread, &complaint);
        assert_null(complaint);
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
                PROMISE(all_die_with_a_killed_parent, UNDER_OWN_PROCESS),
                PROMISE(all_die_with_a_parent_whose_foreign_child_lives_on, UNDER_OWN_PROCESS),
                PROMISE(workers_of_a_killed_fork_server_die_and_the_next_start_works,
                        UNDER_ONCE_EXEC),
                PROMISE(a_start_in_flight_says_that_the_fork_server_was_killed, UNDER_ONCE_EXEC),
                PROMISE(a_foreign_fork_starts_its_own_and_leaves_its_parents_alone,
                        UNDER_OWN_PROCESS),
                PROMISE(a_fork_beside_a_start_deadlocks_nobody, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
