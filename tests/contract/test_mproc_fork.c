/* Forks by the program's own code, which knows nothing of mproc, beside what mproc has started. */
#include "contract/mproc_crew.h"
#include "contract/mproc_gate.h"

#include <pthread.h>
#include <stdatomic.h>

/* Descriptors above stderr that lead to something of which the name begins so. */
static size_t count_links(const char *prefix)
{
        char path[32], target[64] = "";
        size_t n = 0;

        for (int fd = 3; fd < 256; fd++) {
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                n += readlink(path, target, sizeof(target) - 1) > 0 &&
                     !strncmp(target, prefix, strlen(prefix));
        }
        return n;
}

static struct mproc_process *inherited;

static bool in_a_foreign_fork(const char *method)
{
        struct belongings before;

        CHECK(count_links("anon_inode:[pidfd]") == 0);
        CHECK(count_links("socket:") == 0);
        CHECK(count_links("pipe:") == 2); /* the gate's */
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
        if (UNDER_TSAN && !strcmp(method, "thread")) {
                print_message("skipped: ThreadSanitizer forbids threads in the fork of threads\n");
                skip();
        }
        open_gate();
        inherited = start_waiting(method, 8);
        assert_true(run_scene(in_a_foreign_fork, method));
        release_gate();
        expect_exit(inherited, 8);
}

static int say_byte(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return write(mproc_self_fd(0), "m", 1) != 1;
}

static int fork_and_say(void *arg, size_t size)
{
        int fd = mproc_self_fd(0), status;
        struct mproc_status its;
        struct mproc_process *process;
        pid_t pid = fork();

        (void)arg;
        (void)size;
        if (!pid)
                _exit(mproc_self_fd(0) != fd || write(fd, "f", 1) != 1);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        CHECK(!mproc_process_start(
                &process,
                &(struct mproc_process_options){
                        .start = "fork", .target = say_byte, .fds = &fd, .fd_count = 1},
                NULL));
        CHECK(!mproc_process_join(process, MPROC_FOREVER, &its, NULL));
        mproc_process_free(process);
        return its.state != MPROC_EXITED || its.code != 0;
}

static void what_a_target_was_handed_is_there_in_its_forks(const char *method)
{
        char said[3];
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        expect_exit(
                start_with(&(struct mproc_process_options){
                        .start = method, .target = fork_and_say, .fds = &ends[1], .fd_count = 1}),
                0);
        close(ends[1]);
        assert_int_equal(read(ends[0], said, sizeof(said)), 2);
        assert_memory_equal(said, "fm", 2);
        close(ends[0]);
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

/* What the child of a fork may want of mproc, with any of the locks that a start takes. */
static void use_mproc(void)
{
        struct mproc_process_options options = {.start = "serial", .target = return_zero};
        struct mproc_process *process = NULL;
        struct mproc_shm *shm = NULL;

        CHECK(!mproc_shm_new(&shm, 4096, NULL));
        mproc_shm_free(shm);
        CHECK(!mproc_process_start(&process, &options, NULL));
        mproc_process_free(process);
}

static void use_mproc_in_forks(int count)
{
        for (int i = 0; i < count; i++) {
                int status;
                pid_t pid = fork();

                if (!pid) {
                        alarm(10);
                        use_mproc();
                        _exit(count_fds() > 30);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
}

static void a_fork_beside_a_start_deadlocks_nobody(const char *method)
{
        pthread_t thread;
        void *complaint;

        enough = false;
        assert_int_equal(pthread_create(&thread, NULL, keep_busy, (void *)method), 0);
        use_mproc_in_forks(40);
        enough = true;
        pthread_join(thread, &complaint);
        assert_null(complaint);
}

static void *call_targets(void *unused)
{
        (void)unused;
        while (!enough)
                expect_exit(start_target("serial", return_zero, NULL, 0), 0);
        return NULL;
}

/* Starts find targets by the loader's list of modules, and the loader's lock is nobody's in a
 * child.
 */
static void a_fork_while_a_target_is_looked_up_deadlocks_nobody(const char *unused)
{
        pthread_t threads[2];

        (void)unused;
        enough = false;
        for (int i = 0; i < 2; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, call_targets, NULL), 0);
        use_mproc_in_forks(400);
        enough = true;
        for (int i = 0; i < 2; i++)
                pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_foreign_fork_starts_its_own_and_leaves_its_parents_alone,
                        UNDER_CONCURRENT),
                PROMISE(what_a_target_was_handed_is_there_in_its_forks, UNDER_ALL),
                PROMISE(a_fork_beside_a_start_deadlocks_nobody, UNDER_CONCURRENT),
                PROMISE(a_fork_while_a_target_is_looked_up_deadlocks_nobody, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
