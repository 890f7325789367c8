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

struct gate {
        alignas(128) _Atomic uint32_t arrived;   /* workers at the first step */
        alignas(128) _Atomic uint32_t woken;     /* futex: 1 when all have arrived */
        alignas(128) _Atomic uint32_t spinning;  /* workers at the second step */
        alignas(128) _Atomic uint64_t opened_ns; /* 0: closed */
        uint32_t workers;
        uint32_t spin; /* 1: the second step is taken */
};

/* `workers` to wait for; 1 lets each pass alone (methods that are not concurrent). */
void gate_init(struct gate *gate, uint32_t workers, bool spin);

/* Worker: returns when the gate is open. The host kills those who wait when one of them dies. */
void gate_pass(struct gate *gate);

#endif
