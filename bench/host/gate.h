/* Where the workers of a team wait until all are ready, and start together. Lives in shared memory.
 *
 * Two steps. At the first each worker sleeps until the last one has arrived, so that nobody who is
 * early takes CPU time from the start of the others. Then all spin, for as long as it takes a woken
 * worker to run, and the last one opens: begins lie within a few cache-line transfers. A team that
 * is larger than its PUs cannot spin together and leaves from the first step. */
#ifndef HOST_GATE_H
#define HOST_GATE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum gate_state {
        GATE_CLOSED,
        GATE_ALL_ARRIVED,
        GATE_ABANDONED, /* nobody passes any more */
};

struct gate {
        alignas(128) _Atomic uint32_t arrived;   /* workers at the first step */
        alignas(128) _Atomic uint32_t state;     /* futex: enum gate_state */
        alignas(128) _Atomic uint32_t spinning;  /* workers at the second step */
        alignas(128) _Atomic uint64_t opened_ns; /* 0: closed */
        uint32_t workers;
        uint32_t spin;      /* 1: the second step is taken */
        uint32_t with_host; /* 1: one of `workers` is the host */
};

/* `workers` to wait for; 1 lets each pass alone (methods that are not concurrent). `with_host`: the
 * host is one of them, and comes last. */
void gate_init(struct gate *gate, uint32_t workers, bool spin, bool with_host);

/* Worker: true when the gate is open, false when it was abandoned. */
bool gate_pass(struct gate *gate);

/* Host, where it is one of them: waits for all workers, then opens. False as above. */
bool gate_pass_last(struct gate *gate);

/* Host: sends those who wait away, and all who come later. For threads, which nobody can kill. */
void gate_abandon(struct gate *gate);

#endif
