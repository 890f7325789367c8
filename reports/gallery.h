/* The plots of one result: names, conditions, and who draws what. Driver only. */
#ifndef REPORTS_GALLERY_H
#define REPORTS_GALLERY_H

#include "reports/plot.h"
#include "reports/view.h"

#define GALLERY_CONDITIONS 1024 /* bytes */

/* The folder being filled, and the names of what is in it. */
struct gallery {
        const struct result *result;
        int folder;
        size_t count;
        char names[4 * (WORKLOADS_MAX + 1)][PLOT_NAME_BYTES];
};

/* "throughput", or "throughput-counter" where several workloads have one: written in the next free
 * place, which the caller takes by counting it. */
const char *gallery_name(struct gallery *gallery, const char *what, const char *workload,
                         bool alone);
bool gallery_has_room(const struct gallery *gallery);

/* What the plotted figures of a workload are, and of how many rounds. `intervals`: the plot draws
 * them where there are any. */
void gallery_conditions(const struct view_section *section, bool intervals,
                        char buf[GALLERY_CONDITIONS]);

/* Where the time of tasks through a pool went, as bars; nothing where there are fewer than two. */
int plot_phases(struct gallery *gallery, const struct view_section *section, bool alone,
                struct mproc_err *err);

/* Percentiles of the times of single tasks; nothing where there are none. */
int plot_latency(struct gallery *gallery, const struct view_section *section, bool alone,
                 struct mproc_err *err);

#endif
