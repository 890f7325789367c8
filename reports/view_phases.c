/* The table of view.h that shows where the time of tasks through a pool went. */
#include "reports/view.h"
#include "reports/wording.h"

#include <errno.h>
#include <string.h>

enum { COLUMN_WORK = 1, COLUMN_DISPATCH, COLUMN_TAIL, COLUMN_PARENT, COLUMN_FIRST, COLUMNS };

static void put_share(double share, char *text)
{
        double percent = 100 * share;

        snprintf(text, GRID_TEXT_BYTES, "%.*f %%", percent < 9.95 ? 1 : 0, percent);
}

int view_phases(const struct view_section *section, struct grid *ret)
{
        static const char *const heads[COLUMNS] = {
                "Where the time went", "work", "dispatch", "tail", "parent", "first result"};

        if (grid_begin(ret, heads, COLUMNS, section->row_count))
                return -ENOMEM;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                struct phase_shares shares;
                size_t row;

                if (!view_has_phases(cell))
                        continue;
                row = grid_add(ret);
                shares = cell_phase_shares(cell);
                view_name_row(&section->rows[i], grid_at(ret, row, 0));
                put_share(shares.work, grid_at(ret, row, COLUMN_WORK));
                put_share(shares.dispatch, grid_at(ret, row, COLUMN_DISPATCH));
                put_share(shares.tail, grid_at(ret, row, COLUMN_TAIL));
                put_share(cell->phases.parent.median, grid_at(ret, row, COLUMN_PARENT));
                wording_duration(&cell->phases.first_result_ns, false,
                                 grid_at(ret, row, COLUMN_FIRST), GRID_TEXT_BYTES);
        }
        return 0;
}
