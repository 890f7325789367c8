/* A format's output as text, and what tests ask of it. A failure ends the test. */
#ifndef SUPPORT_RENDER_H
#define SUPPORT_RENDER_H

#include "reports/report.h"

#include <stdbool.h>
#include <stddef.h>

/* malloc'ed. */
char *render(const char *format, const struct result *result, const struct report_style *style);

/* Each line break, with the blanks around it, becomes one blank: in place. */
void render_join_lines(char *text);

size_t render_count(const char *text, const char *part);

/* As a word, in upper or lower case. */
bool render_has_word(const char *text, const char *word);

void assert_contains(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);

#endif
