/* What the files of derived metrics share. */
#ifndef COUNT_METRIC_INTERNAL_H
#define COUNT_METRIC_INTERNAL_H

#include "count/metric_table.h"

/* The trials of one cell, and room for a figure of each. */
struct metric_sample {
        const struct trial *const *trials;
        size_t count;
        uint64_t tasks_per_op; /* processes that an operation starts; 0: workers do it themselves */
        double *scratch;
};

/* An event over the trials. */
struct metric_event {
        double *sums; /* of each trial, over its workers; NaN where one did not count it */
        double edge;  /* the largest event_reading_error; NaN: not known */
};

/* Fills `counter`, which is the event's own, and `event`. */
void metric_count_event(const struct counter_spec *spec, size_t index,
                        const struct metric_sample *sample, struct metric_event *event,
                        struct cell_counter *counter);

/* The median of `n` values, and half the width of its interval relative to it. */
double metric_median(const double *values, size_t n, double *spread);

/* NaN, which is not known, is larger than all. */
double metric_larger(double a, double b);

/* Adds what workers know of themselves without any counter. */
void metric_add_usage(const struct metric_sample *sample, struct cell *cell);

#endif
