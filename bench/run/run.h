/* From plan to result. Driver only. Nothing here prints; progress is told to a callback. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "model/plan.h"
#include "model/result.h"
#include <mproc/err.h>
#include <stdbool.h>

struct run_progress {
        const char *stage; /* "calibrating", "sustaining", "measuring" */
        const char *cell;  /* label of what runs now */
        uint32_t round, rounds;
        uint64_t elapsed_ns, left_ns;
};

struct run_hooks {
        void (*progress)(const struct run_progress *progress,
                         void *context); /* between trials; NULL: none */
        const volatile bool *
                stop; /* set by a signal handler: the run ends after the trial in hand is aborted */
        int input_fd; /* lines that a command gets, one a task: a memfd; 0 or less: none */
        int stop_fd;  /* becomes readable when `stop` is set, to wake a wait; −1: none */
        void *context;
};

/* What the plan comes to, before anything is started: cells with their skip reasons, environment,
 * rounds and expected duration. -EINVAL: the plan is wrong, and err says how. `result` is
 * initialised by the caller. */
int run_expand(const struct plan *plan, struct result *result, struct mproc_err *err);

/* Expected duration of the whole run, ns; 0: not known, since nothing is known of a command that
 * has not run. */
uint64_t run_expected_ns(const struct result *result);

/* Measures what run_expand laid out. 0: done (interrupted too, see result->end). Failures of single
 * cells are in their cells; an error here means that nothing could be measured. */
int run_measure(struct result *result, const struct run_hooks *hooks, struct mproc_err *err);

#endif
