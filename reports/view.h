/* A result as reports show it: a section for each workload, its cells grouped and in order, each
 * beside its comparison; and the facts about them in words. The formats differ in layout only.
 * Driver only. Everything points into the result, which has to outlive the view. */
#ifndef REPORTS_VIEW_H
#define REPORTS_VIEW_H

#include "model/result.h"
#include "reports/page.h"

#define VIEW_LABEL_BYTES 192

struct view_row {
        const struct result *result;
        const struct cell *cell;
        const struct comparison *comparison; /* in the primary metric; NULL: there is none */
        bool is_baseline;
        bool shares_note;             /* others of the section have the cell's note too */
        size_t order;                 /* of its group */
        char group[VIEW_LABEL_BYTES]; /* "spawn · 4 workers"; empty where only strategies differ */
        char label[VIEW_LABEL_BYTES]; /* what tells it from the rest of its group: "sharded" */
};

struct view_section {
        const struct result *result;
        const char *workload;
        enum metric metric; /* the primary one */
        bool is_life_cycle;
        bool is_strip;               /* start costs, added to another workload */
        const struct cell *baseline; /* NULL: none, or several */
        bool compared;               /* a comparison in the primary metric exists */
        size_t row_count;
        struct view_row *rows; /* best first within a group; what has no ratio comes last. Cells of
                                  the plan alone: of the control speaks wording_control */
};

struct view {
        size_t section_count;
        struct view_section *sections;
};

int view_init(struct view *view, const struct result *result, struct mproc_err *err);
void view_done(struct view *view);

/* Its trials fall into two groups, so its median is none to go by. */
static inline bool view_has_modes(const struct cell *cell)
{
        return cell->status == CELL_MEASURED && cell->modes.low_n;
}

/* Its tasks went through a pool, and it is known where their time went. */
static inline bool view_has_phases(const struct cell *cell)
{
        return cell->status == CELL_MEASURED && cell->phases.work.n;
}

bool view_has_figures(const struct view_section *section);
/* Nothing that was asked for has a figure, for it was too short for one, and verified at most, or
 * all of it was skipped. */
bool view_lacks_figures(const struct view *view);
/* n = 0: it is not known, or the cell has no figures to be shown. */
const struct summary *view_task_time(const struct view_row *row, enum latency latency);
/* The same of the response of tasks that went through a pool. */
const struct summary *view_response_time(const struct view_row *row, enum latency latency);
/* "fork", "raw-posix_spawn": how a life-cycle cell starts its process. */
void view_method(const struct cell *cell, char *buf, size_t size);
/* A life cycle from the call to the end of the join. */
const struct summary *view_life(const struct cell *cell);
/* The parent's size that a life-cycle cell was measured under, bytes; −1: it has none. */
int64_t view_parent_bytes(const struct cell *cell);
/* The sizes that the section's parents have, in order; returns how many, at most `room`. */
size_t view_parents(const struct view_section *section, int64_t *sizes, size_t room);
/* `label` without its part `part` (" · " is between parts). */
void view_without(const char *label, const char *part, char *buf, size_t size);

/* A row's name in a table: "sharded · spawn · 4 workers". */
void view_name_row(const struct view_row *row, char text[GRID_TEXT_BYTES]);

/* Tables: what there is to show of start costs per parent size, and of their steps; of the times of
 * tasks, and of how long they were waited for; of where the time of tasks through a pool went; of
 * what one run of a command takes; and of counters. A grid of 0 rows: nothing. -ENOMEM. */
typedef int view_table(const struct view_section *section, struct grid *ret);
view_table view_starts, view_steps, view_latency, view_response, view_phases, view_runs,
        view_counters;
/* Names of the counters that are 0 in every row, so that the table leaves them out: "0 throughout:
 * page-faults"; "" when there are none. */
char *view_zero_counters(const struct view_section *section, char *buf, size_t size);
/* What the "~" in the table means: "~ scaled from 58 % of the time, as counters took turns;
 * ± 0.4 %"; "" where nothing was multiplexed. */
char *view_scaled_counters(const struct view_section *section, char *buf, size_t size);

#endif
