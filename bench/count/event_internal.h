/* What the files of event resolution share. */
#ifndef COUNT_EVENT_INTERNAL_H
#define COUNT_EVENT_INTERNAL_H

#include "model/counter.h"
#include <linux/perf_event.h>
#include <mproc/err.h>
#include <stdbool.h>
#include <stddef.h>

/* What an event would need to be counted, for the sentence about why it is not. */
struct event_need {
        bool hardware; /* a CPU's own counter */
        uint32_t type; /* as in its attr: the PMU */
        int paranoid;  /* highest perf_event_paranoid that lets anybody count it */
};

/* Status of a failed perf_event_open or read; `error` is a negative errno. Pure. */
enum counter_status event_errno_status(int error);

/* The same on this machine, with the reason and its remedy. */
enum counter_status event_explain_errno(int error, const struct event_need *need, char *reason,
                                        size_t size);

/* kernel.perf_event_paranoid; INT_MIN: not known. */
int event_paranoid(void);

#define EVENT_TRY_MAX 32

/* Opens `count` events, at most EVENT_TRY_MAX, as one group on this process and lets them run for a
 * moment. 0: all of them ran; -EBUSY: they opened, yet one never ran; -EIO: one could not be read;
 * else the error of the first that did not open. */
int event_try(const struct perf_event_attr *const *attrs, size_t count);

/* Whether the kernel drives a PMU of this CPU. */
bool event_has_cpu_pmu(void);
/* The PMU behind attr.type, as /sys/bus/event_source/devices calls it, and the CPU's own for
 * generic and raw events; "" not known. */
void event_pmu_name(uint32_t type, char *buf, size_t size);
/* Does it count for whole CPUs only, whatever runs there? */
bool event_pmu_is_cpu_wide(uint32_t type);
/* How long a turn of its multiplexed events is; 0: software, which needs none, or not known. */
uint32_t event_pmu_mux_interval_ms(uint32_t type);

/* -EINVAL with a sentence for a name that libpfm4 refused with `code`: the nearest name, or the
 * unit masks that it wants. */
int event_explain_unknown(const char *name, int code, struct mproc_err *err);

#endif
