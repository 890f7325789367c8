#include "reports/page.h"

#include <stdarg.h>
#include <string.h>

void page_append(char *buf, size_t size, const char *format, ...)
{
        size_t used = strlen(buf);
        va_list args;

        if (used + 1 >= size)
                return;
        va_start(args, format);
        vsnprintf(buf + used, size - used, format, args);
        va_end(args);
}

/* Bytes of the UTF-8 sequence at `text`; 0: it is none. */
static size_t sequence_bytes(const unsigned char *text)
{
        size_t n = text[0] < 0x80             ? 1
                   : (text[0] & 0xe0) == 0xc0 ? 2
                   : (text[0] & 0xf0) == 0xe0 ? 3
                   : (text[0] & 0xf8) == 0xf0 ? 4
                                              : 0;

        for (size_t i = 1; i < n; i++)
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

/* No ASCII likeness is longer than its symbol, so that cleaning works in place. */
static const char *ascii_likeness(const char *symbol, size_t bytes)
{
        static const struct {
                const char *symbol, *ascii;
        } likenesses[] = {
                {"·", "|"},  {"×", "x"},   {"÷", "/"},  {"µ", "u"},  {"–", "-"},  {"—", "-"},
                {"✓", "ok"}, {"…", "..."}, {"±", "+-"}, {"≥", ">="}, {"≤", "<="}, {"→", "->"},
                {"’", "'"},  {"“", "\""},  {"”", "\""}, {"≠", "!="}, {"−", "-"},  {"∩", "&"},
        };

        for (size_t i = 0; i < sizeof(likenesses) / sizeof(*likenesses); i++)
                if (strlen(likenesses[i].symbol) == bytes &&
                    !memcmp(likenesses[i].symbol, symbol, bytes))
                        return likenesses[i].ascii;
        return "?";
}

void page_clean(char *text, bool utf8)
{
        char *to = text;

        for (const char *from = text; *from;) {
                size_t bytes = sequence_bytes((const unsigned char *)from);
                /* U+0080…U+009F are control characters too: terminals obey them. */
                bool control = (unsigned char)*from < ' ' || *from == 0x7f ||
                               (bytes == 2 && *from == '\xc2' && (unsigned char)from[1] < 0xa0);

                if (!bytes || control) {
                        *to++ = *from == '\n' || *from == '\t' ? ' ' : '?';
                        from += bytes ? bytes : 1;
                } else if (bytes == 1 || utf8) {
                        memmove(to, from, bytes);
                        to += bytes;
                        from += bytes;
                } else {
                        const char *ascii = ascii_likeness(from, bytes);

                        from += bytes;
                        memcpy(to, ascii, strlen(ascii));
                        to += strlen(ascii);
                }
        }
        *to = '\0';
}

size_t page_columns(const char *text)
{
        size_t columns = 0;

        for (; *text; text++)
                columns += ((unsigned char)*text & 0xc0) != 0x80;
        return columns;
}

static size_t pad(const struct page *page, const char *text, size_t columns, bool left)
{
        char clean[512];
        size_t used, fill;

        snprintf(clean, sizeof(clean), "%s", text);
        page_clean(clean, page->utf8);
        used = page_columns(clean);
        fill = used < columns ? columns - used : 0;
        fprintf(page->out, "%*s%s%*s", left ? (int)fill : 0, "", clean, left ? 0 : (int)fill, "");
        return used + fill;
}

size_t page_pad(const struct page *page, const char *text, size_t columns)
{
        return pad(page, text, columns, false);
}

size_t page_pad_left(const struct page *page, const char *text, size_t columns)
{
        return pad(page, text, columns, true);
}

/* The first byte behind `columns` columns of `text`. */
static const char *behind(const char *text, size_t columns)
{
        for (; *text; text++)
                if (((unsigned char)*text & 0xc0) != 0x80 && !columns--)
                        break;
        return text;
}

/* The last `separator` that starts in text…end; NULL: there is none. */
static const char *last_break(const char *text, const char *end, const char *separator)
{
        const char *last = NULL;

        for (const char *p = strstr(text, separator); p && p <= end; p = strstr(p + 1, separator))
                if (p > text)
                        last = p;
        return last;
}

void page_wrap(const struct page *page, size_t at, size_t hang, const char *separator,
               const char *text)
{
        char clean[2048], mark[16];
        const char *rest = clean;

        snprintf(clean, sizeof(clean), "%s", text);
        page_clean(clean, page->utf8);
        snprintf(mark, sizeof(mark), "%s", separator);
        page_clean(mark, page->utf8);
        for (bool first = true; *rest; first = false) {
                size_t used = first ? at : hang;
                size_t room = page->width > used ? page->width - used : 0;
                const char *end = behind(rest, room), *cut, *next;

                if (!first)
                        fprintf(page->out, "%*s", (int)hang, "");
                if (!*end) {
                        fputs(rest, page->out);
                        break;
                }
                cut = last_break(rest, end, mark);
                next = cut ? cut + strlen(mark) : NULL;
                if (!cut) {
                        cut = last_break(rest, end, " ");
                        next = cut ? cut + 1 : NULL;
                }
                if (!cut && first && at > hang)
                        cut = next = rest; /* there is more room on the next line */
                if (!cut)
                        cut = next = end > rest ? end : behind(rest, 1);
                fprintf(page->out, "%.*s\n", (int)(cut - rest), rest);
                rest = next;
        }
        if (*clean)
                fputc('\n', page->out);
}

size_t page_bar(const struct page *page, double length, size_t columns)
{
        static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
        size_t steps = (size_t)(length * 8 + 0.5), full, used;

        if (steps > columns * 8)
                steps = columns * 8;
        if (!steps && length > 0)
                steps = 1;
        full = page->utf8 ? steps / 8 : (steps + 7) / 8;
        for (size_t i = 0; i < full; i++)
                fputs(page->utf8 ? "█" : "#", page->out);
        used = full;
        if (page->utf8 && steps % 8) {
                fputs(eighths[steps % 8], page->out);
                used++;
        }
        return used;
}
