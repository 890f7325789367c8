/* Small helpers on names. Pure. Every context. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Nearest known name by edit distance, or NULL when none is near enough to be meant. `name_at`
 * gives the names in order and NULL after the last. */
const char *text_nearest(const char *given, const char *(*name_at)(size_t index, void *context),
                         void *context);

/* Copies at most size − 1 bytes and terminates. `from` may be NULL: nothing is copied. */
void text_copy(char *to, size_t size, const char *from);

#endif
