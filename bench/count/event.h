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
 * kernel, ":uk" both), or by its code as perf writes raw events ("r11a"), and opens it once on this
 * process. A name that libpfm4 does not know is -EINVAL with the nearest one. An event that this
 * machine cannot count, or may not, is no failure: spec->status and spec->reason say so (ENOENT,
 * ENODEV, EACCES, EPERM, ENOSYS and seccomp told apart, each with its remedy; so are events that
 * count for whole CPUs). Where the kernel allows user mode alone, that is what is counted:
 * spec->name gets ":u", as perf(1) shows it, and spec->reason says why; an event that would then
 * stay zero (context-switches) is denied instead. The attr is disabled, and reads value, time
 * enabled, time running. */
int event_resolve(const char *name, struct counter_spec *spec, struct mproc_err *err);

/* Resolves what users ask for, and sorts it into groups. `asked` holds names of events, "default"
 * (the default set), and groups as perf writes them: "{cycles,instructions}", modifiers behind the
 * brace being those of every member ("{cycles,instructions}:u"). `specs` has room for COUNTERS_MAX;
 * an event that is named again is there once.
 *
 * Grouped are the events of one "{…}", and by themselves those that a derived metric divides by one
 * another (metric_table.h). A group is opened on this process and run, and what the PMU does not
 * count at once is split: in the order given, into groups as large as run; spec->reason of the
 * first event that was split off says with which others it could not be counted, and why.
 *
 * -EINVAL: as event_resolve; a group without an end or a member, an event in two of them, or more
 * than COUNTERS_MAX events. `specs` and `ret_count` are untouched then. */
int event_resolve_list(const char *const *asked, size_t count, struct counter_spec *specs,
                       uint32_t *ret_count, struct mproc_err *err);

/* How many events the CPU's PMU counts at once, found by opening groups of cycles; 0: none, or
 * cycles may not be counted. Others that use the PMU make it fewer. */
uint32_t event_counters_at_once(void);

/* How long one turn is where there are more; 0: not known. */
uint32_t event_mux_interval_ms(void);

/* Status of one reading, and its value scaled to the enabled time (NaN unless counted or scaled).
 * `share` gets running ÷ enabled. Pure. */
enum counter_status event_reading_status(const struct counter_spec *spec,
                                         const struct counter_reading *reading, double *value,
                                         double *share);

/* How far multiplexing can put the scaled value of one reading off, relative to it; 0 when it was
 * not multiplexed, NaN when the rotation is not known.
 *
 * The kernel lets multiplexed events take turns: after each interval (perf_event_mux_interval_ms in
 * /sys/bus/event_source/devices/PMU) the first of them, a group or a single one, goes to the end of
 * the queue. After a rotation C, which is as many intervals as there are groups and single events,
 * each has been on the PMU for the same share s of it. Scaling, value × enabled ÷ running
 * (perf_event_open(2), on reading), supposes that every part of the time was seen for that share.
 * Over whole rotations it was. What remains is shorter than C, and was seen for at most s (1 − s) C
 * more or less than its share, which is (1 − s) C ÷ enabled of the running time, s × enabled. So
 * the value is off by at most
 *
 *         (1 − s) × C ÷ enabled
 *
 * of itself, provided that nobody else uses the PMU, and that the event's rate is steady within a
 * rotation (it may differ from one to the next) and in the rest between none and twice the mean.
 * What is not steady enough for that varies with where turns happen to fall, and shows as spread
 * over trials. `tasks`: the processes that took turns of their own, each with its own rest; 1, or
 * more where counters are inherited. Pure. */
double event_reading_error(const struct counter_spec *spec, const struct counter_reading *reading,
                           uint64_t tasks);

#endif
