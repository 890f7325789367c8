/* The part of judge.h that says what is compared, and with what. */
#include "run/judge.h"

#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"
#include "run/levels.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

bool judge_is_compared(const struct cell *cell)
{
        return cell->status == CELL_MEASURED && cell_role(cell) == CELL_OF_PLAN;
}

/* A value may be written in several ways: 1G, 1GiB. */
static bool has_value(const struct cell *cell, const char *param, const char *text)
{
        const struct mpb_option *params = workload_find(cell->workload)->params;
        int64_t value;

        for (uint32_t i = 0; i < cell->param_count; i++)
                if (!strcmp(cell->param[i], param))
                        return !strcmp(cell->value_text[i], text) ||
                               (!option_parse_value(&params[i], text, &value, NULL) &&
                                value == cell->value[i]);
        return false;
}

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
                if (!found && !(level && has_value(cell, item, level)))
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

/* The level of a factor, or the value of a parameter; empty: the cell has none. */
static const char *level_of(const struct cell *cell, const char *name)
{
        for (int f = 0; f < FACTOR_COUNT; f++)
                if (!strcmp(factor_name(f), name))
                        return cell->level[f];
        for (uint32_t i = 0; i < cell->param_count; i++)
                if (!strcmp(cell->param[i], name))
                        return cell->value_text[i];
        return "";
}

/* The levels of a factor or parameter among the cells that may be baselines. */
static struct levels levels_of(const struct result *result, const char *name)
{
        struct levels levels = {0};

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];
                const char *level = level_of(cell, name);
                uint32_t known = 0;

                if (!is_eligible(result, cell) || !judge_is_compared(cell) || !*level)
                        continue;
                while (known < levels.count && strcmp(levels.name[known], level))
                        known++;
                if (known == levels.count && known < LEVELS_MAX)
                        levels_add(&levels, level);
        }
        return levels;
}

/* "2" may be a chunk and a number of workers. */
static int check_bare_level(const struct result *result, const char *level, struct mproc_err *err)
{
        int found[FACTOR_COUNT], count = 0;
        bool last_differs = false;

        for (int f = 0; f < FACTOR_COUNT; f++) {
                struct levels levels = levels_of(result, factor_name(f));

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

#define MORE ", …"

/* Adds ", submit=map, submit=imap" where cells differ in it. Whole items: false where there is no
 * room for one. */
static bool add_choices(const struct result *result, const char *name, char *buf, size_t size)
{
        struct levels levels = levels_of(result, name);

        for (uint32_t i = 0; levels.count > 1 && i < levels.count; i++) {
                size_t used = strlen(buf), adds = strlen(name) + strlen(levels.name[i]) + 3;

                if (used + adds + sizeof(MORE) > size) {
                        text_copy(buf + used, size - used, MORE);
                        return false;
                }
                snprintf(buf + used, size - used, ", %s=%s", name, levels.name[i]);
        }
        return true;
}

/* What a baseline can be told by. */
static void list_choices(const struct result *result, char *buf, size_t size)
{
        const struct plan *plan = &result->plan;

        *buf = '\0';
        for (int f = 0; f < FACTOR_COUNT; f++)
                if (!add_choices(result, factor_name(f), buf, size))
                        return;
        for (uint32_t i = 0; i < plan->workload_count; i++) {
                const struct mpb_option *param = workload_find(plan->workloads[i])->params;

                for (; param && param->name; param++) {
                        char said[NAME_MAX_BYTES + 4]; /* of another workload */

                        snprintf(said, sizeof(said), ", %s=", param->name);
                        if (!strstr(buf, said) && !add_choices(result, param->name, buf, size))
                                return;
                }
        }
}

int judge_check(const struct result *result, struct mproc_err *err)
{
        const char *wanted = result->plan.baseline;
        char choices[256]; /* so that the whole fits into a sentence */
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
