/* A comparison as Markdown. */
#include "reports/difference_formats.h"

#include "base/error.h"
#include "reports/report.h"

#include <errno.h>

/* A cell's text must not end its column, nor become markup. */
static void put(FILE *out, const char *text)
{
        char clean[512] = "";

        page_append(clean, sizeof(clean), "%s", text);
        page_clean(clean, true);
        for (const char *p = clean; *p; p++) {
                if (*p == '|' || *p == '*' || *p == '_' || *p == '`' || *p == '<' || *p == '\\')
                        fputc('\\', out);
                fputc(*p, out);
        }
}

static void put_lines(FILE *out, const char *head, const struct difference *difference,
                      difference_lines *lines)
{
        char text[512];

        for (size_t i = 0; *lines(difference, i, text, sizeof(text)); i++) {
                if (!i)
                        fprintf(out, "\n%s\n\n", head);
                fputs("- ", out);
                put(out, text);
                fputc('\n', out);
        }
}

static void put_table(FILE *out, const struct grid *grid)
{
        for (size_t row = 0; row < grid->rows; row++) {
                for (size_t column = 0; column < grid->columns; column++) {
                        fputs("| ", out);
                        put(out, grid_at(grid, row, column));
                        fputc(' ', out);
                }
                fputs(row ? "|\n" : "|\n|---|---:|---:|---:|---:|---|\n", out);
        }
}

int difference_write_markdown(const struct difference *difference, FILE *out, struct mproc_err *err)
{
        char text[512];
        struct grid grid;

        if (difference_grid(difference, &grid))
                return error_set(err, -ENOMEM, "compare", "no memory for the table");
        fputs("# mpbench compare\n\n**", out);
        put(out, difference->outcome);
        fputs("**\n\n", out);
        put(out, difference_sides(difference, text, sizeof(text)));
        fputs("\n", out);
        put_lines(out, "Ratios:", difference, difference_metric);
        fputc('\n', out);
        put_table(out, &grid);
        grid_done(&grid);
        put_lines(out, "Without a figure to compare:", difference, difference_remark);
        put_lines(out, "Not the same in all runs (old → new):", difference, difference_change);
        return report_end(out, err);
}
