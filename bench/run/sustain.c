#include "run/sustain.h"

#include "base/clock.h"
#include "base/error.h"
#include "stats/shuffle.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int run_round(struct measurement *m, uint32_t round, uint32_t *order, struct trial *trial,
                     struct mproc_err *err)
{
        struct result *result = m->result;
        uint32_t n = (uint32_t)result->cell_count;
        int r = 0;

        shuffle_round(result->plan.seed, round, order, n);
        for (uint32_t i = 0; i < n && !r; i++) {
                struct cell *cell = &result->cells[order[i]];

                if (!measure_is_measured(cell))
                        continue;
                if (measure_stopped(m) || clock_now_ns() >= m->until_ns)
                        break;
                r = measure_trial(m, cell, cell->ops, result->plan.seed + round, trial, err);
        }
        return r;
}

int sustain_load(struct measurement *m, struct mproc_err *err)
{
        struct result *result = m->result;
        uint64_t begin_ns = clock_now_ns();
        struct trial trial = {0};
        uint32_t *order = NULL;
        uint32_t most = 1;
        int r = 0;

        if (!result->plan.sustain_ns || !measure_round_ns(m))
                return 0;
        for (size_t i = 0; i < result->cell_count; i++)
                most = result->cells[i].workers > most ? result->cells[i].workers : most;
        trial.workers = calloc(most, sizeof(*trial.workers));
        order = calloc(result->cell_count, sizeof(*order));
        if (!trial.workers || !order) {
                r = error_set(err, -ENOMEM, "sustain", "no memory for a trial");
                goto out;
        }
        m->stage = "sustaining";
        m->until_ns = begin_ns + result->plan.sustain_ns;
        for (uint32_t round = 0; !r && clock_now_ns() < m->until_ns && !measure_stopped(m); round++)
                r = run_round(m, round, order, &trial, err);
        m->until_ns = 0;
        m->excused_ns += clock_now_ns() - begin_ns;
out:
        free(trial.workers);
        free(order);
        return r;
}
