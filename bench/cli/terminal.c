#include "cli/terminal.h"

#include "base/units.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH 80
#define WIDTH_MAX 1000

bool terminal_rewrites(int fd)
{
        const char *term = getenv("TERM");

        return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

static uint32_t width(int fd)
{
        const char *columns = getenv("COLUMNS");
        struct winsize size;
        int64_t n;

        if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
                return size.ws_col;
        if (columns && !units_parse_int(columns, &n) && n > 0 && n <= WIDTH_MAX)
                return (uint32_t)n;
        return WIDTH;
}

struct report_style terminal_style(int fd)
{
        const char *no_color = getenv("NO_COLOR"); /* no-color.org: set and not empty */

        return (struct report_style){
                .colour = terminal_rewrites(fd) && !(no_color && *no_color),
                .utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
                .width = width(fd),
        };
}

struct page terminal_page(FILE *out)
{
        struct report_style style = terminal_style(fileno(out));

        return (struct page){
                .out = out, .width = style.width, .utf8 = style.utf8, .colour = style.colour};
}

void terminal_row(const struct page *page, size_t indent, size_t column, const char *name,
                  const char *text)
{
        size_t used = indent;

        fprintf(page->out, "%*s", (int)indent, "");
        used += page_pad(page, name, *text ? column - indent - 1 : 0);
        fputc(*text ? ' ' : '\n', page->out);
        page_wrap(page, used + 1, column, " ", text);
}
