#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/run_folder.h"
#include "cli/saved_report.h"
#include "cli/terminal.h"
#include "reports/report.h"

#include <errno.h>
#include <unistd.h>

#define STAGE "report"

static const struct mpb_option options[] = {
        {.name = "format",
         .type = MPB_TEXT,
         .metavar = "NAME",
         .group = "Output",
         .summary = "print one format and write nothing; 'mpbench list' shows them"},
        COMMAND_END,
};

static int take(const struct mpb_option *option, const char *text, void *context,
                struct mproc_err *err)
{
        (void)option, (void)err;
        *(const char **)context = text;
        return 0;
}

static int render(const struct result *result, int folder, struct mproc_err *err)
{
        char note[sizeof(err->text)] = "";
        int rc = report_fill(result, folder, true, note, sizeof(note), err);

        if (*note)
                printf("No plots: %s\n", note);
        return rc;
}

static const char *format_at(size_t index, void *context)
{
        const struct report_format *format = report_at(index);

        (void)context;
        return format ? format->name : NULL;
}

static int find_format(const char *name, const struct report_format **ret, struct mproc_err *err)
{
        const struct report_format *format = report_find(name);
        const char *nearest = text_nearest(name, format_at, NULL);

        if (format && !format->write)
                return error_set(err, -EINVAL, STAGE,
                                 "--format: %s makes a folder of files and cannot be printed",
                                 name);
        if (!format)
                return error_set(err, -EINVAL, STAGE, "--format: unknown '%.64s'%s%s%s", name,
                                 nearest ? ", did you mean '" : "", nearest ? nearest : "",
                                 nearest ? "'?" : "; 'mpbench list' shows them");
        *ret = format;
        return 0;
}

static int report(const char *name, const char *format_name, struct result *result,
                  struct mproc_err *err)
{
        const struct report_format *format = report_find("text");
        struct report_style style = terminal_style(STDOUT_FILENO);
        int folder = -1, rc = 0;

        if (format_name)
                rc = find_format(format_name, &format, err);
        if (!rc)
                rc = saved_report_read(name, STAGE, result, &folder, err);
        if (!rc)
                rc = format->write(result, &style, stdout, err);
        if (rc && ferror(stdout))
                rc = 0; /* main tells of it; the files are made all the same */
        if (!rc && !format_name && folder >= 0)
                rc = render(result, folder, err);
        if (folder >= 0)
                close(folder);
        return rc;
}

static int report_main(const struct command *command, int argc, char **argv)
{
        const char *format = NULL;
        struct result result;
        struct mproc_err err = {0};
        int rest, rc, status = command_parse(command, argc, argv, take, &format, &rest);

        if (status != CLI_GO_ON)
                return status;
        if (rest == argc) {
                error_set(&err, -EINVAL, STAGE, "which run? Name its folder, or 'latest'");
                return command_fail(command, &err);
        }
        if (rest + 1 < argc)
                return command_refuse_argument(command, argv[rest + 1]);
        result_init(&result);
        rc = report(argv[rest], format, &result, &err);
        result_done(&result);
        return rc ? command_fail(command, &err) : CLI_OK;
}

const struct command command_report = {
        .name = "report",
        .summary = "Shows a saved run again, and makes its files anew from report.json.",
        .usage = "[--format=NAME] DIR",
        .options = options,
        .epilogue =
                "'latest' stands for the newest run in " RESULTS_FOLDER "/. A report.json by any\n"
                "name may stand for its folder: it is shown, and no files are made.\n",
        .main = report_main,
};
