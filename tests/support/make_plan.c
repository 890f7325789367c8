#include "support/make_plan.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void need_room(uint32_t count, uint32_t max)
{
        if (count >= max)
                abort();
}

void make_plan_workload(struct plan *plan, const char *name)
{
        need_room(plan->workload_count, WORKLOADS_MAX);
        text_copy(plan->workloads[plan->workload_count++], NAME_MAX_BYTES, name);
}

void make_plan_levels(struct plan *plan, enum factor factor, const char *names)
{
        struct levels *levels = &plan->levels[factor];

        for (size_t bytes; *names; names += bytes + (names[bytes] == ',')) {
                bytes = strcspn(names, ",");
                need_room(levels->count, LEVELS_MAX);
                need_room((uint32_t)bytes, LEVEL_BYTES);
                text_copy(levels->name[levels->count++], bytes + 1, names);
        }
}

void make_plan_param(struct plan *plan, const char *key, const char *text)
{
        struct plan_param *param = &plan->params[plan->param_count];

        need_room(plan->param_count++, MPB_PARAMS_MAX);
        text_copy(param->key, sizeof(param->key), key);
        text_copy(param->text, sizeof(param->text), text);
}
