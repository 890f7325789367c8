#include "reports/plot.h"

#include "base/error.h"
#include "base/units.h"
#include "reports/file_put.h"
#include "reports/page.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE_COLUMNS 125 /* of the conditions, in their small type */
#define LOG_SPREAD 12.0
#define PNG_SCALE 1.5
#define PNG_FONT (PNG_SCALE * 0.75) /* a point is 4/3 pixels there, and one in SVG */

void plot_quote(FILE *out, const char *text, bool as_tic)
{
        char clean[1024];

        snprintf(clean, sizeof(clean), "%s", text);
        page_clean(clean, true);
        fputc('\'', out);
        for (const char *p = clean; *p; p++) {
                if (*p == '\'' || (as_tic && *p == '%'))
                        fputc(*p, out);
                fputc(*p, out);
        }
        fputc('\'', out);
}

void plot_interval(FILE *out, double low, double high)
{
        if (isfinite(low) && isfinite(high))
                fprintf(out, " %.10g %.10g", low, high);
        else
                fputs(" ? ?", out);
}

void plot_comment(FILE *out, const char *text)
{
        char clean[1024];

        snprintf(clean, sizeof(clean), "%s", text);
        page_clean(clean, true);
        fprintf(out, "# %s\n", clean);
}

const char *plot_colour(size_t index)
{
        static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                              "#E69F00", "#56B4E9", "#000000"};

        return colours[index % (sizeof(colours) / sizeof(*colours))];
}

int plot_point(size_t index)
{
        static const int points[] = {7, 5, 9, 13, 11, 6, 4, 8, 12, 10};

        return points[index % (sizeof(points) / sizeof(*points))];
}

void plot_scale_add(struct plot_scale *scale, double value)
{
        if (!isfinite(value) || value <= 0)
                return;
        scale->low = scale->low > 0 && scale->low < value ? scale->low : value;
        scale->high = scale->high > value ? scale->high : value;
}

void plot_scale_fit(struct plot_scale *scale)
{
        scale->logarithmic = scale->low > 0 && scale->high / scale->low > LOG_SPREAD;
}

static void put_tic(FILE *script, const struct plot_scale *scale, double value, bool first,
                    bool labels)
{
        char text[48] = "";

        if (!labels)
                ;
        else if (value == 0)
                snprintf(text, sizeof(text), "0");
        else if (scale->is_duration)
                units_format_duration(value * 1e9, text, sizeof(text));
        else
                units_format_count(value, text, sizeof(text));
        fputs(first ? "" : ", ", script);
        plot_quote(script, text, true);
        fprintf(script, " %.10g", value);
}

static void put_log_tics(FILE *script, const struct plot_scale *scale, double low, double high,
                         bool labels)
{
        static const double within[] = {1, 2, 5};
        double decades = log10(high / low), stride = ceil(decades / 8);
        size_t count = decades < 3 ? 3 : 1;
        bool first = true;

        for (double power = floor(log10(low)); power <= ceil(log10(high)); power += stride)
                for (size_t i = 0; i < count; i++) {
                        double value = within[i] * pow(10, power);

                        if (value < low || value > high)
                                continue;
                        put_tic(script, scale, value, first, labels);
                        first = false;
                }
}

static void put_linear_tics(FILE *script, const struct plot_scale *scale, double high, bool labels)
{
        double rough = high / 5, power = pow(10, floor(log10(rough))), step = power;

        if (rough / power > 5)
                step = 10 * power;
        else if (rough / power > 2)
                step = 5 * power;
        else if (rough / power > 1)
                step = 2 * power;
        for (int i = 0; i * step <= high * 1.0001; i++)
                put_tic(script, scale, i * step, !i, labels);
}

void plot_axis(FILE *script, char axis, const struct plot_scale *scale, bool labels)
{
        double low = scale->logarithmic ? scale->low / 1.4 : 0;
        double high = scale->high * (scale->logarithmic ? 1.4 : 1.06);

        if (scale->logarithmic)
                fprintf(script, "set logscale %c\n", axis);
        fprintf(script, "set %crange [%.10g:%.10g]\nset %ctics (", axis, low, high, axis);
        if (scale->logarithmic)
                put_log_tics(script, scale, low, high, labels);
        else
                put_linear_tics(script, scale, high, labels);
        fputs(") nomirror\n", script);
}

/* Conditions on as many lines as they need, broken between their parts. */
static unsigned put_conditions(FILE *script, const char *conditions, unsigned height)
{
        char text[1024], *line = text;
        unsigned lines = 0;

        snprintf(text, sizeof(text), "%s", conditions);
        while (*line) {
                char *end = line + strlen(line), *cut = end;

                while (page_columns(line) > LINE_COLUMNS) {
                        char *last = NULL;

                        for (char *p = strstr(line, " · "); p; p = strstr(p + 1, " · "))
                                last = p;
                        if (!last)
                                break;
                        *last = '\0';
                        cut = last;
                }
                fputs("set label ", script);
                plot_quote(script, line, false);
                fprintf(script, " at screen 0.015, screen %.4f font ',12' tc rgb '#555555'\n",
                        1 - (42.0 + 15 * lines) / height);
                lines++;
                /* Later breaks were cut off as well: give them back. */
                for (char *p = cut; p < end; p++)
                        if (!*p)
                                *p = ' ';
                line = cut < end ? cut + strlen(" · ") : end;
        }
        return lines;
}

static void put_corner(FILE *script, const struct result *result, unsigned height)
{
        const struct environment *machine = &result->environment;
        char text[512] = "";

        page_append(text, sizeof(text), "%s · %s · %.10s · seed %" PRIu64 " · mpbench %s",
                    machine->host, machine->cpu, machine->time, result->plan.seed,
                    result->tool_version);
        fputs("set label ", script);
        plot_quote(script, text, false);
        fprintf(script, " at screen 0.985, screen %.4f right font ',11' tc rgb '#777777'\n",
                10.0 / height);
}

static void free_plot(struct plot *plot)
{
        free(plot->script_text);
        free(plot->data_text);
        *plot = (struct plot){0};
}

static void abort_plot(struct plot *plot)
{
        if (plot->script)
                fclose(plot->script);
        if (plot->data)
                fclose(plot->data);
        free_plot(plot);
}

int plot_begin(struct plot *plot, const struct result *result, const char *name, unsigned width,
               unsigned height, const char *title, const char *conditions, struct mproc_err *err)
{
        FILE *script;
        unsigned lines;

        *plot = (struct plot){0};
        snprintf(plot->name, sizeof(plot->name), "%s", name);
        plot->script = script = open_memstream(&plot->script_text, &plot->script_size);
        plot->data = open_memstream(&plot->data_text, &plot->data_size);
        if (!plot->script || !plot->data) {
                abort_plot(plot);
                return error_set(err, -ENOMEM, "plots", "no memory for the plot '%s'", name);
        }
        fprintf(script,
                "# Draws %s.svg and %s.png from %s.dat:  gnuplot %s.gp\n"
                "set encoding utf8\nset datafile missing '?'\n"
                "do for [kind in 'svg png'] {\n"
                "reset\n"
                "if (kind eq 'svg') {\n"
                "set terminal svg noenhanced size %u,%u font 'sans-serif,13' background 'white'\n"
                "} else {\n"
                "set terminal pngcairo noenhanced size %.0f,%.0f fontscale %g linewidth %g "
                "pointscale %g font 'sans,13' background 'white'\n"
                "}\n"
                "set output '%s.'.kind\n",
                name, name, name, name, width, height, width * PNG_SCALE, height * PNG_SCALE,
                PNG_FONT, PNG_SCALE, PNG_SCALE, name);
        fputs("set label ", script);
        plot_quote(script, title, false);
        fprintf(script, " at screen 0.015, screen %.4f font ',19'\n", 1 - 22.0 / height);
        lines = put_conditions(script, conditions, height);
        put_corner(script, result, height);
        fprintf(script,
                "top = %.4f\nbottom = %.4f\n"
                "set tmargin at screen top\nset bmargin at screen bottom\n"
                "set border 1 lc rgb '#555555'\nset tics textcolor rgb '#222222'\n"
                "set style textbox opaque noborder fillcolor rgb 'white'\n"
                "set style line 1 lc rgb '#dddddd' lw 0.6\nset grid xtics ls 1\n",
                1 - (52.0 + 15 * lines) / height, 78.0 / height);
        return 0;
}

int plot_end(struct plot *plot, int folder, struct mproc_err *err)
{
        char name[PLOT_NAME_BYTES + 8];
        bool failed;
        int rc = 0;

        fputs("unset output\n}\n", plot->script);
        failed = fclose(plot->script);
        if (fclose(plot->data) || failed)
                rc = error_set(err, -ENOMEM, "plots", "no memory for the plot '%s'", plot->name);
        snprintf(name, sizeof(name), "%s.dat", plot->name);
        if (!rc)
                rc = file_put(folder, name, plot->data_text, plot->data_size, err);
        snprintf(name, sizeof(name), "%s.gp", plot->name);
        if (!rc)
                rc = file_put(folder, name, plot->script_text, plot->script_size, err);
        free_plot(plot);
        return rc;
}
