/* The options of `mpbench run`: one table, and the plan that comes out of it. Only the form of
 * levels is checked here; whether they exist is known below (run_expand). Driver only. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "cli/command.h"
#include "model/plan.h"
#include <mpbench/option.h>
#include <mproc/err.h>

struct run_options {
        struct plan plan;
        const char *out;   /* an argument; NULL: a folder of the day */
        const char *input; /* an argument: where a command's tasks are; NULL: no input */
        bool force, no_save, dry_run, json, quiet;
        bool allow_inconclusive; /* of what compares two sides */
        bool budget_given;       /* else --rounds alone is exact */
        bool timeout_given;      /* else a command gets more time */
        bool counters_given;     /* else the default set */
};

extern const struct mpb_option run_option_table[];

/* Reads a whole command line, over the defaults; help and errors are printed: CLI_GO_ON, or what
 * main returns. The `*count` lists behind "--", as command_split finds them, are the plan's
 * variants, as many of them as it has room for. */
int run_options_read(const struct command *command, int argc, char **argv,
                     struct command_words *lists, size_t room, size_t *count,
                     struct run_options *options);
/* What can be judged only when all of them were read. */
int run_options_finish(struct run_options *options, struct mproc_err *err);

#endif
