#include "reports/view.h"

#include "base/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN " · "

void view_method(const struct cell *cell, char *buf, size_t size)
{
        const char *start = cell->level[FACTOR_START], *share = cell->level[FACTOR_SHARE];

        snprintf(buf, size, "%s", *start ? start : *share ? share : cell->workload);
}

const struct summary *view_life(const struct cell *cell)
{
        return cell->step[3].n ? &cell->step[3] : &cell->summary[METRIC_WALL];
}

bool view_has_figures(const struct view_section *section)
{
        for (size_t i = 0; i < section->row_count; i++)
                if (section->rows[i].cell->status == CELL_MEASURED)
                        return true;
        return false;
}

bool view_lacks_figures(const struct view *view)
{
        bool verified = false, others = false;

        for (size_t i = 0; i < view->section_count; i++) {
                const struct view_section *section = &view->sections[i];

                if (section->is_strip)
                        continue;
                if (view_has_figures(section))
                        return false;
                for (size_t k = 0; k < section->row_count; k++) {
                        verified |= section->rows[k].cell->status == CELL_VERIFIED_ONLY;
                        others |= section->rows[k].cell->status != CELL_SKIPPED;
                }
        }
        return verified || !others;
}

const struct summary *view_task_time(const struct view_row *row, enum latency latency)
{
        static const struct summary none;

        return row->cell->status == CELL_MEASURED ? &row->cell->latency.summary[latency] : &none;
}

const struct summary *view_response_time(const struct view_row *row, enum latency latency)
{
        static const struct summary none;

        return row->cell->status == CELL_MEASURED ? &row->cell->latency.response[latency] : &none;
}

int64_t view_parent_bytes(const struct cell *cell)
{
        int param = cell_find_param(cell, "parent_rss");

        return param < 0 ? -1 : cell->value[param];
}

void view_without(const char *label, const char *part, char *buf, size_t size)
{
        size_t length = strlen(part), used = 0;

        *buf = '\0';
        while (*label) {
                const char *end = strstr(label, BETWEEN);
                size_t bytes = end ? (size_t)(end - label) : strlen(label);

                if (bytes != length || memcmp(label, part, length)) {
                        page_append(buf, size, "%s%.*s", used ? BETWEEN : "", (int)bytes, label);
                        used++;
                }
                label += bytes + (end ? strlen(BETWEEN) : 0);
        }
}

static bool comparison_is_shown(const struct result *result, const struct comparison *comparison)
{
        return comparison->cell < result->cell_count && comparison->baseline < result->cell_count &&
               comparison->metric == result->cells[comparison->cell].primary &&
               comparison->ratio > 0 && isfinite(comparison->ratio);
}

static void find_comparison(struct view_section *section, struct view_row *row)
{
        const struct result *result = section->result;

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *comparison = &result->comparisons[i];

                if (!comparison_is_shown(result, comparison))
                        continue;
                if (&result->cells[comparison->baseline] == row->cell)
                        row->is_baseline = true;
                else if (&result->cells[comparison->cell] == row->cell)
                        row->comparison = comparison;
        }
        section->compared = section->compared || row->comparison;
}

/* "sharded" of the group "spawn · 4 workers": strategies are compared under each other choice, and
 * the sides of `ab` under each of all choices. */
static void name_row(const struct view_section *section, struct view_row *row)
{
        const char *share = row->cell->level[FACTOR_SHARE],
                   *side = row->cell->level[FACTOR_VARIANT], *lead = *side ? side : share;
        char label[VIEW_LABEL_BYTES], part[VIEW_LABEL_BYTES];

        cell_label(section->result, row->cell, label, sizeof(label));
        snprintf(row->label, sizeof(row->label), "%s", label);
        if (section->is_life_cycle && !*side) {
                view_method(row->cell, row->label, sizeof(row->label));
                view_without(label, row->cell->level[FACTOR_START], part, sizeof(part));
                view_without(part, share, row->group, sizeof(row->group));
        } else if (*lead && !strncmp(label, lead, strlen(lead)) &&
                   !strncmp(label + strlen(lead), BETWEEN, strlen(BETWEEN))) {
                snprintf(row->label, sizeof(row->label), "%s", lead);
                snprintf(row->group, sizeof(row->group), "%s",
                         label + strlen(lead) + strlen(BETWEEN));
        }
}

static int rank(const struct cell *cell)
{
        static const int ranks[] = {
                [CELL_MEASURED] = 0, [CELL_VERIFIED_ONLY] = 1, [CELL_LOSSY] = 2,
                [CELL_FAILED] = 3,   [CELL_COLLAPSED] = 4,     [CELL_SKIPPED] = 5,
        };

        return cell->status < sizeof(ranks) / sizeof(*ranks) ? ranks[cell->status] : 6;
}

/* Larger is better, whatever the metric. */
static double merit(const struct view_row *row)
{
        const struct summary *summary = &row->cell->summary[row->cell->primary % METRIC_COUNT];
        double value = row->comparison    ? row->comparison->ratio
                       : row->is_baseline ? 1
                       : summary->n       ? summary->median
                                          : 0;

        if (!(value > 0))
                return -INFINITY;
        return metric_higher_is_better(row->cell->primary) ? value : -value;
}

static int by_order(const void *left, const void *right)
{
        const struct view_row *a = left, *b = right;
        bool ratio_a = a->comparison || a->is_baseline, ratio_b = b->comparison || b->is_baseline;

        if (a->order != b->order)
                return a->order < b->order ? -1 : 1;
        if (*a->cell->level[FACTOR_VARIANT] && *b->cell->level[FACTOR_VARIANT])
                return a->cell < b->cell ? -1 : 1; /* A, and then B */
        if (rank(a->cell) != rank(b->cell))
                return rank(a->cell) - rank(b->cell);
        if (ratio_a != ratio_b)
                return ratio_a ? -1 : 1;
        if (rank(a->cell) == 0 && merit(a) != merit(b))
                return merit(a) > merit(b) ? -1 : 1;
        return a->cell < b->cell ? -1 : 1;
}

/* Groups stand in the order in which their first cell does. */
static void number_groups(struct view_section *section)
{
        for (size_t i = 0; i < section->row_count; i++) {
                struct view_row *row = &section->rows[i];

                row->order = i;
                for (size_t j = 0; j < i && row->order == i; j++)
                        if (!strcmp(section->rows[j].group, row->group))
                                row->order = section->rows[j].order;
        }
}

static void find_shared_notes(struct view_section *section)
{
        for (size_t i = 0; i < section->row_count; i++)
                for (size_t j = 0; j < section->row_count; j++)
                        if (i != j && *section->rows[i].cell->note &&
                            !strcmp(section->rows[i].cell->note, section->rows[j].cell->note))
                                section->rows[i].shares_note = true;
}

static void find_baseline(struct view_section *section)
{
        for (size_t i = 0; i < section->row_count; i++) {
                if (!section->rows[i].is_baseline)
                        continue;
                if (section->baseline) {
                        section->baseline = NULL;
                        return;
                }
                section->baseline = section->rows[i].cell;
        }
}

static int fill_section(struct view_section *section, const struct result *result,
                        const struct cell *first)
{
        *section = (struct view_section){
                .result = result,
                .workload = first->workload,
                .metric = first->primary % METRIC_COUNT,
                .is_life_cycle = first->kind == MPB_LIFE_CYCLE,
        };
        section->is_strip =
                section->is_life_cycle && !plan_asks_for(&result->plan, first->workload);
        section->rows = calloc(result->cell_count, sizeof(*section->rows));
        if (!section->rows)
                return -ENOMEM;
        for (size_t i = 0; i < result->cell_count; i++) {
                struct view_row *row = &section->rows[section->row_count];

                if (strcmp(result->cells[i].workload, first->workload) ||
                    cell_role(&result->cells[i]) != CELL_OF_PLAN)
                        continue;
                row->result = result;
                row->cell = &result->cells[i];
                find_comparison(section, row);
                name_row(section, row);
                section->row_count++;
        }
        number_groups(section);
        qsort(section->rows, section->row_count, sizeof(*section->rows), by_order);
        find_baseline(section);
        find_shared_notes(section);
        return 0;
}

int view_init(struct view *view, const struct result *result, struct mproc_err *err)
{
        *view = (struct view){0};
        for (size_t i = 0; i < result->cell_count; i++) {
                struct view_section *grown;
                bool known = false;

                for (size_t j = 0; j < view->section_count && !known; j++)
                        known = !strcmp(view->sections[j].workload, result->cells[i].workload);
                if (known)
                        continue;
                grown = reallocarray(view->sections, view->section_count + 1, sizeof(*grown));
                if (!grown)
                        goto no_memory;
                view->sections = grown;
                if (fill_section(&grown[view->section_count], result, &result->cells[i]))
                        goto no_memory;
                view->section_count++;
        }
        return 0;
no_memory:
        view_done(view);
        return error_set(err, -ENOMEM, "report", "no memory to lay out %zu cells",
                         result->cell_count);
}

void view_done(struct view *view)
{
        if (!view)
                return;
        for (size_t i = 0; i < view->section_count; i++)
                free(view->sections[i].rows);
        free(view->sections);
        *view = (struct view){0};
}
