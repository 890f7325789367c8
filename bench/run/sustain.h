/* Load before the first round. Driver's main thread only. */
#ifndef RUN_SUSTAIN_H
#define RUN_SUSTAIN_H

#include "run/measure.h"

/* Keeps the load of all cells on for as long as the plan says; its trials are discarded. */
int sustain_load(struct measurement *m, struct mproc_err *err);

#endif
