/* A command of mpbench: one file cmd_NAME.c, one struct. The only code that prints. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/option_table.h"
#include <mpbench/option.h>
#include <mproc/err.h>
#include <stddef.h>
#include <stdio.h>

enum cli_exit {
        CLI_GO_ON = -1, /* command_parse: there is something to do */
        CLI_OK = 0,
        CLI_REGRESSION = 1,
        CLI_USAGE = 2,
        CLI_INCONCLUSIVE = 3,
        CLI_COULD_NOT_RUN = 4,
        CLI_VERIFICATION_FAILED = 5,
        CLI_INTERRUPTED = 130,
};

struct command {
        const char *name;
        const char *summary;
        const char *usage;                /* "[OPTIONS] DIR" */
        const struct mpb_option *options; /* drives parsing and help; ends with COMMAND_END */
        const char *const *without; /* options of the table that it does not take, by name, and
                                       NULL; NULL: it takes all */
        const char *epilogue;       /* examples below the options; NULL: none */
        int (*main)(const struct command *command, int argc,
                    char **argv); /* returns enum cli_exit */
};

const struct command *command_at(size_t index); /* NULL past the end */
const struct command *command_find(const char *name);

/* The last rows of every command's table. */
/* clang-format off */
#define COMMAND_END                                                                                \
        {.name = "help", .letter = 'h', .type = MPB_FLAG, .summary = "show this help",             \
         .group = "Help"},                                                                         \
        {.name = "version", .letter = 'V', .type = MPB_FLAG, .summary = "show the version"},       \
        {.name = NULL}
/* clang-format on */

/* Reads the command's options; answers --help and --version itself. CLI_GO_ON: all is read, and
 * `*rest` is the first other argument; NULL: there must be none. `sink` may be NULL when there are
 * no other options. */
int command_parse(const struct command *command, int argc, char **argv, option_sink *sink,
                  void *context, int *rest);

/* A list of arguments that stands behind a "--". */
struct command_words {
        int count;
        char **word; /* `count` of them, and NULL; they point into argv */
};

/* Cuts argv at its first "--", before options are read, so that what a program behind it is given
 * is never taken for an option. Each further "--" begins another list, until there are `room`: the
 * last one takes the rest, whatever it holds. Returns how many there are; 0: there is no "--". */
size_t command_split(int *argc, char **argv, struct command_words *lists, size_t room);

/* The options of a command that knows --json besides: `context` of the sink is a bool. */
extern const struct mpb_option command_json_options[];
int command_take_json(const struct mpb_option *option, const char *text, void *context,
                      struct mproc_err *err);

/* The command's help, and that of mpbench as a whole. */
void command_show_help(const struct command *command, FILE *out);
void command_show_overview(FILE *out);
void command_show_version(FILE *out);

/* Prints the error; returns CLI_USAGE for -EINVAL, else CLI_COULD_NOT_RUN. `command` may be NULL.
 */
int command_fail(const struct command *command, const struct mproc_err *err);
/* An argument that the command does not take: prints, returns CLI_USAGE. */
int command_refuse_argument(const struct command *command, const char *argument);
/* No such command: prints the nearest one, returns CLI_USAGE. */
int command_unknown(const char *name);

#endif
