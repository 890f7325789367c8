#include "cli/command.h"
#include "cli/run_options.h"
#include "cli/run_perform.h"

static int run_main(const struct command *command, int argc, char **argv)
{
        struct run_options options;
        struct result result;
        struct mproc_err err = {0};
        struct command_words words;
        size_t count;
        int status = run_options_read(command, argc, argv, &words, 1, &count, &options);

        if (status != CLI_GO_ON)
                return status;
        if (run_options_finish(&options, &err))
                return command_fail(command, &err);
        result_init(&result);
        status = run_perform(command, &options, &result);
        result_done(&result);
        return status;
}

const struct command command_run = {
        .name = "run",
        .summary = "Measures a workload under every combination of the levels that are asked for, "
                   "and says how to run it.",
        .usage = "--workload=NAME [OPTIONS]\n       mpbench run [OPTIONS] -- CMD [ARGS]",
        .options = run_option_table,
        .without = (const char *const[]){"allow-inconclusive", NULL},
        .epilogue =
                "A LIST is 'fork,spawn'; of numbers also a range: '1-8', '1-64:x2', "
                "'0-100:+25'.\n"
                "Numbers may have a suffix (10k, 2M), times too (250us, 20ms, 1.5s, 2m).\n"
                "\n"
                "Examples:\n"
                "  mpbench --workload=counter\n"
                "  mpbench --workload=counter --share=mutex,atomic --workers=1-8:x2\n"
                "  mpbench --workload=counter --workers=4 --set increments=1000\n"
                "  ls *.log | mpbench run --workers=1-4 --input=- -- gzip -kf {}\n"
                "\n"
                "A command runs again and again: once per line of the --input, which stands for\n"
                "{} or comes last, or else in one worker as often as it takes. What it leaves\n"
                "behind must not stop its next run. It has no stdin, is not bound to a core, and\n"
                "has to exit with 0 (or --set exit_status=N). Empty lines are left out.\n"
                "\n"
                "Exit status: 0 measured and verified; 2 usage; 4 could not run; 5 a\n"
                "verification failed; 130 interrupted (what was measured is kept).\n",
        .main = run_main,
};
