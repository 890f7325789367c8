/* summary.md: the first screen as tables, with all that is needed to judge it elsewhere. */
#include "reports/markdown.h"
#include "reports/report.h"
#include "reports/view.h"
#include "reports/wording.h"

#include "base/error.h"
#include "base/units.h"
#include "model/cpuset.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

/* An empty text is none. */
static void put_paragraph(FILE *out, const char *text)
{
        markdown_put(out, text);
        fputs(*text ? "\n\n" : "", out);
}

/* `rc` of what was put before: a failure is handed on, and nothing is put. */
static int put_table(FILE *out, const struct view_section *section, view_table *make, int rc)
{
        struct grid grid = {0};

        if (!rc)
                rc = make(section, &grid);
        if (!rc && grid.rows) {
                markdown_put_grid(out, &grid, false);
                fputc('\n', out);
        }
        grid_done(&grid);
        return rc;
}

static void put_row(FILE *out, const struct view_row *row)
{
        const struct comparison *comparison = row->comparison;
        const struct cell *cell = row->cell;
        bool measured = cell->status == CELL_MEASURED;
        char text[1024];

        fputs("| ", out);
        markdown_put(out, row->label);
        fputs(" | ", out);
        if (measured && comparison) {
                int places = wording_ratio_decimals(comparison->ratio);

                fprintf(out, "%.*f×", places, comparison->ratio);
                if (isfinite(comparison->ci_low) && isfinite(comparison->ci_high))
                        fprintf(out, " [%.*f, %.*f]", places, comparison->ci_low, places,
                                comparison->ci_high);
        } else if (measured && row->is_baseline) {
                fputs("1×", out);
        }
        fputs(" | ", out);
        markdown_put(out, wording_verdict(row, text, sizeof(text)));
        fputs(" | ", out);
        if (measured) {
                markdown_put(out,
                             wording_value(cell, cell->primary % METRIC_COUNT, text, sizeof(text)));
                wording_value_interval(cell, cell->primary % METRIC_COUNT, text, sizeof(text));
                fprintf(out, "%s%s", *text ? " " : "", text);
        }
        fputs(" | ", out);
        markdown_put(out, wording_condition(row, wording_said_note(row), text, sizeof(text)));
        fputs(" |\n", out);
}

static void put_rows(FILE *out, const struct view_section *section)
{
        const char *group = NULL;
        char metric[96], text[1024];

        wording_metric(section, metric, sizeof(metric));
        for (size_t i = 0; i < section->row_count; i++) {
                if (!group || strcmp(group, section->rows[i].group)) {
                        group = section->rows[i].group;
                        fputs(i ? "\n" : "", out);
                        if (*group) {
                                fputs("### ", out);
                                put_paragraph(out, group);
                        }
                        fputs("| | ratio [95 % interval] | verdict | ", out);
                        markdown_put(out, metric);
                        fputs(" [95 % interval] | |\n|---|---:|---|---:|---|\n", out);
                }
                put_row(out, &section->rows[i]);
        }
        fputc('\n', out);
        for (size_t i = 0; *wording_note(section, i, text, sizeof(text)); i++)
                put_paragraph(out, text);
}

static int put_section(FILE *out, const struct view_section *section)
{
        char text[1024];
        int rc = 0;

        fputs("## ", out);
        put_paragraph(out, section->workload);
        for (size_t i = 0; *wording_side(section->result, i, text, sizeof(text)); i++)
                put_paragraph(out, text);
        put_paragraph(out, wording_conditions(section, text, sizeof(text)));
        if (!section->is_strip)
                put_paragraph(out, wording_rounds(section, text, sizeof(text)));
        put_paragraph(out, wording_busy(section, text, sizeof(text)));
        rc = put_table(out, section, view_starts, rc);
        rc = put_table(out, section, view_steps, rc);
        if (!section->is_life_cycle || section->compared)
                put_rows(out, section);
        for (size_t i = 0; i < section->row_count; i++)
                put_paragraph(out, wording_pair(&section->rows[i], text, sizeof(text)));
        for (size_t i = 0; *wording_control(section, i, text, sizeof(text)); i++)
                put_paragraph(out, text);
        rc = put_table(out, section, view_latency, rc);
        rc = put_table(out, section, view_response, rc);
        rc = put_table(out, section, view_phases, rc);
        put_paragraph(out, wording_phases(section, text, sizeof(text)));
        put_paragraph(out, wording_team_start(section, text, sizeof(text)));
        rc = put_table(out, section, view_runs, rc);
        rc = put_table(out, section, view_counters, rc);
        put_paragraph(out, view_scaled_counters(section, text, sizeof(text)));
        put_paragraph(out, view_zero_counters(section, text, sizeof(text)));
        return rc;
}

__attribute__((format(printf, 3, 4))) static void put_fact(FILE *out, const char *name,
                                                           const char *format, ...)
{
        char text[512];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (!*text)
                return;
        fprintf(out, "| %s | ", name);
        markdown_put(out, text);
        fputs(" |\n", out);
}

static void put_environment(FILE *out, const struct result *result)
{
        const struct environment *machine = &result->environment;
        char size[64] = "", pus[CPUSET_TEXT_BYTES];

        fputs("## Environment\n\n| | |\n|---|---|\n", out);
        put_fact(out, "tool", "mpbench %s", result->tool_version);
        put_fact(out, "time", "%s", machine->time);
        put_fact(out, "seed", "%" PRIu64, result->plan.seed);
        put_fact(out, "host", "%s", machine->host);
        put_fact(out, "CPU", "%s", machine->cpu);
        put_fact(out, "architecture", "%s", machine->arch);
        put_fact(out, "topology", "%s", machine->topology);
        put_fact(out, "allowed PUs", "%.300s (%u)",
                 cpuset_format(&machine->allowed, pus, sizeof(pus)), machine->allowed_pus);
        if (machine->cpu_quota > 0)
                put_fact(out, "CPU quota", "%.3g CPUs", machine->cpu_quota);
        else
                put_fact(out, "CPU quota", "none");
        if (machine->memory_max >= 0)
                units_format_size((double)machine->memory_max, size, sizeof(size));
        put_fact(out, "memory limit", "%s", *size ? size : "none");
        put_fact(out, "kernel", "%s", machine->kernel);
        put_fact(out, "C library", "%s", machine->libc);
        put_fact(out, "virtualization", "%s", machine->virtualization);
        put_fact(out, "frequency governor", "%s", machine->governor);
        put_fact(out, "on battery", "%s",
                 machine->on_battery < 0 ? ""
                 : machine->on_battery   ? "yes"
                                         : "no");
        put_fact(out, "transparent huge pages", "%s", machine->thp);
        if (machine->load_avg >= 0)
                put_fact(out, "load average before the run", "%.2f", machine->load_avg);
        if (machine->perf_event_paranoid != INT32_MIN)
                put_fact(out, "perf\\_event\\_paranoid", "%d", machine->perf_event_paranoid);
        fputc('\n', out);
}

static int write_markdown(const struct result *result, const struct report_style *style, FILE *out,
                          struct mproc_err *err)
{
        struct view view;
        char text[1024];
        int rc = view_init(&view, result, err);

        (void)style;
        if (rc)
                return rc;
        fputs("# mpbench", out);
        for (size_t i = 0; i < view.section_count; i++)
                if (!view.sections[i].is_strip) {
                        fputs(i ? ", " : ": ", out);
                        markdown_put(out, view.sections[i].workload);
                }
        fputs("\n\n", out);
        if (result->end == RESULT_INTERRUPTED)
                put_paragraph(out, "This run was INTERRUPTED: what follows is what it had measured "
                                   "by then.");
        for (size_t i = 0; i < sizeof(result->advice) / sizeof(*result->advice); i++)
                put_paragraph(out, result->advice[i]);
        if (*result->no_verdict)
                put_paragraph(out, wording_sentence(result->no_verdict, text, sizeof(text)));
        for (size_t i = 0; i < view.section_count && !rc; i++)
                rc = put_section(out, &view.sections[i]);
        for (size_t i = 0; *wording_counter(result, i, text, sizeof(text)); i++)
                put_paragraph(out, text);
        fputs("## How to read this\n\n"
              "- A ratio is the cell divided by the baseline: the median over rounds, each of "
              "which "
              "measured every cell once, in random order.\n"
              "- The interval holds that median with 95 % confidence. *faster* and *slower* are "
              "said only where chance alone would hardly do it, corrected for the number of "
              "comparisons; *equivalent*: the whole interval is within ±",
              out);
        fprintf(out,
                "%.3g %%; *inconclusive*: neither.\n"
                "- Every trial was checked for a right result; WRONG means that a strategy lost "
                "updates, as it is expected to.\n\n",
                (double)result->plan.threshold_ppm / 1e4);
        fputs("## What this does not tell\n\n", out);
        for (size_t i = 0; *wording_limit(&view, i, text, sizeof(text)); i++)
                markdown_put_item(out, text);
        fputc('\n', out);
        put_environment(out, result);
        view_done(&view);
        if (rc)
                return error_errno(err, rc, "report", "summary.md was not made");
        return report_end(out, err);
}

const struct report_format report_markdown = {
        .name = "markdown",
        .summary = "tables for a page, with the environment",
        .file = "summary.md",
        .write = write_markdown,
};
