/* What the files of event resolution share. */
#ifndef COUNT_EVENT_INTERNAL_H
#define COUNT_EVENT_INTERNAL_H

#include "model/counter.h"
#include <mproc/err.h>
#include <stdbool.h>
#include <stddef.h>

/* What an event would need to be counted, for the sentence about why it is not. */
struct event_need {
        bool hardware; /* a CPU's own counter */
        int paranoid;  /* highest perf_event_paranoid that lets anybody count it */
};

/* Status of a failed perf_event_open or read; `error` is a negative errno. Pure. */
enum counter_status event_errno_status(int error);

/* The same on this machine, with the reason and its remedy. */
enum counter_status event_explain_errno(int error, const struct event_need *need, char *reason,
                                        size_t size);

/* kernel.perf_event_paranoid; INT_MIN: not known. */
int event_paranoid(void);

/* Whether the kernel drives a PMU of this CPU. */
bool event_has_cpu_pmu(void);

/* -EINVAL with a sentence for a name that libpfm4 refused with `code`: the nearest name, or the
 * unit masks that it wants. */
int event_explain_unknown(const char *name, int code, struct mproc_err *err);

#endif
