/* Small multiples: a panel for each choice, all on the same axes, each with the others in
 * grey behind it, so that nothing overlaps however many there are. Driver only. */
#ifndef REPORTS_PLOT_PANELS_H
#define REPORTS_PLOT_PANELS_H

#include "reports/plot.h"

#define PANEL_TEXT_BYTES 96

struct panel_point {
        size_t panel, series;
        double x, value, low, high; /* NaN bounds: no interval is known */
};

struct panel_tic {
        double x;
        char label[32];
};

struct panels {
        const char *x_axis, *y_axis;
        struct plot_scale scale; /* of y */
        bool ideal; /* draw what the first point promises: a rate grows, a time falls */
        bool higher_is_better;
        size_t panel_count, series_count, point_count, tic_count;
        char (*panels)[PANEL_TEXT_BYTES];
        char (*series)[PANEL_TEXT_BYTES]; /* no legend for one */
        struct panel_point *points;
        struct panel_tic *tics; /* in order of x */
};

/* Room for `cells` of each. */
int panels_init(struct panels *panels, size_t cells);
void panels_done(struct panels *panels);
void panels_tic(struct panels *panels, double x, const char *label); /* once for each x */
/* The summary's median and interval times `unit`; nothing where it has none. */
void panels_point(struct panels *panels, const char *panel, const char *series, double x,
                  const struct summary *summary, double unit);

/* Script and data into `folder`, as `name`. */
int panels_write(struct panels *panels, const struct result *result, int folder, const char *name,
                 const char *title, const char *conditions, struct mproc_err *err);

#endif
