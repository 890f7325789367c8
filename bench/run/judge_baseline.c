/* The part of judge.h that finds the baseline. */
#include "run/judge.h"

#include "base/error.h"
#include "base/text.h"
#include "run/levels.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "start=fork,share=mutex,hold=0" or bare levels: true when the cell has all of them. */
static bool cell_matches(const struct cell *cell, const char *wanted)
{
        char copy[128], *save = NULL;

        if (cell_role(cell) != CELL_OF_PLAN)
                return false;
        text_copy(copy, sizeof(copy), wanted);
        for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
                char *level = strchr(item, '=');
                bool found = false;

                if (level)
                        *level++ = '\0';
                for (int f = 0; f < FACTOR_COUNT; f++)
                        if (!level || !strcmp(item, factor_name(f)))
                                found |= !strcmp(cell->level[f], level ? level : item);
                for (uint32_t i = 0; level && i < cell->param_count; i++)
                        found |= !strcmp(item, cell->param[i]) &&
                                 !strcmp(level, cell->value_text[i]);
                if (!found)
                        return false;
        }
        return true;
}

/* The first cell of a workload that matches; `measured`: among those that can be compared. */
static const struct cell *first_match(const struct result *result, const char *workload,
                                      const char *wanted, bool measured)
{
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (!strcmp(cell->workload, workload) && cell_matches(cell, wanted) &&
                    (judge_is_compared(cell) || !measured))
                        return cell;
        }
        return NULL;
}

const struct cell *judge_baseline(const struct result *result, const char *workload)
{
        const char *wanted = result->plan.baseline, *usual = workload_find(workload)->baseline;
        const struct cell *best;

        /* What was asked for is not replaced by something else. */
        if (*wanted && first_match(result, workload, wanted, false))
                return first_match(result, workload, wanted, true);
        if (!usual) /* of tasks: what has nothing to submit, where it is among them */
                usual = "submit=static";
        best = first_match(result, workload, usual, true);
        return best ? best : first_match(result, workload, "", true);
}

/* May it be named as a baseline? Not the cells that stand beside what was asked for. */
static bool is_eligible(const struct result *result, const struct cell *cell)
{
        return cell_role(cell) == CELL_OF_PLAN && plan_asks_for(&result->plan, cell->workload);
}

/* The levels of a factor among the cells that may be baselines. */
static struct levels levels_of(const struct result *result, enum factor factor)
{
        struct levels levels = {0};

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];
                uint32_t known = 0;

                if (!is_eligible(result, cell) || !judge_is_compared(cell) || !*cell->level[factor])
                        continue;
                while (known < levels.count && strcmp(levels.name[known], cell->level[factor]))
                        known++;
                if (known == levels.count && known < LEVELS_MAX)
                        levels_add(&levels, cell->level[factor]);
        }
        return levels;
}

/* "2" may be a chunk and a number of workers. */
static int check_bare_level(const struct result *result, const char *level, struct mproc_err *err)
{
        int found[FACTOR_COUNT], count = 0;
        bool last_differs = false;

        for (int f = 0; f < FACTOR_COUNT; f++) {
                struct levels levels = levels_of(result, f);

                for (uint32_t i = 0; i < levels.count; i++)
                        if (!strcmp(levels.name[i], level)) {
                                last_differs = levels.count > 1;
                                found[count++] = f;
                        }
        }
        if (count < 2)
                return 0;
        return error_set(err, -EINVAL, "baseline",
                         "'%s' is a level of %s and of %s: say of which, as in --baseline=%s=%s",
                         level, factor_name(found[0]), factor_name(found[1]),
                         factor_name(found[last_differs ? count - 1 : 0]), level);
}

static int check_bare_levels(const struct result *result, struct mproc_err *err)
{
        char copy[sizeof(result->plan.baseline)], *save = NULL;
        int r = 0;

        text_copy(copy, sizeof(copy), result->plan.baseline);
        for (char *item = strtok_r(copy, ",", &save); item && !r; item = strtok_r(NULL, ",", &save))
                if (!strchr(item, '='))
                        r = check_bare_level(result, item, err);
        return r;
}

/* What a baseline can be told by: ", submit=map, submit=imap". */
static void list_choices(const struct result *result, char *buf, size_t size)
{
        size_t used = 0;

        *buf = '\0';
        for (int f = 0; f < FACTOR_COUNT; f++) {
                struct levels levels = levels_of(result, f);

                for (uint32_t i = 0; levels.count > 1 && i < levels.count && used < size; i++)
                        used += (size_t)snprintf(buf + used, size - used, ", %s=%s", factor_name(f),
                                                 levels.name[i]);
        }
}

int judge_check(const struct result *result, struct mproc_err *err)
{
        const char *wanted = result->plan.baseline;
        char choices[300];
        int r;

        if (!*wanted)
                return 0;
        r = check_bare_levels(result, err);
        if (r)
                return r;
        for (size_t i = 0; i < result->cell_count; i++)
                if (is_eligible(result, &result->cells[i]) &&
                    cell_matches(&result->cells[i], wanted) && judge_is_compared(&result->cells[i]))
                        return 0;
        for (size_t i = 0; i < result->cell_count; i++)
                if (is_eligible(result, &result->cells[i]) &&
                    cell_matches(&result->cells[i], wanted))
                        return error_set(err, -EINVAL, "baseline", "'%s' can be no baseline: it %s",
                                         wanted,
                                         result->cells[i].status == CELL_LOSSY
                                                 ? "is meant to give wrong results"
                                                 : "is skipped here (see --dry-run)");
        list_choices(result, choices, sizeof(choices));
        return error_set(err, -EINVAL, "baseline", "no cell to be measured is '%s': %s%s", wanted,
                         *choices ? "give one or several of the levels in which cells differ: "
                                  : "give levels or parameters of this plan, such as "
                                    "--baseline=start=fork",
                         *choices ? choices + 2 : "");
}
