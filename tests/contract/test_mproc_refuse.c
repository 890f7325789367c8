/* What a start refuses, with which words, and before anything has happened. */
#include "contract/mproc_scene.h"

#include <sys/mman.h>

static struct mproc_err refused(const struct mproc_process_options *options, int code)
{
        struct mproc_process *process = (void *)options; /* anything: must be left alone */
        struct mproc_err err = {0};

        assert_int_equal(mproc_process_start(&process, options, &err), code);
        assert_ptr_equal(process, options);
        assert_int_equal(err.code, code);
        return err;
}

static void code_of_no_module_is_refused(const char *method)
{
        /* What a nested function that captures is at run time: code in memory made for it. */
        void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct mproc_err err;

        err = refused(&(struct mproc_process_options){.start = method,
                                                      .target = (int (*)(void *, size_t))page},
                      -ENOTSUP);
        assert_non_null(strstr(err.text, "captures"));
        munmap(page, 4096);
}

static void bad_options_are_refused_by_name(const char *method)
{
        struct mproc_process_options good = {.start = method, .target = return_zero}, bad = good;
        int closed = 999;
        struct mproc_err err;

        bad.target = NULL;
        refused(&bad, -EINVAL);
        bad = good;
        bad.arg = &bad;
        bad.arg_size = MPROC_ARG_MAX + 1;
        assert_non_null(strstr(refused(&bad, -EINVAL).text, "shared memory"));
        bad = good;
        bad.fds = &closed;
        bad.fd_count = 1;
        assert_non_null(strstr(refused(&bad, -EBADF).text, "999"));
        bad = good;
        bad.start = "sprawn";
        err = refused(&bad, -EINVAL);
        assert_non_null(strstr(err.text, "\"sprawn\""));
        assert_non_null(strstr(err.text, method));
}

static bool all_exec_starts_are_refused(const char *unused)
{
        (void)unused;
        for (size_t i = 0; mproc_start_at(i); i++) {
                struct mproc_process_options options = {
                        .start = mproc_start_name(mproc_start_at(i)), .target = return_zero};
                struct mproc_process *process = NULL;
                struct mproc_err err = {0};
                int r = mproc_process_start(&process, &options, &err);

                if (mproc_start_flags(mproc_start_at(i)) & MPROC_START_EXEC) {
                        CHECK(r == -EINVAL);
                        CHECK(strstr(err.text, "mproc_init(&argc, &argv) first in main"));
                } else {
                        CHECK(r == 0);
                        mproc_process_free(process);
                }
        }
        return true;
}

static void a_sanitizer_in_the_way_of_exec_is_the_reason_given(const char *unused)
{
        (void)unused;
        if (UNDER_TSAN)
                assert_non_null(
                        strstr(refused(&(struct mproc_process_options){.start = "spawn",
                                                                       .target = return_zero},
                                       -ENOTSUP)
                                       .text,
                               "sanitizer"));
        else
                expect_exit(start_target("spawn", return_zero, NULL, 0), 0);
}

static int run_self(char *const argv[])
{
        pid_t pid = fork();
        int status;

        if (!pid) {
                execv("/proc/self/exe", argv);
                _exit(126);
        }
        waitpid(pid, &status, 0);
        return status;
}

static void exec_without_mproc_init_is_refused_with_the_advice(const char *unused)
{
        (void)unused;
        assert_int_equal(run_self((char *[]){"test", "--without-init", NULL}), 0);
}

static int start_in_a_forked_worker(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return !all_exec_starts_are_refused(NULL);
}

static int main_without_init(void)
{
        struct mproc_process *process;
        struct mproc_status status;

        alarm(LIMIT_S);
        CHECK(all_exec_starts_are_refused(NULL));
        CHECK(!mproc_process_start(&process,
                                   &(struct mproc_process_options){
                                           .start = "fork", .target = start_in_a_forked_worker},
                                   NULL));
        CHECK(!mproc_process_join(process, MPROC_FOREVER, &status, NULL));
        CHECK(status.state == MPROC_EXITED && status.code == 0);
        mproc_process_free(process);
        return 0;
}

static void a_mark_given_by_hand_runs_nothing(const char *unused)
{
        (void)unused;
        assert_int_equal(run_self((char *[]){"test", "--mproc-child=0,4096", NULL}), 127 << 8);
        assert_int_equal(run_self((char *[]){"test", "--mproc-child=x", NULL}), 127 << 8);
        assert_int_equal(run_self((char *[]){"test", "--mproc-child=900,4096", NULL}), 127 << 8);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(code_of_no_module_is_refused, UNDER_ALL),
                PROMISE(bad_options_are_refused_by_name, UNDER_ALL),
                PROMISE(a_sanitizer_in_the_way_of_exec_is_the_reason_given, UNDER_NONE),
                PROMISE(exec_without_mproc_init_is_refused_with_the_advice, UNDER_NONE),
                PROMISE(a_mark_given_by_hand_runs_nothing, UNDER_NONE),
        };

        if (argc > 1 && !strcmp(argv[1], "--without-init"))
                return main_without_init();
        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
