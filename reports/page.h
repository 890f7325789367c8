/* Text for people: display width, the ASCII fallback, wrapping, tables. Driver only. */
#ifndef REPORTS_PAGE_H
#define REPORTS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct page {
        FILE *out;
        size_t width; /* columns */
        bool utf8, colour;
};

/* Appends to a NUL-terminated text in a buffer of `size` bytes; what does not fit is cut off. */
__attribute__((format(printf, 3, 4))) void page_append(char *buf, size_t size, const char *format,
                                                       ...);

/* Makes `text` fit to be shown, in place: control bytes and broken UTF-8 become "?", and without
 * `utf8` the symbols that reports use become their ASCII likeness. It never grows. */
void page_clean(char *text, bool utf8);

/* Display columns of a cleaned text: a code point each, as reports use no wide ones. */
size_t page_columns(const char *text);

/* `text` and then spaces up to `columns`; cleaned on the way. Returns the columns written. */
size_t page_pad(const struct page *page, const char *text, size_t columns);
/* The same with the spaces in front. */
size_t page_pad_left(const struct page *page, const char *text, size_t columns);

/* `text` broken into lines of the page's width at `separator` (which vanishes at the break), else
 * at spaces, else anywhere. The first line starts at column `at`, where the caller has written
 * already; the others are indented by `hang`. Ends the line. An empty text writes nothing. */
void page_wrap(const struct page *page, size_t at, size_t hang, const char *separator,
               const char *text);

/* A bar of `length` columns (eighths are shown with UTF-8), at most `columns`. What is more than
 * nothing shows. Returns the columns written. */
size_t page_bar(const struct page *page, double length, size_t columns);

/* A table: row 0 holds the heads, column 0 the labels. */
#define GRID_TEXT_BYTES 96

struct grid {
        size_t rows, columns;
        char (*text)[GRID_TEXT_BYTES]; /* rows × columns, row by row */
};

int grid_init(struct grid *grid, size_t rows, size_t columns); /* -ENOMEM */
/* Row by row: room for the heads and so many rows; `heads` may be NULL where they are put later.
 * Until grid_add the grid has no rows at all, not even the heads. -ENOMEM. */
int grid_begin(struct grid *grid, const char *const *heads, size_t columns, size_t rows_max);
size_t grid_add(struct grid *grid); /* returns the number of the new, empty row */
void grid_done(struct grid *grid);
char *grid_at(const struct grid *grid, size_t row, size_t column);
/* Right-aligned columns; those that do not fit the width follow in a further block of lines. */
void grid_print(const struct grid *grid, const struct page *page, size_t indent);

#endif
