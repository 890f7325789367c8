#include "cli/command.h"

#include "base/error.h"
#include "base/text.h"
#include "workload_table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define OPTIONS_MAX 64
#define SHOW_HELP 1
#define SHOW_VERSION 2

struct parsing {
        const struct command *command;
        option_sink *sink;
        void *context;
};

static bool takes(const struct command *command, const char *name)
{
        for (size_t i = 0; command->without && command->without[i]; i++)
                if (!strcmp(command->without[i], name))
                        return false;
        return true;
}

/* What the sink returns ends the parsing, so --help wins over whatever follows it. */
static int take(const struct mpb_option *option, const char *text, void *context,
                struct mproc_err *err)
{
        const struct parsing *parsing = context;

        if (!strcmp(option->name, "help"))
                return SHOW_HELP;
        if (!strcmp(option->name, "version"))
                return SHOW_VERSION;
        if (!takes(parsing->command, option->name))
                return error_set(err, -EINVAL, "command", "%s takes no option '--%s'",
                                 parsing->command->name, option->name);
        return parsing->sink ? parsing->sink(option, text, parsing->context, err) : 0;
}

int command_parse(const struct command *command, int argc, char **argv, option_sink *sink,
                  void *context, int *rest)
{
        struct parsing parsing = {.command = command, .sink = sink, .context = context};
        struct mproc_err err = {0};
        int other;
        int rc = option_parse_argv(command->options, argc, argv, take, &parsing, &other, &err);

        switch (rc) {
        case 0:
                if (rest)
                        *rest = other;
                else if (other < argc)
                        return command_refuse_argument(command, argv[other]);
                return CLI_GO_ON;
        case SHOW_HELP:
                command_show_help(command, stdout);
                return CLI_OK;
        case SHOW_VERSION:
                command_show_version(stdout);
                return CLI_OK;
        default:
                return command_fail(command, &err);
        }
}

size_t command_split(int *argc, char **argv, struct command_words *lists, size_t room)
{
        int end = *argc;
        size_t count = 0;

        for (int i = 1; i < end && count < room; i++) {
                if (strcmp(argv[i], "--"))
                        continue;
                if (count)
                        lists[count - 1].count = (int)(argv + i - lists[count - 1].word);
                else
                        *argc = i;
                argv[i] = NULL;
                lists[count++] = (struct command_words){end - i - 1, argv + i + 1};
        }
        return count;
}

void command_show_help(const struct command *command, FILE *out)
{
        struct mpb_option taken[OPTIONS_MAX] = {0};
        size_t count = 0;

        for (const struct mpb_option *row = command->options; row->name; row++)
                if (takes(command, row->name) && count + 1 < OPTIONS_MAX)
                        taken[count++] = *row;
        fprintf(out, "Usage: mpbench %s %s\n\n", command->name, command->usage);
        option_wrap(command->summary, 0, 0, out);
        fputc('\n', out);
        option_help(taken, out);
        if (command->epilogue)
                fprintf(out, "\n%s", command->epilogue);
}

void command_show_overview(FILE *out)
{
        const struct command *command;

        fputs("mpbench measures how work behaves in several processes, and says how to run it.\n"
              "\n"
              "Start here:\n"
              "  mpbench --workload=counter    how should processes share a counter?\n"
              "\n"
              "Usage: mpbench [run] --workload=NAME [OPTIONS]\n"
              "       mpbench COMMAND [OPTIONS]\n"
              "\n"
              "Commands:\n",
              out);
        for (size_t i = 0; (command = command_at(i)); i++) {
                fprintf(out, "  %-10s", command->name);
                option_wrap(command->summary, 12, 12, out);
        }
        fputs("\nmpbench help COMMAND shows a command's options.\n", out);
}

void command_show_version(FILE *out)
{
        fprintf(out, "mpbench %s\n", MPBENCH_VERSION);
}

int command_fail(const struct command *command, const struct mproc_err *err)
{
        char text[sizeof(err->text)];

        text_copy(text, sizeof(text), err->text);
        for (char *at = text; *at; at++) /* what was given may hold what a terminal would obey */
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        *at = ' ';
        fprintf(stderr, "mpbench: %s\n", text);
        if (err->code != -EINVAL)
                return CLI_COULD_NOT_RUN;
        if (command)
                fprintf(stderr, "Try 'mpbench %s --help'.\n", command->name);
        return CLI_USAGE;
}

static const char *name_at(size_t index, void *context)
{
        const struct command *command = command_at(index);

        (void)context;
        return command ? command->name : NULL;
}

int command_refuse_argument(const struct command *command, const char *argument)
{
        bool is_workload = !strcmp(command->name, "run") && workload_find(argument);
        struct mproc_err err;

        error_set(&err, -EINVAL, "argument", "%s takes no argument '%s'%s%s%s", command->name,
                  argument, is_workload ? ", did you mean '--workload=" : "",
                  is_workload ? argument : "", is_workload ? "'?" : "");
        return command_fail(command, &err);
}

int command_unknown(const char *name)
{
        const char *nearest = text_nearest(name, name_at, NULL);

        fprintf(stderr, "mpbench: unknown command '%s'", name);
        if (workload_find(name))
                fprintf(stderr, ", did you mean 'mpbench --workload=%s'?\n", name);
        else if (nearest)
                fprintf(stderr, ", did you mean '%s'?\n", nearest);
        else
                fputs("\nTry 'mpbench --help'.\n", stderr);
        return CLI_USAGE;
}

const struct mpb_option command_json_options[] = {
        {.name = "json", .type = MPB_FLAG, .summary = "for programs", .group = "Output"},
        COMMAND_END,
};

int command_take_json(const struct mpb_option *option, const char *text, void *context,
                      struct mproc_err *err)
{
        (void)option, (void)text, (void)err;
        *(bool *)context = true;
        return 0;
}
