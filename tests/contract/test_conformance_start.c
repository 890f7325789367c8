/* Start methods and what a process begins with, held against CPython's: see conformance.h. */
#include "contract/conformance.h"
#include "contract/mproc_gate.h"

#include <limits.h>
#include <mproc/queue.h>

struct inventory {
        int counted, fds[5];
};

static int take_inventory(void *arg, size_t size)
{
        struct duty *duty = arg;
        struct inventory *inventory = duty->shared;

        inventory->fds[duty->index] = (int)count_fds();
        add(&inventory->counted, 1);
        return wait_for_release(NULL, size);
}

static void descriptors_do_not_add_up(const char *method)
{
        struct place place = take_place(sizeof(struct inventory));
        struct inventory *inventory = place.at;
        struct mproc_process *process[5];

        open_gate();
        for (int i = 0; i < 5; i++) {
                struct duty duty = {.shared = inventory, .index = i};

                process[i] = start_with(&(struct mproc_process_options){.start = method,
                                                                        .target = take_inventory,
                                                                        .arg = &duty,
                                                                        .arg_size = sizeof(duty),
                                                                        .fds = gate,
                                                                        .fd_count = 1});
        }
        await(&inventory->counted, 5);
        release_gate();
        for (int i = 0; i < 5; i++) {
                expect_exit(process[i], 0);
                assert_int_equal(inventory->fds[i], inventory->fds[0]);
        }
        mproc_shm_free(place.shm);
}

static int see_closed(void *arg, size_t size)
{
        (void)size;
        return fcntl(*(int *)arg, F_GETFD) < 0 && errno == EBADF ? 0 : 1;
}

static void parents_descriptors_stay_behind(const char *method)
{
        int high = fcntl(0, F_DUPFD, 50);

        expect_exit(start_target(method, see_closed, &high, sizeof(high)), 0);
        close(high);
}

static bool without_standard_streams(const char *method)
{
        struct relative own = relative(method, NULL, 0);
        struct mproc_status status;

        for (int first = 2; first >= 0; first--) { /* 2 alone, 1 and 2, all of them */
                struct mproc_process *process;

                close(first);
                process = start_relative(&own, return_zero, NULL);
                if (mproc_process_join(process, MPROC_FOREVER, &status, NULL) ||
                    status.state != MPROC_EXITED || status.code)
                        return false;
                mproc_process_free(process);
        }
        return true;
}

static void closed_standard_streams_do_no_harm(const char *method)
{
        assert_true(run_scene(without_standard_streams, method));
}

static void fork_server_interrupted(const char *method)
{
        struct mproc_process *process;

        open_gate();
        process = start_waiting(method, 0);
        assert_int_equal(kill(server_pid(), SIGINT), 0);
        expect_exit(start_target(method, return_zero, NULL, 0), 0);
        release_gate();
        expect_exit(process, 0);
}

/* Waits until it is over: a start that it is killed over may fail. */
static void kill_server(void)
{
        pid_t server = server_pid();
        siginfo_t info;

        assert_int_equal(kill(server, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t)server, &info, WEXITED | WNOWAIT), 0);
}

static void fork_server_killed(const char *method)
{
        kill_server();
        expect_exit(start_target(method, return_zero, NULL, 0), 0);
}

static void fork_server_killed_under_a_process(const char *method)
{
        struct mproc_process *process = start_target(method, linger, NULL, 0);
        struct mproc_status status;

        kill_server();
        status = join_forever(process);
        assert_int_equal(status.state, MPROC_UNKNOWN);
        assert_non_null(strstr(status.err.text, "killed by SIGKILL"));
        mproc_process_free(process);
        expect_exit(start_target(method, return_zero, NULL, 0), 0);
}

static volatile sig_atomic_t signals_seen;

static void note_signal(int sig)
{
        (void)sig;
        signals_seen = 1;
}

static int signal_often(void *arg, size_t size)
{
        (void)size;
        for (int i = 0; i < 20; i++) {
                CHECK(!kill(*(pid_t *)arg, SIGUSR1));
                nap(MS);
        }
        return 0;
}

static void handled_signals_do_not_end_a_join(const char *method)
{
        struct sigaction action = {.sa_handler = note_signal}, before;
        pid_t pid = getpid();

        signals_seen = 0;
        sigaction(SIGUSR1, &action, &before);
        expect_exit(start_target(method, signal_often, &pid, sizeof(pid)), 0);
        sigaction(SIGUSR1, &before, NULL);
        assert_true(signals_seen);
}

static void methods_have_names(const char *method)
{
        const struct mproc_start_method *found = mproc_start_find(method);
        bool listed = false;

        assert_non_null(found);
        assert_string_equal(mproc_start_name(found), method);
        for (size_t i = 0; mproc_start_at(i); i++)
                listed |= mproc_start_at(i) == found;
        assert_true(listed);
        assert_null(mproc_start_find("no such method"));
}

static int make_queue(void *arg, size_t size)
{
        (void)size;
        return mproc_queue_init(((struct relative *)arg)->shared, MPROC_QUEUE_BYTES(8, 8), 0, NULL)
                       ? 1
                       : 0;
}

static int put_id(void *arg, size_t size)
{
        struct relative *own = arg;

        (void)size;
        return mproc_queue_put(own->shared, &own->id, sizeof(own->id), 0, NULL) ? 1 : 0;
}

static void expect_id(struct mproc_queue *queue, int id)
{
        int got = -1;
        size_t size;

        assert_int_equal(mproc_queue_get(queue, &got, sizeof(got), &size, 0, NULL), 0);
        assert_int_equal(got, id);
}

static void methods_mix(const char *method)
{
        struct place place = take_place(MPROC_QUEUE_BYTES(8, 8));

        for (int i = 0; i < CONFORMANCE_METHODS; i++) {
                struct relative maker = relative(conformance_methods[i], place.at, 0);
                struct relative user = relative(method, place.at, 7);

                expect_exit(start_relative(&maker, make_queue, NULL), 0);
                expect_exit(start_relative(&user, put_id, NULL), 0);
                expect_id(place.at, 7);
                mproc_queue_done(place.at);
        }
        mproc_shm_free(place.shm);
}

static int put_two_and_hand_on(void *arg, size_t size)
{
        struct relative next = *(struct relative *)arg;
        struct mproc_status status;
        struct mproc_process *process;

        if (put_id(arg, size))
                return 1;
        next.id = 1;
        process = start_relative(&next, put_id, NULL);
        CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
        mproc_process_free(process);
        return status.code;
}

static void arguments_are_handed_on(const char *method)
{
        struct place place = take_place(MPROC_QUEUE_BYTES(8, 8));
        struct relative own = relative(method, place.at, 2);

        assert_int_equal(mproc_queue_init(place.at, MPROC_QUEUE_BYTES(8, 8), 0, NULL), 0);
        expect_exit(start_relative(&own, put_two_and_hand_on, NULL), 0);
        expect_id(place.at, 2);
        expect_id(place.at, 1);
        mproc_queue_done(place.at);
        mproc_shm_free(place.shm);
}

#define UNGUARDED "--without-mproc-init"

/* In a program that does not call mproc_init. */
static int start_unguarded(const char *method)
{
        struct mproc_process_options options = {.start = method, .target = return_zero};
        struct mproc_process *process = NULL;
        struct mproc_status status = {0};
        struct mproc_err err = {0};
        int r = mproc_process_start(&process, &options, &err);

        if (mproc_start_flags(mproc_start_find(method)) & MPROC_START_EXEC)
                return r == -EINVAL && strstr(err.text, "mproc_init") ? 0 : 1;
        if (r || mproc_process_join(process, MPROC_FOREVER, &status, NULL))
                return 1;
        mproc_process_free(process);
        return status.state == MPROC_EXITED ? status.code : 1;
}

static bool become_unguarded(const char *method)
{
        char program[PATH_MAX] = "";

        CHECK(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
        execl(program, program, UNGUARDED, method, NULL);
        return false;
}

static void no_fork_bomb(const char *method)
{
        assert_true(run_scene(become_unguarded, method));
}

static const struct conformance_case cases[] = {
        CASE_SAME(methods_have_names, "TestStartMethod.test_get_all",
                  "start methods are known by name, and can be listed"),
        {BETTER, ALL_METHODS, FORK, methods_mix, "TestStartMethod.test_mixed_startmethod",
         "a queue made under spawn or forkserver can be used under every method, one "
         "made under fork by fork alone",
         "whoever made it, it can be used under every method"},
        CASE_SAME(arguments_are_handed_on, "TestStartMethod.test_nested_startmethod",
                  "a child hands what it was given on to its own child"),
        {BETTER, ALL_METHODS, FORK, no_fork_bomb, "TestNoForkBomb.test_noforkbomb",
         "a program without the guard in its main does not start itself over and over: "
         "the child fails; under fork it works",
         "no child begins: the start itself fails, and says what to do; under fork it works"},
        {SAME, SPAWN | FORKSERVER, 0, descriptors_do_not_add_up,
         "_TestProcess.test_child_fd_inflation",
         "children do not have more descriptors for the children that run beside them",
         "fork copies what the parent has open, in both"},
        {SAME, SPAWN | FORKSERVER, 0, parents_descriptors_stay_behind, "TestCloseFds.test_closefd",
         "a descriptor that was not handed over is not open in the child",
         "fork copies what the parent has open, in both"},
        CASE_SAME(closed_standard_streams_do_no_harm, "_TestProcess.test_error_on_stdio_flush_1",
                  "processes can be started and joined when standard streams are closed"),
        CASE_SAME(handled_signals_do_not_end_a_join, "_TestPollEintr.test_poll_eintr",
                  "a signal that is handled meanwhile does not end a `join`"),
        {SAME, FORKSERVER, 0, fork_server_interrupted, "_TestProcess.test_forkserver_sigint",
         "a SIGINT to the fork server harms neither who runs nor the next start", ""},
        {SAME, FORKSERVER, 0, fork_server_killed, "_TestProcess.test_forkserver_sigkill",
         "a fork server that was killed is replaced by the next start", ""},
        {DIFFERENT, FORKSERVER, 0, fork_server_killed_under_a_process,
         "_TestProcess.test_forkserver_sigkill",
         "who runs when the fork server is killed goes on; its exit code is 0 or 255",
         "it is killed with the fork server, and its status says so: unknown, with the cause"},
        CASE_NOT_APPLICABLE("_TestProcess.test_set_executable", "which interpreter spawn runs",
                            "the program runs itself"),
        CASE_NOT_APPLICABLE("TestStartMethod.test_set_get, test_context",
                            "a method for the whole program, and contexts",
                            "each start and each pool names its own; there is no global state"),
        CASE_NOT_APPLICABLE("TestStartMethod.test_preload_resources",
                            "modules that the fork server imports beforehand",
                            "it is the program, all of which is loaded"),
};

int main(int argc, char **argv)
{
        if (argc == 3 && !strcmp(argv[1], UNGUARDED))
                return start_unguarded(argv[2]);
        mproc_init(&argc, &argv);
        return run_conformance("Start methods", cases, sizeof(cases) / sizeof(cases[0]));
}
