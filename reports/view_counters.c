/* The table of counters: what there is to show per operation, and shares. */
#include "base/units.h"
#include "reports/view.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SHOWN_MAX 40

static bool is_counted(const struct cell_counter *counter)
{
        return counter_is_counted(counter->status) && isfinite(counter->value);
}

static bool ends_with(const char *name, const char *end)
{
        size_t length = strlen(name), end_length = strlen(end);

        return length > end_length && !strcmp(name + length - end_length, end);
}

/* Is "cycles/op", "cycles:u/op" … counted in some cell? */
static bool counted_per_op(const struct view_section *section, const char *event)
{
        size_t length = strlen(event);

        for (size_t i = 0; i < section->row_count; i++)
                for (uint32_t j = 0; j < section->rows[i].cell->counter_count; j++) {
                        const struct cell_counter *counter = &section->rows[i].cell->counters[j];

                        if (!strncmp(counter->name, event, length) &&
                            strchr(":/", counter->name[length]) &&
                            ends_with(counter->name, "/op") && is_counted(counter))
                                return true;
                }
        return false;
}

/* What depends on how long a trial was is left to report.json, as is what another figure says
 * better. */
static bool is_shown(const struct view_section *section, const char *name)
{
        static const struct {
                const char *name, *better;
        } others[] = {{"rusage-switches/op", "context-switches"},
                      {"rusage-faults/op", "page-faults"},
                      {"tsc-ticks/op", "cycles"},
                      {"tsc-ticks/op", "task-clock"}};
        bool better = false;
        const struct environment *machine = &section->result->environment;

        for (uint32_t i = 0; i < machine->counter_count && i < COUNTERS_MAX; i++)
                if (!strcmp(machine->counters[i].name, name))
                        return false;
        for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
                better |=
                        !strcmp(name, others[i].name) && counted_per_op(section, others[i].better);
        return !better && (!ends_with(name, "/byte") || !strcmp(name, "cycles/byte") ||
                           !strcmp(name, "instructions/byte") || !strcmp(name, "task-clock/byte"));
}

static size_t counted_names(const struct view_section *section, const char **names)
{
        size_t count = 0;

        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;

                if (cell->status != CELL_MEASURED)
                        continue;
                for (uint32_t j = 0; j < cell->counter_count && j < CELL_COUNTERS_MAX; j++) {
                        const struct cell_counter *counter = &cell->counters[j];
                        bool known = !is_shown(section, counter->name) || !is_counted(counter);

                        for (size_t k = 0; k < count && !known; k++)
                                known = !strcmp(names[k], counter->name);
                        if (!known && count < SHOWN_MAX)
                                names[count++] = counter->name;
                }
        }
        return count;
}

/* What was too short for a rate, or wrong, has no price per operation either. */
static bool has_any(const struct cell *cell, const char **names, size_t count)
{
        if (cell->status != CELL_MEASURED)
                return false;
        for (size_t i = 0; i < count; i++) {
                const struct cell_counter *counter = cell_find_counter(cell, names[i]);

                if (counter && is_counted(counter))
                        return true;
        }
        return false;
}

/* Misses of accesses, stalled cycles of cycles, a kind of time of all time. */
static bool is_share(const char *name)
{
        return !strcmp(name, "kernel share") || !strcmp(name, "run-queue wait") ||
               ((strstr(name, "-misses/") || strstr(name, "stalled-")) && !ends_with(name, "/op") &&
                !ends_with(name, "/byte"));
}

static void set_counter(const struct cell_counter *counter, char *text)
{
        char value[32];

        if (!counter || !is_counted(counter)) {
                snprintf(text, GRID_TEXT_BYTES, "–");
                return;
        }
        if (is_share(counter->name))
                snprintf(value, sizeof(value), "%.3g %%", 100 * counter->value);
        else if (!strncmp(counter->name, "task-clock/", 11))
                units_format_duration(counter->value, value, sizeof(value));
        else if (counter->value >= 1000)
                units_format_count(counter->value, value, sizeof(value));
        else
                snprintf(value, sizeof(value), "%.3g", counter->value);
        snprintf(text, GRID_TEXT_BYTES, "%s%s", counter->status == COUNTER_SCALED ? "~" : "",
                 value);
}

/* In every row that has counters. */
static bool is_zero(const struct view_section *section, const char *name, const char **names,
                    size_t count)
{
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                const struct cell_counter *counter = cell_find_counter(cell, name);

                if (has_any(cell, names, count) &&
                    (!counter || !is_counted(counter) || counter->value != 0))
                        return false;
        }
        return true;
}

/* Short, so that what a machine without a PMU has to say fits into the width of a terminal. */
static void append_head(const char *name, char *text, size_t size)
{
        static const char *const heads[][2] = {
                {"CPUs used", "CPUs"},
                {"context-switches/op", "switches"},
                {"rusage-switches/op", "switches"},
                {"cpu-migrations/op", "migrations"},
                {"page-faults/op", "faults"},
                {"rusage-faults/op", "faults"},
                {"tsc-ticks/op", "TSC ticks"},
                {"kernel share", "in kernel"},
                {"run-queue wait", "queued"},
        };

        for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
                if (!strcmp(name, heads[i][0])) {
                        page_append(text, size, "%s", heads[i][1]);
                        return;
                }
        page_append(text, size, "%.*s", (int)strlen(name) - (ends_with(name, "/op") ? 3 : 0), name);
}

char *view_zero_counters(const struct view_section *section, char *buf, size_t size)
{
        const char *names[SHOWN_MAX];
        size_t count = counted_names(section, names);

        *buf = '\0';
        for (size_t i = 0; i < count; i++)
                if (is_zero(section, names[i], names, count)) {
                        page_append(buf, size, "%s", *buf ? ", " : "0 throughout: ");
                        append_head(names[i], buf, size);
                }
        return buf;
}

char *view_scaled_counters(const struct view_section *section, char *buf, size_t size)
{
        const char *names[SHOWN_MAX];
        size_t count = counted_names(section, names), scaled = 0;
        double least = 1, most = 0, error = 0;

        *buf = '\0';
        for (size_t i = 0; i < section->row_count; i++)
                for (size_t j = 0; j < count; j++) {
                        const struct cell_counter *counter =
                                cell_find_counter(section->rows[i].cell, names[j]);

                        if (!counter || !is_counted(counter) || counter->status != COUNTER_SCALED)
                                continue;
                        scaled++;
                        least = fmin(least, counter->running_share);
                        most = fmax(most, counter->running_share);
                        error = isnan(counter->error) || counter->error > error ? counter->error
                                                                                : error;
                }
        if (!scaled)
                return buf;
        page_append(buf, size, "~ scaled from %.0f", 100 * least);
        if (round(100 * least) < round(100 * most))
                page_append(buf, size, "–%.0f", 100 * most);
        page_append(buf, size, " %% of the time, as counters took turns");
        if (isfinite(error))
                page_append(buf, size, "; ± %.2g %%%s", 100 * error, scaled > 1 ? " or less" : "");
        else
                page_append(buf, size, "; how exact that is, is not known");
        return buf;
}

int view_counters(const struct view_section *section, struct grid *ret)
{
        const char *all[SHOWN_MAX], *names[SHOWN_MAX];
        size_t all_count = counted_names(section, all), count = 0;

        for (int per_op = 0; per_op < 2; per_op++)
                for (size_t i = 0; i < all_count; i++)
                        if (ends_with(all[i], "/op") == per_op &&
                            !is_zero(section, all[i], all, all_count))
                                names[count++] = all[i];
        if (grid_begin(ret, NULL, 1 + count, section->row_count))
                return -ENOMEM;
        /* On the screen they stand below all workloads. */
        snprintf(grid_at(ret, 0, 0), GRID_TEXT_BYTES, "Counters%s%s",
                 section->result->plan.workload_count > 1 ? " of " : "",
                 section->result->plan.workload_count > 1 ? section->workload : "");
        for (size_t i = 0; i < count; i++) {
                /* Of all columns from there on. */
                if (ends_with(names[i], "/op") && (!i || !ends_with(names[i - 1], "/op")))
                        page_append(grid_at(ret, 0, 1 + i), GRID_TEXT_BYTES, "per %s: ",
                                    section->rows[0].cell->run.time_ns.n ? "run" : "op");
                append_head(names[i], grid_at(ret, 0, 1 + i), GRID_TEXT_BYTES);
        }
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                size_t row;

                if (!has_any(cell, names, count))
                        continue;
                row = grid_add(ret);
                view_name_row(&section->rows[i], grid_at(ret, row, 0));
                for (size_t j = 0; j < count; j++)
                        set_counter(cell_find_counter(cell, names[j]), grid_at(ret, row, 1 + j));
        }
        return 0;
}
