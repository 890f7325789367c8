#include "cli/command.h"
#include "cli/list_json.h"
#include "cli/terminal.h"
#include "count/event.h"
#include "model/submit.h"
#include "place/topology.h"
#include "reports/report.h"
#include "run/submission.h"
#include "workload_table.h"

#include <mproc/pool.h>
#include <stdbool.h>
#include <string.h>

#define INDENT 4
#define COLUMN 20

static void print_params(const struct page *page, const struct mpb_option *params)
{
        char text[640], allowed[256];

        for (; params && params->name; params++) {
                option_format_allowed(params, allowed, sizeof(allowed));
                snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", params->summary,
                         *allowed ? " (" : "", allowed, *allowed ? ")" : "",
                         params->fallback ? " [" : "", params->fallback ? params->fallback : "",
                         params->fallback ? "]" : "");
                terminal_row(page, INDENT, COLUMN, params->name, text);
        }
}

static void print_workload(const struct page *page, const struct mpb_workload *workload)
{
        const struct mpb_strategy *strategy;

        printf("%s\n  ", workload->name);
        page_wrap(page, 2, 2, " ", workload->summary);
        if (workload->params && workload->params->name) {
                puts("  parameters (--set):");
                print_params(page, workload->params);
        }
        if (workload->strategy_at) {
                puts("  strategies (--share):");
                for (size_t i = 0; (strategy = workload->strategy_at(i)); i++)
                        terminal_row(page, INDENT, COLUMN, strategy->name, strategy->summary);
        }
        putchar('\n');
}

static void print_counters(const struct page *page)
{
        const char *name;

        puts("counters (--counters), the default set on this machine");
        for (size_t i = 0; (name = event_default_at(i)); i++) {
                struct counter_spec spec = {0};
                struct mproc_err err = {0};
                char text[256];

                if (event_resolve(name, &spec, &err))
                        snprintf(text, sizeof(text), "%.200s", err.text);
                else
                        snprintf(text, sizeof(text), "%s%s%s",
                                 counter_status_name((enum counter_status)spec.status),
                                 *spec.reason ? ": " : "", spec.reason);
                terminal_row(page, INDENT, COLUMN, name, text);
        }
}

static void print_all(const struct page *page)
{
        const struct mpb_workload *workload;
        const struct mproc_start_method *method;

        for (size_t i = 0; (workload = workload_at(i)); i++)
                print_workload(page, workload);
        puts("start methods (--start)");
        for (size_t i = 0; (method = mproc_start_at(i)); i++)
                terminal_row(page, INDENT, COLUMN, mproc_start_name(method),
                             mproc_start_summary(method));
        puts("\nways to submit tasks (--submit)");
        for (uint32_t i = 0; submit_name(i); i++)
                terminal_row(page, INDENT, COLUMN, submit_name(i), submit_summary(i));
        puts("\nchunks of submit=map (--chunk)");
        for (size_t i = 0; submit_chunk_name(i); i++)
                terminal_row(page, INDENT, COLUMN, submit_chunk_name(i), submit_chunk_summary(i));
        terminal_row(page, INDENT, COLUMN, "16", "so many tasks at a time");
        puts("\ntransports of a pool (--transport)");
        for (size_t i = 0; submission_transport_at(i, NULL); i++)
                terminal_row(page, INDENT, COLUMN, submission_transport_at(i, NULL),
                             mproc_pool_transport_summary(mproc_pool_transport_at(i)));
        puts("\nplaces (--place)");
        for (size_t i = 0; place_at(i); i++)
                terminal_row(page, INDENT, COLUMN, place_at(i), place_summary(i));
        terminal_row(page, INDENT, COLUMN, "0,2,4-7", "an explicit list of CPUs");
        putchar('\n');
        print_counters(page);
        puts("\nformats (mpbench report --format)");
        for (size_t i = 0; report_at(i); i++)
                if (report_at(i)->write)
                        terminal_row(page, INDENT, COLUMN, report_at(i)->name,
                                     report_at(i)->summary);
}

static int list_main(const struct command *command, int argc, char **argv)
{
        struct page page = terminal_page(stdout);
        bool json = false;
        int status = command_parse(command, argc, argv, command_take_json, &json, NULL);

        if (status != CLI_GO_ON)
                return status;
        if (json)
                return list_json(stdout) ? CLI_COULD_NOT_RUN : CLI_OK;
        print_all(&page);
        return CLI_OK;
}

const struct command command_list = {
        .name = "list",
        .summary = "Shows what can be measured: workloads with their parameters and strategies, "
                   "start methods, ways to submit tasks, chunks, transports, places, counters, and "
                   "formats of reports.",
        .usage = "[--json]",
        .options = command_json_options,
        .main = list_main,
};
