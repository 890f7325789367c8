/* A comparison of stored runs, for people: on a terminal, as Markdown, as a plot, and all of it in
 * a folder. Driver only. */
#ifndef REPORTS_DIFFERENCE_FORMATS_H
#define REPORTS_DIFFERENCE_FORMATS_H

#include "compare/difference.h"
#include "reports/page.h"

#include <mproc/err.h>

#define DIFFERENCE_COLUMNS 6

/* What they say, the same in every format. The table: a head, and a row for each cell of which both
 * sides have a figure, or should have one; no rows at all: there is none. -ENOMEM. */
int difference_grid(const struct difference *difference, struct grid *ret);
/* "old: 3 runs (...) · new: 3 runs (...)" */
char *difference_sides(const struct difference *difference, char *buf, size_t size);

/* Lines of which `line` is the number, "" past the end. What ratios are of, a line for each
 * workload; cells without a figure; what changed around them. */
typedef char *difference_lines(const struct difference *difference, size_t line, char *buf,
                               size_t size);
difference_lines difference_metric, difference_remark, difference_change;

/* -ENOMEM */
int difference_write_text(const struct difference *difference, const struct page *page,
                          struct mproc_err *err);
int difference_write_markdown(const struct difference *difference, FILE *out,
                              struct mproc_err *err);

/* comparison.gp and .dat, drawn as .svg and .png, in an open folder; nothing where no cell has a
 * ratio. Errors as of report_format.write_folder. */
int difference_plot(const struct difference *difference, int folder, struct mproc_err *err);

/* Makes the folder `path`, which must not exist (-EINVAL), with comparison.json, comparison.md and
 * the plot. `plot_note`: why there is none, or "". A failure leaves nothing behind. */
int difference_save(const struct difference *difference, const char *path, char *plot_note,
                    size_t note_size, struct mproc_err *err);

#endif
