#include "reports/gallery.h"
#include "reports/plot_dots.h"

#include "base/error.h"

#include <errno.h>

/* What tells the row from the others; the workload where there are none. */
static void name_row(const struct view_row *row, char *buf, size_t size)
{
        *buf = '\0';
        page_append(buf, size, "%s%s%s", row->label, *row->group ? " · " : "", row->group);
}

int plot_latency(struct gallery *gallery, const struct view_section *section, bool alone,
                 struct mproc_err *err)
{
        static const char *const names[LATENCY_MAX] = {"p50", "p90", "p99", "p99.9"};
        char title[160], conditions[GALLERY_CONDITIONS], label[2 * VIEW_LABEL_BYTES];
        struct dots dots;
        int rc = 0;

        if (!gallery_has_room(gallery))
                return 0;
        if (dots_init(&dots, LATENCY_MAX * section->row_count))
                return error_set(err, -ENOMEM, "plots", "no memory for the plots");
        dots.axis = "time of a task";
        dots.scale.is_duration = true;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *row = &section->rows[i];

                if (!view_task_time(row, LATENCY_P50)->n)
                        continue;
                name_row(row, label, sizeof(label));
                for (size_t j = 0; j < LATENCY_MAX; j++)
                        dots_mark(&dots, dots_row(&dots, label), names[j], view_task_time(row, j),
                                  1e-9);
        }
        if (dots.series_count == 1) /* which a legend would name */
                dots.axis = "time of a task, p50";
        snprintf(title, sizeof(title), "%s: time of a task", section->workload);
        gallery_conditions(section, true, conditions);
        if (dots.mark_count)
                rc = dots_write(&dots, gallery->result, gallery->folder,
                                gallery_name(gallery, "latency", section->workload, alone), title,
                                conditions, err);
        gallery->count += !rc && dots.mark_count;
        dots_done(&dots);
        return rc;
}
