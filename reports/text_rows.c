#include "reports/text_rows.h"
#include "reports/wording.h"

#include "stats/compare.h"

#include <math.h>
#include <string.h>

#define INDENT TEXT_INDENT
#define LABEL_MIN 8
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

void text_rows(const struct page *page, const struct view_section *section)
{
        struct columns columns = measure(section, page);
        const char *group = "";

        if (section->compared)
                print_heads(page, section, &columns);
        for (size_t i = 0; i < section->row_count; i++) {
                if (strcmp(group, section->rows[i].group)) {
                        group = section->rows[i].group;
                        page_wrap(page, 0, INDENT, " · ", group);
                }
                print_row(page, &section->rows[i], &columns);
        }
}
