/* What calibration and rounds share: the run in hand. Driver's main thread only. */
#ifndef RUN_MEASURE_H
#define RUN_MEASURE_H

#include "count/noise.h"
#include "place/topology.h"
#include "run/run.h"
#include "run/session.h"

struct measurement {
        struct result *result;
        const struct run_hooks *hooks;
        struct session session;
        struct topology *topology;
        struct noise_reader *noise;
        uint64_t begin_ns, rounds_begin_ns;
        uint64_t excused_ns; /* not charged to the budget: locks that collapsed, sustained load */
        uint64_t until_ns;   /* when the stage in hand ends, where it is told to; 0 */
        uint64_t *cell_ns;   /* what a trial of each cell takes, as calibration saw it */
        bool has_rate;       /* some cell works long enough to be more than verified */
        uint32_t watched;    /* PUs of the noise ledger */
        uint32_t round, rounds;
        const char *stage;
        bool sample_pss; /* in the trial in hand: what its workers start is sampled */
};

/* Runs one trial of a cell with `ops` operations and `seed`; fills `trial` (its workers are
 * allocated by the caller). An error: nothing can be measured any more. */
int measure_trial(struct measurement *m, struct cell *cell, uint64_t ops, uint64_t seed,
                  struct trial *trial, struct mproc_err *err);

/* True once the user has asked to stop. */
bool measure_stopped(const struct measurement *m);

/* Whether rounds have trials of it. */
bool measure_is_measured(const struct cell *cell);

/* What a round takes. */
uint64_t measure_round_ns(const struct measurement *m);

/* Memory that the parent of this cell's team has touched, bytes. */
uint64_t measure_ballast(const struct cell *cell);

#endif
