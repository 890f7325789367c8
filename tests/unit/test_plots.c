/* Plots: scripts that draw by themselves, and what happens when gnuplot does not. */
#include "support/fixture.h"
#include "support/render.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static char folder[SCRATCH_PATH_BYTES], *usual_path;
static struct result result;
static bool has_gnuplot;

static int set_up(void **state)
{
        (void)state;
        setenv("PATH", usual_path, 1);
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

static int draw(struct mproc_err *err)
{
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

        assert_true(fd >= 0);
        *err = (struct mproc_err){0};
        rc = report_find("plots")->write_folder(&result, fd, err);
        close(fd);
        return rc;
}

static void need_gnuplot(void)
{
        if (has_gnuplot)
                return;
        print_message("skipped: gnuplot is not installed\n");
        skip();
}

static void assert_pictures(const char *name)
{
        char file[96], *picture;
        size_t size;

        snprintf(file, sizeof(file), "%s.png", name);
        picture = scratch_read(folder, file, &size);
        assert_true(size > 1000);
        assert_memory_equal(picture, "\x89PNG", 4);
        free(picture);
        snprintf(file, sizeof(file), "%s.svg", name);
        picture = scratch_read(folder, file, &size);
        assert_contains(picture, "<svg");
        assert_contains(picture, "</svg>");
        assert_contains(picture, "bench-host");
        free(picture);
}

static void pictures_show_what_there_is_data_for(void **unused)
{
        struct mproc_err err;
        char *script;

        (void)unused;
        need_gnuplot();
        assert_int_equal(draw(&err), 0);
        assert_pictures("throughput");
        assert_pictures("start");
        assert_int_equal(scratch_count(folder), 8); /* all workers alike: no scaling */
        script = scratch_read(folder, "throughput.svg", NULL);
        assert_contains(script, "over 12 rounds"); /* the disturbed one does not count */
        assert_lacks(script, "busy machine");
        assert_contains(script, "WRONG: lost updates");
        assert_contains(script, "38.1×");
        assert_contains(script, "2026-11-22");
        free(script);
}

static void scaling_and_start_costs_over_many_sizes_are_drawn(void **unused)
{
        static const int64_t sizes[] = {0, 1 << 20, 64 << 20, 256 << 20};
        struct mproc_err err;
        char *picture;

        (void)unused;
        need_gnuplot();
        for (uint32_t i = 0; i < 3; i++) { /* one strategy, three team sizes */
                struct cell *cell = &result.cells[i];

                TEXT(cell->level[FACTOR_SHARE], "mutex");
                cell->workers = 1u << i;
                snprintf(cell->level[FACTOR_WORKERS], LEVEL_BYTES, "%u", cell->workers);
        }
        for (size_t i = FIXTURE_STRIP; i < result.cell_count; i++)
                result.cells[i].value[0] = sizes[(i - FIXTURE_STRIP) % 4];
        result.cells[2].status = CELL_VERIFIED_ONLY;
        result.disturbed_kept = 1;
        assert_int_equal(draw(&err), 0);
        assert_pictures("throughput");
        assert_pictures("scaling");
        assert_pictures("start");
        picture = scratch_read(folder, "scaling.svg", NULL);
        assert_contains(picture, "4 workers: no rate");
        assert_lacks(picture, "2 workers: no rate");
        assert_contains(picture, "over 13 rounds");
        assert_contains(picture, "busy machine: 1 of 13 rounds disturbed");
        assert_contains(picture, "grey: the other panels");
        free(picture);
}

static void a_script_draws_again_by_itself(void **unused)
{
        struct mproc_err err;
        char command[2 * SCRATCH_PATH_BYTES], *first, *again;

        (void)unused;
        need_gnuplot();
        assert_int_equal(draw(&err), 0);
        first = scratch_read(folder, "start.svg", NULL);
        assert_int_equal(unlink(scratch_path(folder, "start.svg")), 0);
        snprintf(command, sizeof(command), "cd '%s' && gnuplot -d start.gp", folder);
        assert_int_equal(system(command), 0);
        again = scratch_read(folder, "start.svg", NULL);
        assert_string_equal(first, again);
        free(first);
        free(again);
}

static void names_are_text_whatever_they_hold(void **unused)
{
        static const char name[] = "a'b\"c_{d}^%s`e`@&#\\n";
        struct mproc_err err;
        char *picture;

        (void)unused;
        need_gnuplot();
        TEXT(result.cells[FIXTURE_ATOMIC].level[FACTOR_SHARE], name);
        TEXT(result.cells[FIXTURE_STRIP].level[FACTOR_START], name);
        TEXT(result.environment.cpu, name);
        for (size_t i = 0; i < result.cell_count; i++)
                TEXT(result.cells[i].operation, name);
        if (draw(&err))
                fail_msg("%s", err.text);
        for (size_t i = 0; i < 2; i++) {
                picture = scratch_read(folder, i ? "start.svg" : "throughput.svg", NULL);
                assert_contains(picture, "a'b\"c_{d}^%s`e`@&amp;#\\n</text>");
                free(picture);
        }
}

static void no_data_is_no_plot(void **unused)
{
        struct mproc_err err;

        (void)unused;
        for (size_t i = 0; i < result.cell_count; i++)
                result.cells[i].status = CELL_VERIFIED_ONLY;
        assert_int_equal(draw(&err), 0);
        assert_int_equal(scratch_count(folder), 0);
}

static void data_hold_no_more_than_numbers(void **unused)
{
        struct mproc_err err;
        char *data;

        (void)unused;
        setenv("PATH", "/nonexistent", 1);
        result.cells[FIXTURE_CAS].summary[METRIC_THROUGHPUT].ci_low = NAN;
        result.cells[FIXTURE_ROBUST].summary[METRIC_THROUGHPUT].median = INFINITY;
        assert_int_equal(draw(&err), -ENOENT);
        data = scratch_read(folder, "throughput.dat", NULL);
        assert_false(render_has_word(data, "nan"));
        assert_false(render_has_word(data, "inf"));
        assert_contains(data, "# cas\n41200000 9.0000 ? ?\n");
        assert_lacks(data, "# robust");
        free(data);
}

static void a_gnuplot_that_fails_is_told_with_its_words(void **unused)
{
        char note[512] = "", bin[SCRATCH_PATH_BYTES];
        struct mproc_err err = {0};
        const char *run;

        (void)unused;
        scratch_init(bin);
        scratch_write(bin, "gnuplot",
                      "#!/bin/sh\nprintf half >throughput.svg\n"
                      "echo '\"throughput.gp\" line 7: it is broken' >&2\nexit 1\n",
                      0755);
        setenv("PATH", bin, 1);
        run = scratch_path(folder, "run");
        assert_int_equal(report_save(&result, run, false, note, sizeof(note), &err), 0);
        assert_contains(note, "gnuplot failed on throughput.gp: line 7: it is broken");
        assert_true(scratch_has(folder, "run/report.json"));
        assert_true(scratch_has(folder, "run/plots/throughput.gp"));
        assert_false(scratch_has(folder, "run/plots/throughput.svg"));
        scratch_done(bin);
}

/* Bars of tasks through a pool, where there are two of them to compare. */
static void where_the_time_went_is_drawn_for_pools(void **state)
{
        const struct cell_phases phases = {.parent = {0.2, NAN, NAN, 3, 0},
                                           .dispatch = {0.24, NAN, NAN, 3, 0},
                                           .work = {0.48, NAN, NAN, 3, 0},
                                           .tail = {0.08, NAN, NAN, 3, 0}};
        struct mproc_err err;
        char *data;
        size_t size;

        (void)state;
        need_gnuplot();
        result.cells[FIXTURE_MUTEX].phases = phases;
        assert_int_equal(draw(&err), 0);
        assert_false(scratch_has(folder, "phases.gp"));
        result.cells[FIXTURE_ATOMIC].phases = phases;
        assert_int_equal(draw(&err), 0);
        assert_pictures("phases");
        data = scratch_read(folder, "phases.dat", &size);
        assert_contains(data, "# mutex\n1 60 90 100 20\n");
        free(data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(pictures_show_what_there_is_data_for, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(scaling_and_start_costs_over_many_sizes_are_drawn,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_script_draws_again_by_itself, set_up, tear_down),
                cmocka_unit_test_setup_teardown(names_are_text_whatever_they_hold, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(where_the_time_went_is_drawn_for_pools, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(no_data_is_no_plot, set_up, tear_down),
                cmocka_unit_test_setup_teardown(data_hold_no_more_than_numbers, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_gnuplot_that_fails_is_told_with_its_words, set_up,
                                                tear_down),
        };

        usual_path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
        has_gnuplot = system("gnuplot --version >/dev/null 2>&1") == 0;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
