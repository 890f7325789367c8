#include "model/plan.h"
#include "base/text.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

void plan_init(struct plan *plan)
{
        memset(plan, 0, sizeof(*plan));
        plan->budget_ns = 10 * NS_PER_S;
        plan->threshold_ppm = 20000;
        plan->seed = 1;
        plan->timeout_ns = 10 * NS_PER_S;
        plan->counter_count = 1;
        text_copy(plan->counters[0], sizeof(plan->counters[0]), "default");
        plan->start_strip = 1;
}
