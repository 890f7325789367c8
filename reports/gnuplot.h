/* Running gnuplot. Driver only. */
#ifndef REPORTS_GNUPLOT_H
#define REPORTS_GNUPLOT_H

#include <mproc/err.h>

/* Runs `gnuplot NAME.gp` in the open directory `folder`, at most 30 s, without a shell and without
 * the user's start-up files. -ENOENT: it is not installed; -ECHILD: it failed or was ended for
 * taking too long, and err holds its first words. */
int gnuplot_draw(int folder, const char *name, struct mproc_err *err);

#endif
