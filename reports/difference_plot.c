/* The ratios of a comparison, with intervals, about a line at 1 and the band of the threshold. */
#include "reports/difference_formats.h"

#include "reports/gnuplot.h"
#include "reports/plot.h"

#include <math.h>

#define NAME "comparison"
#define WIDTH 900
#define ROW_HEIGHT 25
#define CHARACTER_WIDTH 8.2
#define LABEL_BYTES 192

/* What the x axis has to show. */
struct range {
        double low, high;
};

static void widen(struct range *range, double ratio)
{
        if (!isfinite(ratio) || ratio <= 0)
                return;
        range->low = fmin(range->low, ratio);
        range->high = fmax(range->high, ratio);
}

static bool is_drawn(const struct difference *difference, size_t index)
{
        double ratio = difference->cells[index].effect.ratio;

        return isfinite(ratio) && ratio > 0;
}

static void put_rows(const struct difference *difference, size_t rows, struct plot *plot)
{
        char label[LABEL_BYTES];
        size_t y = rows, widest = 0;

        fputs("set ytics (", plot->script);
        fputs("# ratio (new / old), height in the plot, ends of its 99 % interval\n", plot->data);
        for (size_t i = 0; i < difference->all.cell_count; i++) {
                const struct effect *effect = &difference->cells[i].effect;

                if (!is_drawn(difference, i))
                        continue;
                difference_label(difference, i, label, sizeof(label));
                widest = page_columns(label) > widest ? page_columns(label) : widest;
                fputs(y < rows ? ", " : "", plot->script);
                plot_quote(plot->script, label, true);
                fprintf(plot->script, " %zu", y);
                plot_comment(plot->data, label);
                fprintf(plot->data, "%.10g %zu", effect->ratio, y--);
                plot_interval(plot->data, effect->low, effect->high);
                fputc('\n', plot->data);
        }
        fprintf(plot->script,
                ") nomirror scale 0\nset yrange [0.4:%zu.6]\n"
                "set lmargin at screen %.4f\nset rmargin at screen 0.97\n",
                rows, fmin(0.45, (30 + (double)widest * CHARACTER_WIDTH) / WIDTH));
}

static void put_axis(const struct difference *difference, const struct range *range, FILE *script)
{
        double low = range->low, high = range->high, threshold = difference->threshold;

        fprintf(script,
                "%sset xrange [%.10g:%.10g]\nset xtics nomirror\n"
                "set format x '%%g×'\nset xlabel 'new ÷ old'\nunset key\n",
                high / low > 10 ? "set logscale x\n" : "", low / pow(high / low, 0.05),
                high * pow(high / low, 0.05));
        fprintf(script,
                "set object rectangle from %.10g, graph 0 to %.10g, graph 1 behind "
                "fillcolor rgb '#eeeeee' fillstyle solid noborder\n"
                "set arrow from 1, graph 0 to 1, graph 1 nohead back lc rgb '#999999' dt 2\n",
                1 - threshold, 1 + threshold);
}

int difference_plot(const struct difference *difference, int folder, struct mproc_err *err)
{
        struct range range = {1 - 2 * difference->threshold, 1 + 2 * difference->threshold};
        char conditions[512], sides[256], title[160], other[160];
        struct plot plot;
        size_t rows = 0;
        int rc;

        for (size_t i = 0; i < difference->all.cell_count; i++) {
                if (!is_drawn(difference, i))
                        continue;
                rows++;
                widen(&range, difference->cells[i].effect.ratio);
                widen(&range, difference->cells[i].effect.low);
                widen(&range, difference->cells[i].effect.high);
        }
        if (!rows)
                return 0;
        snprintf(conditions, sizeof(conditions),
                 "%s · 99 %% intervals where there are three runs a side · grey: ±%.3g %%",
                 difference_sides(difference, sides, sizeof(sides)), 100 * difference->threshold);
        if (*difference_metric(difference, 1, other, sizeof(other)))
                snprintf(title, sizeof(title), "ratio = new ÷ old");
        else
                difference_metric(difference, 0, title, sizeof(title));
        rc = plot_begin(&plot, &difference->all, NAME, WIDTH, 170 + ROW_HEIGHT * (unsigned)rows,
                        title, conditions, err);
        if (rc)
                return rc;
        put_rows(difference, rows, &plot);
        put_axis(difference, &range, plot.script);
        fprintf(plot.script,
                "plot '" NAME ".dat' using 3:2:($4-$3):(0) " PLOT_INTERVAL " lc rgb '%s', \\\n"
                "  '' using 1:2 with points pt %d lc rgb '%s'\n",
                plot_colour(0), plot_point(0), plot_colour(0));
        rc = plot_end(&plot, folder, err);
        return rc ? rc : gnuplot_draw(folder, NAME, err);
}
