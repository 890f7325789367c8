#include "base/option_table.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH 80
#define COLUMN 28 /* where summaries begin */

/* Columns of UTF-8 text: every byte but continuations (no wide characters are used here). */
static size_t columns(const char *text, size_t bytes)
{
        size_t n = 0;

        for (size_t i = 0; i < bytes; i++)
                n += ((unsigned char)text[i] & 0xc0) != 0x80;
        return n;
}

void option_wrap(const char *text, size_t column, size_t indent, FILE *out)
{
        size_t used = column;
        bool begun = false; /* this line has a word, which a space must follow */

        for (size_t bytes; *(text += strspn(text, " ")); text += bytes) {
                bytes = strcspn(text, " ");
                if (used > indent && used + begun + columns(text, bytes) > WIDTH) {
                        fprintf(out, "\n%*s", (int)indent, "");
                        used = indent;
                        begun = false;
                }
                if (begun) {
                        fputc(' ', out);
                        used++;
                }
                begun = true;
                fwrite(text, 1, bytes, out);
                used += columns(text, bytes);
        }
        fputc('\n', out);
}

static void print_row(const struct mpb_option *row, FILE *out)
{
        char left[96], text[768], allowed[256];
        size_t width, used;

        snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", row->letter ? '-' : ' ',
                 row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
                 row->metavar ? "=" : "", row->metavar ? row->metavar : "");
        option_format_allowed(row, allowed, sizeof(allowed));
        used = (size_t)snprintf(text, sizeof(text), "%s", row->summary);
        if (*allowed)
                used += (size_t)snprintf(text + used, sizeof(text) - used, " (%s)", allowed);
        if (row->fallback)
                snprintf(text + used, sizeof(text) - used, " [%s]", row->fallback);

        width = columns(left, strlen(left));
        fputs(left, out);
        if (width + 2 > COLUMN)
                fprintf(out, "\n%*s", COLUMN, "");
        else
                fprintf(out, "%*s", (int)(COLUMN - width), "");
        option_wrap(text, COLUMN, COLUMN, out);
}

void option_help(const struct mpb_option *table, FILE *out)
{
        for (const struct mpb_option *row = table; row->name; row++) {
                if (row->group)
                        fprintf(out, "%s%s:\n", row == table ? "" : "\n", row->group);
                print_row(row, out);
        }
}
