/* What the terminal can show. Needs setlocale(LC_CTYPE, "") before. Driver only. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "reports/page.h"
#include "reports/report.h"
#include <stdbool.h>
#include <stdio.h>

/* For text on `fd`: colours only on a terminal, unless NO_COLOR is set or TERM is dumb; UTF-8 by
 * the locale; the width of the terminal, or COLUMNS, or 80. */
struct report_style terminal_style(int fd);

/* The same for text that is written to `out`. */
struct page terminal_page(FILE *out);

/* "    name    text", the text from `column` on, wrapped. */
void terminal_row(const struct page *page, size_t indent, size_t column, const char *name,
                  const char *text);

/* Can a line on `fd` be written over? */
bool terminal_rewrites(int fd);

#endif
