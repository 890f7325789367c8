#include "base/error.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "count/event.h"
#include "count/machine.h"
#include "model/result.h"
#include "place/topology.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 32
#define INDENT 2
#define COLUMN 20

static int describe(struct environment *environment, struct mproc_err *err)
{
        struct topology *topology = NULL;
        const char *asked = "default";
        int rc;

        machine_describe(environment);
        rc = topology_new(&topology, NULL, NULL, err);
        if (rc)
                return rc;
        topology_describe(topology, environment);
        topology_free(topology);
        return event_resolve_list(&asked, 1, environment->counters, &environment->counter_count,
                                  err);
}

static const char *known(const char *text)
{
        return *text ? text : "not known";
}

static void print_machine(const struct page *page, const struct environment *env)
{
        char text[256], number[32];

        printf("%s\n", env->host);
        terminal_row(page, INDENT, COLUMN, "CPU", known(env->cpu));
        terminal_row(page, INDENT, COLUMN, "topology", known(env->topology));
        snprintf(text, sizeof(text), "%s, %s, %s", env->kernel, env->libc, env->arch);
        terminal_row(page, INDENT, COLUMN, "system", text);
        snprintf(text, sizeof(text), "%" PRIu32 " of %" PRIu32 " CPUs", env->allowed_pus, env->pus);
        terminal_row(page, INDENT, COLUMN, "may use", text);
        if (env->cpu_quota >= 0)
                snprintf(text, sizeof(text), "%.3g CPUs", env->cpu_quota);
        terminal_row(page, INDENT, COLUMN, "CPU quota", env->cpu_quota >= 0 ? text : "none");
        terminal_row(page, INDENT, COLUMN, "memory limit",
                     env->memory_max >= 0
                             ? units_format_size((double)env->memory_max, number, sizeof(number))
                             : "none");
        snprintf(text, sizeof(text), "%" PRId64, env->pids_max);
        terminal_row(page, INDENT, COLUMN, "process limit", env->pids_max >= 0 ? text : "none");
        terminal_row(page, INDENT, COLUMN, "virtualization", known(env->virtualization));
}

static void print_findings(const struct page *page, const struct finding *findings, size_t count)
{
        static const char *const marks[] = {
                [FINDING_GOOD] = "good", [FINDING_NOTE] = "note", [FINDING_WARNING] = "WARNING"};
        static const char *const colours[] = {
                [FINDING_GOOD] = "\033[32m", [FINDING_NOTE] = "", [FINDING_WARNING] = "\033[33m"};
        char text[640];

        puts("\nWhat it means for measuring");
        for (size_t i = 0; i < count; i++) {
                const struct finding *f = &findings[i];

                printf("  %s%-8s%s", page->colour ? colours[f->level] : "", marks[f->level],
                       page->colour ? "\033[0m" : "");
                snprintf(text, sizeof(text), "%s: %s", f->what, f->state);
                page_wrap(page, 10, 10, " ", text);
                if (!*f->remedy)
                        continue;
                snprintf(text, sizeof(text), "→ %s", f->remedy);
                printf("%10s", "");
                page_wrap(page, 10, 12, " ", text);
        }
}

/* The status of each; what they have in common once. */
static void print_counters(const struct page *page, const struct environment *env)
{
        char text[640];

        puts("\nCounters");
        for (uint32_t i = 0; i < env->counter_count; i++) {
                const struct counter_spec *spec = &env->counters[i], *before = spec - 1;
                bool same = i && spec->status == before->status &&
                            !strcmp(spec->reason, before->reason);

                *text = '\0';
                page_append(text, sizeof(text), "%s",
                            counter_status_name((enum counter_status)spec->status));
                if (spec->group)
                        page_append(text, sizeof(text), ", in group %" PRIu32, spec->group);
                if (*spec->reason)
                        page_append(text, sizeof(text), same ? ": as above" : ": %s", spec->reason);
                terminal_row(page, INDENT, COLUMN, spec->name, text);
        }
}

static json_t *findings_json(const struct finding *findings, size_t count)
{
        static const char *const levels[] = {
                [FINDING_GOOD] = "good", [FINDING_NOTE] = "note", [FINDING_WARNING] = "warning"};
        json_t *rows = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(rows,
                                      json_pack("{ss ss ss ss}", "level", levels[findings[i].level],
                                                "what", findings[i].what, "state",
                                                findings[i].state, "remedy", findings[i].remedy));
        return rows;
}

/* The environment as report.json has it: the report's own words, taken from an empty report. */
static int print_json(const struct environment *env, const struct finding *findings, size_t count,
                      struct mproc_err *err)
{
        struct result result;
        json_t *report = NULL, *root = NULL;
        char *text = NULL;
        int rc;

        result_init(&result);
        result.environment = *env;
        rc = result_to_json(&result, &text, err);
        if (rc)
                goto out;
        report = json_loads(text, 0, NULL);
        root = json_pack("{sO so}", "environment", json_object_get(report, "environment"),
                         "findings", findings_json(findings, count));
        if (!root) {
                rc = error_set(err, -ENOMEM, "doctor", "no memory for the findings");
                goto out;
        }
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
out:
        json_decref(root);
        json_decref(report);
        free(text);
        result_done(&result);
        return rc;
}

static int doctor_main(const struct command *command, int argc, char **argv)
{
        struct finding findings[FINDINGS_MAX];
        struct environment environment = {0};
        struct page page = terminal_page(stdout);
        struct mproc_err err = {0};
        bool json = false;
        size_t count;
        int rc, status = command_parse(command, argc, argv, command_take_json, &json, NULL);

        if (status != CLI_GO_ON)
                return status;
        rc = describe(&environment, &err);
        if (rc)
                return command_fail(NULL, &err);
        count = machine_findings(&environment, findings, FINDINGS_MAX);
        if (json)
                return print_json(&environment, findings, count, &err) ? command_fail(NULL, &err)
                                                                       : CLI_OK;
        print_machine(&page, &environment);
        print_findings(&page, findings, count);
        print_counters(&page, &environment);
        return CLI_OK;
}

const struct command command_doctor = {
        .name = "doctor",
        .summary = "Shows what this machine can measure and what would make it quieter, each with "
                   "its reason and remedy. Changes nothing.",
        .usage = "[--json]",
        .options = command_json_options,
        .main = doctor_main,
};
