/* From the command of a plan to the book that hosts and workers read (model/book.h). Driver
 * only. */
#ifndef RUN_BOOK_MAKE_H
#define RUN_BOOK_MAKE_H

#include "model/plan.h"
#include <mproc/err.h>

/* Do the plan's commands, input and workload fit together, and are its programs there? -EINVAL: the
 * plan contradicts itself; -ENOENT, -EACCES: a program. */
int book_make_check(const struct plan *plan, struct mproc_err *err);

/* A new memfd with the book of one of the plan's commands, or a negative errno; the caller closes
 * it. `input_fd`: the lines (run/task_lines.h), plan->input_lines of them. */
int book_make(const struct plan *plan, const struct plan_variant *variant, int input_fd,
              struct mproc_err *err);

#endif
