#include "reports/page.h"

#include <errno.h>
#include <stdlib.h>

int grid_init(struct grid *grid, size_t rows, size_t columns)
{
        *grid = (struct grid){.rows = rows, .columns = columns};
        grid->text = calloc(rows * columns + 1, sizeof(*grid->text));
        return grid->text ? 0 : -ENOMEM;
}

int grid_begin(struct grid *grid, const char *const *heads, size_t columns, size_t rows_max)
{
        int rc = grid_init(grid, 1 + rows_max, columns);

        for (size_t i = 0; i < columns && heads && !rc; i++)
                snprintf(grid_at(grid, 0, i), GRID_TEXT_BYTES, "%s", heads[i]);
        grid->rows = 0;
        return rc;
}

size_t grid_add(struct grid *grid)
{
        grid->rows += grid->rows ? 1 : 2;
        return grid->rows - 1;
}

void grid_done(struct grid *grid)
{
        if (!grid)
                return;
        free(grid->text);
        *grid = (struct grid){0};
}

char *grid_at(const struct grid *grid, size_t row, size_t column)
{
        return grid->text[row * grid->columns + column];
}

static size_t column_width(const struct grid *grid, size_t column)
{
        size_t width = 0;

        for (size_t row = 0; row < grid->rows; row++) {
                size_t columns = page_columns(grid_at(grid, row, column));

                width = columns > width ? columns : width;
        }
        return width;
}

/* Columns first…end − 1 beside the labels. */
static void print_block(const struct grid *grid, const struct page *page, size_t indent,
                        size_t labels, size_t first, size_t end)
{
        for (size_t row = 0; row < grid->rows; row++) {
                size_t last = end; /* the column behind the last one that has a text */

                while (last > first && !*grid_at(grid, row, last - 1))
                        last--;
                fprintf(page->out, "%*s", (int)indent, "");
                page_pad(page, grid_at(grid, row, 0), first < last ? labels : 0);
                for (size_t column = first; column < last; column++) {
                        fputs("  ", page->out);
                        page_pad_left(page, grid_at(grid, row, column), column_width(grid, column));
                }
                fputc('\n', page->out);
        }
}

void grid_print(const struct grid *grid, const struct page *page, size_t indent)
{
        size_t labels;

        for (size_t i = 0; i < grid->rows * grid->columns; i++)
                page_clean(grid->text[i], page->utf8);
        labels = column_width(grid, 0);
        for (size_t first = 1, end; first < grid->columns; first = end) {
                size_t used = indent + labels;

                for (end = first; end < grid->columns; end++) {
                        used += 2 + column_width(grid, end);
                        if (used > page->width && end > first)
                                break;
                }
                if (first > 1)
                        fputc('\n', page->out);
                print_block(grid, page, indent, labels, first, end);
        }
}
