#include "reports/plot_panels.h"

#include "reports/gallery.h"
#include "reports/page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 900
#define PANEL_HEIGHT 150
#define BETWEEN_ROWS 52
#define TICS_SHOWN 10
#define LOG_SPREAD 8 /* of x: from here on its steps are doublings */

int panels_init(struct panels *panels, size_t cells)
{
        *panels = (struct panels){0};
        panels->panels = calloc(cells + 1, sizeof(*panels->panels));
        panels->series = calloc(cells + 1, sizeof(*panels->series));
        panels->points = calloc(cells + 1, sizeof(*panels->points));
        panels->tics = calloc(cells + 1, sizeof(*panels->tics));
        if (panels->panels && panels->series && panels->points && panels->tics)
                return 0;
        panels_done(panels);
        return -ENOMEM;
}

void panels_done(struct panels *panels)
{
        free(panels->panels);
        free(panels->series);
        free(panels->points);
        free(panels->tics);
        *panels = (struct panels){0};
}

static int by_tic(const void *left, const void *right)
{
        const struct panel_tic *a = left, *b = right;

        return (a->x > b->x) - (a->x < b->x);
}

void panels_tic(struct panels *panels, double x, const char *label)
{
        for (size_t i = 0; i < panels->tic_count; i++)
                if (panels->tics[i].x == x)
                        return;
        panels->tics[panels->tic_count].x = x;
        page_append(panels->tics[panels->tic_count].label, sizeof(panels->tics->label), "%s",
                    label);
        panels->tic_count++;
        qsort(panels->tics, panels->tic_count, sizeof(*panels->tics), by_tic);
}

static size_t name_index(char (*names)[PANEL_TEXT_BYTES], size_t *count, const char *name)
{
        char cut[PANEL_TEXT_BYTES] = "";
        size_t i = 0;

        page_append(cut, sizeof(cut), "%s", name);
        while (i < *count && strcmp(names[i], cut))
                i++;
        if (i == *count)
                memcpy(names[(*count)++], cut, sizeof(cut));
        return i;
}

void panels_point(struct panels *panels, const char *panel, const char *series, double x,
                  const struct summary *summary, double unit)
{
        struct panel_point point = {
                0, 0, x, summary->median * unit, summary->ci_low * unit, summary->ci_high * unit};

        if (!summary->n || !isfinite(point.value) || point.value <= 0)
                return;
        point.panel = name_index(panels->panels, &panels->panel_count, panel);
        point.series = name_index(panels->series, &panels->series_count, series);
        plot_scale_add(&panels->scale, point.value);
        plot_scale_add(&panels->scale, point.low);
        plot_scale_add(&panels->scale, point.high);
        panels->points[panels->point_count++] = point;
}

/* The point of a panel's series at `tic`; NULL: it has none there. */
static const struct panel_point *find_point(const struct panels *panels, size_t panel,
                                            size_t series, size_t tic)
{
        for (size_t i = 0; i < panels->point_count; i++) {
                const struct panel_point *point = &panels->points[i];

                if (point->panel == panel && point->series == series &&
                    point->x == panels->tics[tic].x)
                        return point;
        }
        return NULL;
}

static const struct panel_point *first_point(const struct panels *panels, size_t panel,
                                             size_t series)
{
        const struct panel_point *first = NULL;

        for (size_t tic = 0; tic < panels->tic_count && !first; tic++)
                first = find_point(panels, panel, series, tic);
        return first;
}

/* A block of data for each series of each panel that has points; gnuplot counts no empty ones. */
static void put_data(const struct panels *panels, FILE *data)
{
        bool first = true;

        fprintf(data, "# %s, %s: value, ends of its 95 %% interval\n", panels->x_axis,
                panels->y_axis);
        for (size_t i = 0; i < panels->panel_count * panels->series_count; i++) {
                size_t panel = i / panels->series_count, series = i % panels->series_count;

                if (!first_point(panels, panel, series))
                        continue;
                fputs(first ? "" : "\n\n", data);
                first = false;
                plot_comment(data, panels->panels[panel]);
                plot_comment(data, panels->series[series]);
                for (size_t tic = 0; tic < panels->tic_count; tic++) {
                        const struct panel_point *point = find_point(panels, panel, series, tic);

                        if (!point)
                                continue;
                        fprintf(data, "%.10g %.10g", point->x, point->value);
                        plot_interval(data, point->low, point->high);
                        fputc('\n', data);
                }
        }
}

static bool is_logarithmic(const struct panels *panels)
{
        double low = panels->tics[0].x, high = panels->tics[panels->tic_count - 1].x;

        return low > 0 && high / low >= LOG_SPREAD;
}

static void put_x_axis(const struct panels *panels, FILE *script)
{
        double low = panels->tics[0].x, high = panels->tics[panels->tic_count - 1].x;
        size_t stride = (panels->tic_count + TICS_SHOWN - 1) / TICS_SHOWN;

        if (is_logarithmic(panels))
                fprintf(script, "set logscale x 2\nset xrange [%.10g:%.10g]\n", low / 1.25,
                        high * 1.25);
        else
                fprintf(script, "set xrange [%.10g:%.10g]\n", low - 0.07 * (high - low + 1e-9),
                        high + 0.07 * (high - low + 1e-9));
        fputs("set xtics (", script);
        for (size_t i = 0; i < panels->tic_count; i++) {
                fputs(i ? ", " : "", script);
                plot_quote(script, i % stride ? "" : panels->tics[i].label, true);
                fprintf(script, " %.10g", panels->tics[i].x);
        }
        fputs(") nomirror\n", script);
}

/* What the first point promises for more workers. */
static void put_ideal(const struct panels *panels, const struct panel_point *first, FILE *script)
{
        if (!panels->ideal || first->x <= 0)
                return;
        fprintf(script, "  x < %.10g || x > %.10g ? NaN : ", first->x,
                panels->tics[panels->tic_count - 1].x);
        if (panels->higher_is_better)
                fprintf(script, "%.10g * x", first->value / first->x);
        else
                fprintf(script, "%.10g / x", first->value * first->x);
        fputs(" with lines lw 1 dt 2 lc rgb '#777777', \\\n", script);
}

/* Series stand a little beside each other, so that equal ones are seen. */
static void put_series(const struct panels *panels, size_t series, const char *name, size_t block,
                       FILE *script)
{
        double aside = (double)series - (double)(panels->series_count - 1) / 2;
        double span = panels->tics[panels->tic_count - 1].x - panels->tics[0].x;
        char x[48];

        if (is_logarithmic(panels))
                snprintf(x, sizeof(x), "($1*%.4f)", exp2(0.14 * aside));
        else
                snprintf(x, sizeof(x), "($1%+.4g)", 0.025 * span * aside);
        fprintf(script,
                "  '%s.dat' index %zu using %s:3:(0):($4-$3) " PLOT_INTERVAL " lc rgb '%s', \\\n"
                "  '' index %zu using %s:2 with linespoints lw 1.4 ps 0.7 pt %d lc rgb '%s'",
                name, block, x, plot_colour(series), block, x, plot_point(series),
                plot_colour(series));
}

/* `block` counts the blocks of the data file; `blocks`: how many there are. */
static void put_panel(const struct panels *panels, size_t panel, size_t columns, const char *name,
                      size_t *block, size_t blocks, FILE *script)
{
        bool first = true;

        plot_axis(script, 'y', &panels->scale, panel % columns == 0);
        fputs("set title ", script);
        plot_quote(script, panels->panels[panel], false);
        fputs(" offset 0,-0.7 font ',13'\nplot \\\n", script);
        if (panels->panel_count > 1)
                fprintf(script,
                        "  for [i=0:%zu] '%s.dat' index i using 1:2 with lines lw 0.8 "
                        "lc rgb '#d4d4d4', \\\n",
                        blocks - 1, name);
        for (size_t series = 0; series < panels->series_count; series++) {
                const struct panel_point *point = first_point(panels, panel, series);

                if (!point)
                        continue;
                if (first)
                        put_ideal(panels, point, script);
                fputs(first ? "" : ", \\\n", script);
                put_series(panels, series, name, (*block)++, script);
                first = false;
        }
        fputs(panel ? "\n" : "\nunset label\n", script); /* labels are there once */
}

/* One legend for all panels, in the upper right corner. */
static void put_legend(const struct panels *panels, unsigned height, FILE *script)
{
        double x = 0.985;

        for (size_t series = panels->series_count; series-- > 0 && panels->series_count > 1;) {
                x -= (30 + 8.0 * (double)page_columns(panels->series[series])) / WIDTH;
                fputs("set label ", script);
                plot_quote(script, panels->series[series], false);
                fprintf(script,
                        " at screen %.4f, screen %.4f left offset 0.8,-0.15 font ',13' point pt %d "
                        "ps 0.9 lc rgb '%s'\n",
                        x, 1 - 22.0 / height, plot_point(series), plot_colour(series));
        }
}

static size_t count_blocks(const struct panels *panels)
{
        size_t count = 0;

        for (size_t i = 0; i < panels->panel_count * panels->series_count; i++)
                count += !!first_point(panels, i / panels->series_count, i % panels->series_count);
        return count;
}

int panels_write(struct panels *panels, const struct result *result, int folder, const char *name,
                 const char *title, const char *conditions, struct mproc_err *err)
{
        size_t n = panels->panel_count, columns = n <= 1 ? 1 : n <= 4 ? 2 : n <= 9 ? 3 : 4;
        size_t rows = (n + columns - 1) / columns;
        unsigned height = (unsigned)(170 + rows * (PANEL_HEIGHT + BETWEEN_ROWS) +
                                     (rows == 1 ? PANEL_HEIGHT / 2 : 0));
        char said[GALLERY_CONDITIONS + 32];
        size_t block = 0;
        struct plot plot;
        int rc;

        snprintf(said, sizeof(said), "%s%s", conditions, n > 1 ? " · grey: the other panels" : "");
        rc = plot_begin(&plot, result, name, WIDTH, height, title, said, err);
        if (rc)
                return rc;
        put_data(panels, plot.data);
        plot_scale_fit(&panels->scale);
        put_x_axis(panels, plot.script);
        fputs("set border 3\nset grid ytics ls 1\nunset key\nset samples 1000\n", plot.script);
        put_legend(panels, height, plot.script);
        fputs("set label ", plot.script);
        plot_quote(plot.script, panels->y_axis, false);
        fprintf(plot.script, " at screen 0.018, screen 0.5 center rotate by 90\nset label ");
        plot_quote(plot.script, panels->x_axis, false);
        fprintf(plot.script, " at screen 0.54, screen %.4f center\n", 36.0 / height);
        fprintf(plot.script,
                "set multiplot layout %zu,%zu margins screen 0.1,0.985,bottom,top - %.4f spacing "
                "screen 0.025,%.4f\n",
                rows, columns, 14.0 / height, (double)BETWEEN_ROWS / height);
        for (size_t panel = 0; panel < n; panel++)
                put_panel(panels, panel, columns, name, &block, count_blocks(panels), plot.script);
        fputs("unset multiplot\n", plot.script);
        return plot_end(&plot, folder, err);
}
