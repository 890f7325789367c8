#include "model/plan.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
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

bool plan_is_ab(const struct plan *plan)
{
        return plan->variant_count == 2;
}

bool plan_asks_for(const struct plan *plan, const char *workload)
{
        for (uint32_t i = 0; i < plan->workload_count; i++)
                if (!strcmp(plan->workloads[i], workload))
                        return true;
        return false;
}

static size_t put(char *buf, size_t size, size_t used, const char *text, size_t length)
{
        if (used < size)
                snprintf(buf + used, size - used, "%.*s", (int)length, text);
        return used + length;
}

char *plan_variant_words(const struct plan_variant *variant, char *buf, size_t size)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "{}%+,-./:=@_^";
        const char *word = variant->arguments;
        size_t used = 0;

        if (size)
                *buf = '\0';
        for (uint32_t i = 0; i < variant->argument_count; i++) {
                bool is_plain = *word && !word[strspn(word, plain)];

                used = put(buf, size, used, " ", i ? 1 : 0);
                used = put(buf, size, used, "'", is_plain ? 0 : 1);
                for (; *word; word++)
                        used = *word == '\'' ? put(buf, size, used, "'\\''", 4)
                                             : put(buf, size, used, word, 1);
                used = put(buf, size, used, "'", is_plain ? 0 : 1);
                word++;
        }
        return buf;
}
