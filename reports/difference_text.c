/* A comparison for a terminal. */
#include "reports/difference_formats.h"

#include "base/error.h"
#include "reports/report.h"

#include <errno.h>
#include <string.h>

#define INDENT 2

static void print_lines(const struct page *page, const char *head,
                        const struct difference *difference, difference_lines *lines)
{
        char text[512];

        for (size_t i = 0; *lines(difference, i, text, sizeof(text)); i++) {
                if (!i)
                        fprintf(page->out, "\n%s\n", head);
                fprintf(page->out, "%*s", INDENT, "");
                page_wrap(page, INDENT, 2 * INDENT, " ", text);
        }
}

int difference_write_text(const struct difference *difference, const struct page *page,
                          struct mproc_err *err)
{
        char text[512];
        struct grid grid;

        if (difference_grid(difference, &grid))
                return error_set(err, -ENOMEM, "compare", "no memory for the table");
        page_wrap(page, 0, INDENT, " · ", difference_sides(difference, text, sizeof(text)));
        if (grid.rows) {
                for (size_t i = 0; *difference_metric(difference, i, text, sizeof(text)); i++)
                        page_wrap(page, 0, INDENT, " ", text);
                fputc('\n', page->out);
                grid_print(&grid, page, INDENT);
        }
        grid_done(&grid);
        print_lines(page, "Without a figure to compare:", difference, difference_remark);
        print_lines(page, "Not the same in all runs (old → new):", difference, difference_change);
        fputc('\n', page->out);
        page_wrap(page, 0, 0, " ", difference->outcome);
        return report_end(page->out, err);
}
