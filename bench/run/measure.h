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

/* Finds the operations of each cell whose number is `auto`, and how long a trial takes; cells that
 * cannot be measured get their status and note. Its trials are discarded. */
int calibrate_cells(struct measurement *m, struct mproc_err *err);

/* Before a trial of a round: `outcome` is that of its cell's last one, and where that turned out
 * too short this one is made longer. Looks at the length alone; a rate does not depend on it. */
void calibrate_again(const struct result *result, struct cell *cell,
                     const struct trial_outcome *outcome);

/* Whether rounds have trials of it. */
bool measure_is_measured(const struct cell *cell);

/* What a round takes. */
uint64_t measure_round_ns(const struct measurement *m);

/* Medians, intervals, losses and counters of every cell from the trials. */
int summarise_cells(struct result *result, struct mproc_err *err);

/* What a run of a command took, from `n` trials; `values` has room for as many. */
void summarise_runs(const struct trial *const *trials, size_t n, double *values, struct cell *cell);

/* Drift, warm-up and modes of every cell that has figures, and the drift that they have in common.
 */
int steady_cells(struct result *result, struct mproc_err *err);

/* Comparisons with the baseline, Holm, verdicts; earlier comparisons are dropped. */
int judge_cells(struct result *result, struct mproc_err *err);

/* How often the data are looked at, at most; α is shared between the looks. */
uint32_t judge_looks(const struct plan *plan);

/* Below this, corrected for the number of comparisons, a p-value is a verdict. */
double judge_alpha(const struct result *result);

/* Adds the baseline of a workload twice more: again, and slowed by the plan's planted work, which
 * process starts cannot have. -EINVAL: there is no baseline. */
int control_add_cells(struct result *result, const char *workload, struct mproc_err *err);

/* What these cells came to; after judge_cells. */
int control_judge(struct result *result, struct mproc_err *err);

/* Keeps the load of all cells on for as long as the plan says; its trials are discarded. */
int sustain_load(struct measurement *m, struct mproc_err *err);

/* Rounds below which no comparison of this result can come to a verdict. */
size_t judge_rounds_needed(const struct result *result);

/* The two cells differ in this factor, and in no other factor or parameter. */
bool judge_differs_only_in(const struct cell *a, const struct cell *b, enum factor factor);

/* The cell that differs in the variant alone; NULL: not in `ab`, or there is none. */
struct cell *judge_twin(const struct result *result, const struct cell *cell);

/* The baseline cell of a workload; NULL: no cell of it was measured. −EINVAL from judge_check when
 * the user named one that is not there. */
const struct cell *judge_baseline(const struct result *result, const char *workload);
int judge_check(const struct result *result, struct mproc_err *err);

/* Memory that the parent of this cell's team has touched, bytes. */
uint64_t measure_ballast(const struct cell *cell);

/* Which start method is cheapest from which parent, in a sentence; empty: none is clearly so. */
void advise_starts(const struct result *result, char *text, size_t size);

/* Sentences for the reader, from what was measured. */
void advise_result(struct result *result);

#endif
