/* What `mpbench run` shows besides the reports: the plan, progress, one line per cell. Driver only.
 */
#ifndef CLI_RUN_SHOW_H
#define CLI_RUN_SHOW_H

#include "model/result.h"
#include "reports/page.h"
#include "run/run.h"

/* --dry-run: cells, those that are skipped and why, rounds, expected time. */
void run_show_plan(const struct result *result, const struct page *page);

/* --quiet: one line per cell that was run; where none was, the reasons why. */
int run_show_cells(const struct result *result, const struct page *page, struct mproc_err *err);

/* The progress callback: one line on stderr, written over. */
void run_show_progress(const struct run_progress *progress, void *context);
void run_clear_progress(void);

#endif
