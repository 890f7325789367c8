/* A plot as gnuplot draws it: a script and its data, written so that `gnuplot NAME.gp` in their
 * folder draws NAME.svg and NAME.png again. Driver only. */
#ifndef REPORTS_PLOT_H
#define REPORTS_PLOT_H

#include "model/result.h"

#include <stdbool.h>
#include <stdio.h>

#define PLOT_NAME_BYTES 80

struct plot {
        char name[PLOT_NAME_BYTES];
        FILE *script, *data; /* in memory until plot_end */
        char *script_text, *data_text;
        size_t script_size, data_size;
};

/* What is drawn along an axis. */
struct plot_scale {
        double low, high; /* of the values */
        bool is_duration; /* in s; else a rate */
        bool logarithmic; /* set by plot_scale_fit */
};

/* Opens the script with its terminals, size (pixels of the SVG), title, a line of conditions below
 * it and a note in the corner; the caller goes on with what it draws. */
int plot_begin(struct plot *plot, const struct result *result, const char *name, unsigned width,
               unsigned height, const char *title, const char *conditions, struct mproc_err *err);
/* Closes both and writes them into `folder`. Frees in any case. */
int plot_end(struct plot *plot, int folder, struct mproc_err *err);

/* A text as gnuplot's quoted string, whatever it holds; `as_tic` doubles "%", which labels of tics
 * take for a format. */
void plot_quote(FILE *out, const char *text, bool as_tic);

/* How intervals are drawn: lines with bars at their ends. gnuplot's own error bars wipe out what is
 * drawn below their middle. */
#define PLOT_INTERVAL "with vectors heads fixed size screen 0.006,90 lw 1.5"

/* " low high" of a data file, or " ? ?" where they are not known. */
void plot_interval(FILE *out, double low, double high);

/* A comment line of a data file. */
void plot_comment(FILE *out, const char *text);

/* Logarithmic where the values spread over more than a decade, else from zero. */
void plot_scale_add(struct plot_scale *scale, double value);
void plot_scale_fit(struct plot_scale *scale);
/* Range and tics of `axis` ('x' or 'y'); `labels`: with numbers and units. */
void plot_axis(FILE *script, char axis, const struct plot_scale *scale, bool labels);

/* Colour and point of the i-th series: told apart by shape in black and white, and by colour-blind
 * people (Okabe and Ito's palette). */
const char *plot_colour(size_t index);
int plot_point(size_t index);

#endif
