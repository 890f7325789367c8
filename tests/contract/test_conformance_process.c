/* Processes, held against CPython's: see conformance.h. */
#include "contract/conformance.h"
#include "contract/mproc_gate.h"

#include <poll.h>

/* Says by its descriptor that it is there, which it holds until it is gone. */
static int hold(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        CHECK(write(mproc_self_fd(0), "x", 1) == 1);
        return stay();
}

static void expect_signal(struct mproc_process *process, int sig)
{
        struct mproc_status status = join_forever(process);

        assert_int_equal(status.state, MPROC_SIGNALED);
        assert_int_equal(status.code, sig);
        mproc_process_free(process);
}

struct introduction {
        struct told {
                pid_t pid;
                char name[16];
                double sum;
        } * told;
        int number;
        double fraction;
};

static int introduce(void *arg, size_t size)
{
        struct introduction *own = arg;

        CHECK(size == sizeof(*own));
        own->told->pid = getpid();
        own->told->sum = own->number + own->fraction;
        prctl(PR_GET_NAME, own->told->name);
        own->number = 99; /* its copy */
        return 0;
}

static void target_has_arguments_and_name(const char *method)
{
        struct place place = take_place(sizeof(struct told));
        struct introduction arg = {.told = place.at, .number = 23, .fraction = 2.5};
        struct mproc_process_options options = {.start = method,
                                                .name = "SomeProcess",
                                                .target = introduce,
                                                .arg = &arg,
                                                .arg_size = sizeof(arg)};
        struct mproc_process *process = start_with(&options);
        pid_t pid = mproc_process_pid(process);

        expect_exit(process, 0);
        assert_int_equal(arg.told->pid, pid);
        assert_int_not_equal(pid, getpid());
        assert_string_equal(arg.told->name, "SomeProcess");
        assert_true(arg.told->sum == 25.5);
        assert_int_equal(arg.number, 23);
        mproc_shm_free(place.shm);
}

static void join_with_0_looks(const char *method)
{
        struct mproc_process *process = start_target(method, linger, NULL, 0);
        struct mproc_status status;

        assert_int_equal(mproc_process_join(process, 0, &status, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_process_kill(process, NULL), 0);
        assert_int_equal(mproc_process_join(process, MPROC_FOREVER, &status, NULL), 0);
        assert_int_equal(mproc_process_join(process, 0, &status, NULL), 0);
        mproc_process_free(process);
}

static void terminate_is_sigterm(const char *method)
{
        struct mproc_process *process = start_target(method, linger, NULL, 0);

        assert_int_equal(mproc_process_terminate(process, NULL), 0);
        expect_signal(process, SIGTERM);
}

static void kill_is_sigkill(const char *method)
{
        struct mproc_process *process = start_target(method, linger, NULL, 0);

        assert_int_equal(mproc_process_kill(process, NULL), 0);
        expect_signal(process, SIGKILL);
}

struct visits {
        int count, id[8];
};

static int visit(void *arg, size_t size)
{
        struct relative *own = arg;
        struct visits *visits = own->shared;

        (void)size;
        visits->id[visits->count++] = own->id;
        for (int i = 1; own->id < 10 && i <= 2; i++) {
                struct relative next = *own;
                struct mproc_process *process;

                next.id = own->id * 10 + i;
                process = start_relative(&next, visit, NULL);
                CHECK(!mproc_process_join(process, MPROC_FOREVER, NULL, NULL));
                mproc_process_free(process);
        }
        return 0;
}

static void processes_start_processes(const char *method)
{
        static const int expected[] = {0, 1, 11, 12, 2, 21, 22};
        struct place place = take_place(sizeof(struct visits));
        struct visits *visits = place.at;
        struct relative first = relative(method, visits, 0);

        expect_exit(start_relative(&first, visit, NULL), 0);
        assert_int_equal(visits->count, 7);
        assert_memory_equal(visits->id, expected, sizeof(expected));
        mproc_shm_free(place.shm);
}

static int begin_family(void *arg, size_t size)
{
        int fd = mproc_self_fd(0);

        (void)size;
        start_relative(arg, hold, &fd);
        return stay();
}

static void grandchild_ends_with_its_parent(const char *method)
{
        struct relative own = relative(method, NULL, 0);
        struct mproc_process *process;
        char byte;

        open_gate();
        process = start_relative(&own, begin_family, &gate[1]);
        close(gate[1]);
        assert_int_equal(read(gate[0], &byte, 1), 1);
        kill_and_free(process);
        assert_int_equal(read(gate[0], &byte, 1), 0);
        close(gate[0]);
        gate[0] = gate[1] = -1;
}

static void sentinel_tells_the_end(const char *method)
{
        struct mproc_process *process;
        struct pollfd sentinel = {.events = POLLIN};

        open_gate();
        process = start_waiting(method, 0);
        sentinel.fd = mproc_process_fd(process);
        assert_int_equal(poll(&sentinel, 1, 0), 0);
        release_gate();
        assert_int_equal(poll(&sentinel, 1, -1), 1);
        expect_exit(process, 0);
}

static void free_ends_what_runs(const char *method)
{
        struct relative own = relative(method, NULL, 0);
        struct mproc_process *process;
        char byte;

        open_gate();
        process = start_relative(&own, hold, &gate[1]);
        close(gate[1]);
        assert_int_equal(read(gate[0], &byte, 1), 1);
        mproc_process_free(process);
        assert_int_equal(read(gate[0], &byte, 1), 0);
        close(gate[0]);
        gate[0] = gate[1] = -1;
}

#define MANY 20

static void many_at_once(const char *method)
{
        struct mproc_process *process[MANY];

        for (int i = 0; i < MANY; i++)
                process[i] = start_target(method, return_zero, NULL, 0);
        for (int i = 0; i < MANY; i++)
                expect_exit(process[i], 0);
        for (int i = 0; i < MANY; i++)
                process[i] = start_target(method, linger, NULL, 0);
        for (int i = 0; i < MANY; i++)
                assert_int_equal(mproc_process_terminate(process[i], NULL), 0);
        for (int i = 0; i < MANY; i++)
                expect_signal(process[i], SIGTERM);
}

static int leave_early(void *arg, size_t size)
{
        (void)size;
        _exit(*(int *)arg);
}

static int return_code(void *arg, size_t size)
{
        (void)size;
        return *(int *)arg;
}

static void exit_codes(const char *method)
{
        for (int code = 0; code < 256; code += 85) {
                expect_exit(start_target(method, leave_early, &code, sizeof(code)), code);
                expect_exit(start_target(method, return_code, &code, sizeof(code)), code);
        }
}

static int fail_with_reason(void *arg, size_t size)
{
        struct mproc_err err = {.code = -EDOM, .stage = "target", .text = "7 is odd"};

        (void)arg;
        (void)size;
        mproc_self_fail(&err);
        return 1;
}

static void error_of_the_target(const char *method)
{
        struct mproc_process *process = start_target(method, fail_with_reason, NULL, 0);
        struct mproc_status status = join_forever(process);

        assert_int_equal(status.state, MPROC_EXITED);
        assert_int_equal(status.code, 1);
        assert_int_equal(status.err.code, -EDOM);
        assert_string_equal(status.err.text, "7 is odd");
        mproc_process_free(process);
}

static int begin_family_and_return(void *arg, size_t size)
{
        int fd = mproc_self_fd(0);

        (void)size;
        start_relative(arg, hold, &fd);
        return 0;
}

static void children_end_with_a_parent_that_returns(const char *method)
{
        struct relative own = relative(method, NULL, 0);
        char byte;

        open_gate();
        struct mproc_process *process = start_relative(&own, begin_family_and_return, &gate[1]);

        close(gate[1]);
        expect_exit(process, 0);
        while (read(gate[0], &byte, 1) > 0) /* it may or may not have come to say so */
                ;
        close(gate[0]);
        gate[0] = gate[1] = -1;
}

static void *stay_in_a_thread(void *arg)
{
        stay();
        return arg;
}

static int begin_thread(void *arg, size_t size)
{
        pthread_t thread;

        (void)arg;
        (void)size;
        return pthread_create(&thread, NULL, stay_in_a_thread, NULL);
}

static void threads_end_with_the_target(const char *method)
{
        expect_exit(start_target(method, begin_thread, NULL, 0), 0);
}

static int *handled;

static void handle_exit(void)
{
        add(handled, 1);
}

static int register_handler(void *arg, size_t size)
{
        (void)size;
        handled = ((struct duty *)arg)->shared;
        return atexit(handle_exit);
}

static void exit_handlers_do_not_run(const char *method)
{
        struct place place = take_place(sizeof(int));

        expect_exit(start_duty(method, register_handler, place.at, 0), 0);
        assert_int_equal(load(place.at), 0);
        mproc_shm_free(place.shm);
}

static const struct conformance_case cases[] = {
        CASE_SAME(target_has_arguments_and_name, "_TestProcess.test_process",
                  "the target runs in a process of its own, with the arguments and the name that "
                  "were given; what it changes of them is its own"),
        CASE_SAME(join_with_0_looks, "_TestProcess.test_terminate",
                  "`join` with timeout 0 looks at a process that runs and returns; after the end "
                  "it may be repeated"),
        CASE_SAME(terminate_is_sigterm, "_TestProcess.test_terminate",
                  "`terminate` ends it, and its status says SIGTERM"),
        CASE_SAME(kill_is_sigkill, "_TestProcess.test_kill",
                  "`kill` ends it, and its status says SIGKILL"),
        CASE_SAME(processes_start_processes, "_TestProcess.test_recursion",
                  "processes start processes, which start processes"),
        CASE_BETTER(grandchild_ends_with_its_parent, "_TestProcess.test_parent_process",
                    "a grandchild notices that its parent was killed",
                    "it ends with its parent, without having to ask"),
        CASE_SAME(sentinel_tells_the_end, "_TestProcess.test_sentinel",
                  "a descriptor becomes readable when the process is over, not before"),
        CASE_DIFFERENT(free_ends_what_runs, "_TestProcess.test_close",
                       "an object whose process runs cannot be closed",
                       "it can: the process is killed and reaped, so none is left behind"),
        CASE_SAME(many_at_once, "_TestProcess.test_many_processes",
                  "many processes at once (20 here) end well, or by SIGTERM if told to"),
        CASE_SAME(exit_codes, "_TestSubclassingProcess.test_sys_exit",
                  "the exit code is what the target returns or leaves with, 0 to 255"),
        CASE_BETTER(error_of_the_target, "_TestSubclassingProcess.test_stderr_flush",
                    "an error that ends the target gives exit code 1 and a traceback on stderr",
                    "the error itself, code and text, is in the status that `join` returns"),
        CASE_NOT_APPLICABLE("_TestProcess.test_active_children", "a list of all children that run",
                            "a program that wants such a list keeps one; none is kept behind it"),
        CASE_DIFFERENT(children_end_with_a_parent_that_returns, "_TestProcess.test_daemon_argument",
                       "a child is waited for when its parent's program ends; one that is flagged "
                       "as a daemon is terminated, and may have no children",
                       "every process ends with its parent, and any may have children: who wants "
                       "to wait joins"),
        CASE_DIFFERENT(threads_end_with_the_target, "_TestProcess.test_wait_for_threads",
                       "threads that the target began are waited for when it returns",
                       "they end with it, as in C when main returns: the target joins its threads"),
        CASE_DIFFERENT(exit_handlers_do_not_run, "_TestAtExit.test_atexit",
                       "handlers of `atexit` run in the child",
                       "they do not, nor is stdio flushed: it leaves by `_exit`, or what fork "
                       "copied would run and be written twice; a pool has a finaliser"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Processes", cases, sizeof(cases) / sizeof(cases[0]));
}
