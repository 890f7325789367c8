#include "cli/command.h"

static int help_main(const struct command *command, int argc, char **argv)
{
        const struct command *wanted;
        int rest, status = command_parse(command, argc, argv, NULL, NULL, &rest);

        if (status != CLI_GO_ON)
                return status;
        if (rest == argc) {
                command_show_overview(stdout);
                return CLI_OK;
        }
        if (rest + 1 < argc)
                return command_refuse_argument(command, argv[rest + 1]);
        wanted = command_find(argv[rest]);
        if (!wanted)
                return command_unknown(argv[rest]);
        command_show_help(wanted, stdout);
        return CLI_OK;
}

static const struct mpb_option options[] = {COMMAND_END};

const struct command command_help = {
        .name = "help",
        .summary = "Shows what mpbench is for, or the options of one command.",
        .usage = "[COMMAND]",
        .options = options,
        .main = help_main,
};
