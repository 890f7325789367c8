/* Plans written in a few words, for tests. What does not fit ends the test program. */
#ifndef SUPPORT_MAKE_PLAN_H
#define SUPPORT_MAKE_PLAN_H

#include "model/plan.h"

void make_plan_workload(struct plan *plan, const char *name);
/* `names` with commas between. */
void make_plan_levels(struct plan *plan, enum factor factor, const char *names);
void make_plan_param(struct plan *plan, const char *key, const char *text);

#endif
