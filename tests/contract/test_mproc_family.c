/* Who dies with whom: parents and fork servers. */
#include "base/clock.h"
#include "contract/mproc_crew.h"
#include "contract/mproc_gate.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

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
        int held[2], fds[2];
        char byte;

        (void)unused;
        assert_true(server > 0);
        open_gate();
        assert_int_equal(pipe2(held, O_CLOEXEC | O_NONBLOCK), 0);
        fds[0] = gate[0];
        fds[1] = held[1];
        for (int i = 0; i < 3; i++)
                processes[i] =
                        start_with(&(struct mproc_process_options){.start = "forkserver",
                                                                   .target = wait_for_release,
                                                                   .fds = fds,
                                                                   .fd_count = 2});
        close(held[1]);
        kill(server, SIGKILL);
        for (int i = 0; i < 3; i++) {
                status = join_forever(processes[i]);
                assert_int_equal(status.state, MPROC_UNKNOWN);
                assert_non_null(strstr(status.err.text, "killed by SIGKILL"));
                assert_non_null(strstr(status.err.text, "fork server"));
                mproc_process_free(processes[i]);
        }
        /* When join says that they are over, they hold nothing any more. */
        assert_int_equal(read(held[0], &byte, 1), 0);
        close(held[0]);
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

static void *join_once(void *process)
{
        return (void *)(intptr_t)mproc_process_join(process, MPROC_FOREVER, NULL, NULL);
}

/* Those who join notice the death, too, and bury the server under the one who waits for its answer.
 */
static void a_start_in_flight_is_told_while_others_join_what_the_server_started(const char *unused)
{
        (void)unused;
        for (int i = 0; i < 60; i++) {
                struct mproc_process *joined[3];
                pthread_t starter, joiners[3];
                struct mproc_err err = {0};
                pid_t server;
                void *process, *r;

                for (int k = 0; k < 3; k++)
                        joined[k] = start_target("forkserver", forever, NULL, 0);
                server = server_pid();
                assert_true(server > 0);
                kill(server, SIGSTOP);
                assert_int_equal(pthread_create(&starter, NULL, start_once, &err), 0);
                for (int k = 0; k < 3; k++)
                        assert_int_equal(pthread_create(&joiners[k], NULL, join_once, joined[k]),
                                         0);
                usleep(2000); /* late is as good as early */
                kill(server, SIGKILL);
                pthread_join(starter, &process);
                if (!process)
                        assert_int_equal(err.code, -ECONNRESET);
                for (int k = 0; k < 3; k++) {
                        pthread_join(joiners[k], &r);
                        assert_int_equal((intptr_t)r, 0);
                        mproc_process_free(joined[k]);
                }
        }
        expect_exit(start_target("forkserver", return_zero, NULL, 0), 0);
}

static uint64_t random_state;

static void *kill_soon(void *server)
{
        nap(roll(&random_state, MS / 4));
        kill(*(pid_t *)server, SIGKILL);
        return NULL;
}

static int set_word(void *arg, size_t size)
{
        (void)size;
        atomic_store(*(_Atomic uint32_t **)arg, 1);
        return stay();
}

/* On one CPU, where the new process often runs before the server can answer. */
static void a_start_that_the_fork_servers_death_fails_has_run_nothing(const char *unused)
{
        struct place place = take_place(sizeof(_Atomic uint32_t));
        _Atomic uint32_t *word = place.at;
        uint64_t end_ns = clock_now_ns() + 5 * NS_PER_S; /* that CPU may have other work */
        cpu_set_t allowed, one;

        (void)unused;
        random_state = random_seed();
        sched_getaffinity(0, sizeof(allowed), &allowed);
        CPU_ZERO(&one);
        for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
                if (CPU_ISSET(cpu, &allowed))
                        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof(one), &one);
        for (int i = 0; i < 300 && clock_now_ns() < end_ns; i++) {
                struct mproc_process_options options = {.start = "forkserver",
                                                        .target = set_word,
                                                        .arg = &word,
                                                        .arg_size = sizeof(word)};
                struct mproc_process *process;
                pthread_t thread;
                pid_t server;
                int r;

                expect_exit(start_target("forkserver", return_zero, NULL, 0), 0);
                server = server_pid();
                assert_true(server > 0);
                atomic_store(word, 0);
                assert_int_equal(pthread_create(&thread, NULL, kill_soon, &server), 0);
                r = mproc_process_start(&process, &options, NULL);
                pthread_join(thread, NULL);
                if (r) {
                        assert_int_equal(r, -ECONNRESET);
                        nap(MS);
                        assert_int_equal(atomic_load(word), 0);
                } else {
                        struct mproc_status status;

                        /* Killed while it was idle the server was replaced, and this lives. */
                        mproc_process_kill(process, NULL);
                        status = join_forever(process);
                        assert_true(status.state == MPROC_UNKNOWN ||
                                    status.state == MPROC_SIGNALED);
                        mproc_process_free(process);
                }
        }
        sched_setaffinity(0, sizeof(allowed), &allowed);
        expect_exit(start_target("forkserver", return_zero, NULL, 0), 0);
        mproc_shm_free(place.shm);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(all_die_with_a_killed_parent, UNDER_OWN_PROCESS),
                PROMISE(all_die_with_a_parent_whose_foreign_child_lives_on, UNDER_OWN_PROCESS),
                PROMISE(workers_of_a_killed_fork_server_die_and_the_next_start_works,
                        UNDER_ONCE_EXEC),
                PROMISE(a_start_in_flight_says_that_the_fork_server_was_killed, UNDER_ONCE_EXEC),
                PROMISE(a_start_in_flight_is_told_while_others_join_what_the_server_started,
                        UNDER_ONCE_EXEC),
                PROMISE(a_start_that_the_fork_servers_death_fails_has_run_nothing, UNDER_ONCE_EXEC),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
