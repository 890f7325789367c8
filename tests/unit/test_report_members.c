/* No member is forgotten in report.json. Every byte of every struct is set, save where only some
 * values have a meaning: a member that is not written, or not read, comes back as zero. */
#include "stats/compare.h"
#include "support/round_trip.h"

#include <mproc/mproc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define END(text) ((text)[sizeof(text) - 1] = '\0')
/* Padding holds nothing. */
#define GAP(object, member, next)                                                        \
        memset((char *)&(object)->member + sizeof((object)->member), 0,                  \
               offsetof(typeof(*(object)), next) - offsetof(typeof(*(object)), member) - \
                       sizeof((object)->member))

static void fill_environment(struct environment *environment)
{
        memset(environment, 1, sizeof(*environment));
        GAP(environment, allowed_pus, allowed);
        END(environment->host);
        END(environment->kernel);
        END(environment->libc);
        END(environment->cpu);
        END(environment->arch);
        END(environment->time);
        END(environment->topology);
        END(environment->virtualization);
        END(environment->governor);
        END(environment->thp);
        environment->on_battery = environment->smt = 1;
        environment->counter_count = COUNTERS_MAX;
        for (size_t i = 0; i < COUNTERS_MAX; i++) {
                struct counter_spec *spec = &environment->counters[i];

                END(spec->name);
                spec->name[0] = (char)('a' + i);
                END(spec->encoding);
                END(spec->reason);
                spec->status = i % 5;
                spec->attr_bytes = sizeof(spec->attr);
        }
}

static void fill_plan(struct plan *plan)
{
        memset(plan, 1, sizeof(*plan));
        GAP(plan, control, budget_ns);
        plan->workload_count = WORKLOADS_MAX;
        for (size_t i = 0; i < WORKLOADS_MAX; i++)
                END(plan->workloads[i]);
        for (size_t i = 0; i < FACTOR_COUNT; i++) {
                plan->levels[i].count = LEVELS_MAX;
                for (size_t j = 0; j < LEVELS_MAX; j++)
                        END(plan->levels[i].name[j]);
        }
        plan->param_count = MPB_PARAMS_MAX;
        for (size_t i = 0; i < MPB_PARAMS_MAX; i++) {
                END(plan->params[i].key);
                END(plan->params[i].text);
        }
        plan->variant_count = VARIANTS_MAX;
        for (size_t i = 0; i < VARIANTS_MAX; i++) {
                plan->variants[i].kind = VARIANT_PLUGIN;
                plan->variants[i].argument_count = 1;
                END(plan->variants[i].arguments);
        }
        END(plan->baseline);
        END(plan->input);
        plan->control = 1;
        plan->counter_count = COUNTERS_MAX;
        for (size_t i = 0; i < COUNTERS_MAX; i++)
                END(plan->counters[i]);
        plan->counters_off = plan->start_strip = plan->asked_share = plan->keep_output = 1;
}

static void fill_cell(struct cell *cell)
{
        memset(cell, 1, sizeof(*cell));
        GAP(cell, advice, final_value);
        GAP(cell, verified, loss);
        cell->id = 0;
        END(cell->workload);
        for (size_t i = 0; i < FACTOR_COUNT; i++)
                END(cell->level[i]);
        cell->param_count = MPB_PARAMS_MAX;
        for (size_t i = 0; i < MPB_PARAMS_MAX; i++) {
                END(cell->param[i]);
                cell->param[i][0] = (char)('a' + i);
                END(cell->param_unit[i]);
                END(cell->value_text[i]);
                cell->is_auto[i] = i % 2;
        }
        cell->status = CELL_LOSSY;
        cell->kind = MPB_LIFE_CYCLE;
        cell->primary = METRIC_STOP;
        cell->reference = cell->verified = cell->ops_auto = cell->children = 1;
        END(cell->operation);
        END(cell->shown_work);
        END(cell->advice);
        END(cell->note);
        END(cell->place_note);
        for (size_t i = 0; i < METRIC_COUNT; i++)
                cell->summary[i].reserved = 0;
        for (size_t i = 0; i < COUNT(cell->step); i++)
                cell->step[i].reserved = 0;
        cell->run.time_ns.reserved = cell->run.user_ns.reserved = 0;
        cell->run.system_ns.reserved = cell->run.reserved = 0;
        cell->run.max_rss_at_most = 1;
        cell->latency.timed = 1;
        END(cell->latency.note);
        for (size_t i = 0; i < LATENCY_COUNT; i++)
                cell->latency.summary[i].reserved = cell->latency.response[i].reserved = 0;
        cell->phases.parent.reserved = cell->phases.dispatch.reserved = 0;
        cell->phases.work.reserved = cell->phases.tail.reserved = 0;
        cell->phases.first_result_ns.reserved = 0;
        cell->counter_count = CELL_COUNTERS_MAX;
        for (size_t i = 0; i < CELL_COUNTERS_MAX; i++) {
                END(cell->counters[i].name);
                cell->counters[i].name[0] = (char)('0' + i);
                cell->counters[i].status = i % 5;
                END(cell->counters[i].reason);
        }
}

static void fill_trial(struct trial *trial)
{
        struct worker_outcome *worker = trial->workers;

        memset(trial, 1, offsetof(struct trial, workers));
        trial->cell = 0;
        trial->disturbed = 1;
        trial->outcome.status = TRIAL_INTERRUPTED;
        trial->outcome.workers = 1;
        trial->outcome.verified = 1;
        END(trial->outcome.reason);
        trial->outcome.phases.known = PHASES_WORKERS | PHASES_PARENT;
        trial->noise.known = NOISE_STAT | NOISE_PSI | NOISE_THROTTLE;
        memset(worker, 1, sizeof(*worker));
        worker->exit_state = MPROC_FAILED;
        worker->has_run_delay = 1;
        worker->noted_ns = UINT64_MAX;
        worker->exit_code = INT32_MIN;
        for (size_t i = 0; i < COUNTERS_MAX; i++)
                worker->counters[i].reserved = 0;
}

static void every_member_is_read_back(void **unused)
{
        struct result result;
        struct comparison *comparison;

        (void)unused;
        result_init(&result);
        memset(result.tool_version, 1, sizeof(result.tool_version) - 1);
        fill_environment(&result.environment);
        fill_plan(&result.plan);
        result.end = RESULT_BUDGET;
        result.duration_ns = UINT64_MAX;
        result.rounds = UINT32_MAX;
        result.disturbed_rounds = 7;
        result.unjudged_rounds = 3;
        result.disturbed_kept = 1;
        result.workers_bound = 2;
        memset(&result.trend, 1, sizeof(result.trend));
        TEXT(result.no_verdict, "too short");
        TEXT(result.advice[0], "first");
        TEXT(result.advice[2], "third");
        fill_cell(result_add_cell(&result));
        fill_trial(result_add_trial(&result, 1));
        comparison = result_add_comparison(&result);
        memset(comparison, 1, sizeof(*comparison));
        comparison->metric = METRIC_WALL;
        comparison->baseline = comparison->cell = 0;
        comparison->verdict = VERDICT_NONE;
        memset(result.controls, 1, sizeof(*result.controls));
        result.control_count = 1;
        result.controls[0].baseline = result.controls[0].control = result.controls[0].slowed = 0;
        result.controls[0].verdict = VERDICT_NONE;
        result.controls[0].slowed_verdict = VERDICT_INCONCLUSIVE;
        result.controls[0].unknown = CONTROL_UNKNOWN_AWAY;
        assert_survives(&result);
        result_done(&result);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_member_is_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
