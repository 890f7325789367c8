/* Parts of a plan from the text of an option. Only the form is checked here: whether levels and
 * workloads exist is known below (run_expand). -EINVAL. Driver only. */
#ifndef CLI_PLAN_TEXT_H
#define CLI_PLAN_TEXT_H

#include "model/plan.h"
#include <mpbench/option.h>
#include <mproc/err.h>

/* One more level of the factor `name`; one that is there already is not added. */
int plan_text_level(struct levels *levels, const char *name, const char *text, size_t bytes,
                    struct mproc_err *err);

/* "fork,spawn"; of workers also "1-8:x2". */
int plan_text_factor(struct plan *plan, enum factor factor, const struct mpb_option *option,
                     const char *text, struct mproc_err *err);

/* "counter,fileread"; a path is a plug-in's. */
int plan_text_workloads(struct plan *plan, const char *text, struct mproc_err *err);

/* "increments=1k,2k" */
int plan_text_param(struct plan *plan, const char *text, struct mproc_err *err);

#endif
