#include "cli/run_perform.h"

#include "base/error.h"
#include "cli/run_folder.h"
#include "cli/run_show.h"
#include "cli/terminal.h"
#include "reports/report.h"
#include "run/task_lines.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile bool stop;
static int stop_fd = -1;

static void on_signal(int number)
{
        int saved = errno;
        uint64_t one = 1;

        (void)number;
        stop = true;
        if (write(stop_fd, &one, sizeof(one)) < 0) {
                /* The counter is full: it is readable already. */
        }
        errno = saved;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* The first signal asks the run to end; a second one ends the program as ever. */
static int catch_signals(struct mproc_err *err)
{
        struct sigaction action = {.sa_handler = on_signal,
                                   .sa_flags = SA_RESTART | (int)SA_RESETHAND};

        stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (stop_fd < 0)
                return error_errno(err, -errno, "run", "no descriptor for signals");
        for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
                struct sigaction old;

                sigaction(signals[i], NULL, &old);
                if (old.sa_handler != SIG_IGN) /* nohup */
                        sigaction(signals[i], &action, NULL);
        }
        return 0;
}

/* While a run is saved a key that is held down must not cost what was measured. */
static int save(const struct run_options *options, const struct result *result, time_t started,
                struct saved_run *saved, struct mproc_err *err)
{
        enum { COUNT = sizeof(signals) / sizeof(*signals) };
        struct sigaction ignore = {.sa_handler = SIG_IGN}, before[COUNT];
        int rc;

        for (size_t i = 0; i < COUNT; i++)
                sigaction(signals[i], &ignore, &before[i]);
        rc = run_folder_save(options, result, started, saved, err);
        for (size_t i = 0; i < COUNT; i++)
                sigaction(signals[i], &before[i], NULL);
        return rc;
}

static int measure(const struct run_options *options, int input_fd, struct result *result,
                   struct mproc_err *err)
{
        bool shows =
                !options->quiet && !options->plan.keep_output && terminal_rewrites(STDERR_FILENO);
        struct run_hooks hooks = {
                .progress = shows ? run_show_progress : NULL, .stop = &stop, .input_fd = input_fd};
        int rc = catch_signals(err);

        if (rc)
                return rc;
        hooks.stop_fd = stop_fd;
        rc = run_measure(result, &hooks, err);
        if (shows)
                run_clear_progress();
        return rc; /* stop_fd stays open: a late signal must not write into what is saved */
}

/* A stdout that cannot be written is no error here: main tells of it, whatever was printed. */
static int print(const struct run_options *options, const struct result *result,
                 struct mproc_err *err)
{
        struct report_style style = terminal_style(STDOUT_FILENO);
        struct page page = terminal_page(stdout);
        int rc = 0;

        if (options->json)
                rc = report_find("json")->write(result, &style, stdout, err);
        else if (options->dry_run)
                run_show_plan(result, &page);
        else if (options->quiet)
                rc = run_show_cells(result, &page, err);
        else
                rc = report_find("text")->write(result, &style, stdout, err);
        return ferror(stdout) ? 0 : rc;
}

static void print_saved(const struct run_options *options, const struct saved_run *saved)
{
        FILE *out = options->json ? stderr : stdout; /* JSON stands alone */

        if (options->quiet)
                return;
        if (*saved->plots)
                fprintf(out, "No plots: %s\n", saved->plots);
        /* As lines of their own, never wrapped: to be copied. */
        fprintf(out, "Saved: %s\nMore:  %s report %s\n", saved->path, program_invocation_name,
                saved->name);
}

static int judge(const struct result *result)
{
        bool measured = false, failed = false, unverified = false;

        if (result->end == RESULT_INTERRUPTED)
                return CLI_INTERRUPTED;
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                failed |= cell->status == CELL_FAILED;
                measured |= cell->status != CELL_SKIPPED;
                /* A wrong result, or a trial among good ones that came to no result. */
                unverified |= cell->status <= CELL_VERIFIED_ONLY && !cell->verified;
                unverified |= cell->status == CELL_FAILED && cell->loss.lossy;
        }
        if (unverified)
                return CLI_VERIFICATION_FAILED;
        return failed || !measured ? CLI_COULD_NOT_RUN : CLI_OK;
}

int run_perform(const struct command *command, struct run_options *options, struct result *result)
{
        time_t started = time(NULL);
        int input_fd = -1;
        struct saved_run saved;
        struct mproc_err err = {0};
        int rc = 0, status;

        if (options->input)
                rc = task_lines_read(options->input, &input_fd, &options->plan.input_lines, &err);
        if (!rc)
                rc = run_expand(&options->plan, result, &err);
        if (!rc && !options->no_save && !options->dry_run)
                rc = run_folder_check(options, &err);
        if (!rc && !options->dry_run)
                rc = measure(options, input_fd, result, &err);
        if (input_fd >= 0)
                close(input_fd);
        if (rc)
                return command_fail(command, &err);
        if (options->dry_run)
                return print(options, result, &err) ? command_fail(command, &err) : CLI_OK;

        if (result->end == RESULT_INTERRUPTED && !result->trial_count) {
                fputs("mpbench: interrupted before anything was measured; nothing is saved\n",
                      stderr);
                return CLI_INTERRUPTED;
        }
        /* Saved first: what was measured must not depend on who reads stdout. */
        status = judge(result);
        if (!options->no_save)
                rc = save(options, result, started, &saved, &err);
        if (rc)
                status = command_fail(command, &err);
        if (print(options, result, &err))
                return command_fail(command, &err);
        if (!rc && !options->no_save)
                print_saved(options, &saved);
        return status;
}
