#include "base/error.h"
#include "base/option_table.h"
#include "cli/command.h"
#include "cli/saved_report.h"
#include "cli/terminal.h"
#include "compare/difference.h"
#include "reports/difference_formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGE "compare"

static const struct mpb_option options[] = {
        {.name = "threshold",
         .type = MPB_PERCENT,
         .metavar = "PERCENT",
         .min = 0,
         .max = 1000000,
         .fallback = "2%",
         .group = "What is a regression",
         .summary = "slower by no more than this is none"},
        {.name = "allow-inconclusive",
         .type = MPB_FLAG,
         .summary = "exit status 0, not 3, where nothing can be said"},
        {.name = "out",
         .letter = 'o',
         .type = MPB_TEXT,
         .metavar = "DIR",
         .group = "Output",
         .summary = "a new folder for comparison.json, comparison.md and a plot"},
        {.name = "json", .type = MPB_FLAG, .summary = "print comparison.json instead"},
        {.name = "quiet",
         .letter = 'q',
         .type = MPB_FLAG,
         .summary = "print the outcome alone, in one line"},
        COMMAND_END,
};

struct asked {
        int64_t threshold_ppm;
        const char *out;
        bool allow_inconclusive, json, quiet;
};

static int take(const struct mpb_option *option, const char *text, void *context,
                struct mproc_err *err)
{
        struct asked *asked = context;

        if (!strcmp(option->name, "threshold"))
                return option_parse_value(option, text, &asked->threshold_ppm, err);
        if (!strcmp(option->name, "out"))
                asked->out = text;
        asked->allow_inconclusive |= !strcmp(option->name, "allow-inconclusive");
        asked->json |= !strcmp(option->name, "json");
        asked->quiet |= !strcmp(option->name, "quiet");
        return 0;
}

/* The runs of one side. */
struct shelf {
        size_t count;
        struct result *results;
        struct difference_run *runs;
};

static void shelf_done(struct shelf *shelf)
{
        for (size_t i = 0; i < shelf->count; i++)
                result_done(&shelf->results[i]);
        free(shelf->results);
        free(shelf->runs);
}

static int shelf_init(struct shelf *shelf, size_t count, char **names, struct mproc_err *err)
{
        int rc = 0;

        *shelf = (struct shelf){0};
        shelf->results = calloc(count, sizeof(*shelf->results));
        shelf->runs = calloc(count, sizeof(*shelf->runs));
        if (!shelf->results || !shelf->runs)
                rc = error_set(err, -ENOMEM, STAGE, "no memory for %zu runs", count);
        while (!rc && shelf->count < count) {
                size_t i = shelf->count;

                shelf->runs[i] = (struct difference_run){&shelf->results[i], names[i]};
                rc = saved_report_read(names[i], STAGE, &shelf->results[i], NULL, err);
                shelf->count += !rc;
        }
        return rc;
}

static int print_json(const struct difference *difference, struct mproc_err *err)
{
        char *text = NULL;
        int rc = difference_to_json(difference, &text, err);

        if (!rc)
                puts(text);
        free(text);
        return rc;
}

/* A stdout that cannot be written is no error here: main tells of it. */
static int print(const struct asked *asked, const struct difference *difference,
                 struct mproc_err *err)
{
        struct page page = terminal_page(stdout);
        int rc = 0;

        if (asked->json)
                rc = print_json(difference, err);
        else if (asked->quiet)
                page_wrap(&page, 0, 0, " ", difference->outcome);
        else
                rc = difference_write_text(difference, &page, err);
        return ferror(stdout) ? 0 : rc;
}

static void print_saved(const struct asked *asked, const char *plot_note)
{
        FILE *out = asked->json ? stderr : stdout; /* JSON stands alone */

        if (!asked->out || asked->quiet)
                return;
        if (*plot_note)
                fprintf(out, "No plot: %s\n", plot_note);
        fprintf(out, "Saved: %s\n", asked->out);
}

static int status_of(const struct asked *asked, const struct difference *difference)
{
        if (difference->regression == REGRESSION_YES)
                return CLI_REGRESSION;
        if (difference->regression == REGRESSION_UNCLEAR && !asked->allow_inconclusive)
                return CLI_INCONCLUSIVE;
        return CLI_OK;
}

static int compare(const struct asked *asked, const struct command_words sides[SIDE_COUNT],
                   int *status, struct mproc_err *err)
{
        struct shelf old = {0}, new = {0};
        struct difference *difference = calloc(1, sizeof(*difference));
        char plot_note[512] = "";
        int rc;

        if (!difference)
                return error_set(err, -ENOMEM, STAGE, "no memory for the comparison");
        rc = shelf_init(&old, (size_t)sides[SIDE_OLD].count, sides[SIDE_OLD].word, err);
        if (!rc)
                rc = shelf_init(&new, (size_t)sides[SIDE_NEW].count, sides[SIDE_NEW].word, err);
        if (!rc)
                rc = difference_init(difference, old.runs, old.count, new.runs, new.count,
                                     (double)asked->threshold_ppm / 1e6, err);
        if (rc)
                goto out;
        *status = status_of(asked, difference);
        if (asked->out)
                rc = difference_save(difference, asked->out, plot_note, sizeof(plot_note), err);
        if (!rc)
                rc = print(asked, difference, err);
        if (!rc)
                print_saved(asked, plot_note);
        difference_done(difference);
out:
        shelf_done(&old);
        shelf_done(&new);
        free(difference);
        return rc;
}

/* OLD NEW, or OLD… -- NEW…: `words` are those before the "--". */
static int find_sides(struct command_words words, size_t lists,
                      struct command_words sides[SIDE_COUNT], struct mproc_err *err)
{
        if (lists) {
                sides[SIDE_OLD] = words;
        } else if (words.count == 2) {
                sides[SIDE_OLD] = (struct command_words){1, words.word};
                sides[SIDE_NEW] = (struct command_words){1, words.word + 1};
        } else {
                return error_set(
                        err, -EINVAL, STAGE,
                        words.count > 2 ? "more than two runs: put '--' between the old and the new"
                                        : "which runs? Name two, an old one and a new one");
        }
        if (!sides[SIDE_OLD].count || !sides[SIDE_NEW].count)
                return error_set(err, -EINVAL, STAGE, "no run stands %s '--'",
                                 sides[SIDE_OLD].count ? "behind" : "before");
        return 0;
}

static int compare_main(const struct command *command, int argc, char **argv)
{
        struct asked asked = {0};
        struct command_words sides[SIDE_COUNT] = {0};
        struct mproc_err err = {0};
        size_t lists = command_split(&argc, argv, &sides[SIDE_NEW], 1);
        int rest, status, rc = option_take_defaults(options, take, &asked, &err);

        if (rc)
                return command_fail(command, &err);
        status = command_parse(command, argc, argv, take, &asked, &rest);
        if (status != CLI_GO_ON)
                return status;
        rc = find_sides((struct command_words){argc - rest, argv + rest}, lists, sides, &err);
        if (!rc)
                rc = compare(&asked, sides, &status, &err);
        return rc ? command_fail(command, &err) : status;
}

const struct command command_compare = {
        .name = "compare",
        .summary = "Says whether saved runs have become slower: of one old and one new run the "
                   "ratios, of three and more on each side a verdict.",
        .usage = "[OPTIONS] OLD NEW\n       mpbench compare [OPTIONS] OLD... -- NEW...",
        .options = options,
        .epilogue = "A run is its folder, its report.json, or 'latest'.\n"
                    "\n"
                    "Exit status: 0 no regression; 1 a regression; 3 nothing can be said;\n"
                    "2 usage; 4 could not run.\n",
        .main = compare_main,
};
