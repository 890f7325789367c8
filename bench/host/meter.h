/* What a worker reads about itself around its work: counters, rusage, run-queue wait, TSC; and what
 * memory processes take. Worker and host. */
#ifndef HOST_METER_H
#define HOST_METER_H

#include "model/trial.h"
#include <stdbool.h>

struct meter {
        int fds[COUNTERS_MAX];
        int errors[COUNTERS_MAX]; /* negative errno of the open; 0: open */
        int schedstat;            /* −1: not there, or it would tell of the worker alone */
        uint32_t count;
        bool children; /* work is done by child processes, too */
};

/* Opens the counters for the calling thread and everything else that reading needs; what cannot be
 * opened is noted, not an error. Counters run from here on: the difference of two readings is what
 * counts.
 *
 * `children`: what the thread starts from here on is counted, too (perf_event_open(2), `inherit`):
 * counters with all children, also those at work; times and faults with those that were waited for
 * (getrusage(2), RUSAGE_CHILDREN), of the whole process. */
void meter_open(struct meter *meter, const struct counter_spec *specs, uint32_t count,
                bool children);

struct meter_reading {
        struct counter_reading counters[COUNTERS_MAX];
        uint64_t user_ns, system_ns, minor_faults, major_faults, voluntary_switches,
                involuntary_switches, run_delay_ns, tsc_ticks;
        bool has_run_delay;
};

void meter_read(const struct meter *meter, struct meter_reading *ret);

/* after − before, into the outcome. */
void meter_difference(const struct meter *meter, const struct meter_reading *before,
                      const struct meter_reading *after, struct worker_outcome *outcome);

void meter_close(struct meter *meter);

/* Proportional set size of a process; 0: not known. */
uint64_t meter_pss_bytes(int pid);
/* Resident set size of the calling process; 0: not known. */
uint64_t meter_rss_bytes(void);

#endif
