/* The tables of view.h. */
#include "reports/view.h"
#include "reports/wording.h"

#include "base/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 40

void view_name_row(const struct view_row *row, char text[GRID_TEXT_BYTES])
{
        page_append(text, GRID_TEXT_BYTES, "%s", row->label);
        if (*row->group)
                page_append(text, GRID_TEXT_BYTES, " · %s", row->group);
}

static void put_duration(const struct summary *summary, bool interval, char *text)
{
        wording_duration(summary, interval, text, GRID_TEXT_BYTES);
        if (!*text)
                snprintf(text, GRID_TEXT_BYTES, "–");
}

/* `time_of`: the summary that a row has for a percentile. */
static int view_percentiles(const struct view_section *section, const char *head,
                            const struct summary *(*time_of)(const struct view_row *, enum latency),
                            struct grid *ret)
{
        const char *const heads[] = {head, "p50", "p90", "p99", "p99.9"};
        size_t columns = 0;

        for (size_t i = 0; i < section->row_count; i++)
                for (size_t j = 0; j < LATENCY_MAX && time_of(&section->rows[i], j)->n; j++)
                        columns = j >= columns ? j + 1 : columns;
        if (grid_begin(ret, heads, 1 + columns, section->row_count))
                return -ENOMEM;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *from = &section->rows[i];
                size_t row;

                if (!time_of(from, LATENCY_P50)->n)
                        continue;
                row = grid_add(ret);
                view_name_row(from, grid_at(ret, row, 0));
                for (size_t j = 0; j < columns; j++)
                        put_duration(time_of(from, j), true, grid_at(ret, row, 1 + j));
        }
        return 0;
}

int view_latency(const struct view_section *section, struct grid *ret)
{
        return view_percentiles(
                section, section->rows[0].cell->run.time_ns.n ? "Time of a run" : "Time of a task",
                view_task_time, ret);
}

int view_response(const struct view_section *section, struct grid *ret)
{
        return view_percentiles(section, "Submitted to collected", view_response_time, ret);
}

/* Methods by where they first occur, parents by size. */
struct starts {
        size_t methods, parents;
        char method[SHOWN_MAX][VIEW_LABEL_BYTES];
        int64_t parent[SHOWN_MAX];
};

static size_t index_of(const int64_t *sizes, size_t count, int64_t size)
{
        size_t i = 0;

        while (i < count && sizes[i] != size)
                i++;
        return i;
}

static int by_size(const void *left, const void *right)
{
        int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

        return (a > b) - (a < b);
}

/* "fork · compact": the method, and what else differs but the parent. */
static void name_method(const struct view_row *row, char *buf)
{
        char size[48], parent[64], others[VIEW_LABEL_BYTES];

        units_format_size((double)view_parent_bytes(row->cell), size, sizeof(size));
        snprintf(parent, sizeof(parent), "parent_rss %s", size);
        view_without(row->group, parent, others, sizeof(others));
        snprintf(buf, VIEW_LABEL_BYTES, "%s", row->label);
        page_append(buf, VIEW_LABEL_BYTES, "%s%s", *others ? " · " : "", others);
}

static size_t method_index(const struct starts *starts, const struct view_row *row)
{
        char method[VIEW_LABEL_BYTES];
        size_t i = 0;

        name_method(row, method);
        while (i < starts->methods && strcmp(starts->method[i], method))
                i++;
        return i;
}

size_t view_parents(const struct view_section *section, int64_t *sizes, size_t room)
{
        size_t count = 0;

        for (size_t i = 0; i < section->row_count; i++) {
                int64_t bytes = view_parent_bytes(section->rows[i].cell);

                if (index_of(sizes, count, bytes) == count && count < room)
                        sizes[count++] = bytes;
        }
        qsort(sizes, count, sizeof(*sizes), by_size);
        return count;
}

static void find_starts(const struct view_section *section, struct starts *ret)
{
        *ret = (struct starts){0};
        ret->parents = view_parents(section, ret->parent, SHOWN_MAX);
        for (size_t i = 0; i < section->row_count; i++)
                if (method_index(ret, &section->rows[i]) == ret->methods &&
                    ret->methods < SHOWN_MAX)
                        name_method(&section->rows[i], ret->method[ret->methods++]);
}

int view_starts(const struct view_section *section, struct grid *ret)
{
        struct starts starts;
        char size[48];

        *ret = (struct grid){0};
        find_starts(section, &starts);
        if (!section->is_life_cycle || !starts.methods)
                return 0;
        if (grid_init(ret, 1 + starts.methods, 1 + starts.parents))
                return -ENOMEM;
        snprintf(grid_at(ret, 0, 0), GRID_TEXT_BYTES, "Call to joined");
        for (size_t i = 0; i < starts.parents; i++)
                if (starts.parent[i] <= 0)
                        snprintf(grid_at(ret, 0, 1 + i), GRID_TEXT_BYTES, "%s",
                                 starts.parent[i] < 0 ? "wall time" : "bare parent");
                else
                        snprintf(grid_at(ret, 0, 1 + i), GRID_TEXT_BYTES, "parent of %s",
                                 units_format_size((double)starts.parent[i], size, sizeof(size)));
        for (size_t i = 0; i < starts.methods; i++)
                snprintf(grid_at(ret, 1 + i, 0), GRID_TEXT_BYTES, "%.90s", starts.method[i]);
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                size_t row = method_index(&starts, &section->rows[i]);
                size_t column = index_of(starts.parent, starts.parents, view_parent_bytes(cell));
                char *text;

                if (row == starts.methods || column == starts.parents)
                        continue;
                text = grid_at(ret, 1 + row, 1 + column);
                wording_duration(view_life(cell), true, text, GRID_TEXT_BYTES);
                if (!*text)
                        snprintf(text, GRID_TEXT_BYTES, "%s", cell_status_name(cell->status));
        }
        return 0;
}

/* Up to the end, which view_starts has. Of the smallest and the largest parent; what lies between
 * is in report.json. */
int view_steps(const struct view_section *section, struct grid *ret)
{
        static const char *const heads[] = {"Steps, from the call", "returned", "first instruction",
                                            "ready"};
        int64_t parents[SHOWN_MAX];
        size_t count = view_parents(section, parents, SHOWN_MAX);

        if (grid_begin(ret, heads, 4, section->row_count))
                return -ENOMEM;
        for (size_t i = 0; i < section->row_count && section->is_life_cycle; i++) {
                const struct cell *cell = section->rows[i].cell;
                int64_t bytes = view_parent_bytes(cell);
                char method[VIEW_LABEL_BYTES], size[48];
                size_t row;

                if (!cell->step[3].n || (bytes != parents[0] && bytes != parents[count - 1]))
                        continue;
                row = grid_add(ret);
                name_method(&section->rows[i], method);
                page_append(grid_at(ret, row, 0), GRID_TEXT_BYTES, "%s", method);
                if (bytes > 0)
                        page_append(grid_at(ret, row, 0), GRID_TEXT_BYTES, ", %s parent",
                                    units_format_size((double)bytes, size, sizeof(size)));
                for (size_t j = 0; j < 3; j++)
                        put_duration(&cell->step[j], false, grid_at(ret, row, 1 + j));
        }
        return 0;
}
