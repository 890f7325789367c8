#include "model/plan.h"

void plan_init(struct plan *plan)
{
        *plan = (struct plan){
                .budget_ns = 10000000000,
                .threshold_ppm = 20000,
                .seed = 1,
                .timeout_ns = 10000000000,
                .counter_count = 1,
                .counters = {"default"},
                .start_strip = 1,
        };
}
