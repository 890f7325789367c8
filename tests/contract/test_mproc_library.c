/* Targets in libraries without a build-id, of which only place and content tell which is which. */
#include "contract/mproc_crew.h"

#include <dlfcn.h>
#include <limits.h>
#include <mproc/pool.h>

/* A path beside the test program. */
static void find_beside(char path[PATH_MAX], const char *file)
{
        ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 64);

        assert_true(n > 0);
        path[n] = '\0';
        snprintf(strrchr(path, '/') + 1, 60, "%s", file);
}

static void *load_library(const char *path)
{
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

        if (!library)
                fail_msg("%s", dlerror());
        return library;
}

static void of_two_alike_libraries_each_task_runs_its_own(const char *method)
{
        static const char *const files[] = {"mproc_twin_3.so", "mproc_twin_5.so"};
        static const int factors[] = {3, 5};
        struct mproc_pool_options options = {.start = method, .workers = 1};
        struct mproc_pool *pool;
        void *libraries[2];

        assert_int_equal(mproc_pool_new(&pool, &options, NULL), 0);
        for (int i = 0; i < 2; i++) {
                struct mproc_call call = {.result_size = sizeof(int)};
                char path[PATH_MAX];
                int factor = 0;

                find_beside(path, files[i]);
                libraries[i] = load_library(path);
                call.function = (int (*)(struct mproc_task *))dlsym(libraries[i], "plugin_factor");
                assert_non_null(call.function);
                assert_int_equal(mproc_pool_apply(pool, &call, &factor, NULL, NULL), 0);
                assert_int_equal(factor, factors[i]);
        }
        mproc_pool_free(pool);
        for (int i = 0; i < 2; i++)
                dlclose(libraries[i]);
}

static void copy_file(const char *from, const char *to)
{
        FILE *in = fopen(from, "re"), *out = fopen(to, "we");
        char buffer[4096];
        size_t n;

        assert_true(in && out);
        while ((n = fread(buffer, 1, sizeof(buffer), in)))
                assert_int_equal(fwrite(buffer, 1, n, out), n);
        assert_int_equal(fclose(in) | fclose(out), 0);
}

static void a_library_that_was_replaced_on_disk_is_told(const char *method)
{
        char dir[] = "/tmp/mproc-library-XXXXXX", path[64], other[64], twin[PATH_MAX];
        int (*target)(void *, size_t);
        struct mproc_process *process;
        struct mproc_status status;
        int number = 7;
        void *library;

        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/library.so", dir);
        snprintf(other, sizeof(other), "%s/other.so", dir);
        find_beside(twin, "mproc_twin_3.so");
        copy_file(twin, path);
        library = load_library(path);
        target = (int (*)(void *, size_t))dlsym(library, "plugin_twice");
        assert_non_null(target);
        expect_exit(start_target(method, target, &number, sizeof(number)), 21);

        find_beside(twin, "mproc_twin_5.so");
        copy_file(twin, other);
        assert_int_equal(rename(other, path), 0);
        process = start_target(method, target, &number, sizeof(number));
        status = join_forever(process);
        mproc_process_free(process);
        dlclose(library);
        unlink(path);
        rmdir(dir);
        assert_int_equal(status.state, MPROC_FAILED);
        assert_int_equal(status.code, ENOEXEC);
        assert_non_null(strstr(status.err.text, "replaced on disk"));
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(of_two_alike_libraries_each_task_runs_its_own, UNDER_CONCURRENT),
                PROMISE(a_library_that_was_replaced_on_disk_is_told, UNDER_EXEC),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
