#include "cli/run_show.h"

#include "base/units.h"
#include "cli/terminal.h"
#include "reports/view.h"
#include "reports/wording.h"

#include <inttypes.h>
#include <string.h>

#define LABEL_BYTES 160
#define NAME_BYTES 512
#define LABEL_COLUMNS 28
#define VERDICT_COLUMNS 12

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
                snprintf(note, sizeof(note), "%s%s",
                         cell->status == CELL_SKIPPED ? "skipped: " : "", cell->note);
                skipped += cell->status == CELL_SKIPPED;
                terminal_row(page, 2, LABEL_COLUMNS, label, note);
        }
        fprintf(page->out, "\n%zu cell%s", result->cell_count - skipped,
                result->cell_count - skipped == 1 ? "" : "s");
        if (skipped)
                fprintf(page->out, " (%zu skipped)", skipped);
        if (plan->rounds)
                fprintf(page->out, ", %" PRIu32 " round%s", plan->rounds,
                        plan->rounds == 1 ? "" : "s");
        else
                fprintf(page->out, ", as many rounds as fit into %s",
                        units_format_duration((double)plan->budget_ns, text, sizeof(text)));
        if (plan->sustain_ns)
                fprintf(page->out, ", after %s of load",
                        units_format_duration((double)plan->sustain_ns, text, sizeof(text)));
        if (run_expected_ns(result))
                fprintf(page->out, ", about %s in all",
                        units_format_duration((double)run_expected_ns(result), text, sizeof(text)));
        else if (plan->input_lines)
                fprintf(page->out, "; each trial runs the command %" PRIu64 " times or more",
                        plan->input_lines);
        fputs(". Nothing was measured.\n", page->out);
}

static char *name_row(const struct view *view, const struct view_section *section,
                      const struct view_row *row, char buf[NAME_BYTES])
{
        *buf = '\0';
        if (view->section_count > 1)
                page_append(buf, NAME_BYTES, "%s: ", section->workload);
        page_append(buf, NAME_BYTES, "%s%s%s", row->group, *row->group ? " · " : "", row->label);
        return buf;
}

static void print_row(const struct page *page, const struct view_section *section,
                      const struct view_row *row)
{
        const struct cell *cell = row->cell;
        char text[512], interval[64], verdict[32];

        wording_verdict(row, verdict, sizeof(verdict));
        if (cell->status == CELL_MEASURED) {
                wording_value(cell, section->metric, text, sizeof(text));
                wording_value_interval(cell, section->metric, interval, sizeof(interval));
                page_append(text, sizeof(text), "%s%s", *interval ? " " : "", interval);
        } else {
                wording_remark(row, "", text, sizeof(text));
        }
        page_pad(page, verdict, VERDICT_COLUMNS);
        fputs("  ", page->out);
        page_pad(page, text, 0);
        fputc('\n', page->out);
}

/* The columns that the longest name takes. */
static size_t widest(const struct view *view)
{
        char name[NAME_BYTES];
        size_t columns = 0;

        for (size_t i = 0; i < view->section_count; i++)
                for (size_t k = 0; k < view->sections[i].row_count; k++) {
                        size_t used = page_columns(name_row(view, &view->sections[i],
                                                            &view->sections[i].rows[k], name));

                        columns = used > columns ? used : columns;
                }
        return columns;
}

int run_show_cells(const struct result *result, const struct page *page, struct mproc_err *err)
{
        struct view view;
        bool none = true; /* was run: then the reasons are all that there is to show */
        char name[NAME_BYTES], line[1024];
        size_t columns;
        int rc = view_init(&view, result, err);

        if (rc)
                return rc;
        for (size_t i = 0; i < result->cell_count; i++)
                none &= result->cells[i].status == CELL_SKIPPED;
        columns = widest(&view);
        for (size_t i = 0; i < view.section_count; i++)
                for (size_t k = 0; k < view.sections[i].row_count; k++) {
                        const struct view_section *section = &view.sections[i];
                        const struct view_row *row = &section->rows[k];

                        if (row->cell->status == CELL_SKIPPED && !none)
                                continue;
                        page_pad(page, name_row(&view, section, row, name), columns + 2);
                        print_row(page, section, row);
                }
        for (size_t i = 0; i < view.section_count; i++)
                for (size_t k = 0; *wording_control(&view.sections[i], k, line, sizeof(line));
                     k++) {
                        page_pad(page, line, 0);
                        fputc('\n', page->out);
                }
        view_done(&view);
        return 0;
}

void run_show_progress(const struct run_progress *progress, void *context)
{
        struct page page = terminal_page(stderr);
        char line[512] = "", left[32];
        size_t columns = 0;

        (void)context;
        page_append(line, sizeof(line), "%s", progress->stage);
        if (progress->rounds)
                page_append(line, sizeof(line), " round %" PRIu32 " of %" PRIu32,
                            progress->round + 1, progress->rounds);
        if (progress->left_ns)
                page_append(line, sizeof(line), ", %s left",
                            units_format_duration((double)progress->left_ns, left, sizeof(left)));
        if (progress->cell && *progress->cell)
                page_append(line, sizeof(line), "  %s", progress->cell);
        page_clean(line, page.utf8);
        /* A line that wraps could not be written over. */
        for (char *p = line; *p; p++)
                if (((unsigned char)*p & 0xc0) != 0x80 && ++columns == page.width) {
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
