/* The first screen: what came out, for people at a terminal. */
#include "reports/report.h"
#include "reports/view.h"
#include "reports/wording.h"

#include "base/error.h"
#include "stats/compare.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define INDENT 2
#define WIDTH_MIN 60
#define LABEL_MIN 8
#define PARAGRAPH_MAX 100
#define BAR_MAX 22
#define BAR_MIN 4

/* Column widths of a section's rows. Ratios are aligned at their points. */
struct columns {
        size_t label, whole, fraction, bound, interval, bar, verdict;
        double longest; /* the ratio with the longest bar */
};

static size_t max_size(size_t a, size_t b)
{
        return a > b ? a : b;
}

/* Digits in front of the point, as the ratio is shown. */
static size_t whole_digits(double ratio)
{
        char text[64];

        snprintf(text, sizeof(text), "%.*f", wording_ratio_decimals(ratio), ratio);
        return strcspn(text, ".");
}

static double row_ratio(const struct view_row *row)
{
        return row->cell->status != CELL_MEASURED ? NAN
               : row->comparison                  ? row->comparison->ratio
               : row->is_baseline                 ? 1
                                                  : NAN;
}

static bool has_interval(const struct comparison *comparison)
{
        return comparison && isfinite(comparison->ci_low) && isfinite(comparison->ci_high);
}

static void measure_row(const struct view_row *row, struct columns *columns)
{
        double ratio = row_ratio(row);
        char word[32];

        columns->label = max_size(columns->label, page_columns(row->label));
        columns->verdict =
                max_size(columns->verdict, page_columns(wording_verdict(row, word, sizeof(word))));
        if (!(ratio > 0))
                return;
        columns->longest = ratio > columns->longest ? ratio : columns->longest;
        columns->whole = max_size(columns->whole, whole_digits(ratio));
        if (row->comparison)
                columns->fraction =
                        max_size(columns->fraction, (size_t)wording_ratio_decimals(ratio));
        if (!row->comparison) {
                char value[64];

                wording_value(row->cell, row->cell->primary % METRIC_COUNT, value, sizeof(value));
                columns->interval = max_size(columns->interval, page_columns(value));
        }
        if (has_interval(row->comparison)) {
                char bound[32];
                int length = snprintf(bound, sizeof(bound), "%.*f", wording_ratio_decimals(ratio),
                                      row->comparison->ci_high);

                columns->bound = max_size(columns->bound, (size_t)length);
                columns->interval = max_size(columns->interval, 2 * columns->bound + 4);
        }
}

/* Bars get what the figures leave; labels too long for that stand on lines of their own. */
static struct columns measure(const struct view_section *section, const struct page *page)
{
        struct columns columns = {.verdict = 8};
        size_t others, room;

        for (size_t i = 0; i < section->row_count; i++)
                measure_row(&section->rows[i], &columns);
        others = INDENT + columns.whole + 1 + columns.fraction + 1 + 2 + columns.interval + 2 +
                 columns.verdict + 2;
        room = page->width > others + LABEL_MIN ? page->width - others : LABEL_MIN;
        if (columns.label > room)
                columns.label = room;
        columns.bar = room - columns.label > 2 ? room - columns.label - 2 : 0;
        columns.bar = columns.bar > BAR_MAX ? BAR_MAX : columns.bar < BAR_MIN ? 0 : columns.bar;
        return columns;
}

/* `more`: something follows in the line. */
static void print_ratio(const struct page *page, const struct view_row *row,
                        const struct columns *columns, bool more)
{
        char text[64], padded[96];
        double ratio = row_ratio(row);
        int places = row->comparison ? wording_ratio_decimals(ratio) : 0;
        size_t width = columns->whole + 1 + columns->fraction + 1;

        snprintf(text, sizeof(text), "%.*f×", places, ratio);
        snprintf(padded, sizeof(padded), "%*s%s", (int)(columns->whole - whole_digits(ratio)), "",
                 text);
        page_pad(page, padded, width);
        *text = '\0';
        if (!row->comparison)
                wording_value(row->cell, row->cell->primary % METRIC_COUNT, text, sizeof(text));
        else if (has_interval(row->comparison))
                snprintf(text, sizeof(text), "[%*.*f, %*.*f]", (int)columns->bound, places,
                         row->comparison->ci_low, (int)columns->bound, places,
                         row->comparison->ci_high);
        fputs("  ", page->out);
        page_pad(page, text, columns->interval);
        if (columns->bar) {
                size_t used;

                fputs("  ", page->out);
                used = page_bar(page, ratio / columns->longest * (double)columns->bar,
                                columns->bar);
                fprintf(page->out, "%*s", more ? (int)(columns->bar - used) : 0, "");
        }
        fputs(more ? "  " : "", page->out);
}

static void print_word(const struct page *page, const struct view_row *row, const char *word,
                       size_t columns)
{
        const char *colour = NULL;

        if (row->cell->status == CELL_LOSSY || row->cell->status == CELL_FAILED)
                colour = "1;31";
        else if (row->comparison && row->comparison->verdict == VERDICT_FASTER)
                colour = "32";
        else if (row->comparison && row->comparison->verdict == VERDICT_SLOWER)
                colour = "33";
        if (page->colour && colour)
                fprintf(page->out, "\033[%sm%s\033[0m", colour, word);
        else
                fputs(word, page->out);
        if (columns)
                fprintf(page->out, "%*s", (int)(columns - page_columns(word)), "");
}

/* The remark goes on in the line where it fits, else below. */
static void print_remark(const struct page *page, const char *remark, size_t used, size_t hang)
{
        if (!*remark) {
                fputc('\n', page->out);
        } else if (used + 2 + page_columns(remark) <= page->width) {
                fputs("  ", page->out);
                page_wrap(page, used + 2, hang, " ", remark);
        } else {
                fprintf(page->out, "\n%*s", (int)hang, "");
                page_wrap(page, hang, hang, " ", remark);
        }
}

static void print_row(const struct page *page, const struct view_row *row,
                      const struct columns *columns)
{
        size_t hang = INDENT + columns->label + 2;
        bool is_ratio = row_ratio(row) > 0;
        char word[32], remark[1024];

        wording_verdict(row, word, sizeof(word));
        wording_remark(row, wording_said_note(row), remark, sizeof(remark));
        fprintf(page->out, "%*s", INDENT, "");
        if (page_pad(page, row->label, columns->label) > columns->label)
                fprintf(page->out, "\n%*s", (int)(INDENT + columns->label), "");
        fputs("  ", page->out);
        if (is_ratio) {
                print_ratio(page, row, columns, *word);
                print_word(page, row, word, 0);
                print_remark(page, remark,
                             hang + columns->whole + 1 + columns->fraction + 1 + 2 +
                                     columns->interval + 2 + (columns->bar ? columns->bar + 2 : 0) +
                                     page_columns(word),
                             hang);
        } else if (*word) {
                size_t at = max_size(max_size(columns->whole + 1 + columns->fraction + 1, 9),
                                     page_columns(word));

                print_word(page, row, word, *remark ? at : 0);
                fputs(*remark ? "  " : "\n", page->out);
                page_wrap(page, hang + at + 2, hang + at + 2, " ", remark);
        } else {
                page_wrap(page, hang, hang, " ", *remark ? remark : "not known");
        }
}

/* What the ratios are of, over the bars: as much of it as fits the line. */
static void print_heads(const struct page *page, const struct view_section *section,
                        const struct columns *columns)
{
        char metric[96], text[128], *half;
        size_t used = INDENT + columns->label + 2 + columns->whole + 1 + columns->fraction + 1 + 2 +
                      columns->interval + 2;

        snprintf(text, sizeof(text), "ratio of %s",
                 wording_metric(section, metric, sizeof(metric)));
        half = strrchr(text, ',');
        if (used + page_columns(text) > page->width && half)
                *half = '\0';
        if (used + page_columns(text) > page->width)
                *text = '\0';
        fprintf(page->out, "%*s", (int)(INDENT + columns->label + 2), "");
        page_pad(page, "ratio", columns->whole + 1 + columns->fraction + 1);
        if (columns->bound || *text) {
                fputs("  ", page->out);
                page_pad(page, columns->bound ? "95 % interval" : "",
                         *text ? columns->interval : 0);
        }
        fputs(*text ? "  " : "", page->out);
        page_pad(page, text, 0);
        fputc('\n', page->out);
}

static void print_rows(const struct page *page, const struct view_section *section)
{
        struct columns columns = measure(section, page);
        const char *group = "";
        char text[1024];

        if (section->compared)
                print_heads(page, section, &columns);
        for (size_t i = 0; i < section->row_count; i++) {
                if (strcmp(group, section->rows[i].group)) {
                        group = section->rows[i].group;
                        page_wrap(page, 0, INDENT, " · ", group);
                }
                print_row(page, &section->rows[i], &columns);
        }
        for (size_t i = 0; *wording_note(section, i, text, sizeof(text)); i++) {
                fprintf(page->out, "%*s", INDENT, "");
                page_wrap(page, INDENT, INDENT, " ", text);
        }
}

static void print_busy(const struct page *page, const struct result *result)
{
        char text[256];

        if (!*wording_busy(result, text, sizeof(text)))
                return;
        fputs(page->colour ? "\033[1;33m" : "", page->out);
        page_wrap(page, 0, 4, " ", text);
        fputs(page->colour ? "\033[0m" : "", page->out);
}

static int print_grid(const struct page *page, struct grid *grid, int rc)
{
        if (!rc && grid->rows) {
                fputc('\n', page->out);
                grid_print(grid, page, INDENT);
        }
        grid_done(grid);
        return rc;
}

static int print_section(const struct page *page, const struct view_section *section)
{
        char text[1024];
        struct grid grid;
        int rc = 0;

        for (size_t i = 0; *wording_side(section->result, i, text, sizeof(text)); i++)
                page_wrap(page, 0, 4, " ", text);
        page_wrap(page, 0, 4, " · ", wording_conditions(section, text, sizeof(text)));
        page_wrap(page, 0, 4, " · ", wording_rounds(section, text, sizeof(text)));
        print_busy(page, section->result);
        if (section->is_life_cycle) {
                rc = view_starts(section, &grid);
                rc = print_grid(page, &grid, rc);
                if (!rc)
                        rc = print_grid(page, &grid, view_steps(section, &grid));
        }
        if (!section->is_life_cycle || section->compared) {
                fputc('\n', page->out);
                print_rows(page, section);
        }
        for (size_t i = 0, said = 0; i < section->row_count; i++)
                if (*wording_pair(&section->rows[i], text, sizeof(text))) {
                        fputs(said++ ? "" : "\n", page->out);
                        page_wrap(page, 0, 4, " ", text);
                }
        if (!rc)
                rc = print_grid(page, &grid, view_runs(section, &grid));
        if (!rc)
                rc = print_grid(page, &grid, view_latency(section, &grid));
        if (*wording_team_start(section, text, sizeof(text))) {
                fprintf(page->out, "\n%*s", INDENT, "");
                page_wrap(page, INDENT, INDENT + 2, " · ", text);
        }
        return rc;
}

static int print_counters(const struct page *page, const struct view *view,
                          const struct result *result)
{
        char text[512];
        int rc = 0;

        for (size_t i = 0; i < view->section_count && !rc; i++) {
                struct grid grid;

                if (view->sections[i].is_strip)
                        continue;
                rc = view_counters(&view->sections[i], &grid);
                rc = print_grid(page, &grid, rc);
                if (!*view_zero_counters(&view->sections[i], text, sizeof(text)))
                        continue;
                fprintf(page->out, "%*s", INDENT, "");
                page_wrap(page, INDENT, INDENT + 2, " ", text);
        }
        for (size_t i = 0; *wording_missing_counter(result, i, text, sizeof(text)); i++) {
                fprintf(page->out, "%s%*s", i ? "" : "\n", INDENT, "");
                page_wrap(page, INDENT, INDENT + 2, " ", text);
        }
        return rc;
}

/* What holds for the whole result: below all workloads. */
static void print_end(const struct page *page, const struct view *view, const struct result *result)
{
        struct page paragraph = *page;
        char limits[2048] = "", text[512];

        if (paragraph.width > PARAGRAPH_MAX)
                paragraph.width = PARAGRAPH_MAX;
        for (size_t i = 0; *wording_limit(view, i, text, sizeof(text)); i++)
                page_append(limits, sizeof(limits), "%s%s", i ? " " : "", text);
        if (*limits) {
                fprintf(page->out, "\n%*s", INDENT, "");
                page_wrap(&paragraph, INDENT, INDENT, " ", limits);
        }
        for (size_t i = 0; i < sizeof(result->advice) / sizeof(*result->advice); i++) {
                if (!*result->advice[i])
                        continue;
                fputs(i ? "" : "\n", page->out);
                page_wrap(&paragraph, 0, 0, " ", result->advice[i]);
        }
}

static int write_text(const struct result *result, const struct report_style *style, FILE *out,
                      struct mproc_err *err)
{
        struct page page = {
                .out = out,
                .width = style->width ? style->width : 80,
                .utf8 = style->utf8,
                .colour = style->colour,
        };
        struct view view;
        char text[1024];
        int rc = view_init(&view, result, err);

        if (rc)
                return rc;
        page.width = max_size(page.width, WIDTH_MIN);
        for (size_t i = 0; i < view.section_count && !rc; i++) {
                if (view.sections[i].is_strip)
                        continue;
                if (i)
                        fputc('\n', out);
                rc = print_section(&page, &view.sections[i]);
        }
        for (size_t i = 0; i < view.section_count; i++) {
                if (!view.sections[i].is_strip)
                        continue;
                fprintf(out, "\n%*s", INDENT, "");
                page_wrap(&page, INDENT, INDENT + 2, " · ",
                          wording_strip(&view.sections[i], text, sizeof(text)));
                if (!*wording_strip_large(&view.sections[i], text, sizeof(text)))
                        continue;
                fprintf(out, "%*s", INDENT + 2, "");
                page_wrap(&page, INDENT + 2, INDENT + 4, " ", text);
        }
        if (*result->no_verdict) {
                fprintf(out, "\n%*s", INDENT, "");
                page_wrap(&page, INDENT, INDENT, " ",
                          wording_sentence(result->no_verdict, text, sizeof(text)));
        }
        if (!rc)
                rc = print_counters(&page, &view, result);
        print_end(&page, &view, result);
        view_done(&view);
        if (rc)
                return error_errno(err, rc, "report", "the text report was not made");
        return report_end(out, err);
}

const struct report_format report_text = {
        .name = "text",
        .summary = "what came out, for a terminal",
        .write = write_text,
};
