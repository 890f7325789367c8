#include "run/run.h"

#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"
#include "count/event.h"
#include "count/machine.h"
#include "place/topology.h"
#include "run/book_make.h"
#include "run/control_cells.h"
#include "run/judge.h"
#include "run/levels.h"
#include "run/session.h"
#include "run/submission.h"
#include "run/variants.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CELLS_MAX 4096

/* Walks the cross product of one workload's levels and parameter values, the last one fastest. */
struct expansion {
        struct result *result;
        const struct topology *topology;
        const struct mpb_workload *workload;
        struct levels levels[FACTOR_COUNT];
        uint32_t param_count;
        int64_t values[MPB_PARAMS_MAX][OPTION_VALUES_MAX];
        size_t value_count[MPB_PARAMS_MAX];
        bool is_strip; /* cells added beside the workload that was asked for */
};

static const char *param_at(size_t index, void *context)
{
        const struct plan *plan = context;

        for (uint32_t w = 0; w < plan->workload_count; w++) {
                const struct mpb_workload *workload = workload_find(plan->workloads[w]);

                for (size_t i = 0; workload->params && workload->params[i].name; i++)
                        if (index-- == 0)
                                return workload->params[i].name;
        }
        return NULL;
}

/* The strip's sizes of a parent: with a large one where memory allows it with room to spare. */
static const char *strip_ballast(const struct environment *env)
{
        uint64_t free_bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

        if (env->memory_max >= 0 && (uint64_t)env->memory_max < free_bytes)
                free_bytes = (uint64_t)env->memory_max;
        return free_bytes > (4ull << 30) ? "0,1G" : free_bytes > (1ull << 30) ? "0,256M" : "0";
}

static int fill_params(struct expansion *x, struct mproc_err *err)
{
        const struct mpb_option *params = x->workload->params;
        const struct plan *plan = &x->result->plan;
        size_t sides = plan_is_ab(plan) ? plan->variant_count : 1, most = HOSTS_MAX / sides;

        for (x->param_count = 0; params && params[x->param_count].name; x->param_count++) {
                uint32_t i = x->param_count;
                const char *text = params[i].fallback;
                int r;

                for (uint32_t p = 0; p < plan->param_count && !x->is_strip; p++)
                        if (!strcmp(plan->params[p].key, params[i].name))
                                text = plan->params[p].text;
                if (x->is_strip && !strcmp(params[i].name, BALLAST_PARAM))
                        text = strip_ballast(&x->result->environment);
                r = option_parse_list(&params[i], text, x->values[i], &x->value_count[i], err);
                if (r < 0)
                        return r;
                if (!strcmp(params[i].name, BALLAST_PARAM) && x->value_count[i] > most)
                        return error_set(err, -EINVAL, "plan",
                                         "%s: %zu values, and a run has hosts of at most %zu "
                                         "sizes%s",
                                         params[i].name, x->value_count[i], most,
                                         sides > 1 ? " for each side" : "");
        }
        return 0;
}

static uint32_t distinct_pus(const struct cpuset *sets, uint32_t workers,
                             const struct environment *env, struct cpuset *all)
{
        uint32_t n = 0;

        memset(all, 0, sizeof(*all));
        for (uint32_t i = 0; i < workers; i++)
                for (int w = 0; w < CPUSET_WORDS; w++)
                        all->bits[w] |= sets[i].bits[w];
        for (int w = 0; w < CPUSET_WORDS; w++)
                n += (uint32_t)__builtin_popcountll(all->bits[w]);
        return n ? n : env->allowed_pus;
}

/* A line is one worker's, however often it is run: a worker without a line would only seem to be
 * there. */
static int check_lines(const struct plan *plan, const struct cell *cell, struct mproc_err *err)
{
        if (!plan->input_lines || cell->workers <= plan->input_lines)
                return 0;
        return error_set(err, -EOPNOTSUPP, "check",
                         "%u workers have %" PRIu64 " line%s to share: give more lines, or fewer "
                         "workers",
                         cell->workers, plan->input_lines, plan->input_lines == 1 ? "" : "s");
}

/* Placement, and whether the workload can do this at all; a refusal becomes the cell's note. */
static int judge_cell(struct expansion *x, struct cell *cell, uint32_t strategy_index,
                      struct mproc_err *err)
{
        struct mpb_trial trial = {.workers = cell->workers, .strategy = strategy_index, .fd = -1};
        struct mproc_err reason = {0};
        struct cpuset *sets = calloc(cell->workers, sizeof(*sets));
        int r;

        if (!sets)
                return error_set(err, -ENOMEM, "place", "no memory for %u workers", cell->workers);
        r = place_workers(x->topology, cell->level[FACTOR_PLACE], cell->workers, sets,
                          cell->place_note, sizeof(cell->place_note), err);
        if (r == 0)
                trial.pus =
                        distinct_pus(sets, cell->workers, &x->result->environment, &cell->placed);
        free(sets);
        if (r < 0)
                return r;
        cell->pus = trial.pus;
        trial.ops = cell->ops;
        for (uint32_t i = 0; i < cell->param_count; i++)
                trial.value[i] = cell->is_auto[i] ? 0 : cell->value[i];
        text_copy(trial.start, sizeof(trial.start), cell->level[FACTOR_START]);
        if (x->workload->shown_work)
                text_copy(cell->shown_work, sizeof(cell->shown_work),
                          x->workload->shown_work(&trial));
        cell->bytes_per_op = x->workload->bytes ? x->workload->bytes(&trial) : 0;
        cell->children = x->workload->flags & MPB_CHILDREN ? 1 : 0;
        r = check_lines(&x->result->plan, cell, &reason);
        if (!r)
                r = submission_check_cell(cell, &reason);
        if (!r && x->workload->check)
                r = x->workload->check(&trial, &reason);
        if (r == -EINVAL) {
                if (err)
                        *err = reason;
                return r;
        }
        if (r == -EDEADLK && x->result->plan.asked_share)
                return 0; /* it was named: then it runs, under the trial's time limit */
        if (r < 0) {
                cell->status = CELL_SKIPPED;
                text_copy(cell->note, sizeof(cell->note), reason.text);
        }
        return 0;
}

static int add_cell(struct expansion *x, const uint32_t at[FACTOR_COUNT],
                    const size_t value_at[MPB_PARAMS_MAX], struct mproc_err *err)
{
        const struct mpb_workload *workload = x->workload;
        const struct mpb_strategy *strategy = NULL;
        char level[FACTOR_COUNT][LEVEL_BYTES] = {""};
        uint32_t strategy_index = 0, workers;
        struct cell *cell;

        if (x->result->cell_count == CELLS_MAX)
                return error_set(err, -EINVAL, "plan",
                                 "more than %d cells: give fewer levels or values", CELLS_MAX);
        if (x->levels[FACTOR_SHARE].count) {
                strategy = workload_strategy(
                        workload, x->levels[FACTOR_SHARE].name[at[FACTOR_SHARE]], &strategy_index);
                if (strategy->flags & MPB_ONE_START && at[FACTOR_START] > 0)
                        return 0;
        }
        for (int f = 0; f < FACTOR_COUNT; f++)
                if (x->levels[f].count)
                        text_copy(level[f], LEVEL_BYTES, x->levels[f].name[at[f]]);
        workers = (uint32_t)strtoul(level[FACTOR_WORKERS], NULL, 10);
        if (!submission_take(x->levels, at, level, workers))
                return 0;
        cell = result_add_cell(x->result);
        if (!cell)
                return error_set(err, -ENOMEM, "plan", "no memory for the cells");
        cell->id = (uint32_t)x->result->cell_count - 1;
        cell->kind = workload->kind;
        cell->primary = workload->kind == MPB_LIFE_CYCLE ? METRIC_WALL : METRIC_THROUGHPUT;
        text_copy(cell->workload, sizeof(cell->workload), workload->name);
        text_copy(cell->operation, sizeof(cell->operation), workload->operation);
        memcpy(cell->level, level, sizeof(level));
        if (strategy && strategy->flags & MPB_ONE_START)
                cell->level[FACTOR_START][0] = '\0';
        cell->workers = workers;
        cell->param_count = x->param_count;
        for (uint32_t i = 0; i < x->param_count; i++) {
                const struct mpb_option *param = &workload->params[i];

                text_copy(cell->param[i], NAME_MAX_BYTES, param->name);
                text_copy(cell->param_unit[i], sizeof(cell->param_unit[i]), param->unit);
                cell->value[i] = x->values[i][value_at[i]];
                cell->is_auto[i] = cell->value[i] == MPB_AUTO;
                option_format_value(param, cell->value[i], cell->value_text[i],
                                    sizeof(cell->value_text[i]));
                if (workload->ops_param && !strcmp(param->name, workload->ops_param)) {
                        cell->ops = cell->is_auto[i] ? 0 : (uint64_t)cell->value[i];
                        cell->ops_auto = cell->is_auto[i];
                }
        }
        if (strategy) {
                cell->reference = !!(strategy->flags & MPB_REFERENCE);
                text_copy(cell->advice, sizeof(cell->advice), strategy->advice);
                if (strategy->flags & MPB_LOSSY)
                        cell->status = CELL_LOSSY;
        }
        return judge_cell(x, cell, strategy_index, err);
}

/* Steps to the next combination; false: there was none. */
static bool advance(const struct expansion *x, uint32_t at[FACTOR_COUNT],
                    size_t value_at[MPB_PARAMS_MAX])
{
        for (uint32_t i = x->param_count; i-- > 0;) {
                if (++value_at[i] < x->value_count[i])
                        return true;
                value_at[i] = 0;
        }
        for (int f = FACTOR_COUNT; f-- > 0;) {
                if (x->levels[f].count && ++at[f] < x->levels[f].count)
                        return true;
                at[f] = 0;
        }
        return false;
}

static int expand_workload(struct result *result, const struct topology *topology, const char *name,
                           bool is_strip, struct mproc_err *err)
{
        struct expansion x = {.result = result, .topology = topology, .is_strip = is_strip};
        uint32_t at[FACTOR_COUNT] = {0};
        size_t value_at[MPB_PARAMS_MAX] = {0};
        static const struct levels none[FACTOR_COUNT];
        uint32_t bound = result->workers_bound;
        int r;

        x.workload = workload_find(name);
        if (plan_is_ab(&result->plan) && x.workload->flags & MPB_OWN_PACE)
                return error_set(err, -EINVAL, "workload",
                                 "%s finds out in each host how much work a task is, so two builds "
                                 "would not do the same: compare them by another workload",
                                 name);
        r = levels_resolve(x.workload, is_strip ? none : result->plan.levels, !is_strip,
                           &result->environment, x.levels, &bound, err);
        if (!r)
                r = fill_params(&x, err);
        if (r < 0)
                return r;
        result->workers_bound = bound;
        do
                r = add_cell(&x, at, value_at, err);
        while (!r && advance(&x, at, value_at));
        if (!r && result->plan.control && !is_strip)
                r = control_cells_add(result, name, err);
        return r;
}

static const char *workload_name_at(size_t index, void *context)
{
        (void)context;
        return workload_at(index) ? workload_at(index)->name : NULL;
}

static int check_names(const struct plan *plan, struct mproc_err *err)
{
        int r = 0;

        if (!plan->workload_count)
                return error_set(err, -EINVAL, "workload",
                                 "no workload was named: try --workload=counter");
        for (uint32_t i = 0; i < plan->workload_count && !r; i++)
                if (!workload_find(plan->workloads[i])) /* it may be a plug-in's */
                        r = levels_check_name(plan->workloads[i], "workload", workload_name_at,
                                              NULL, err);
        for (uint32_t i = 0; i < plan->param_count && !r; i++)
                r = levels_check_name(plan->params[i].key, "parameter", param_at, (void *)plan,
                                      err);
        return r;
}

static int resolve_counters(struct result *result, struct mproc_err *err)
{
        const struct plan *plan = &result->plan;
        struct environment *env = &result->environment;
        const char *asked[COUNTERS_MAX] = {"default"};

        if (plan->counters_off)
                return 0;
        for (uint32_t i = 0; i < plan->counter_count; i++)
                asked[i] = plan->counters[i];
        return event_resolve_list(asked, plan->counter_count ? plan->counter_count : 1,
                                  env->counters, &env->counter_count, err);
}

static void drop_repeated_workloads(struct plan *plan)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < plan->workload_count; i++) {
                uint32_t k = 0;

                while (k < kept && strcmp(plan->workloads[k], plan->workloads[i]))
                        k++;
                if (k == kept)
                        memmove(plan->workloads[kept++], plan->workloads[i], NAME_MAX_BYTES);
        }
        plan->workload_count = kept;
}

int run_expand(const struct plan *given, struct result *result, struct mproc_err *err)
{
        const struct plan *plan = &result->plan;
        struct topology *topology = NULL;
        bool strip = given->start_strip;
        int r;

        result->plan = *given;
        drop_repeated_workloads(&result->plan);
        r = variants_resolve(&result->plan, err);
        if (r < 0)
                return r;
        text_copy(result->tool_version, sizeof(result->tool_version), MPBENCH_VERSION);
        r = check_names(plan, err);
        if (!r)
                r = book_make_check(plan, err);
        if (r < 0)
                return r;
        machine_describe(&result->environment);
        r = topology_new(&topology, NULL, NULL, err);
        if (r < 0)
                return r;
        topology_describe(topology, &result->environment);
        r = resolve_counters(result, err);
        for (uint32_t i = 0; i < plan->workload_count && !r; i++) {
                r = expand_workload(result, topology, plan->workloads[i], false, err);
                if (workload_find(plan->workloads[i])->kind != MPB_SHARED)
                        strip = false;
        }
        if (!r && strip)
                r = expand_workload(result, topology, "start", true, err);
        if (!r)
                r = judge_check(result, err);
        topology_free(topology);
        return r;
}
