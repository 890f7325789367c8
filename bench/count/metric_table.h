/* Metrics derived from counters: one table. Pure. */
#ifndef COUNT_METRIC_TABLE_H
#define COUNT_METRIC_TABLE_H

#include "model/cell.h"

/* Fills cell->counters from the trials of that cell (those not disturbed): each event summed over
 * workers, the median over trials; then the derived: instructions/cycle, and every counted event
 * per operation. A derived value exists only where its counters were counted; else it has their
 * status and reason. */
void metric_summarise(const struct counter_spec *specs, size_t spec_count,
                      const struct trial *const *trials, size_t trial_count, struct cell *cell);

#endif
