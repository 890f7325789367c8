/* The cells of a section on the screen: a line each, with ratio, interval, bar and verdict. Driver
 * only. */
#ifndef REPORTS_TEXT_ROWS_H
#define REPORTS_TEXT_ROWS_H

#include "reports/view.h"

#define TEXT_INDENT 2

void text_rows(const struct page *page, const struct view_section *section);

#endif
