#include "base/error.h"
#include "cli/command.h"
#include "cli/run_options.h"
#include "cli/run_perform.h"
#include "run/judge.h"

#include <errno.h>
#include <string.h>

#define SIDES 2

static bool is_plugin(const struct command_words *side)
{
        size_t length = side->count == 1 ? strlen(side->word[0]) : 0;

        return length > 3 && !strcmp(side->word[0] + length - 3, ".so");
}

/* The form of the sides says what they are. They are in the plan as commands by now. */
static int judge_sides(struct plan *plan, const struct command_words *sides, struct mproc_err *err)
{
        enum variant_kind kind = VARIANT_COMMAND;

        for (int i = 0; i < SIDES; i++) {
                if (!sides[i].count)
                        return error_set(err, -EINVAL, "ab", "nothing stands behind the -- of %c",
                                         'A' + i);
                if (plan->workload_count && sides[i].count > 1)
                        return error_set(err, -EINVAL, "ab",
                                         "with --workload each side is a build of mpbench, one "
                                         "path; '%.64s' is given besides. For two commands leave "
                                         "--workload out",
                                         sides[i].word[1]);
        }
        if (is_plugin(&sides[0]) != is_plugin(&sides[1]) && !plan->workload_count)
                return error_set(err, -EINVAL, "ab",
                                 "one side is a plug-in (.so) and the other is none");
        if (plan->workload_count)
                kind = VARIANT_BUILD;
        else if (is_plugin(&sides[0]))
                kind = VARIANT_PLUGIN;
        for (int i = 0; i < SIDES; i++)
                plan->variants[i].kind = kind;
        return 0;
}

/* The worst of all pairs. A pair of which only one could be measured is no answer. */
static int judge(const struct result *result, struct mproc_err *err)
{
        enum regression worst = REGRESSION_NO;
        size_t pairs = 0;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i], *twin = judge_twin(result, cell);

                if (cell->status == CELL_SKIPPED && twin && twin->status != CELL_SKIPPED)
                        return error_set(err, -EOPNOTSUPP, "ab", "%s could not be run: %.400s",
                                         cell->level[FACTOR_VARIANT], cell->note);
                pairs += cell->status != CELL_SKIPPED && cell->status != CELL_LOSSY &&
                         !strcmp(cell->level[FACTOR_VARIANT], "B");
        }
        if (!pairs || result->comparison_count < pairs) /* some were too short for a figure */
                worst = REGRESSION_UNCLEAR;
        for (size_t i = 0; i < result->comparison_count; i++) {
                enum regression one = result_regression(result, &result->comparisons[i]);

                worst = one > worst ? one : worst;
        }
        return worst == REGRESSION_YES       ? CLI_REGRESSION
               : worst == REGRESSION_UNCLEAR ? CLI_INCONCLUSIVE
                                             : CLI_OK;
}

/* The last line: what the exit status says, with what would make it say more. */
static void print_status(const struct run_options *options, const struct result *result, int status,
                         FILE *out)
{
        double percent = (double)result->plan.threshold_ppm / 1e4;
        size_t faster = 0;
        uint32_t rounds = 0;

        for (size_t i = 0; i < result->comparison_count; i++) {
                if (result->comparisons[i].rounds_wanted > rounds)
                        rounds = result->comparisons[i].rounds_wanted;
                faster += result->comparisons[i].verdict == VERDICT_FASTER;
        }
        if (status == CLI_OK && faster == result->comparison_count)
                fputs("Exit status 0: no regression; B is faster.\n", out);
        else if (status == CLI_OK)
                fprintf(out,
                        "Exit status 0: no regression; B is not slower by more than %.3g %%.\n",
                        percent);
        else if (status == CLI_REGRESSION)
                fprintf(out, "Exit status 1: a regression; B is slower by more than %.3g %%.\n",
                        percent);
        else if (rounds)
                fprintf(out, "Exit status %d: inconclusive; try --rounds=%u.\n",
                        options->allow_inconclusive ? CLI_OK : CLI_INCONCLUSIVE, rounds);
        else
                fprintf(out, "Exit status %d: inconclusive.\n",
                        options->allow_inconclusive ? CLI_OK : CLI_INCONCLUSIVE);
}

static int perform(const struct command *command, struct run_options *options)
{
        struct mproc_err err = {0};
        struct result result;
        int status;

        result_init(&result);
        status = run_perform(command, options, &result);
        if (status == CLI_OK && !options->dry_run) {
                status = judge(&result, &err);
                if (status < 0)
                        status = command_fail(NULL, &err);
                else
                        print_status(options, &result, status, options->json ? stderr : stdout);
                if (status == CLI_INCONCLUSIVE && options->allow_inconclusive)
                        status = CLI_OK;
        }
        result_done(&result);
        return status;
}

static int ab_main(const struct command *command, int argc, char **argv)
{
        struct command_words sides[SIDES + 1];
        struct run_options options;
        struct mproc_err err = {0};
        size_t count;
        int status = run_options_read(command, argc, argv, sides, SIDES + 1, &count, &options);
        int rc = 0;

        if (status != CLI_GO_ON)
                return status;
        if (count != SIDES)
                rc = error_set(&err, -EINVAL, "ab",
                               "two sides are compared, each behind a --, and %s given: "
                               "mpbench ab [OPTIONS] -- A -- B",
                               count > SIDES ? "more are"
                               : count       ? "one is"
                                             : "none is");
        if (!rc)
                rc = judge_sides(&options.plan, sides, &err);
        if (!rc)
                rc = run_options_finish(&options, &err);
        if (rc)
                return command_fail(command, &err);
        options.plan.start_strip = 0;
        return perform(command, &options);
}

const struct command command_ab = {
        .name = "ab",
        .summary = "Compares two commands, two builds of a plug-in, or two builds of mpbench, in "
                   "interleaved rounds: is B slower than A?",
        .usage = "[OPTIONS] -- A -- B",
        .options = run_option_table,
        .without = (const char *const[]){"baseline", NULL},
        .epilogue =
                "A and B are commands with their arguments; or two paths ending in .so, plug-ins\n"
                "with one workload; or, with --workload=NAME, two builds of mpbench that do that\n"
                "workload, each given by its folder or its mpbench-host. With several levels\n"
                "(--workers=1,2) B is compared with A at each of them.\n"
                "\n"
                "Examples:\n"
                "  mpbench ab -- gzip -6 -c FILE -- gzip -9 -c FILE\n"
                "  mpbench ab --workers=1,4 -- ./old.so -- ./new.so\n"
                "  mpbench ab --workload=counter --share=mutex -- build-old -- build-new\n"
                "\n"
                "Exit status: 0 no regression: B takes at most the threshold more time, to the\n"
                "bad end of its interval; 1 a regression: B is slower, beyond chance and by more\n"
                "than the threshold; 3 neither can be said; 2 usage; 4 could not run; 5 a\n"
                "verification failed; 130 interrupted.\n",
        .main = ab_main,
};
