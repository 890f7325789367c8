/* The folder of a run: it appears whole or not at all. */
#include "support/fixture.h"
#include "support/render.h"
#include "support/scratch.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const files[] = {"report.json", "samples.csv", "summary.md", "plots"};

static char folder[SCRATCH_PATH_BYTES];
static struct result result;

/* What gnuplot does is another test's matter. */
static int set_up(void **state)
{
        (void)state;
        setenv("PATH", "/nonexistent", 1);
        scratch_init(folder);
        fixture_result(&result);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        result_done(&result);
        scratch_done(folder);
        return 0;
}

static int save(const char *path, bool force, struct mproc_err *err)
{
        char note[512];

        *err = (struct mproc_err){0};
        return report_save(&result, path, force, note, sizeof(note), err);
}

static void a_report_appears_with_its_parents(void **unused)
{
        static const char *const formats[] = {"json", "csv", "markdown"};
        struct mproc_err err;

        (void)unused;
        assert_int_equal(save(scratch_path(folder, "a/b/run//"), false, &err), 0);
        assert_int_equal(scratch_count(scratch_path(folder, "a/b")), 1);
        for (size_t i = 0; i < 4; i++)
                assert_true(scratch_has(scratch_path(folder, "a/b/run"), files[i]));
        assert_int_equal(scratch_count(scratch_path(folder, "a/b/run")), 4);
        for (size_t i = 0; i < 3; i++) {
                char *saved = scratch_read(scratch_path(folder, "a/b/run"), files[i], NULL);
                char *text = render(formats[i], &result, &(struct report_style){.utf8 = true});

                assert_string_equal(saved, text);
                free(saved);
                free(text);
        }
}

static void a_folder_that_exists_is_refused_and_left_alone(void **unused)
{
        struct mproc_err err;

        (void)unused;
        assert_int_equal(mkdir(scratch_path(folder, "run"), 0777), 0);
        assert_int_equal(save(scratch_path(folder, "run"), false, &err), -EEXIST);
        assert_contains(err.text, "exists");
        assert_contains(err.text, "--force");
        assert_int_equal(scratch_count(scratch_path(folder, "run")), 0);
        assert_int_equal(scratch_count(folder), 1);
}

static void force_replaces_an_older_report(void **unused)
{
        struct mproc_err err;
        char *text;

        (void)unused;
        assert_int_equal(save(scratch_path(folder, "run"), false, &err), 0);
        snprintf(result.environment.host, sizeof(result.environment.host), "another-host");
        assert_int_equal(save(scratch_path(folder, "run"), true, &err), 0);
        text = scratch_read(scratch_path(folder, "run"), "report.json", NULL);
        assert_contains(text, "another-host");
        free(text);
        assert_int_equal(scratch_count(scratch_path(folder, "run")), 4);
        assert_int_equal(scratch_count(folder), 1);
}

static void force_replaces_nothing_but_reports(void **unused)
{
        struct mproc_err err;

        (void)unused;
        assert_int_equal(mkdir(scratch_path(folder, "home"), 0777), 0);
        scratch_write(folder, "home/thesis.tex", "years of work", 0666);
        assert_int_equal(save(scratch_path(folder, "home"), true, &err), -EEXIST);
        assert_contains(err.text, "thesis.tex");
        assert_true(scratch_has(folder, "home/thesis.tex"));

        assert_int_equal(save(scratch_path(folder, "home/thesis.tex"), true, &err), -EEXIST);
        assert_true(scratch_has(folder, "home/thesis.tex"));
        assert_int_equal(scratch_count(folder), 1);
}

/* Mounts live in a namespace of the child's own, so that nothing is left of them. */
static int save_to_full_disk(const char *path)
{
        struct mproc_err err;
        char run[2 * SCRATCH_PATH_BYTES];

        if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("tmpfs", path, "tmpfs", 0, "size=64k"))
                return 77;
        snprintf(run, sizeof(run), "%s/new/run", path);
        if (save(run, false, &err) != -ENOSPC)
                return 1;
        if (!strstr(err.text, "ENOSPC") || !strstr(err.text, "make room"))
                return 2;
        return scratch_count(path) ? 3 : 0;
}

static void a_full_disk_leaves_nothing_behind(void **unused)
{
        int status = scratch_child(save_to_full_disk, folder);

        (void)unused;
        if (status == 77) {
                print_message("skipped: a small file system cannot be mounted here: %s\n",
                              strerror(EPERM));
                skip();
        }
        assert_int_equal(status, 0);
}

static int save_under_file_limit(const char *path)
{
        struct rlimit limit = {4096, 4096};
        struct mproc_err err;
        char run[2 * SCRATCH_PATH_BYTES];

        setrlimit(RLIMIT_FSIZE, &limit);
        snprintf(run, sizeof(run), "%s/new/run", path);
        if (save(run, false, &err) != -EFBIG)
                return 1;
        if (!strstr(err.text, "EFBIG") || !strstr(err.text, "ulimit -f"))
                return 2;
        return scratch_count(path) ? 3 : 0;
}

static void a_limit_on_file_sizes_leaves_nothing_behind(void **unused)
{
        (void)unused;
        assert_int_equal(scratch_child(save_under_file_limit, folder), 0);
}

static int save_to_foreign_folder(const char *path)
{
        struct mproc_err err;
        char run[2 * SCRATCH_PATH_BYTES];

        chmod(path, 0555);
        if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
                return 1;
        snprintf(run, sizeof(run), "%s/new/run", path);
        if (save(run, false, &err) != -EACCES)
                return 2;
        if (!strstr(err.text, "EACCES") || !strstr(err.text, "/new'"))
                return 3;
        snprintf(run, sizeof(run), "%s/run", path);
        if (save(run, false, &err) != -EACCES)
                return 4;
        return scratch_count(path) ? 5 : 0;
}

static void a_folder_without_rights_is_named(void **unused)
{
        int status;

        (void)unused;
        status = scratch_child(save_to_foreign_folder, folder);
        assert_int_equal(chmod(folder, 0700), 0);
        assert_int_equal(status, 0);
}

static void a_missing_gnuplot_is_a_note_and_no_failure(void **unused)
{
        char note[512];
        struct mproc_err err = {0};
        const char *run = scratch_path(folder, "run");

        (void)unused;
        assert_int_equal(report_save(&result, run, false, note, sizeof(note), &err), 0);
        assert_string_equal(note, "gnuplot is not installed: apt install gnuplot-nox, then mpbench "
                                  "report DIR draws the plots");
        assert_true(scratch_has(folder, "run/plots/throughput.gp"));
        assert_true(scratch_has(folder, "run/plots/throughput.dat"));
        assert_true(scratch_has(folder, "run/plots/start.gp"));
        assert_false(scratch_has(folder, "run/plots/throughput.svg"));
}

static void latest_follows_the_newest_run_and_git_sees_none(void **unused)
{
        char target[64] = "", *text;
        struct mproc_err err = {0};

        (void)unused;
        assert_int_equal(report_mark_latest(scratch_path(folder, "one"), &err), 0);
        assert_int_equal(report_mark_latest(scratch_path(folder, "two"), &err), 0);
        assert_true(readlink(scratch_path(folder, "latest"), target, sizeof(target) - 1) > 0);
        assert_string_equal(target, "two");
        text = scratch_read(folder, ".gitignore", NULL);
        assert_string_equal(text, "*\n");
        free(text);
        assert_int_equal(scratch_count(folder), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_report_appears_with_its_parents, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_folder_that_exists_is_refused_and_left_alone,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(force_replaces_an_older_report, set_up, tear_down),
                cmocka_unit_test_setup_teardown(force_replaces_nothing_but_reports, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_full_disk_leaves_nothing_behind, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_limit_on_file_sizes_leaves_nothing_behind, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_folder_without_rights_is_named, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_missing_gnuplot_is_a_note_and_no_failure, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(latest_follows_the_newest_run_and_git_sees_none,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
