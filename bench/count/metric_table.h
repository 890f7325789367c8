/* Metrics derived from counters: one table. Pure. */
#ifndef COUNT_METRIC_TABLE_H
#define COUNT_METRIC_TABLE_H

#include "model/cell.h"

#include <stdbool.h>
#include <stddef.h>

/* Fills cell->counters from `trials`, those of the cell that count:
 *
 * - each event, summed over the workers, the median over trials;
 * - the ratios of the table, where both of their events were asked for: instructions/cycle, misses
 *   per access, GHz (cycles ÷ task-clock), and "CPUs used": task-clock ÷ makespan, which both span
 *   the whole of the work;
 * - every counted event per operation ("cycles/op") and, where cell->bytes_per_op says how many an
 *   operation handles, per byte ("cycles/byte");
 * - what workers know without any counter (rusage, schedstat, TSC), per operation.
 *
 * A trial in which a worker could not count an event is left out of that event (`n` says how many
 * are in), not summed up short. What is derived exists only where its events were counted; else it
 * has their status and reason. "cycles:u" stands for cycles in a ratio when both events have the
 * same modifiers.
 *
 * `error` of each is h + e. h: half the width of the 95 % interval of the median over trials (of
 * the value per operation, as trials may differ in length), relative to the median: the spread of
 * the work, and of what multiplexing happened to see. e: what multiplexing alone can do to every
 * trial alike, the largest event_reading_error of a worker; 0 where nothing was multiplexed. For a
 * ratio, e is that of the one group which its events were in, else the sum of both. NaN: fewer
 * trials than an interval needs, or e is not known.
 *
 * When memory is out the cell has no counters at all: the rest of the result is worth keeping. */
void metric_summarise(const struct counter_spec *specs, size_t spec_count,
                      const struct trial *const *trials, size_t trial_count, struct cell *cell);

/* The two events that the table's ratio number `index` divides and that are best counted together,
 * as indices into `specs`; both are `count` when one was not asked for. false: past the last. */
bool metric_pair_at(size_t index, const struct counter_spec *specs, size_t count, size_t *above,
                    size_t *below);

#endif
