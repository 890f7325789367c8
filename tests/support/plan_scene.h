/* A plan and its result in each test: nothing is counted, and nothing stands beside what is asked
 * for. */
#ifndef SUPPORT_PLAN_SCENE_H
#define SUPPORT_PLAN_SCENE_H

#include "run/run.h"
#include "support/make_plan.h"

static struct plan plan;
static struct result result;

static inline int set_up(void **unused)
{
        (void)unused;
        plan_init(&plan);
        result_init(&result);
        plan.counters_off = 1;
        plan.start_strip = 0;
        return 0;
}

static inline int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

#endif
