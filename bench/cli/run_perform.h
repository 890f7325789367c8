/* From a plan to what is saved and shown: what `run` and `ab` have in common. Driver's main thread
 * only, once per process, since it catches signals. */
#ifndef CLI_RUN_PERFORM_H
#define CLI_RUN_PERFORM_H

#include "cli/command.h"
#include "cli/run_options.h"
#include "model/result.h"

/* Reads the input, expands the plan, measures, saves and prints as the options say. Returns enum
 * cli_exit: CLI_OK when what could be measured was measured and verified. `result` is initialised
 * by the caller. */
int run_perform(const struct command *command, struct run_options *options, struct result *result);

#endif
