/* Metrics derived from counters: one table. Pure. */
#ifndef COUNT_METRIC_TABLE_H
#define COUNT_METRIC_TABLE_H

#include "model/cell.h"

/* Fills cell->counters from `trials`, those of the cell that count: each event summed over the
 * workers, the median over trials; then the derived ones: the table's ratios (instructions/cycle)
 * where both events were asked for, and every counted event per operation ("cycles/op"). A trial in
 * which a worker could not count an event is left out of that event (`n` says how many are in), not
 * summed up short. A ratio exists only where its events were counted; else it has their status and
 * reason. "cycles:u" stands for cycles in a ratio when both events have the same modifiers. */
void metric_summarise(const struct counter_spec *specs, size_t spec_count,
                      const struct trial *const *trials, size_t trial_count, struct cell *cell);

#endif
