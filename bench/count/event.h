/* Events by name: what libpfm4 makes of them, and whether this machine counts them. The only user
 * of libpfm4. Driver only. */
#ifndef COUNT_EVENT_H
#define COUNT_EVENT_H

#include "model/counter.h"
#include <mproc/err.h>
#include <stddef.h>

/* Names of the default set: cycles, instructions, branch-misses, cache-misses, task-clock,
 * context-switches, cpu-migrations, page-faults. NULL past the end. */
const char *event_default_at(size_t index);

/* Fills `spec` for an event by perf's or libpfm4's name, with modifiers (":u" user mode, ":k"
 * kernel), and opens it once on this process. A name that libpfm4 does not know is -EINVAL with the
 * nearest one. An event that this machine cannot count, or may not, is no failure: spec->status and
 * spec->reason say so (ENOENT, ENODEV, EACCES, EPERM, ENOSYS and seccomp told apart, each with its
 * remedy). Where the kernel allows user mode alone, that is what is counted: spec->name gets ":u",
 * as perf(1) shows it, and spec->reason says why; an event that would then stay zero
 * (context-switches) is denied instead. The attr is disabled, and reads value, time enabled, time
 * running. */
int event_resolve(const char *name, struct counter_spec *spec, struct mproc_err *err);

/* Status of one reading, and its value scaled to the enabled time (NaN unless counted or scaled).
 * `share` gets running ÷ enabled. Pure. */
enum counter_status event_reading_status(const struct counter_spec *spec,
                                         const struct counter_reading *reading, double *value,
                                         double *share);

#endif
