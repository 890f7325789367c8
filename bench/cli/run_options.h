/* The options of `mpbench run`: one table, and the plan that comes out of it. Only the form of
 * levels is checked here; whether they exist is known below (run_expand). Driver only. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

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

/* Everything that has a default gets it. */
int run_options_init(struct run_options *options, struct mproc_err *err);
/* One option of the command line: an option_sink. `context` is a struct run_options. */
int run_options_take(const struct mpb_option *option, const char *text, void *context,
                     struct mproc_err *err);
/* The command behind "--", NULL-terminated, as the plan's next variant. */
int run_options_take_command(struct run_options *options, char **words, struct mproc_err *err);
/* What can be judged only when all of them were read. */
int run_options_finish(struct run_options *options, struct mproc_err *err);

#endif
