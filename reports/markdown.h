/* Markdown that every such report writes alike. Driver only. */
#ifndef REPORTS_MARKDOWN_H
#define REPORTS_MARKDOWN_H

#include "reports/page.h"

/* Text that Markdown could take for markup stays text, and ends no column. */
void markdown_put(FILE *out, const char *text);
/* The same as an item of a list. */
void markdown_put_item(FILE *out, const char *text);
/* Numbers to the right; `words_last`: the last column holds none. No rows: nothing. */
void markdown_put_grid(FILE *out, const struct grid *grid, bool words_last);

#endif
