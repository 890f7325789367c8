#include "reports/plot_dots.h"

#include "reports/page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 900
#define ROW_HEIGHT 25
#define CHARACTER_WIDTH 8.2
#define RATIO_WIDTH 56

int dots_init(struct dots *dots, size_t cells)
{
        *dots = (struct dots){.reference = NAN};
        dots->rows = calloc(cells + 1, sizeof(*dots->rows));
        dots->series = calloc(cells + 1, sizeof(*dots->series));
        dots->marks = calloc(cells + 1, sizeof(*dots->marks));
        if (dots->rows && dots->series && dots->marks)
                return 0;
        dots_done(dots);
        return -ENOMEM;
}

void dots_done(struct dots *dots)
{
        free(dots->rows);
        free(dots->series);
        free(dots->marks);
        *dots = (struct dots){0};
}

size_t dots_row(struct dots *dots, const char *label)
{
        char cut[DOTS_TEXT_BYTES] = "";
        size_t i = 0;

        page_append(cut, sizeof(cut), "%s", label);
        while (i < dots->row_count && strcmp(dots->rows[i].label, cut))
                i++;
        if (i == dots->row_count)
                memcpy(dots->rows[dots->row_count++].label, cut, sizeof(cut));
        return i;
}

static size_t series_index(struct dots *dots, const char *name)
{
        char cut[DOTS_TEXT_BYTES] = "";
        size_t i = 0;

        page_append(cut, sizeof(cut), "%s", name);
        while (i < dots->series_count && strcmp(dots->series[i], cut))
                i++;
        if (i == dots->series_count)
                memcpy(dots->series[dots->series_count++], cut, sizeof(cut));
        return i;
}

void dots_mark(struct dots *dots, size_t row, const char *series, const struct summary *summary,
               double unit)
{
        struct dots_mark mark = {row, 0, summary->median * unit, summary->ci_low * unit,
                                 summary->ci_high * unit};

        if (!summary->n || !isfinite(mark.value) || mark.value <= 0)
                return;
        mark.series = series_index(dots, series);
        dots->rows[row].has_mark = true;
        plot_scale_add(&dots->scale, mark.value);
        plot_scale_add(&dots->scale, mark.low);
        plot_scale_add(&dots->scale, mark.high);
        dots->marks[dots->mark_count++] = mark;
}

/* Series stand a little above and below each other in their row. */
static double height_of(const struct dots *dots, const struct dots_mark *mark)
{
        double middle = (double)(dots->series_count - 1) / 2;

        return (double)(dots->row_count - mark->row) +
               (middle - (double)mark->series) * 0.7 / (double)dots->series_count;
}

static void put_data(const struct dots *dots, FILE *data)
{
        fprintf(data, "# %s: value, height in the plot, ends of its 95 %% interval\n", dots->axis);
        for (size_t series = 0; series < dots->series_count; series++) {
                fputs(series ? "\n\n" : "", data);
                plot_comment(data, dots->series[series]);
                for (size_t i = 0; i < dots->mark_count; i++) {
                        const struct dots_mark *mark = &dots->marks[i];

                        if (mark->series != series)
                                continue;
                        plot_comment(data, dots->rows[mark->row].label);
                        fprintf(data, "%.10g %.4f", mark->value, height_of(dots, mark));
                        plot_interval(data, mark->low, mark->high);
                        fputc('\n', data);
                }
        }
}

static void put_right(FILE *script, const struct dots_row *row, size_t y, double edge)
{
        fputs("set label ", script);
        plot_quote(script, row->ratio, false);
        fprintf(script, " at screen %.4f, first %zu right font ',12' tc rgb '#333333'\nset label ",
                edge + (double)RATIO_WIDTH / WIDTH, y);
        plot_quote(script, row->word, false);
        fprintf(script, " at screen %.4f, first %zu font ',12' tc rgb '#333333'\n",
                edge + (RATIO_WIDTH + 8.0) / WIDTH, y);
}

static void put_rows(const struct dots *dots, FILE *script)
{
        size_t left = 0, right = 0;
        double edge;

        fputs("set ytics (", script);
        for (size_t i = 0; i < dots->row_count; i++) {
                size_t columns = page_columns(dots->rows[i].label);

                fputs(i ? ", " : "", script);
                plot_quote(script, dots->rows[i].label, true);
                fprintf(script, " %zu", dots->row_count - i);
                left = columns > left ? columns : left;
                columns = page_columns(dots->rows[i].word) + RATIO_WIDTH / 8;
                right = columns > right ? columns : right;
        }
        fprintf(script, ") nomirror scale 0\nset yrange [0.4:%zu.6]\n", dots->row_count);
        for (size_t i = 0; i < dots->series_count && dots->series_count > 1; i++) {
                size_t columns = page_columns(dots->series[i]) + 5;

                right = columns > right ? columns : right;
        }
        edge = 1 - fmin(0.35, (30 + (double)right * CHARACTER_WIDTH) / WIDTH);
        fprintf(script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n",
                fmin(0.45, (30 + (double)left * CHARACTER_WIDTH) / WIDTH), edge);
        for (size_t i = 0; i < dots->row_count; i++) {
                const struct dots_row *row = &dots->rows[i];

                if (dots->series_count == 1)
                        put_right(script, row, dots->row_count - i, edge);
                if (*row->text && !row->has_mark) {
                        fputs("set label ", script);
                        plot_quote(script, row->text, false);
                        fprintf(script,
                                " at graph 0.012, first %zu font ',12' tc rgb '#666666' front "
                                "boxed\n",
                                dots->row_count - i);
                }
        }
}

int dots_write(struct dots *dots, const struct result *result, int folder, const char *name,
               const char *title, const char *conditions, struct mproc_err *err)
{
        unsigned step = ROW_HEIGHT + 9 * (unsigned)(dots->series_count - 1);
        unsigned height = 170 + step * (unsigned)dots->row_count;
        struct plot plot;
        int rc = plot_begin(&plot, result, name, WIDTH, height, title, conditions, err);

        if (rc)
                return rc;
        put_data(dots, plot.data);
        plot_scale_fit(&dots->scale);
        plot_axis(plot.script, 'x', &dots->scale, true);
        put_rows(dots, plot.script);
        fputs("set xlabel ", plot.script);
        plot_quote(plot.script, dots->axis, false);
        fputs(" offset 0,0.2\n", plot.script);
        if (isfinite(dots->reference))
                fprintf(plot.script,
                        "set arrow from %.10g, graph 0 to %.10g, graph 1 nohead back "
                        "lc rgb '#999999' dt 2\n",
                        dots->reference, dots->reference);
        if (dots->series_count > 1)
                fputs("set key outside right top vertical Left reverse samplen 1 spacing 1.3\n",
                      plot.script);
        else
                fputs("unset key\n", plot.script);
        fputs("plot \\\n", plot.script);
        for (size_t i = 0; i < dots->series_count; i++) {
                const char *colour = plot_colour(i), *size = dots->series_count > 1 ? "0.85" : "1";

                fprintf(plot.script,
                        "  '%s.dat' index %zu using 3:2:($4-$3):(0) " PLOT_INTERVAL
                        " lc rgb '%s' notitle, \\\n"
                        "  '' index %zu using 1:2 with points ps %s pt %d lc rgb '%s' title ",
                        name, i, colour, i, size, plot_point(i), colour);
                plot_quote(plot.script, dots->series[i], false);
                fputs(i + 1 < dots->series_count ? ", \\\n" : "\n", plot.script);
        }
        return plot_end(&plot, folder, err);
}
