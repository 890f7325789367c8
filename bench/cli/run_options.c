#include "cli/run_options.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/plan_text.h"

#include <errno.h>
#include <string.h>

#define STAGE "option"
#define COMMAND_TIMEOUT_NS (600 * NS_PER_S) /* a run of a program may take its time */
#define PLANTED_PPM 30000

/* Rows of the table. The factors come in the order of enum factor. */
enum {
        ROW_WORKLOAD,
        ROW_SET,
        ROW_INPUT,
        ROW_OUTPUT,
        ROW_FACTORS,
        ROW_COUNTERS = ROW_FACTORS + FACTOR_VARIANT, /* which has no option of its own */
        ROW_BASELINE,
        ROW_BUDGET,
        ROW_ROUNDS,
        ROW_PRECISION,
        ROW_THRESHOLD,
        ROW_ALLOW_INCONCLUSIVE,
        ROW_SEED,
        ROW_TIMEOUT,
        ROW_SUSTAIN,
        ROW_CONTROL,
        ROW_PLANTED,
        ROW_DRY_RUN,
        ROW_OUT,
        ROW_FORCE,
        ROW_NO_SAVE,
        ROW_JSON,
        ROW_QUIET,
        ROW_COMMON,
};

/* clang-format off */
const struct mpb_option run_option_table[] = {
        [ROW_WORKLOAD] = {.name = "workload", .letter = 'w', .type = MPB_TEXT, .metavar = "NAME[,..]",
                .group = "What to measure",
                .summary = "what the workers do; 'mpbench list' shows all. A path names a plug-in"},
        [ROW_SET] = {.name = "set", .type = MPB_TEXT, .metavar = "KEY=LIST",
                .summary = "a parameter of the workload; may be repeated"},
        [ROW_INPUT] = {.name = "input", .type = MPB_TEXT, .metavar = "FILE",
                .summary = "tasks of a command, a line each, for its {} or its end; -: stdin"},
        [ROW_OUTPUT] = {.name = "output", .type = MPB_CHOICE, .metavar = "WHERE",
                .fallback = "drop", .choices = (const char *const[]){"drop", "stderr", NULL},
                .summary = "where what a command writes goes to"},
        [ROW_FACTORS + FACTOR_RUNTIME] = {.name = "runtime", .type = MPB_TEXT, .metavar = "LIST",
                .group = "Factors: choices under comparison, each a LIST of levels or 'all'",
                .summary = "what starts and joins the workers"},
        [ROW_FACTORS + FACTOR_START] = {.name = "start", .type = MPB_TEXT, .metavar = "LIST",
                .summary = "start methods: fork, spawn, ..."},
        [ROW_FACTORS + FACTOR_SUBMIT] = {.name = "submit", .type = MPB_TEXT, .metavar = "LIST",
                .summary = "how tasks reach the workers: static when not given, or through a pool "
                           "(map, imap, imap:16, ...)"},
        [ROW_FACTORS + FACTOR_CHUNK] = {.name = "chunk", .type = MPB_TEXT, .metavar = "LIST",
                .summary = "of submit=map: how many tasks a worker takes at a time, guided, or "
                           "cpython when not given"},
        [ROW_FACTORS + FACTOR_TRANSPORT] = {.name = "transport", .type = MPB_TEXT, .metavar = "LIST",
                .summary = "of a pool: what tasks and results travel by; ring when not given"},
        [ROW_FACTORS + FACTOR_SHARE] = {.name = "share", .type = MPB_TEXT, .metavar = "LIST",
                .summary = "sharing strategies of the workload"},
        [ROW_FACTORS + FACTOR_WORKERS] = {.name = "workers", .type = MPB_INT, .is_list = 1,
                .metavar = "LIST", .min = 1, .max = WORKERS_MAX,
                .summary = "how many workers; as many as CPUs may be used when not given"},
        [ROW_FACTORS + FACTOR_PLACE] = {.name = "place", .type = MPB_TEXT, .metavar = "LIST",
                .summary = "where they run: a policy, or CPU numbers such as 0,2,4-7"},
        [ROW_COUNTERS] = {.name = "counters", .letter = 'e', .type = MPB_TEXT, .metavar = "EVENT",
                .group = "How to measure",
                .summary = "default, none, an event by perf's or libpfm4's name (cycles:u, r11a), or a "
                           "group of events counted together, '{A,B}'; may be repeated"},
        [ROW_BASELINE] = {.name = "baseline", .type = MPB_TEXT, .metavar = "LEVELS",
                .summary = "the cell that others are compared with: mutex, or "
                           "share=mutex,start=fork"},
        [ROW_BUDGET] = {.name = "budget", .type = MPB_DURATION, .metavar = "TIME",
                .min = 100 * NS_PER_MS, .max = INT64_MAX, .fallback = "10s",
                .summary = "about how long to measure"},
        [ROW_ROUNDS] = {.name = "rounds", .letter = 'r', .type = MPB_INT, .metavar = "N",
                .min = 1, .max = 100000,
                .summary = "trials of each cell; exact when no budget is given"},
        [ROW_PRECISION] = {.name = "precision", .type = MPB_PERCENT, .metavar = "PERCENT",
                .min = 1, .max = 1000000,
                .summary = "stop when every interval is as narrow as this"},
        [ROW_THRESHOLD] = {.name = "threshold", .type = MPB_PERCENT, .metavar = "PERCENT",
                .min = 0, .max = 1000000, .fallback = "2%",
                .summary = "differences smaller than this do not matter"},
        [ROW_ALLOW_INCONCLUSIVE] = {.name = "allow-inconclusive", .type = MPB_FLAG,
                .summary = "exit status 0 where nothing can be said, too"},
        [ROW_SEED] = {.name = "seed", .type = MPB_INT, .metavar = "N", .max = INT64_MAX,
                .fallback = "1", .summary = "of the random order within rounds"},
        [ROW_TIMEOUT] = {.name = "timeout", .type = MPB_DURATION, .metavar = "TIME",
                .min = 10 * NS_PER_MS, .max = INT64_MAX, .fallback = "10s",
                .summary = "the longest that one trial may take; of a command 10m when not given"},
        [ROW_SUSTAIN] = {.name = "sustain", .type = MPB_DURATION, .metavar = "TIME",
                .min = NS_PER_MS, .max = 3600 * (int64_t)NS_PER_S,
                .summary = "keep the same load on for so long before the first round: turbo, heat, "
                           "burst credits"},
        [ROW_CONTROL] = {.name = "control", .type = MPB_FLAG,
                .summary = "also hold the baseline against itself, and against itself slowed down: "
                           "what this run calls wrongly, and what it can find"},
        [ROW_PLANTED] = {.name = "planted", .type = MPB_PERCENT, .metavar = "PERCENT",
                .min = 1000, .max = 10000000,
                .summary = "how much longer the slowed one works, 3% when not given; implies "
                           "--control"},
        [ROW_DRY_RUN] = {.name = "dry-run", .type = MPB_FLAG,
                .summary = "show cells, rounds and expected time; measure nothing"},
        [ROW_OUT] = {.name = "out", .letter = 'o', .type = MPB_TEXT, .metavar = "DIR",
                .group = "Output",
                .summary = "the folder to save to; mpbench-results/<time>-<workload> when not given"},
        [ROW_FORCE] = {.name = "force", .type = MPB_FLAG,
                .summary = "replace a folder that exists"},
        [ROW_NO_SAVE] = {.name = "no-save", .type = MPB_FLAG, .summary = "save nothing"},
        [ROW_JSON] = {.name = "json", .type = MPB_FLAG,
                .summary = "print report.json instead of the screen"},
        [ROW_QUIET] = {.name = "quiet", .letter = 'q', .type = MPB_FLAG,
                .summary = "print one line per cell, no progress"},
        [ROW_COMMON] = COMMAND_END,
};
/* clang-format on */

/* Not a list: names of events hold commas. The first one replaces the default. */
static int take_counter(struct run_options *options, const char *text, struct mproc_err *err)
{
        struct plan *plan = &options->plan;

        if (!options->counters_given)
                plan->counter_count = 0;
        options->counters_given = true;
        if (!strcmp(text, "none")) {
                plan->counters_off = 1;
                return 0;
        }
        if (!*text || strlen(text) >= sizeof(plan->counters[0]))
                return error_set(err, -EINVAL, STAGE, "counters: '%.64s' is no name of an event",
                                 text);
        if (plan->counter_count == COUNTERS_MAX)
                return error_set(err, -EINVAL, STAGE, "counters: more than %d events",
                                 COUNTERS_MAX);
        text_copy(plan->counters[plan->counter_count++], sizeof(plan->counters[0]), text);
        return 0;
}

static int take_text(char *to, size_t size, const struct mpb_option *option, const char *text,
                     struct mproc_err *err)
{
        if (!*text || strlen(text) >= size)
                return error_set(err, -EINVAL, STAGE, "%s: 1 to %zu characters are allowed",
                                 option->name, size - 1);
        text_copy(to, size, text);
        return 0;
}

/* An option_sink. */
static int take(const struct mpb_option *option, const char *text, void *context,
                struct mproc_err *err)
{
        struct run_options *options = context;
        struct plan *plan = &options->plan;
        int64_t value = 0;
        int row = (int)(option - run_option_table), rc = 0;

        if (row >= ROW_FACTORS && row < ROW_COUNTERS)
                return plan_text_factor(plan, (enum factor)(row - ROW_FACTORS), option, text, err);
        if (text)
                rc = option_parse_value(option, text, &value, err);
        if (rc)
                return rc;
        switch (row) {
        case ROW_WORKLOAD:
                return plan_text_workloads(plan, text, err);
        case ROW_SET:
                return plan_text_param(plan, text, err);
        case ROW_COUNTERS:
                return take_counter(options, text, err);
        case ROW_INPUT:
                options->input = text;
                return take_text(plan->input, sizeof(plan->input), option, text, err);
        case ROW_OUTPUT:
                plan->keep_output = value != 0;
                break;
        case ROW_BASELINE:
                return take_text(plan->baseline, sizeof(plan->baseline), option, text, err);
        case ROW_BUDGET:
                plan->budget_ns = (uint64_t)value;
                options->budget_given = true;
                break;
        case ROW_ROUNDS:
                plan->rounds = (uint32_t)value;
                break;
        case ROW_PRECISION:
                plan->precision_ppm = (uint64_t)value;
                break;
        case ROW_THRESHOLD:
                plan->threshold_ppm = (uint64_t)value;
                break;
        case ROW_ALLOW_INCONCLUSIVE:
                options->allow_inconclusive = true;
                break;
        case ROW_SEED:
                plan->seed = (uint64_t)value;
                break;
        case ROW_TIMEOUT:
                plan->timeout_ns = (uint64_t)value;
                options->timeout_given = true;
                break;
        case ROW_SUSTAIN:
                plan->sustain_ns = (uint64_t)value;
                break;
        case ROW_CONTROL:
                plan->control = 1;
                break;
        case ROW_PLANTED:
                plan->planted_ppm = (uint64_t)value;
                plan->control = 1;
                break;
        case ROW_DRY_RUN:
                options->dry_run = true;
                break;
        case ROW_OUT:
                if (!*text)
                        return error_set(err, -EINVAL, STAGE, "out: an empty name of a folder");
                options->out = text;
                break;
        case ROW_FORCE:
                options->force = true;
                break;
        case ROW_NO_SAVE:
                options->no_save = true;
                break;
        case ROW_JSON:
                options->json = true;
                break;
        case ROW_QUIET:
                options->quiet = true;
                break;
        }
        return 0;
}

/* Everything that has a default gets it. */
static int init(struct run_options *options, struct mproc_err *err)
{
        int rc;

        memset(options, 0, sizeof(*options));
        plan_init(&options->plan);
        rc = option_take_defaults(run_option_table, take, options, err);
        options->budget_given = options->timeout_given = false;
        return rc;
}

/* The command behind "--", NULL-terminated, as the plan's next variant. */
static int take_command(struct run_options *options, char **words, struct mproc_err *err)
{
        struct plan *plan = &options->plan;
        struct plan_variant *variant = &plan->variants[plan->variant_count];
        size_t used = 0;

        *variant = (struct plan_variant){.kind = VARIANT_COMMAND};
        for (; *words; words++) {
                size_t bytes = strlen(*words) + 1;

                if (bytes > sizeof(variant->arguments) - used)
                        return error_set(err, -EINVAL, "command",
                                         "the command '%.64s ...' has more than %zu bytes: put it "
                                         "into a script, or its arguments into an --input",
                                         variant->arguments, sizeof(variant->arguments));
                memcpy(variant->arguments + used, *words, bytes);
                used += bytes;
                variant->argument_count++;
        }
        plan->variant_count++;
        return 0;
}

int run_options_read(const struct command *command, int argc, char **argv,
                     struct command_words *lists, size_t room, size_t *count,
                     struct run_options *options)
{
        struct mproc_err err = {0};
        int rc = init(options, &err);

        *count = command_split(&argc, argv, lists, room);
        for (size_t i = 0; i < *count && i < VARIANTS_MAX && !rc; i++)
                rc = take_command(options, lists[i].word, &err);
        if (rc)
                return command_fail(command, &err);
        return command_parse(command, argc, argv, take, options, NULL);
}

/* One command at a time, unless there are several tasks to share: a second run beside the first may
 * be in its way. */
static int finish_command(struct run_options *options, struct mproc_err *err)
{
        struct plan *plan = &options->plan;

        if (!options->timeout_given)
                plan->timeout_ns = COMMAND_TIMEOUT_NS;
        if (!plan->workload_count)
                text_copy(plan->workloads[plan->workload_count++], NAME_MAX_BYTES, "command");
        if (plan->levels[FACTOR_WORKERS].count || *plan->input)
                return 0;
        return plan_text_level(&plan->levels[FACTOR_WORKERS], "workers", "1", 1, err);
}

int run_options_finish(struct run_options *options, struct mproc_err *err)
{
        struct plan *plan = &options->plan;
        int rc = 0;

        if (plan->variant_count && plan->variants[0].kind == VARIANT_COMMAND)
                rc = finish_command(options, err);
        if (rc)
                return rc;
        if (!plan->workload_count && !plan->variant_count)
                return error_set(err, -EINVAL, STAGE,
                                 "--workload is missing; begin with --workload=counter "
                                 "('mpbench list' shows all)");
        if (plan->counters_off && plan->counter_count)
                return error_set(err, -EINVAL, STAGE, "--counters: 'none' stands alone");
        if (options->out && options->no_save)
                return error_set(err, -EINVAL, STAGE, "--out and --no-save exclude each other");
        if (plan->control && !plan->planted_ppm)
                plan->planted_ppm = PLANTED_PPM;
        if (plan->rounds && !options->budget_given)
                plan->budget_ns = 0;
        /* Who names what to compare is told about that alone. */
        if (plan->levels[FACTOR_START].count || plan->levels[FACTOR_SHARE].count)
                plan->start_strip = 0;
        return 0;
}
