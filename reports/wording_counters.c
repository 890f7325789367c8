/* The part of wording.h that says what was not counted, and what is to be known of what was. */
#include "reports/wording.h"

#include <string.h>

struct told {
        const char *name, *reason;
        uint32_t status;
};

/* The event as a cell has it: one that counted it if there is any; NULL: no cell has it. */
static const struct cell_counter *find_counter(const struct result *result, const char *name)
{
        const struct cell_counter *found = NULL;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell_counter *counter = cell_find_counter(&result->cells[i], name);

                if (counter && counter_is_counted(counter->status))
                        return counter;
                found = counter ? counter : found;
        }
        return found;
}

static bool is_zero_throughout(const struct result *result, const char *name)
{
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell_counter *counter = cell_find_counter(&result->cells[i], name);

                if (counter && counter->value > 0)
                        return false;
        }
        return true;
}

static size_t find_told(const struct result *result, struct told *ret)
{
        const struct environment *machine = &result->environment;
        size_t count = 0, counting = 0;

        for (size_t i = 0; i < result->cell_count; i++)
                counting += result->cells[i].kind != MPB_LIFE_CYCLE;
        if (!counting)
                return 0; /* nothing was to be counted */
        for (uint32_t i = 0; i < machine->counter_count && i < COUNTERS_MAX; i++) {
                const struct counter_spec *spec = &machine->counters[i];
                const struct cell_counter *counter = find_counter(result, spec->name);
                struct told *told = &ret[count];

                *told = (struct told){spec->name, spec->reason, spec->status};
                if (counter_is_counted(spec->status) && !counter)
                        told->status = COUNTER_NOT_COUNTED;
                if (counter_is_counted(spec->status) && counter) {
                        told->status = counter_is_counted(counter->status) ? COUNTER_COUNTED
                                                                           : counter->status;
                        if (!counter_is_counted(counter->status) ||
                            is_zero_throughout(result, spec->name))
                                told->reason = counter->reason;
                }
                count += told->status != COUNTER_COUNTED || *told->reason;
        }
        return count;
}

static bool same_fate(const struct told *a, const struct told *b)
{
        return a->status == b->status && !strcmp(a->reason, b->reason);
}

char *wording_counter(const struct result *result, size_t index, char *buf, size_t size)
{
        struct told told[COUNTERS_MAX];
        size_t count = find_told(result, told), first;
        bool missing;

        *buf = '\0';
        for (first = 0; first < count; first++) {
                bool seen = false;

                for (size_t i = 0; i < first && !seen; i++)
                        seen = same_fate(&told[i], &told[first]);
                if (!seen && !index--)
                        break;
        }
        if (first == count)
                return buf;
        missing = told[first].status != COUNTER_COUNTED;
        if (missing)
                page_append(buf, size, "No figure for ");
        for (size_t i = first; i < count; i++)
                if (same_fate(&told[i], &told[first]))
                        page_append(buf, size, "%s%s", i > first ? ", " : "", told[i].name);
        if (missing)
                page_append(buf, size, ": %s", counter_status_name(told[first].status));
        if (*told[first].reason)
                page_append(buf, size, missing ? " (%s)" : ": %s", told[first].reason);
        return buf;
}
