#include "run/measure.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "run/submission.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool measure_stopped(const struct measurement *m)
{
        return m->hooks->stop && *m->hooks->stop;
}

uint64_t measure_ballast(const struct cell *cell)
{
        int param = cell_find_param(cell, BALLAST_PARAM);

        return param < 0 ? 0 : (uint64_t)cell->value[param];
}

bool measure_is_measured(const struct cell *cell)
{
        return cell->status == CELL_MEASURED || cell->status == CELL_LOSSY;
}

uint64_t measure_round_ns(const struct measurement *m)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < m->result->cell_count; i++)
                if (measure_is_measured(&m->result->cells[i]))
                        sum += m->cell_ns[i];
        return sum;
}

static void tell(struct measurement *m, const struct cell *cell)
{
        uint64_t elapsed = clock_now_ns() - m->begin_ns;
        struct run_progress progress = {.stage = m->stage, .round = m->round, .rounds = m->rounds};
        char label[160];

        if (!m->hooks->progress)
                return;
        cell_label(m->result, cell, label, sizeof(label));
        progress.cell = label;
        progress.elapsed_ns = elapsed;
        if (m->until_ns)
                progress.left_ns = m->until_ns > clock_now_ns() ? m->until_ns - clock_now_ns() : 0;
        else if (m->rounds)
                progress.left_ns = measure_round_ns(m) * (m->rounds - m->round);
        else if (m->result->plan.budget_ns > elapsed)
                progress.left_ns = m->result->plan.budget_ns - elapsed;
        m->hooks->progress(&progress, m->hooks->context);
}

/* No host could be started, and `err` says why. A parent that does not fit into memory is the
 * matter of its own cells; and what has been measured is kept, whatever comes after. */
static int without_host(const struct measurement *m, const struct cell *cell,
                        struct trial_outcome *outcome, const struct mproc_err *err)
{
        uint64_t ballast = measure_ballast(cell);
        char size[32];

        if (err->code == -EINTR)
                outcome->status = TRIAL_INTERRUPTED;
        else if (ballast)
                outcome->status = TRIAL_UNSUPPORTED;
        else if (m->rounds)
                outcome->status = TRIAL_START_FAILED;
        else
                return err->code;
        if (ballast)
                snprintf(outcome->reason, sizeof(outcome->reason),
                         "no parent of %s (parent_rss): %.400s",
                         units_format_size((double)ballast, size, sizeof(size)), err->text);
        else
                text_copy(outcome->reason, sizeof(outcome->reason), err->text);
        return 0;
}

/* "A" is the first variant, "B" the second; what has none runs as the first. */
static uint32_t variant_of(const struct measurement *m, const struct cell *cell)
{
        const char *level = cell->level[FACTOR_VARIANT];
        uint32_t index = *level && !level[1] ? (uint32_t)(*level - 'A') : 0;

        return index < m->result->plan.variant_count ? index : 0;
}

int measure_trial(struct measurement *m, struct cell *cell, uint64_t ops, uint64_t seed,
                  struct trial *trial, struct mproc_err *err)
{
        const struct environment *env = &m->result->environment;
        const char *ops_param = workload_find(cell->workload)->ops_param;
        struct trial_request request = {
                .workers = cell->workers,
                .pus = cell->pus,
                .ops = ops,
                .seed = seed,
                .timeout_ns = m->result->plan.timeout_ns,
                .counter_count = env->counter_count,
                .params_mark = workload_params_mark(workload_find(cell->workload)),
                .planted_ppm = cell_role(cell) == CELL_SLOWED ? m->result->plan.planted_ppm : 0,
                .timed = cell->latency.timed,
                .sample_pss = m->sample_pss,
        };
        struct cpuset *cpus = calloc(cell->workers, sizeof(*cpus));
        struct mproc_err why = {0};
        struct session_choice choice = {.ballast = measure_ballast(cell),
                                        .variant = variant_of(m, cell)};
        char note[sizeof(cell->note)];
        int pids[HOSTS_MAX], r;

        if (!cpus)
                return error_set(err, -ENOMEM, "measure", "no memory for %u workers",
                                 cell->workers);
        tell(m, cell);
        text_copy(request.workload, sizeof(request.workload), cell->workload);
        text_copy(request.strategy, sizeof(request.strategy), cell->level[FACTOR_SHARE]);
        /* A reference has no start method of its own; the host wants a name that it knows. */
        text_copy(request.start, sizeof(request.start),
                  *cell->level[FACTOR_START] ? cell->level[FACTOR_START] : "fork");
        submission_ask(cell, &request);
        memcpy(request.counters, env->counters, sizeof(request.counters));
        for (uint32_t i = 0; i < cell->param_count; i++)
                request.value[i] = ops_param && !strcmp(cell->param[i], ops_param) ? (int64_t)ops
                                                                                   : cell->value[i];
        for (uint32_t i = 0; i < cell->workers; i++)
                trial->workers[i] =
                        (struct worker_outcome){.index = i, .pu_begin = -1, .pu_end = -1};
        trial->outcome = (struct trial_outcome){.workers = cell->workers};
        r = place_workers(m->topology, cell->level[FACTOR_PLACE], cell->workers, cpus, note,
                          sizeof(note), err);
        if (r < 0)
                goto out;
        r = session_warm(&m->session, &choice, &why);
        if (!r) {
                noise_reader_own(m->noise, pids, session_pids(&m->session, pids));
                noise_begin(m->noise);
                r = session_trial(&m->session, &choice, &request, cpus, &trial->outcome,
                                  trial->workers, &why);
                noise_end(m->noise, &trial->noise);
        }
        if (r < 0) {
                r = without_host(m, cell, &trial->outcome, &why);
                if (r < 0 && err)
                        *err = why;
        }
out:
        free(cpus);
        return r;
}
