/* A comparison as Markdown. */
#include "reports/difference_formats.h"

#include "base/error.h"
#include "reports/markdown.h"
#include "reports/report.h"

#include <errno.h>

static void put_lines(FILE *out, const char *head, const struct difference *difference,
                      difference_lines *lines)
{
        char text[512];

        for (size_t i = 0; *lines(difference, i, text, sizeof(text)); i++) {
                if (!i)
                        fprintf(out, "\n%s\n\n", head);
                markdown_put_item(out, text);
        }
}

int difference_write_markdown(const struct difference *difference, FILE *out, struct mproc_err *err)
{
        char text[512];
        struct grid grid;

        if (difference_grid(difference, &grid))
                return error_set(err, -ENOMEM, "compare", "no memory for the table");
        fputs("# mpbench compare\n\n**", out);
        markdown_put(out, difference->outcome);
        fputs("**\n\n", out);
        markdown_put(out, difference_sides(difference, text, sizeof(text)));
        fputs("\n", out);
        put_lines(out, "Ratios:", difference, difference_metric);
        fputc('\n', out);
        markdown_put_grid(out, &grid, true);
        grid_done(&grid);
        put_lines(out, "Without a figure to compare:", difference, difference_remark);
        put_lines(out, "Not the same in all runs (old → new):", difference, difference_change);
        return report_end(out, err);
}
