/* The table of view.h that shows what a run of a command takes. */
#include "reports/view.h"
#include "reports/wording.h"

#include "base/units.h"

#include <errno.h>
#include <string.h>

enum { COLUMN_TIME = 1, COLUMN_USER, COLUMN_SYSTEM, COLUMN_RSS, COLUMN_PSS, COLUMNS };

static bool has_runs(const struct cell *cell)
{
        return cell->status == CELL_MEASURED && cell->run.time_ns.n;
}

static void put_time(const struct summary *summary, bool interval, char *text)
{
        if (summary->median > 0)
                wording_duration(summary, interval, text, GRID_TEXT_BYTES);
        else
                snprintf(text, GRID_TEXT_BYTES, "0 ms"); /* less than the kernel's clock tells */
}

int view_runs(const struct view_section *section, struct grid *ret)
{
        static const char *const heads[COLUMNS] = {"Per run", "mean time", "user",
                                                   "system",  "peak RSS",  "PSS"};

        if (grid_begin(ret, heads, COLUMNS, section->row_count))
                return -ENOMEM;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                char size[32];
                size_t row;

                if (!has_runs(cell))
                        continue;
                row = grid_add(ret);
                view_name_row(&section->rows[i], grid_at(ret, row, 0));
                put_time(&cell->run.time_ns, true, grid_at(ret, row, COLUMN_TIME));
                put_time(&cell->run.user_ns, false, grid_at(ret, row, COLUMN_USER));
                put_time(&cell->run.system_ns, false, grid_at(ret, row, COLUMN_SYSTEM));
                snprintf(grid_at(ret, row, COLUMN_PSS), GRID_TEXT_BYTES, "%s",
                         cell->run.pss_bytes ? units_format_size((double)cell->run.pss_bytes, size,
                                                                 sizeof(size))
                                             : "not seen");
                snprintf(grid_at(ret, row, COLUMN_RSS), GRID_TEXT_BYTES, "%s%s",
                         cell->run.max_rss_at_most ? "at most " : "",
                         units_format_size((double)cell->run.max_rss_bytes, size, sizeof(size)));
        }
        return 0;
}
