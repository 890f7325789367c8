#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_CHARS 64

void text_copy(char *to, size_t size, const char *from)
{
        size_t length = from ? strnlen(from, size - 1) : 0;

        if (length)
                memcpy(to, from, length);
        to[length] = '\0';
}

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* Edit distance with insertions, deletions, replacements and swaps of neighbours (Damerau 1964, in
 * its restricted form), case aside. Both are shorter than NAME_MAX_CHARS. */
static size_t distance(const char *a, const char *b)
{
        size_t rows[3][NAME_MAX_CHARS + 1];
        size_t *before = rows[0], *last = rows[1], *row = rows[2];
        size_t a_length = strlen(a), b_length = strlen(b);

        for (size_t j = 0; j <= b_length; j++)
                last[j] = j;
        for (size_t i = 1; i <= a_length; i++) {
                size_t *oldest = before;
                int ca = tolower((unsigned char)a[i - 1]);

                row[0] = i;
                for (size_t j = 1; j <= b_length; j++) {
                        int cb = tolower((unsigned char)b[j - 1]);

                        row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (ca != cb));
                        if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                            cb == tolower((unsigned char)a[i - 2]))
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = oldest;
        }
        return last[b_length];
}

const char *text_nearest(const char *given, const char *(*name_at)(size_t index, void *context),
                         void *context)
{
        size_t length = strlen(given), best;
        const char *nearest = NULL, *name;

        if (!length || length >= NAME_MAX_CHARS)
                return NULL;
        /* A slip in every three letters is meant; a name that shares no letter is not. */
        best = least((length + 2) / 3, length - 1) + 1;
        for (size_t i = 0; (name = name_at(i, context)); i++) {
                size_t d;

                if (strlen(name) >= NAME_MAX_CHARS)
                        continue;
                d = distance(given, name);
                /* The beginning of a name is as good as one slip. */
                if (length >= 2 && d > 1 && !strncmp(given, name, length))
                        d = 1;
                if (d < best) {
                        best = d;
                        nearest = name;
                }
        }
        return nearest;
}
