/* What is compared with what, and the verdicts. Driver only. */
#ifndef RUN_JUDGE_H
#define RUN_JUDGE_H

#include "model/result.h"

/* Comparisons with the baseline, Holm, verdicts; earlier comparisons are dropped. -ENOMEM. */
int judge_cells(struct result *result, struct mproc_err *err);

/* How often the data are looked at, at most; α is shared between the looks. */
uint32_t judge_looks(const struct plan *plan);

/* Below this, corrected for the number of comparisons, a p-value is a verdict. */
double judge_alpha(const struct result *result);

/* Rounds below which no comparison of this result can come to a verdict. */
size_t judge_rounds_needed(const struct result *result);

/* The two cells differ in this factor, and in no other factor or parameter. */
bool judge_differs_only_in(const struct cell *a, const struct cell *b, enum factor factor);

/* Measured, and one that the plan asked for. */
bool judge_is_compared(const struct cell *cell);

/* The cell that differs in the variant alone; NULL: not in `ab`, or there is none. */
struct cell *judge_twin(const struct result *result, const struct cell *cell);

/* The baseline cell of a workload; NULL: no cell of it was measured. −EINVAL from judge_check when
 * the user named one that is not there, or that could be several. */
const struct cell *judge_baseline(const struct result *result, const char *workload);
int judge_check(const struct result *result, struct mproc_err *err);

#endif
