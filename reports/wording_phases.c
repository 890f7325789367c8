/* The part of wording.h that is about tasks which go through a pool. */
#include "reports/wording.h"

char *wording_phases(const struct view_section *section, char *buf, size_t size)
{
        uint32_t one_in = 0;
        bool any = false;

        *buf = '\0';
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;

                if (!view_has_phases(cell))
                        continue;
                any = true;
                one_in = cell->latency.one_in > one_in ? cell->latency.one_in : one_in;
        }
        if (!any)
                return buf;
        page_append(buf, size,
                    "Of the workers' time: in tasks, between tasks, and after a worker's last one; "
                    "parent: CPU time of who submits, of one CPU.");
        if (one_in)
                page_append(buf, size, " From one task in %u, as they are short.", one_in);
        return buf;
}
