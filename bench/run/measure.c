#include "run/measure.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "stats/shuffle.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 1000
#define OVERDRAFT 1.3 /* of the budget: a machine that has become slower ends the run there */

bool measure_stopped(const struct measurement *m)
{
        return m->hooks->stop && *m->hooks->stop;
}

bool measure_is_asked_for(const struct plan *plan, const struct cell *cell)
{
        for (uint32_t i = 0; i < plan->workload_count; i++)
                if (!strcmp(plan->workloads[i], cell->workload))
                        return true;
        return false;
}

static uint64_t ballast_of(const struct cell *cell)
{
        for (uint32_t i = 0; i < cell->param_count; i++)
                if (!strcmp(cell->param[i], BALLAST_PARAM))
                        return (uint64_t)cell->value[i];
        return 0;
}

static void tell(struct measurement *m, const struct cell *cell)
{
        uint64_t elapsed = clock_now_ns() - m->begin_ns, round_ns = 0;
        struct run_progress progress = {.stage = m->stage, .round = m->round, .rounds = m->rounds};
        char label[160];

        if (!m->hooks->progress)
                return;
        cell_label(m->result, cell, label, sizeof(label));
        for (size_t i = 0; i < m->result->cell_count; i++)
                round_ns += m->cell_ns[i];
        progress.cell = label;
        progress.elapsed_ns = elapsed;
        if (m->rounds)
                progress.left_ns = round_ns * (m->rounds - m->round);
        else if (m->result->plan.budget_ns > elapsed)
                progress.left_ns = m->result->plan.budget_ns - elapsed;
        m->hooks->progress(&progress, m->hooks->context);
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
        };
        struct cpuset *cpus = calloc(cell->workers, sizeof(*cpus));
        uint64_t ballast = ballast_of(cell);
        char note[sizeof(cell->note)], size[32];
        struct mproc_err why = {0};
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
        memcpy(request.counters, env->counters, sizeof(request.counters));
        for (uint32_t i = 0; i < cell->param_count; i++)
                request.value[i] = ops_param && !strcmp(cell->param[i], ops_param) ? (int64_t)ops
                                                                                   : cell->value[i];
        r = place_workers(m->topology, cell->level[FACTOR_PLACE], cell->workers, cpus, note,
                          sizeof(note), err);
        if (r < 0)
                goto out;
        r = session_warm(&m->session, ballast, &why);
        if (!r) {
                noise_reader_own(m->noise, pids, session_pids(&m->session, pids));
                noise_begin(m->noise);
                r = session_trial(&m->session, ballast, &request, cpus, &trial->outcome,
                                  trial->workers, &why);
                noise_end(m->noise, &trial->noise);
        }
        if (r == -EINTR) {
                trial->outcome.status = TRIAL_INTERRUPTED;
                r = 0;
        } else if (r < 0 && ballast) { /* a smaller parent may still be had */
                trial->outcome.status = TRIAL_UNSUPPORTED;
                snprintf(trial->outcome.reason, sizeof(trial->outcome.reason),
                         "no parent of %s: %.400s",
                         units_format_size((double)ballast, size, sizeof(size)), why.text);
                r = 0;
        } else if (r < 0 && err) {
                *err = why;
        }
out:
        free(cpus);
        return r;
}

static bool is_measured(const struct cell *cell)
{
        return cell->status == CELL_MEASURED || cell->status == CELL_LOSSY;
}

/* One trial of every cell in the order of this round. Returns 1 when it was cut short. */
static int measure_round(struct measurement *m, uint32_t round, struct mproc_err *err)
{
        struct result *result = m->result;
        uint32_t n = (uint32_t)result->cell_count, position = 0;
        struct trial_noise *noises = calloc(n, sizeof(*noises));
        uint32_t *order = calloc(n, sizeof(*order));
        int r = 0;

        if (!noises || !order) {
                r = error_set(err, -ENOMEM, "measure", "no memory for a round");
                goto out;
        }
        m->round = round;
        shuffle_round(result->plan.seed, round, order, n);
        for (uint32_t i = 0; i < n && !r; i++) {
                struct cell *cell = &result->cells[order[i]];
                struct trial *trial;

                if (!is_measured(cell))
                        continue;
                trial = result_add_trial(result, cell->workers);
                if (!trial) {
                        r = error_set(err, -ENOMEM, "measure", "no memory for a trial");
                        break;
                }
                trial->cell = cell->id;
                trial->round = round;
                trial->position = position;
                r = measure_trial(m, cell, cell->ops, result->plan.seed + round, trial, err);
                if (r < 0 || trial->outcome.status == TRIAL_INTERRUPTED) {
                        result_drop_trial(result);
                        r = r < 0 ? r : 1;
                        break;
                }
                calibrate_again(cell, &trial->outcome);
                noises[position++] = trial->noise;
                if (measure_stopped(m))
                        r = i + 1 < n;
        }
        if (r == 0 && noise_round_disturbed(noises, position, m->watched)) {
                result->disturbed_rounds++;
                for (uint32_t i = 0; i < position; i++)
                        result->trials[result->trial_count - 1 - i].disturbed = 1;
        }
out:
        free(noises);
        free(order);
        return r;
}

static uint64_t round_ns(const struct measurement *m)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < m->result->cell_count; i++)
                if (is_measured(&m->result->cells[i]))
                        sum += m->cell_ns[i];
        return sum;
}

/* n is fixed here, before any round that counts. */
static uint32_t choose_rounds(const struct measurement *m)
{
        const struct plan *plan = &m->result->plan;
        uint64_t spent = clock_now_ns() - m->begin_ns, each = round_ns(m), n = ROUNDS_MAX;

        if (plan->rounds)
                n = plan->rounds;
        else if (plan->precision_ppm || !m->has_rate)
                n = judge_rounds_needed(m->result);
        if (plan->budget_ns && each) {
                uint64_t affordable =
                        plan->budget_ns > spent ? (plan->budget_ns - spent) / each : 0;

                n = affordable < n ? affordable : n;
        }
        return n ? (uint32_t)n : 1;
}

/* True when the budget is overdrawn, whatever the data say. */
static bool broke(const struct measurement *m)
{
        uint64_t budget = m->result->plan.budget_ns;

        return budget && (double)(clock_now_ns() - m->begin_ns) > OVERDRAFT * (double)budget;
}

static int measure_rounds(struct measurement *m, uint32_t until, uint32_t *replaced,
                          struct mproc_err *err)
{
        struct result *result = m->result;
        uint32_t spare = until / 4;
        int r = 0;

        m->stage = "measuring";
        while (!r && result->rounds < until + *replaced) {
                uint32_t disturbed = result->disturbed_rounds;

                m->rounds = until + *replaced;
                if (measure_stopped(m)) {
                        r = 1;
                        break;
                }
                if (broke(m)) {
                        result->end = RESULT_BUDGET;
                        break;
                }
                r = measure_round(m, result->rounds, err);
                if (r)
                        break;
                result->rounds++;
                /* At most a quarter more rounds stand in for disturbed ones. */
                if (result->disturbed_rounds > disturbed && *replaced < spare)
                        (*replaced)++;
        }
        if (r == 1)
                result->end = RESULT_INTERRUPTED;
        return r < 0 ? r : 0;
}

static bool precise_enough(const struct result *result)
{
        double wanted = (double)result->plan.precision_ppm / 1e6;

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];

                if (!((c->ci_high - c->ci_low) / 2 <= wanted * c->ratio))
                        return false;
        }
        return true;
}

/* The rounds that count: those not disturbed, when enough of them are left; else all, and the
 * report says so. */
static void choose_used(struct result *result)
{
        uint32_t calm = result->rounds - result->disturbed_rounds;
        size_t needed = judge_rounds_needed(result);

        result->disturbed_kept = result->disturbed_rounds && calm < needed && result->rounds > calm;
}

static int analyse(struct result *result, struct mproc_err *err)
{
        int r;

        choose_used(result);
        r = summarise_cells(result, err);
        return r ? r : judge_cells(result, err);
}

/* PUs that some team is bound to: what happens on others disturbs nobody. A team that is not bound
 * may be anywhere; process starts beside bound teams are not asked. Empty: all. */
static struct cpuset watched_pus(const struct result *result, uint32_t *count)
{
        struct cpuset watched = {0};
        bool anywhere = false;

        *count = 0;
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                anywhere |= cell->kind != MPB_LIFE_CYCLE && cell->status != CELL_SKIPPED &&
                            !strcmp(cell->level[FACTOR_PLACE], "none");
                for (int w = 0; w < CPUSET_WORDS; w++)
                        watched.bits[w] |= cell->placed.bits[w];
        }
        for (int w = 0; w < CPUSET_WORDS; w++)
                *count += (uint32_t)__builtin_popcountll(watched.bits[w]);
        if (*count && !anywhere)
                return watched;
        *count = result->environment.allowed_pus;
        return result->environment.allowed;
}

int run_measure(struct result *result, const struct run_hooks *hooks, struct mproc_err *err)
{
        struct measurement m = {.result = result, .hooks = hooks, .begin_ns = clock_now_ns()};
        uint32_t looks = judge_looks(&result->plan), n, replaced = 0;
        struct cpuset watched = watched_pus(result, &m.watched);
        int r;

        m.cell_ns = calloc(result->cell_count, sizeof(*m.cell_ns));
        if (!m.cell_ns)
                return error_set(err, -ENOMEM, "measure", "no memory for the cells");
        r = judge_check(result, err);
        if (!r)
                r = topology_new(&m.topology, NULL, NULL, err);
        if (!r)
                r = noise_reader_new(&m.noise, &watched, err);
        if (!r)
                r = session_init(&m.session, hooks->stop_fd, err);
        if (!r)
                r = calibrate_cells(&m, err);
        if (r < 0)
                goto out;
        n = choose_rounds(&m);
        for (uint32_t look = 0; look < looks && !r; look++) {
                r = measure_rounds(&m, n << look, &replaced, err);
                if (r < 0)
                        goto out;
                result->duration_ns = clock_now_ns() - m.begin_ns;
                r = analyse(result, err);
                if (result->end != RESULT_COMPLETE || precise_enough(result))
                        break;
        }
        if (!r)
                advise_result(result);
out:
        session_done(&m.session);
        noise_reader_free(m.noise);
        topology_free(m.topology);
        free(m.cell_ns);
        return r;
}

uint64_t run_expected_ns(const struct result *result)
{
        const struct plan *plan = &result->plan;
        uint64_t trials = 0;

        for (size_t i = 0; i < result->cell_count; i++)
                trials += is_measured(&result->cells[i]);
        /* Before calibration all that is known of a trial is what it aims at, and what starting a
         * team takes. */
        trials *= 45 * NS_PER_MS;
        if (!plan->rounds)
                return plan->budget_ns;
        trials *= plan->rounds + 3;
        return plan->budget_ns && plan->budget_ns < trials ? plan->budget_ns : trials;
}
