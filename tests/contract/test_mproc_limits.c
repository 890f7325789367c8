/* Bad luck: limits of all kinds, and an address space where somebody else was first. */
#include "contract/mproc_scene.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SOME_UID 54321

/* Stands for a library that maps memory of its own before main: told by the environment where, and
 * whether in the first image of a process only. What survives an exec, the umask, tells these. */
__attribute__((constructor)) static void occupy_window(void)
{
        const char *where = getenv("TEST_OCCUPY"), *once = getenv("TEST_OCCUPY_ONCE");
        uintptr_t addr = where ? strtoull(where, NULL, 16) : 0;

        if (getenv("TEST_LEAVE"))
                _exit(11);
        if (!where || (once && umask(0) == 0123))
                return;
        umask(0123);
        if (mmap((void *)addr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                 -1, 0) != (void *)addr)
                abort();
}

static void occupy(const void *addr, bool once)
{
        char text[32];

        snprintf(text, sizeof(text), "%lx", (unsigned long)(uintptr_t)addr);
        setenv("TEST_OCCUPY", text, 1);
        if (once)
                setenv("TEST_OCCUPY_ONCE", "1", 1);
}

static int try_start(const char *method, struct mproc_process **ret, struct mproc_err *err)
{
        struct mproc_process_options options = {.start = method, .target = return_zero};

        return mproc_process_start(ret, &options, err);
}

static struct mproc_status run_to_end(const char *method)
{
        struct mproc_process *process;
        struct mproc_status status;

        CHECK(!try_start(method, &process, NULL));
        CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
        mproc_process_free(process);
        return status;
}

static int write_there(void *arg, size_t size)
{
        **(int **)arg = 5;
        return (int)size - 8;
}

static bool collide_once(const char *method)
{
        struct mproc_process *process;
        struct mproc_status status;
        struct mproc_shm *shm;
        int *number, pipe_fds[2];
        char byte;

        CHECK(!mproc_shm_new(&shm, 1 << 16, NULL));
        CHECK(!pipe(pipe_fds));
        number = mproc_shm_addr(shm);
        occupy(number, true);
        CHECK(!mproc_process_start(&process,
                                   &(struct mproc_process_options){.start = method,
                                                                   .target = write_there,
                                                                   .arg = &number,
                                                                   .arg_size = sizeof(number),
                                                                   .fds = &pipe_fds[1],
                                                                   .fd_count = 1},
                                   NULL));
        close(pipe_fds[1]);
        CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
        CHECK(status.state == MPROC_EXITED && status.code == 0 && *number == 5);
        CHECK(read(pipe_fds[0], &byte, 1) == 0); /* no descriptor was left over by the way */
        return true;
}

static void a_collision_is_cured_by_another_image(const char *method)
{
        assert_true(run_scene(collide_once, method));
}

static bool collide_always(const char *method)
{
        struct mproc_status status;
        struct mproc_shm *shm;
        char addr[32];

        CHECK(!mproc_shm_new(&shm, 1 << 16, NULL));
        snprintf(addr, sizeof(addr), "0x%lx", (unsigned long)(uintptr_t)mproc_shm_addr(shm));
        occupy((char *)mproc_shm_addr(shm) + 4096, false);
        status = run_to_end(method);
        CHECK(status.state == MPROC_FAILED && status.code == EEXIST);
        CHECK(status.err.code == -EEXIST && strstr(status.err.text, addr));
        CHECK(strstr(status.err.text, "---p")); /* what lies there */
        return true;
}

static void a_lasting_collision_fails_with_the_address(const char *method)
{
        assert_true(run_scene(collide_always, method));
}

static bool leave_before_main(const char *method)
{
        struct mproc_process *process;
        struct mproc_status status;
        struct mproc_err err;

        setenv("TEST_LEAVE", "1", 1);
        if (!strcmp(method, "forkserver")) {
                for (int i = 0; i < 2; i++) { /* another server would do no better */
                        CHECK(try_start(method, &process, &err) == -EPROTO);
                        CHECK(strstr(err.text, "left with status 11"));
                        CHECK(strstr(err.text, "mproc_init"));
                }
                return true;
        }
        status = run_to_end(method);
        CHECK(status.state == MPROC_FAILED && strstr(status.err.text, "status 11"));
        return true;
}

static void an_end_before_the_target_is_a_failure(const char *method)
{
        assert_true(run_scene(leave_before_main, method));
}

static bool window_is_taken(const char *method)
{
        struct mproc_shm *first, *second;
        char *addr;

        (void)method;
        CHECK(!mproc_shm_new(&first, 4096, NULL));
        addr = mproc_shm_addr(first);
        mproc_shm_free(first);
        CHECK(mmap(addr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                   0) == addr);
        CHECK(!mproc_shm_new(&second, 4096, NULL));
        CHECK(mproc_shm_addr(second) != addr);
        *(int *)mproc_shm_addr(second) = 1;
        CHECK(run_to_end("spawn").state == MPROC_EXITED);
        return true;
}

static void memory_goes_elsewhere_where_the_parent_has_something(const char *unused)
{
        assert_true(run_scene(window_is_taken, unused));
}

static bool too_many_processes(const char *method)
{
        struct rlimit limit = {1, 1};
        struct mproc_process *process = NULL;
        struct belongings before;
        struct mproc_err err;

        CHECK(!setresuid(SOME_UID, SOME_UID, SOME_UID));
        before = take_stock();
        if (!strcmp(method, "forkserver")) /* room for the server, not for its worker */
                limit.rlim_cur = limit.rlim_max = 2;
        CHECK(!setrlimit(RLIMIT_NPROC, &limit));
        CHECK(try_start(method, &process, &err) == -EAGAIN);
        CHECK(!process && err.code == -EAGAIN && strstr(err.text, "RLIMIT_NPROC"));
        if (strcmp(method, "forkserver")) {
                struct belongings after = take_stock();

                /* The lifeline's two ends stay. */
                CHECK(after.fds <= before.fds + 2 && after.mappings == before.mappings);
                CHECK(after.children == 0);
        }
        return true;
}

static void too_many_processes_is_eagain_with_the_remedy(const char *method)
{
        if (geteuid()) {
                print_message("skipped: only root can become a user without processes\n");
                skip();
        }
        assert_true(run_scene(too_many_processes, method));
}

static bool changes_user(const char *method)
{
        CHECK(run_to_end(method).state == MPROC_EXITED); /* the lifeline is root's */
        CHECK(!setresgid(SOME_UID, SOME_UID, SOME_UID));
        CHECK(!setresuid(SOME_UID, SOME_UID, SOME_UID));
        CHECK(run_to_end(method).state == MPROC_EXITED);
        return true;
}

static void a_program_may_change_its_user(const char *method)
{
        if (geteuid()) {
                print_message("skipped: only root can change its user\n");
                skip();
        }
        assert_true(run_scene(changes_user, method));
}

static bool too_few_descriptors(const char *method)
{
        struct mproc_process *processes[64];
        struct rlimit limit = {.rlim_cur = count_fds() + 20, .rlim_max = 1024};
        struct mproc_err err;
        size_t before, count = 0;
        int r;

        run_to_end(method);
        before = count_fds();
        CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
        while (!(r = try_start(method, &processes[count], &err)))
                CHECK(++count < 64);
        CHECK(r == -EMFILE && strstr(err.text, "RLIMIT_NOFILE") && strstr(err.text, "ulimit -n"));
        CHECK(count > 2);
        while (count)
                mproc_process_free(processes[--count]);
        CHECK(count_fds() == before);
        CHECK(run_to_end(method).state == MPROC_EXITED);
        return true;
}

static void too_few_descriptors_is_emfile_and_leaves_none(const char *method)
{
        assert_true(run_scene(too_few_descriptors, method));
}

static bool file_size_is_limited(const char *method)
{
        struct rlimit limit = {1 << 20, 1 << 20};
        struct mproc_shm *shm = NULL;
        struct mproc_err err;

        (void)method;
        CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
        CHECK(mproc_shm_new(&shm, 2 << 20, &err) == -EFBIG && !shm);
        CHECK(strstr(err.text, "RLIMIT_FSIZE") && strstr(err.text, "1048576"));
        CHECK(!mproc_shm_new(&shm, 1 << 20, &err));
        return true;
}

static void memory_above_rlimit_fsize_is_efbig_not_a_signal(const char *unused)
{
        assert_true(run_scene(file_size_is_limited, unused));
}

static bool address_space_is_limited(const char *method)
{
        struct rlimit limit = {256 << 20, 256 << 20};
        struct mproc_shm *shm = NULL;
        struct mproc_err err;
        size_t before = count_fds();

        (void)method;
        CHECK(!setrlimit(RLIMIT_AS, &limit));
        CHECK(mproc_shm_new(&shm, 512 << 20, &err) == -ENOMEM && !shm);
        CHECK(strstr(err.text, "RLIMIT_AS") && strstr(err.text, "536870912"));
        CHECK(count_fds() == before);
        return true;
}

static void memory_above_rlimit_as_is_enomem(const char *unused)
{
        if (UNDER_ASAN || UNDER_TSAN) {
                print_message("skipped: the sanitizer itself needs the address space\n");
                skip();
        }
        assert_true(run_scene(address_space_is_limited, unused));
}

static int check_numbers(void *arg, size_t size)
{
        int **numbers = arg;

        for (size_t i = 0; i < size / sizeof(*numbers); i++)
                if (*numbers[i] != (int)i)
                        return 1;
        return 0;
}

static void segments_up_to_the_limit_reach_everybody(const char *method)
{
        struct mproc_shm *segments[MPROC_SHM_MAX], *none = NULL;
        int *numbers[MPROC_SHM_MAX];
        struct mproc_err err;

        for (int i = 0; i < MPROC_SHM_MAX; i++) {
                assert_int_equal(mproc_shm_new(&segments[i], 4096, &err), 0);
                numbers[i] = mproc_shm_addr(segments[i]);
                *numbers[i] = i;
        }
        assert_int_equal(mproc_shm_new(&none, 4096, &err), -ENOSPC);
        assert_null(none);
        expect_exit(start_target(method, check_numbers, numbers, sizeof(numbers)), 0);
        for (int i = 0; i < MPROC_SHM_MAX; i++)
                mproc_shm_free(segments[i]);
}

static void impossible_sizes_are_refused(const char *unused)
{
        struct mproc_shm *shm = NULL;
        struct mproc_err err;

        (void)unused;
        assert_int_equal(mproc_shm_new(&shm, 0, &err), -EINVAL);
        assert_int_equal(mproc_shm_new(&shm, SIZE_MAX, &err), -ENOMEM);
        assert_true(mproc_shm_new(&shm, (size_t)1 << 60, &err) < 0);
        assert_null(shm);
        mproc_shm_free(NULL);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_collision_is_cured_by_another_image, UNDER_EXEC),
                PROMISE(a_lasting_collision_fails_with_the_address, UNDER_EXEC),
                PROMISE(an_end_before_the_target_is_a_failure, UNDER_EXEC),
                PROMISE(memory_goes_elsewhere_where_the_parent_has_something, UNDER_ONCE_EXEC),
                PROMISE(too_many_processes_is_eagain_with_the_remedy, UNDER_OWN_PROCESS),
                PROMISE(a_program_may_change_its_user, UNDER_OWN_PROCESS),
                PROMISE(too_few_descriptors_is_emfile_and_leaves_none, UNDER_CONCURRENT),
                PROMISE(memory_above_rlimit_fsize_is_efbig_not_a_signal, UNDER_NONE),
                PROMISE(memory_above_rlimit_as_is_enomem, UNDER_NONE),
                PROMISE(segments_up_to_the_limit_reach_everybody, UNDER_ALL),
                PROMISE(impossible_sizes_are_refused, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
