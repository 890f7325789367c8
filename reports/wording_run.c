/* The part of wording.h that speaks of the run and its machine rather than of single cells. */
#include "reports/wording.h"

#include "base/units.h"
#include "model/cpuset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_SHOWN 6
#define BETWEEN " · "
#define METHODS_MAX 16

/* "fork, spawn", or how many there are; in the order of the plan. */
static void append_levels(const struct view_section *section, enum factor factor, char *buf,
                          size_t size)
{
        const struct result *result = section->result;
        char list[512] = "";
        size_t count = 0;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];
                bool known = !*cell->level[factor] || strcmp(cell->workload, section->workload);

                for (size_t j = 0; j < i && !known; j++)
                        known = !strcmp(result->cells[j].workload, section->workload) &&
                                !strcmp(result->cells[j].level[factor], cell->level[factor]);
                if (!known)
                        page_append(list, sizeof(list), "%s%s", count++ ? ", " : "",
                                    cell->level[factor]);
        }
        if (!count)
                return;
        page_append(buf, size, " · ");
        if (count > LEVELS_SHOWN)
                page_append(buf, size, "%zu levels of %s", count, factor_name(factor));
        else if (factor == FACTOR_RUNTIME && !strcmp(list, "mproc"))
                page_append(buf, size, "mproc (C)");
        else if (factor == FACTOR_SUBMIT || factor == FACTOR_CHUNK || factor == FACTOR_TRANSPORT ||
                 factor == FACTOR_PLACE)
                page_append(buf, size, "%s=%s", factor_name(factor), list);
        else
                page_append(buf, size, "%s", list);
}

/* The cell with the most workers that was bound: where the team was. */
static const struct cell *largest_team(const struct view_section *section)
{
        const struct cell *largest = section->rows[0].cell;

        for (size_t i = 1; i < section->row_count; i++)
                if (section->rows[i].cell->workers > largest->workers)
                        largest = section->rows[i].cell;
        return largest;
}

static bool levels_differ(const struct view_section *section, enum factor factor)
{
        for (size_t i = 1; i < section->row_count; i++)
                if (strcmp(section->rows[i].cell->level[factor],
                           section->rows[0].cell->level[factor]))
                        return true;
        return false;
}

/* Several places speak for themselves. */
static void append_place(const struct view_section *section, const struct cell *cell, char *buf,
                         size_t size)
{
        const struct environment *machine = &section->result->environment;
        char pus[CPUSET_TEXT_BYTES];

        if (levels_differ(section, FACTOR_PLACE))
                return;
        cpuset_format(&cell->placed, pus, sizeof(pus));
        if (*pus)
                page_append(buf, size, " on %s%s %.96s of %u", machine->smt > 0 ? "PU" : "core",
                            strpbrk(pus, ",-") ? "s" : "", pus, machine->pus);
        else
                page_append(buf, size, ", not bound");
}

/* Which of the two made the default is worth a word only where there are two. */
static void append_allowance(const struct result *result, char *buf, size_t size)
{
        const struct environment *machine = &result->environment;
        const char *bound = "bounded by ";

        if (machine->cpu_quota > 0)
                page_append(buf, size, " (%saffinity %u, %squota %.3g CPUs)",
                            result->workers_bound == 1 ? bound : "", machine->allowed_pus,
                            result->workers_bound == 2 ? bound : "", machine->cpu_quota);
        else
                page_append(buf, size, " (affinity %u, no quota)", machine->allowed_pus);
}

static void append_team(const struct view_section *section, char *buf, size_t size)
{
        const struct cell *cell = largest_team(section);

        append_levels(section, FACTOR_WORKERS, buf, size);
        page_append(buf, size, cell->workers == 1 ? " worker" : " workers");
        append_place(section, cell, buf, size);
        append_allowance(section->result, buf, size);
}

/* What the critical section holds, where it is the same for all; else the parameters tell. */
static const char *common_work(const struct view_section *section)
{
        for (size_t i = 1; i < section->row_count; i++)
                if (strcmp(section->rows[i].cell->shown_work, section->rows[0].cell->shown_work))
                        return "";
        return section->rows[0].cell->shown_work;
}

/* What a workload is called: of a command its words, of two that are compared "command". */
static void append_name(const struct view_section *section, char *buf, size_t size)
{
        const struct plan *plan = &section->result->plan;
        char text[256];

        if (plan->variant_count == 1 && plan->variants[0].kind == VARIANT_COMMAND)
                page_append(buf, size, "%s",
                            plan_variant_words(&plan->variants[0], text, sizeof(text)));
        else
                page_append(buf, size, "%s", section->workload);
}

/* "12 tasks from files.txt" */
static void append_input(const struct view_section *section, char *buf, size_t size)
{
        const struct plan *plan = &section->result->plan;

        if (plan->input_lines)
                page_append(buf, size, " · %llu task%s from %s",
                            (unsigned long long)plan->input_lines,
                            plan->input_lines == 1 ? "" : "s",
                            strcmp(plan->input, "-") ? plan->input : "stdin");
}

/* How tasks are handed out is then the workload's own affair. */
static bool is_of_commands(const struct view_section *section)
{
        const struct plan *plan = &section->result->plan;

        return plan->variant_count && plan->variants[0].kind == VARIANT_COMMAND;
}

static bool is_bound(const struct view_section *section)
{
        char pus[CPUSET_TEXT_BYTES];

        return *cpuset_format(&largest_team(section)->placed, pus, sizeof(pus)) != '\0';
}

char *wording_conditions(const struct view_section *section, char *buf, size_t size)
{
        const struct plan *plan = &section->result->plan;
        const struct cell *cell = section->rows[0].cell;

        *buf = '\0';
        append_name(section, buf, size);
        append_levels(section, FACTOR_RUNTIME, buf, size);
        append_levels(section, FACTOR_START, buf, size);
        if (!is_of_commands(section) || levels_differ(section, FACTOR_SUBMIT))
                append_levels(section, FACTOR_SUBMIT, buf, size);
        append_levels(section, FACTOR_CHUNK, buf, size);
        append_levels(section, FACTOR_TRANSPORT, buf, size);
        if (!section->is_life_cycle)
                append_team(section, buf, size);
        if (section->is_life_cycle || levels_differ(section, FACTOR_PLACE) || is_bound(section))
                append_levels(section, FACTOR_PLACE, buf, size); /* else "not bound" said it */
        append_input(section, buf, size);
        for (uint32_t i = 0; i < plan->param_count && i < MPB_PARAMS_MAX; i++)
                for (uint32_t j = 0; j < cell->param_count && j < MPB_PARAMS_MAX; j++)
                        if (!strcmp(plan->params[i].key, cell->param[j]) &&
                            strcmp(plan->params[i].text, "auto"))
                                page_append(buf, size, " · %s=%s", plan->params[i].key,
                                            plan->params[i].text);
        if (*common_work(section))
                page_append(buf, size, " · %s", common_work(section));
        return buf;
}

uint32_t wording_rounds_counted(const struct result *result)
{
        return result->disturbed_kept ? result->rounds : result->rounds - result->disturbed_rounds;
}

char *wording_rounds(const struct view_section *section, char *buf, size_t size)
{
        const struct result *result = section->result;
        uint32_t counted = wording_rounds_counted(result);
        char text[256];

        *buf = '\0';
        if (!result->rounds && result->end == RESULT_COMPLETE)
                return buf; /* there was nothing to measure */
        if (result->end == RESULT_INTERRUPTED)
                page_append(buf, size, "INTERRUPTED after ");
        page_append(buf, size, "%u round%s", counted, counted == 1 ? "" : "s");
        if (result->rounds > counted)
                page_append(buf, size, " (%u more %s disturbed and left out%s%s)",
                            result->rounds - counted,
                            result->rounds - counted == 1 ? "was" : "were",
                            *wording_disturbance(result, text, sizeof(text)) ? ": " : "", text);
        page_append(buf, size, ", %s",
                    units_format_duration((double)result->duration_ns, text, sizeof(text)));
        if (result->end == RESULT_BUDGET)
                page_append(buf, size, " (all that the budget allowed)");
        if (result->plan.sustain_ns)
                page_append(
                        buf, size, ", after %s of load",
                        units_format_duration((double)result->plan.sustain_ns, text, sizeof(text)));
        if (*wording_calm(result, text, sizeof(text)))
                page_append(buf, size, ", %s", text);
        if (section->baseline) {
                char label[VIEW_LABEL_BYTES], value[64];

                /* In one part, so that it stays on one line. */
                cell_label(result, section->baseline, label, sizeof(label));
                page_append(buf, size, " · baseline: ");
                for (const char *p = label, *end; *p; p = end) {
                        end = strstr(p, BETWEEN);
                        page_append(buf, size, "%.*s%s", end ? (int)(end - p) : (int)strlen(p), p,
                                    end ? ", " : "");
                        end = end ? end + strlen(BETWEEN) : p + strlen(p);
                }
                page_append(buf, size, " %s%s",
                            wording_value(section->baseline, section->metric, value, sizeof(value)),
                            view_has_modes(section->baseline) ? ", of two modes" : "");
        }
        return buf;
}

/* The same method under the smaller parent. */
static const struct cell *same_method(const struct view_section *section, const char *method,
                                      int64_t parent_bytes)
{
        char other[VIEW_LABEL_BYTES];

        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;

                view_method(cell, other, sizeof(other));
                if (view_parent_bytes(cell) == parent_bytes && !strcmp(other, method))
                        return cell;
        }
        return NULL;
}

static void parent_range(const struct view_section *section, int64_t *small, int64_t *large)
{
        *small = INT64_MAX;
        *large = -1;
        for (size_t i = 0; i < section->row_count; i++) {
                int64_t bytes = view_parent_bytes(section->rows[i].cell);

                *small = bytes < *small ? bytes : *small;
                *large = bytes > *large ? bytes : *large;
        }
}

static int by_life(const void *left, const void *right)
{
        const struct summary *a = view_life(*(const struct cell *const *)left),
                             *b = view_life(*(const struct cell *const *)right);

        if (!a->n || !b->n)
                return !a->n - !b->n;
        return (a->median > b->median) - (a->median < b->median);
}

/* The methods under a parent of that size, the quickest first; returns how many. */
static size_t find_methods(const struct view_section *section, int64_t parent_bytes,
                           const struct cell *ret[METHODS_MAX])
{
        size_t count = 0;

        for (size_t i = 0; i < section->row_count && count < METHODS_MAX; i++) {
                const struct cell *cell = section->rows[i].cell;

                if (view_parent_bytes(cell) == parent_bytes && !cell->reference)
                        ret[count++] = cell;
        }
        qsort(ret, count, sizeof(*ret), by_life);
        return count;
}

char *wording_strip(const struct view_section *section, char *buf, size_t size)
{
        const struct cell *cells[METHODS_MAX];
        int64_t small, large;
        char text[64], method[VIEW_LABEL_BYTES];
        size_t count;

        *buf = '\0';
        parent_range(section, &small, &large);
        count = find_methods(section, small, cells);
        for (size_t i = 0; i < count; i++) {
                view_method(cells[i], method, sizeof(method));
                wording_duration(view_life(cells[i]), false, text, sizeof(text));
                page_append(buf, size, "%s%s %s", i ? " · " : "Start and join a worker: ", method,
                            *text ? text : cell_status_name(cells[i]->status));
        }
        return buf;
}

char *wording_strip_large(const struct view_section *section, char *buf, size_t size)
{
        const struct cell *cells[METHODS_MAX];
        int64_t small, large;
        size_t count, changed = 0, same = 0;
        char text[64], method[VIEW_LABEL_BYTES], alike[VIEW_LABEL_BYTES] = "";

        *buf = '\0';
        parent_range(section, &small, &large);
        if (large <= small)
                return buf;
        page_append(buf, size,
                    "with a %s parent: ", units_format_size((double)large, text, sizeof(text)));
        count = find_methods(section, large, cells);
        for (size_t i = 0; i < count && view_life(cells[i])->n; i++) {
                const struct cell *bare;
                double ratio;

                view_method(cells[i], method, sizeof(method));
                bare = same_method(section, method, small);
                ratio = bare && view_life(bare)->n
                                ? view_life(cells[i])->median / view_life(bare)->median
                                : INFINITY;
                if (fabs(ratio - 1) <= 0.1) {
                        page_append(alike, sizeof(alike), "%s%s", same++ ? ", " : "", method);
                        continue;
                }
                wording_duration(view_life(cells[i]), false, text, sizeof(text));
                page_append(buf, size, "%s%s %s", changed++ ? ", " : "", method, text);
        }
        if (same)
                page_append(buf, size, "%s%s as with a small one (± 10 %%)", changed ? "; " : "",
                            changed ? alike : "all");
        else if (!changed)
                *buf = '\0';
        return buf;
}

char *wording_team_start(const struct view_section *section, char *buf, size_t size)
{
        const struct result *result = section->result;
        const struct cell *first = NULL;
        char text[128];

        *buf = '\0';
        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];
                const struct cell *cell, *baseline;

                if (c->metric != METRIC_START || c->cell >= result->cell_count ||
                    c->baseline >= result->cell_count || !(c->ratio > 0))
                        continue;
                cell = &result->cells[c->cell];
                baseline = &result->cells[c->baseline];
                if (strcmp(cell->workload, section->workload) ||
                    !strcmp(cell->level[FACTOR_START], baseline->level[FACTOR_START]))
                        continue;
                if (!first) {
                        first = baseline;
                        wording_duration(&first->summary[METRIC_START], false, text, sizeof(text));
                        page_append(buf, size, "Start the team: %s %s", first->level[FACTOR_START],
                                    text);
                }
                wording_duration(&cell->summary[METRIC_START], false, text, sizeof(text));
                page_append(buf, size, " · %s %s (%.*f×", cell->level[FACTOR_START], text,
                            wording_ratio_decimals(c->ratio), c->ratio);
                if (isfinite(c->ci_low) && isfinite(c->ci_high))
                        page_append(buf, size, " [%.*f, %.*f]", wording_ratio_decimals(c->ratio),
                                    c->ci_low, wording_ratio_decimals(c->ratio), c->ci_high);
                page_append(buf, size, ")");
        }
        return buf;
}
