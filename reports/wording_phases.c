/* The part of wording.h that is about tasks which go through a pool. */
#include "reports/wording.h"

#include "model/submit.h"

#include <inttypes.h>
#include <string.h>

struct told {
        size_t rows, sampled; /* those with phases; of them, those of which few tasks were timed */
        uint32_t one_in;      /* at most */
        const struct cell *map;
        uint64_t least, most; /* tasks of a map */
};

static void tell(const struct cell *cell, struct told *told)
{
        told->rows++;
        told->sampled += cell->latency.one_in > 1;
        told->one_in = cell->latency.one_in > told->one_in ? cell->latency.one_in : told->one_in;
        if (strcmp(cell->level[FACTOR_SUBMIT], submit_name(SUBMIT_MAP)) != 0)
                return;
        told->least = told->map && told->least < cell->ops ? told->least : cell->ops;
        told->most = told->most > cell->ops ? told->most : cell->ops;
        told->map = cell;
}

/* The parameter that calibration sets. */
static const char *number_of_tasks(const struct cell *cell)
{
        for (uint32_t i = 0; i < cell->param_count && cell->ops_auto; i++)
                if (cell->is_auto[i] && cell->value[i] == (int64_t)cell->ops)
                        return cell->param[i];
        return NULL;
}

/* How long a result of map is waited for is a matter of how many tasks there are, and that is
 * calibrated for each cell: where they differ, the times say nothing of the cells. */
static void say_of_map(const struct told *told, char *buf, size_t size)
{
        const char *parameter = number_of_tasks(told->map);

        page_append(buf, size,
                    " A map is submitted and collected as a whole: its waits grow with the number "
                    "of %s, here %" PRIu64,
                    told->map->operation, told->least);
        if (told->most > told->least)
                page_append(buf, size, " to %" PRIu64, told->most);
        if (told->most > told->least && parameter)
                page_append(buf, size, " (--set %s=%" PRIu64 " makes them equal)", parameter,
                            told->most);
        page_append(buf, size, ".");
}

char *wording_phases(const struct view_section *section, char *buf, size_t size)
{
        struct told told = {0};

        *buf = '\0';
        for (size_t i = 0; i < section->row_count; i++)
                if (view_has_phases(section->rows[i].cell))
                        tell(section->rows[i].cell, &told);
        if (!told.rows)
                return buf;
        page_append(buf, size,
                    "Of the workers' time: in tasks, between tasks, and after a worker's last one; "
                    "parent: CPU time of who submits, of one CPU.");
        if (told.sampled)
                page_append(buf, size, " %s short, one in %u is timed.",
                            told.sampled == told.rows ? "As tasks are" : "Where tasks are",
                            told.one_in);
        if (told.map)
                say_of_map(&told, buf, size);
        return buf;
}
