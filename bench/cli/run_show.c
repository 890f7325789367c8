#include "cli/run_show.h"

#include "base/units.h"
#include "cli/terminal.h"
#include "stats/compare.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define LABEL_BYTES 160
#define LABEL_COLUMNS 28

static bool same_level(const struct result *result, const struct cell *cell, enum factor factor)
{
        for (size_t i = 0; i < result->cell_count; i++)
                if (!strcmp(result->cells[i].workload, cell->workload) &&
                    strcmp(result->cells[i].level[factor], cell->level[factor]) != 0)
                        return false;
        return true;
}

/* "counter: runtime=mproc start=fork workers=2": what all cells of the workload share. */
static void print_workload(const struct page *page, const struct result *result,
                           const struct cell *first)
{
        char text[512];

        snprintf(text, sizeof(text), "%s:", first->workload);
        for (int factor = 0; factor < FACTOR_COUNT; factor++)
                if (*first->level[factor] && same_level(result, first, (enum factor)factor))
                        page_append(text, sizeof(text), " %s=%s", factor_name((enum factor)factor),
                                    first->level[factor]);
        page_wrap(page, 0, 4, " ", text);
}

void run_show_plan(const struct result *result, const struct page *page)
{
        const struct plan *plan = &result->plan;
        char label[LABEL_BYTES], text[32], note[512];
        size_t skipped = 0;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (!i || strcmp(cell->workload, cell[-1].workload) != 0)
                        print_workload(page, result, cell);
                cell_label(result, cell, label, sizeof(label));
                snprintf(note, sizeof(note), "skipped: %s", cell->note);
                skipped += cell->status == CELL_SKIPPED;
                if (cell->status == CELL_SKIPPED)
                        terminal_row(page, 2, LABEL_COLUMNS, label, note);
                else
                        terminal_row(page, 2, LABEL_COLUMNS, label, cell->note);
        }
        fprintf(page->out, "\n%zu cells", result->cell_count - skipped);
        if (skipped)
                fprintf(page->out, " (%zu skipped)", skipped);
        if (plan->rounds)
                fprintf(page->out, ", %" PRIu32 " rounds", plan->rounds);
        else
                fprintf(page->out, ", as many rounds as fit into %s",
                        units_format_duration((double)plan->budget_ns, text, sizeof(text)));
        fprintf(page->out, ", about %s in all. Nothing was measured.\n",
                units_format_duration((double)run_expected_ns(result), text, sizeof(text)));
}

static void print_value(const struct cell *cell, enum metric metric, FILE *out)
{
        const struct summary *summary = &cell->summary[metric];
        char median[32], low[32], high[32];
        char *(*format)(double, char *, size_t) =
                metric == METRIC_THROUGHPUT ? units_format_count : units_format_duration;

        fprintf(out, "  %s%s%s", format(summary->median, median, sizeof(median)),
                metric == METRIC_THROUGHPUT ? " " : "",
                metric == METRIC_THROUGHPUT ? cell->operation : "");
        if (metric == METRIC_THROUGHPUT)
                fputs("/s", out);
        if (!isnan(summary->ci_low) && !isnan(summary->ci_high))
                fprintf(out, " [%s, %s]", format(summary->ci_low, low, sizeof(low)),
                        format(summary->ci_high, high, sizeof(high)));
}

static void print_verdict(const struct result *result, const struct cell *cell, FILE *out)
{
        char ratio[32];

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];

                if (c->cell == cell->id && c->metric == cell->primary && c->verdict != VERDICT_NONE)
                        fprintf(out, "  %s %s", units_format_ratio(c->ratio, ratio, sizeof(ratio)),
                                verdict_name(c->verdict));
        }
}

void run_show_cells(const struct result *result, FILE *out)
{
        char label[LABEL_BYTES];

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (cell->status == CELL_SKIPPED)
                        continue;
                cell_label(result, cell, label, sizeof(label));
                print_padded(label, LABEL_COLUMNS, out);
                if (cell->status == CELL_MEASURED)
                        print_value(cell, (enum metric)cell->primary, out);
                else if (cell->status == CELL_LOSSY)
                        fprintf(out,
                                "  wrong: lost updates in %" PRIu32 " of %" PRIu32
                                " trials, worst %.0f %%",
                                cell->loss.lossy, cell->loss.trials, 100 * cell->loss.worst);
                else
                        fprintf(out, "  %s: %s", cell_status_name(cell->status), cell->note);
                print_verdict(result, cell, out);
                fputc('\n', out);
        }
}

void run_show_progress(const struct run_progress *progress, void *context)
{
        uint32_t width = terminal_style(STDERR_FILENO).width;
        char line[512], left[32];
        int used = 0, columns = 0;

        (void)context;
        used = snprintf(line, sizeof(line), "%s", progress->stage);
        if (progress->rounds)
                used += snprintf(line + used, sizeof(line) - (size_t)used,
                                 " round %" PRIu32 " of %" PRIu32, progress->round + 1,
                                 progress->rounds);
        if (progress->left_ns)
                used += snprintf(
                        line + used, sizeof(line) - (size_t)used, ", %s left",
                        units_format_duration((double)progress->left_ns, left, sizeof(left)));
        if (progress->cell && *progress->cell)
                snprintf(line + used, sizeof(line) - (size_t)used, "  %s", progress->cell);

        /* A line that wraps could not be written over. */
        for (char *p = line; *p; p++)
                if (((unsigned char)*p & 0xc0) != 0x80 && ++columns == (int)width) {
                        *p = '\0';
                        break;
                }
        fprintf(stderr, "\r\033[K%s", line);
        fflush(stderr);
}

void run_clear_progress(void)
{
        fputs("\r\033[K", stderr);
        fflush(stderr);
}
