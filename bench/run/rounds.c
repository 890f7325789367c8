#include "run/measure.h"

#include "base/clock.h"
#include "base/error.h"
#include "run/advise.h"
#include "run/book_make.h"
#include "run/calibrate.h"
#include "run/control_cells.h"
#include "run/judge.h"
#include "run/steady.h"
#include "run/summarise.h"
#include "run/sustain.h"
#include "run/variants.h"
#include "stats/shuffle.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_MAX 1000
#define STRETCH 1.4 /* of the budget, where that brings the rounds that a verdict needs */

/* Its trial in the latest round that had one; NULL: there is none yet. */
static const struct trial *last_trial(const struct result *result, const struct cell *cell)
{
        for (size_t i = result->trial_count; i-- > 0;)
                if (result->trials[i].cell == cell->id)
                        return &result->trials[i];
        return NULL;
}

/* Was the round disturbed whose trials are the last ones? */
static void judge_round(struct measurement *m, const struct trial_noise *noises, uint32_t n)
{
        struct result *result = m->result;
        enum noise_judgement judgement = noise_judge_round(noises, n, m->watched);

        result->unjudged_rounds += judgement == NOISE_NOT_KNOWN;
        if (judgement != NOISE_DISTURBED)
                return;
        result->disturbed_rounds++;
        for (uint32_t i = 0; i < n; i++)
                result->trials[result->trial_count - 1 - i].disturbed = 1;
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
                const struct trial *last;
                struct trial *trial;

                if (!measure_is_measured(cell))
                        continue;
                if (measure_stopped(m)) {
                        r = 1;
                        break;
                }
                /* Before the next trial, not after this one: what the report shows was run. */
                last = last_trial(result, cell);
                if (last)
                        calibrate_again(result, cell, &last->outcome);
                trial = result_add_trial(result, cell->workers);
                if (!trial) {
                        r = error_set(err, -ENOMEM, "measure", "no memory for a trial");
                        break;
                }
                trial->cell = cell->id;
                trial->round = round;
                trial->position = position;
                trial->asked_ops = cell->ops;
                r = measure_trial(m, cell, cell->ops, result->plan.seed + round, trial, err);
                if (r < 0 || trial->outcome.status == TRIAL_INTERRUPTED) {
                        result_drop_trial(result);
                        r = r < 0 ? r : 1;
                        break;
                }
                noises[position] = trial->noise;
                if (cell->workers > cell->pus) /* they wait for each other */
                        noises[position].known &= ~(uint64_t)NOISE_PSI;
                position++;
        }
        if (r == 0)
                judge_round(m, noises, position);
out:
        free(noises);
        free(order);
        return r;
}

/* Rounds in all that the user's limits allow, as it looks now; 0: there is nothing to measure. With
 * a budget the clock decides, and never a figure: what a comparison comes to has no say in how many
 * rounds there are. A quarter more rounds at the most stand in for disturbed ones. */
static uint32_t rounds_allowed(const struct measurement *m)
{
        const struct plan *plan = &m->result->plan;
        uint32_t done = m->result->rounds, disturbed = m->result->disturbed_rounds;
        uint64_t now = clock_now_ns(), spent = now - m->begin_ns - m->excused_ns;
        uint64_t each = done ? (now - m->rounds_begin_ns) / done : measure_round_ns(m);
        uint64_t needed = judge_rounds_needed(m->result), most = ROUNDS_MAX, affordable;

        if (!measure_round_ns(m))
                return 0;
        if (plan->rounds)
                most = plan->rounds; /* exact */
        else if (!plan->precision_ppm && !m->has_rate)
                most = needed; /* to verify, and to say so */
        if (plan->budget_ns && each) {
                needed += disturbed < needed / 4 ? disturbed : needed / 4;
                affordable = plan->budget_ns + (disturbed < done / 4 ? disturbed : done / 4) * each;
                affordable = done + (affordable > spent ? (affordable - spent) / each : 0);
                if (affordable < needed && done < needed &&
                    (double)(spent + (needed - done) * each) <= STRETCH * (double)plan->budget_ns)
                        affordable = needed;
                most = affordable < most ? affordable : most;
        }
        return most ? (uint32_t)most : 1;
}

/* Until there are so many rounds, or as many as the limits allow. */
static int measure_rounds(struct measurement *m, uint32_t until, struct mproc_err *err)
{
        struct result *result = m->result;
        int r = 0;

        m->stage = "measuring";
        while (!r && result->rounds < until) {
                uint32_t allowed = rounds_allowed(m);

                m->rounds = allowed < until ? allowed : until;
                if (result->rounds >= allowed)
                        break;
                r = measure_stopped(m) ? 1 : measure_round(m, result->rounds, err);
                result->rounds += r == 0;
        }
        if (r == 1)
                result->end = RESULT_INTERRUPTED;
        else if (result->plan.budget_ns && result->rounds &&
                 result->rounds <
                         (result->plan.rounds ? result->plan.rounds : judge_rounds_needed(result)))
                result->end = RESULT_BUDGET;
        return r < 0 ? r : 0;
}

static bool is_precise(const struct result *result, double figure, double low, double high)
{
        return (high - low) / 2 <= (double)result->plan.precision_ppm / 1e6 * figure;
}

/* Comparisons are what the run is about; figures, where there are none. */
static bool precise_enough(const struct result *result)
{
        bool precise = true;

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];

                precise &= is_precise(result, c->ratio, c->ci_low, c->ci_high);
        }
        for (size_t i = 0; i < result->cell_count && !result->comparison_count; i++) {
                const struct cell *cell = &result->cells[i];
                const struct summary *figure = &cell->summary[cell->primary];

                precise &= cell->status != CELL_MEASURED ||
                           is_precise(result, figure->median, figure->ci_low, figure->ci_high);
        }
        return precise;
}

/* The rounds that count: those not disturbed, when enough of them are left; else all, and the
 * report says so. */
static void choose_used(struct result *result)
{
        uint32_t calm = result->rounds - result->disturbed_rounds;
        size_t needed = judge_rounds_needed(result);

        result->disturbed_kept = result->disturbed_rounds && calm < needed;
}

static int analyse(struct result *result, struct mproc_err *err)
{
        int r;

        choose_used(result);
        r = summarise_cells(result, err);
        if (!r)
                r = steady_cells(result, err);
        if (!r)
                r = judge_cells(result, err);
        return r ? r : control_cells_judge(result, err);
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

/* Rounds until the end, or with a wanted precision until a look at the data finds it reached. */
static int measure_looks(struct measurement *m, struct mproc_err *err)
{
        struct result *result = m->result;
        uint32_t looks = judge_looks(&result->plan);

        m->rounds_begin_ns = clock_now_ns();
        for (uint32_t look = 0; look < looks; look++) {
                uint32_t until =
                        looks > 1 ? (uint32_t)judge_rounds_needed(result) << look : ROUNDS_MAX;
                int r = measure_rounds(m, until, err);

                result->duration_ns = clock_now_ns() - m->begin_ns;
                if (!r)
                        r = analyse(result, err);
                if (r < 0)
                        return r;
                if (result->rounds < until || result->end != RESULT_COMPLETE ||
                    precise_enough(result))
                        break;
        }
        return 0;
}

/* A book for each command of the plan, in the hosts of its variant. */
static int make_books(struct measurement *m, struct mproc_err *err)
{
        const struct plan *plan = &m->result->plan;
        int r = 0;

        for (uint32_t i = 0; i < plan->variant_count && r >= 0; i++)
                if (plan->variants[i].kind == VARIANT_COMMAND) {
                        r = book_make(plan, &plan->variants[i], m->hooks->input_fd, err);
                        m->session.variants[i].book_fd = r;
                }
        return r < 0 ? r : 0;
}

static void close_books(struct measurement *m)
{
        const struct plan *plan = &m->result->plan;

        for (uint32_t i = 0; i < plan->variant_count; i++)
                if (plan->variants[i].kind == VARIANT_COMMAND && m->session.variants[i].book_fd > 0)
                        close(m->session.variants[i].book_fd);
}

int run_measure(struct result *result, const struct run_hooks *hooks, struct mproc_err *err)
{
        struct measurement m = {.result = result, .hooks = hooks, .begin_ns = clock_now_ns()};
        struct cpuset watched = watched_pus(result, &m.watched);
        int r;

        m.cell_ns = calloc(result->cell_count, sizeof(*m.cell_ns));
        if (!m.cell_ns)
                return error_set(err, -ENOMEM, "measure", "no memory for the cells");
        r = topology_new(&m.topology, NULL, NULL, err);
        if (!r)
                r = noise_reader_new(&m.noise, &watched, err);
        if (!r)
                r = session_init(&m.session, hooks->stop_fd, err);
        if (!r)
                r = make_books(&m, err);
        if (!r)
                variants_install(&result->plan, &m.session);
        if (!r)
                r = calibrate_cells(&m, err);
        if (!r)
                r = sustain_load(&m, err);
        if (!r && measure_stopped(&m))
                result->end = RESULT_INTERRUPTED;
        if (!r)
                r = measure_looks(&m, err);
        if (!r)
                advise_result(result);
        session_done(&m.session);
        close_books(&m);
        noise_reader_free(m.noise);
        topology_free(m.topology);
        free(m.cell_ns);
        return r;
}

uint64_t run_expected_ns(const struct result *result)
{
        const struct plan *plan = &result->plan;
        uint64_t trials = 0;

        for (size_t i = 0; i < result->cell_count; i++) {
                if (result->cells[i].children)
                        return 0; /* nobody has seen a run of the command yet */
                trials += measure_is_measured(&result->cells[i]);
        }
        /* Before calibration all that is known of a trial is what it aims at, and what starting a
         * team takes. */
        trials *= 45 * NS_PER_MS;
        trials *= plan->rounds + 3;
        if (!plan->rounds || (plan->budget_ns && plan->budget_ns < trials))
                trials = plan->budget_ns;
        return plan->sustain_ns + trials;
}
