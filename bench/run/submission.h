/* What the factors submit, chunk and transport ask for, and where they mean something. Driver only.
 */
#ifndef RUN_SUBMISSION_H
#define RUN_SUBMISSION_H

#include "model/cell.h"
#include <mproc/err.h>

/* Ways in which tasks and results of a pool travel; NULL past the end. */
const char *submission_transport_at(size_t index, void *unused);

/* Are the levels of these factors known, and do they mean something to the workload and to each
 * other? `levels` is FACTOR_COUNT long; each of theirs is then written in its one way, and once:
 * "imap:016" is "imap:16". */
int submission_check(const struct mpb_workload *workload, struct levels *levels,
                     struct mproc_err *err);
/* The levels that are taken where none was given. Of a workload with tasks. */
void submission_complete(struct levels *levels);

/* What follows of the levels `at` for a cell: static has neither chunk nor transport, and only map
 * has chunks; they are emptied in `level`. False: another cell is the same already. */
bool submission_take(const struct levels *given, const uint32_t at[FACTOR_COUNT],
                     char level[FACTOR_COUNT][LEVEL_BYTES], uint32_t workers);
/* A pool needs workers that run beside their parent, and not too many of them: -EOPNOTSUPP. */
int submission_check_cell(const struct cell *cell, struct mproc_err *err);

/* The cell's way, as the host is asked for it. */
void submission_ask(const struct cell *cell, struct trial_request *request);

#endif
