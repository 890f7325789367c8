#include "reports/markdown.h"

#include <string.h>

void markdown_put(FILE *out, const char *text)
{
        char clean[2048];

        snprintf(clean, sizeof(clean), "%s", text);
        page_clean(clean, true);
        for (const char *p = clean; *p; p++) {
                if (strchr("\\|*_`<#", *p))
                        fputc('\\', out);
                fputc(*p, out);
        }
}

void markdown_put_item(FILE *out, const char *text)
{
        fputs("- ", out);
        markdown_put(out, text);
        fputc('\n', out);
}

void markdown_put_grid(FILE *out, const struct grid *grid, bool words_last)
{
        for (size_t row = 0; row < grid->rows; row++) {
                for (size_t column = 0; column < grid->columns; column++) {
                        fputs("| ", out);
                        markdown_put(out, grid_at(grid, row, column));
                        fputc(' ', out);
                }
                fputs("|\n", out);
                for (size_t column = 0; !row && column < grid->columns; column++)
                        fputs(!column                                     ? "|---|"
                              : words_last && column == grid->columns - 1 ? "---|"
                                                                          : "---:|",
                              out);
                fputs(row ? "" : "\n", out);
        }
}
