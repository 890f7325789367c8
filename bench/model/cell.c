#include "base/units.h"
#include "model/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum cell_role cell_role(const struct cell *cell)
{
        const char *variant = cell->level[FACTOR_VARIANT];

        return !strcmp(variant, CONTROL_LEVEL)  ? CELL_CONTROL
               : !strcmp(variant, SLOWED_LEVEL) ? CELL_SLOWED
                                                : CELL_OF_PLAN;
}

bool cell_has_pool(const struct cell *cell)
{
        return *cell->level[FACTOR_TRANSPORT];
}

struct label {
        char *buf;
        size_t size, used;
};

/* Appends " · " and the text; cut at the end when the label is full. */
__attribute__((format(printf, 2, 3))) static void add(struct label *label, const char *format, ...)
{
        va_list args;
        int length;

        if (label->used && label->used < label->size)
                label->used += (size_t)snprintf(label->buf + label->used, label->size - label->used,
                                                " · ");
        if (label->used >= label->size)
                return;
        va_start(args, format);
        length = vsnprintf(label->buf + label->used, label->size - label->used, format, args);
        va_end(args);
        label->used += (size_t)length;
}

int cell_find_param(const struct cell *cell, const char *name)
{
        for (uint32_t i = 0; i < cell->param_count && i < MPB_PARAMS_MAX; i++)
                if (!strcmp(cell->param[i], name))
                        return (int)i;
        return -1;
}

static bool same_param(const struct cell *a, const struct cell *b, const char *name)
{
        int i = cell_find_param(a, name), j = cell_find_param(b, name);

        if (i < 0 || j < 0)
                return i == j;
        return a->is_auto[i] == b->is_auto[j] && (a->is_auto[i] || a->value[i] == b->value[j]);
}

bool cell_same_parameters(const struct cell *a, const struct cell *b)
{
        for (uint32_t i = 0; i < a->param_count; i++)
                if (!same_param(a, b, a->param[i]))
                        return false;
        return a->param_count == b->param_count;
}

bool cell_same_choice(const struct cell *a, const struct cell *b)
{
        for (int factor = 0; factor < FACTOR_COUNT; factor++)
                if (strcmp(a->level[factor], b->level[factor]))
                        return false;
        return !strcmp(a->workload, b->workload) && cell_same_parameters(a, b);
}

struct phase_shares cell_phase_shares(const struct cell *cell)
{
        const struct cell_phases *phases = &cell->phases;
        double sum = phases->work.median + phases->dispatch.median + phases->tail.median;
        double whole = sum > 0 ? sum : 1;

        return (struct phase_shares){.work = phases->work.median / whole,
                                     .dispatch = phases->dispatch.median / whole,
                                     .tail = phases->tail.median / whole};
}

const struct cell_counter *cell_find_counter(const struct cell *cell, const char *name)
{
        for (uint32_t i = 0; i < cell->counter_count && i < CELL_COUNTERS_MAX; i++)
                if (!strcmp(cell->counters[i].name, name))
                        return &cell->counters[i];
        return NULL;
}

/* What follows from another level, as that static has no chunk, tells nothing more: of these
 * factors cells that have none are passed by. */
static bool level_differs(const struct result *result, const struct cell *cell, enum factor factor)
{
        bool follows = factor == FACTOR_CHUNK || factor == FACTOR_TRANSPORT;

        for (size_t i = 0; i < result->cell_count; i++) {
                const char *level = result->cells[i].level[factor];

                if (!strcmp(result->cells[i].workload, cell->workload) &&
                    strcmp(level, cell->level[factor]) && (*level || !follows))
                        return true;
        }
        return false;
}

static bool param_differs(const struct result *result, const struct cell *cell, const char *name)
{
        for (size_t i = 0; i < result->cell_count; i++)
                if (!strcmp(result->cells[i].workload, cell->workload) &&
                    !same_param(&result->cells[i], cell, name))
                        return true;
        return false;
}

static void add_level(struct label *label, const struct cell *cell, enum factor factor)
{
        const char *level = cell->level[factor];

        if (!*level)
                return;
        if (factor == FACTOR_WORKERS)
                add(label, "%s %s", level, strcmp(level, "1") ? "workers" : "worker");
        else if (factor == FACTOR_CHUNK)
                add(label, "chunk %s", level);
        else
                add(label, "%s", level);
}

static void add_param(struct label *label, const struct cell *cell, uint32_t i)
{
        char value[48];

        if (cell->is_auto[i])
                snprintf(value, sizeof(value), "auto");
        else if (!strcmp(cell->param_unit[i], "bytes"))
                units_format_size((double)cell->value[i], value, sizeof(value));
        else if (!strcmp(cell->param_unit[i], "ns"))
                units_format_duration((double)cell->value[i], value, sizeof(value));
        else
                snprintf(value, sizeof(value), "%s", cell->value_text[i]);
        add(label, "%s %s", cell->param[i], value);
}

void cell_label(const struct result *result, const struct cell *cell, char *buf, size_t size)
{
        static const enum factor order[] = {FACTOR_VARIANT,   FACTOR_SHARE,   FACTOR_START,
                                            FACTOR_RUNTIME,   FACTOR_SUBMIT,  FACTOR_CHUNK,
                                            FACTOR_TRANSPORT, FACTOR_WORKERS, FACTOR_PLACE};
        struct label label = {.buf = buf, .size = size};

        if (!size)
                return;
        *buf = '\0';
        for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
                if (level_differs(result, cell, order[i]))
                        add_level(&label, cell, order[i]);
        for (uint32_t i = 0; i < cell->param_count; i++)
                if (param_differs(result, cell, cell->param[i]))
                        add_param(&label, cell, i);
        if (!label.used && *cell->level[FACTOR_SUBMIT]) /* tasks: nothing is shared */
                add_level(&label, cell, FACTOR_WORKERS);
        for (size_t i = 0; i < 3 && !label.used; i++)
                add_level(&label, cell, order[i]);
        if (!label.used)
                add(&label, "%s", cell->workload);
}
