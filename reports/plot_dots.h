/* A dot plot: rows by name, a mark per series with its interval. Driver only. */
#ifndef REPORTS_PLOT_DOTS_H
#define REPORTS_PLOT_DOTS_H

#include "reports/plot.h"

#define DOTS_TEXT_BYTES 96

struct dots_row {
        char label[DOTS_TEXT_BYTES];
        char ratio[16], word[32];   /* at the right edge: "38.1×", "faster" */
        char text[DOTS_TEXT_BYTES]; /* in place of marks: why there is none */
        bool has_mark;
};

struct dots_mark {
        size_t row, series;
        double value, low, high; /* NaN bounds: no interval is known */
};

struct dots {
        const char *axis; /* title of the x axis */
        struct plot_scale scale;
        double reference; /* where a vertical line stands; NaN: nowhere */
        size_t row_count, series_count, mark_count;
        struct dots_row *rows;           /* the first one is on top */
        char (*series)[DOTS_TEXT_BYTES]; /* no legend for one */
        struct dots_mark *marks;
};

/* Room for as many rows, series and marks as `cells`. */
int dots_init(struct dots *dots, size_t cells);
void dots_done(struct dots *dots);
/* Index of the row of that name, added when it is new. */
size_t dots_row(struct dots *dots, const char *label);
/* The summary's median and interval times `unit`; nothing where it has none. */
void dots_mark(struct dots *dots, size_t row, const char *series, const struct summary *summary,
               double unit);

/* Script and data into `folder`, as `name`. */
int dots_write(struct dots *dots, const struct result *result, int folder, const char *name,
               const char *title, const char *conditions, struct mproc_err *err);

#endif
