/* What the terminal can show. Needs setlocale(LC_CTYPE, "") before. Driver only. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "reports/report.h"
#include <stdbool.h>
#include <stdint.h>

/* For text on `fd`: colours only on a terminal, unless NO_COLOR is set or TERM is dumb; UTF-8 by
 * the locale; the width of the terminal, or COLUMNS, or 80. */
struct report_style terminal_style(int fd);

/* Can a line on `fd` be written over? */
bool terminal_rewrites(int fd);

#endif
