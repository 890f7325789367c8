/* A command from the plan to its verified trial, without a host: what the book holds, who runs
 * which line, what is told of a failure, and what reports make of the figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/trial_rig.h"
#include "model/book.h"
#include "run/book_make.h"
#include "run/summarise.h"
#include "run/task_lines.h"
#include "support/fixture.h"
#include "support/render.h"
#include "workload_table.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static struct plan plan;
static char folder[] = "/tmp/mpbench-command-XXXXXX", path[64];

/* The plan's command; words up to NULL. */
static void set_command(const char *word, ...)
{
        struct plan_variant *variant = &plan.variants[0];
        va_list words;
        size_t used = 0;

        plan_init(&plan);
        plan.variant_count = plan.workload_count = 1;
        text_copy(plan.workloads[0], sizeof(plan.workloads[0]), "command");
        *variant = (struct plan_variant){.kind = VARIANT_COMMAND};
        va_start(words, word);
        for (; word; word = va_arg(words, const char *)) {
                memcpy(variant->arguments + used, word, strlen(word) + 1);
                used += strlen(word) + 1;
                variant->argument_count++;
        }
        va_end(words);
}

/* The book with these lines; NULL: no input. */
static int make_book(const char *lines)
{
        struct mproc_err err = {0};
        int input = -1, book, file;

        if (lines) {
                file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                assert_int_equal(write(file, lines, strlen(lines)), strlen(lines));
                close(file);
                assert_int_equal(task_lines_read(path, &input, &plan.input_lines, &err), 0);
        }
        assert_int_equal(book_make_check(&plan, &err), 0);
        book = book_make(&plan, &plan.variants[0], input, &err);
        assert_true(book >= 0);
        if (input >= 0)
                close(input);
        return book;
}

/* A trial of it; its output goes to `path`, which it appends to. */
static int run_trial(struct rig *rig, int book, uint32_t workers, uint64_t runs,
                     struct mpb_outcome *outcome)
{
        int r;

        rig_init(rig, workload_find("command"));
        rig->trial.workers = workers;
        rig->trial.ops = runs;
        rig->trial.book_fd = book;
        r = rig_run(rig, 1, outcome);
        close(book);
        return r;
}

static char *read_all(void)
{
        char *text = calloc(1, 4096);
        int file = open(path, O_RDONLY | O_CLOEXEC);

        assert_true(read(file, text, 4095) >= 0);
        close(file);
        return text;
}

static void the_book_holds_program_arguments_and_lines(void **unused)
{
        const struct book *book;
        const char *bytes, *argument;
        const uint64_t *lines;
        struct stat info;
        int fd;

        (void)unused;
        set_command("sh", "-c", "", NULL);
        fd = make_book("one\n\ntwo words\r\nlast");
        assert_int_equal(fstat(fd, &info), 0);
        bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        book = (const void *)bytes;
        assert_int_equal(book->magic, BOOK_MAGIC);
        assert_int_equal(book->bytes, info.st_size);
        assert_string_equal(strrchr(bytes + book->program, '/'), "/sh"); /* found in PATH */
        assert_int_equal(book->argument_count, 4);
        argument = bytes + book->arguments;
        assert_string_equal(argument, "sh");
        assert_string_equal(argument + 3, "-c");
        assert_string_equal(argument + 6, "");
        assert_string_equal(argument + 7, BOOK_PLACE); /* a line has to go somewhere */
        assert_int_equal(book->line_count, 3);
        lines = (const void *)(bytes + book->lines);
        assert_string_equal(bytes + lines[0], "one");
        assert_string_equal(bytes + lines[1], "two words");
        assert_string_equal(bytes + lines[2], "last");
        assert_int_equal(lines[3], book->bytes);
        munmap((void *)bytes, (size_t)info.st_size);
        close(fd);
}

static void all_runs_of_a_line_follow_one_another(void **unused)
{
        struct mpb_outcome outcome;
        struct rig rig;
        char script[160], *said;
        int book;

        (void)unused;
        snprintf(script, sizeof(script), "echo $1 >>%s", path);
        set_command("sh", "-c", script, "sh", NULL);
        book = make_book("a\nb\nc\n");
        unlink(path);
        assert_int_equal(run_trial(&rig, book, 1, 9, &outcome), 0);
        assert_int_equal(outcome.final_value, 9);
        assert_int_equal(outcome.expected_value, 9);
        said = read_all();
        assert_string_equal(said, "a\na\na\nb\nb\nb\nc\nc\nc\n");
        free(said);

        book = make_book("a\nb\nc\n"); /* fewer runs than lines: the first ones */
        unlink(path);
        assert_int_equal(run_trial(&rig, book, 2, 2, &outcome), 0);
        said = read_all();
        assert_int_equal(strlen(said), 4);
        assert_non_null(strchr(said, 'a'));
        assert_non_null(strchr(said, 'b'));
        free(said);
}

static void a_failure_names_run_status_and_the_end_of_what_it_wrote(void **unused)
{
        struct mpb_outcome outcome;
        struct rig rig;

        (void)unused;
        set_command("sh", "-c",
                    "head -c 5000 /dev/zero | tr '\\0' x >&2; printf '\\033[1mno\\n' >&2; exit 3",
                    NULL);
        assert_int_equal(run_trial(&rig, make_book(NULL), 2, 4, &outcome), -ECHILD);
        assert_non_null(strstr(rig.err.text, "exited with status 3, not 0 (run 1 of 4): xxx"));
        assert_non_null(strstr(rig.err.text, "xxx [1mno")); /* nothing a terminal would obey */

        set_command("sh", "-c", "kill -TERM $$", NULL);
        assert_int_equal(run_trial(&rig, make_book(NULL), 1, 1, &outcome), -ECHILD);
        assert_non_null(strstr(rig.err.text, "was killed by signal 15 (SIGTERM)"));
}

static void a_program_that_goes_away_fails_the_trial(void **unused)
{
        static const char script[] = "#!/bin/sh\n";
        struct mpb_outcome outcome;
        struct rig rig;
        int file, book;

        (void)unused;
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
        assert_int_equal(write(file, script, strlen(script)), strlen(script));
        fchmod(file, 0700);
        close(file);
        set_command(path, NULL);
        book = make_book(NULL);
        unlink(path);
        assert_int_equal(run_trial(&rig, book, 1, 1, &outcome), -ENOENT);
        assert_non_null(strstr(rig.err.text, "could not be run: No such file"));
}

static void a_book_of_another_build_is_not_read(void **unused)
{
        struct mpb_outcome outcome;
        struct rig rig;
        int book;

        (void)unused;
        set_command("true", NULL);
        book = make_book(NULL);
        assert_int_equal(pwrite(book, "?", 1, 0), 1);
        assert_int_equal(run_trial(&rig, book, 1, 1, &outcome), -EPROTO);
}

static void figures_of_a_run_are_shares_of_its_trial(void **unused)
{
        struct worker_outcome workers[] = {
                {.begin_ns = 10, .end_ns = 4010, .user_ns = 800, .max_rss_bytes = 5 << 20},
                {.begin_ns = 20, .end_ns = 2020, .system_ns = 300, .max_rss_bytes = 7 << 20}};
        struct trial trial = {.outcome = {.workers = 2, .ops = 10}, .workers = workers};
        const struct trial *trials[] = {&trial};
        struct cell cell = {0};
        double value;

        (void)unused;
        summarise_runs(trials, 1, &value, &cell);
        assert_int_equal(cell.run.time_ns.n, 1);
        assert_true(cell.run.time_ns.median == 600);
        assert_true(cell.run.user_ns.median == 80);
        assert_true(cell.run.system_ns.median == 30);
        assert_int_equal(cell.run.max_rss_bytes, 7 << 20);
        assert_false(cell.run.max_rss_at_most);
        trial.outcome.host_rss_bytes = 6 << 20; /* then a worker alone may be as large */
        summarise_runs(trials, 1, &value, &cell);
        assert_true(cell.run.max_rss_at_most);
}

static void reports_show_the_command_its_tasks_and_what_a_run_takes(void **unused)
{
        static const char *const formats[] = {"text", "markdown"};
        struct report_style style = {.utf8 = true, .width = 100};
        struct result result;

        (void)unused;
        fixture_result(&result);
        set_command("gzip", "-kf", "a file", "a;b", "{}", NULL);
        result.plan.variant_count = 1;
        result.plan.variants[0] = plan.variants[0];
        result.plan.input_lines = 12;
        text_copy(result.plan.input, sizeof(result.plan.input), "-");
        result.cells[FIXTURE_MUTEX].run = (struct cell_run){
                .time_ns = {.median = 17.9e6, .ci_low = 17.7e6, .ci_high = 18.1e6, .n = 12},
                .user_ns = {.median = 16.5e6, .n = 12},
                .system_ns = {.median = 0, .n = 12},
                .max_rss_bytes = 61ull << 20,
                .max_rss_at_most = 1};
        for (size_t i = 0; i < 2; i++) {
                char *text = render(formats[i], &result, &style);

                render_join_lines(text);
                assert_contains(text, "gzip -kf 'a file' 'a;b' {} · ");
                assert_contains(text, "12 tasks from stdin");
                assert_contains(text, "17.9 ms [17.7, 18.1]");
                assert_contains(text, "0 ms");
                assert_contains(text, "at most 61 MiB");
                assert_contains(text, "not seen"); /* PSS: never a zero */
                free(text);
        }
        result_done(&result);
}

static int set_up(void **unused)
{
        (void)unused;
        if (!mkdtemp(folder))
                return -1;
        snprintf(path, sizeof(path), "%s/file", folder);
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        unlink(path);
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_book_holds_program_arguments_and_lines),
                cmocka_unit_test(all_runs_of_a_line_follow_one_another),
                cmocka_unit_test(a_failure_names_run_status_and_the_end_of_what_it_wrote),
                cmocka_unit_test(a_program_that_goes_away_fails_the_trial),
                cmocka_unit_test(a_book_of_another_build_is_not_read),
                cmocka_unit_test(figures_of_a_run_are_shares_of_its_trial),
                cmocka_unit_test(reports_show_the_command_its_tasks_and_what_a_run_takes),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
