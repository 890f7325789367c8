/* A command of mpbench: one file cmd_NAME.c, one struct. The only code that prints. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <mpbench/option.h>
#include <mproc/err.h>
#include <stddef.h>

enum cli_exit {
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
        const struct mpb_option *options; /* drives parsing and help */
        const char *epilogue;             /* examples below the options; NULL: none */
        int (*main)(const struct command *command, int argc,
                    char **argv); /* returns enum cli_exit */
};

const struct command *command_at(size_t index); /* NULL past the end */
const struct command *command_find(const char *name);

#endif
