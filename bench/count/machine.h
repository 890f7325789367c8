/* The machine beside its topology: limits, frequency policy, virtualization. Driver only; reads
 * files, changes nothing. */
#ifndef COUNT_MACHINE_H
#define COUNT_MACHINE_H

#include "model/environment.h"

/* Fills every field of `environment` that topology_describe and the counters do not. What cannot be
 * read stays "not known". */
void machine_describe(struct environment *environment);

/* One finding of `mpbench doctor`. */
enum finding_level { FINDING_GOOD, FINDING_NOTE, FINDING_WARNING };
struct finding {
        uint32_t level;
        char what[64];    /* "hardware counters" */
        char state[192];  /* "not there: this virtual machine has no PMU" */
        char remedy[256]; /* what would change it; empty: nothing to do */
};

/* What this machine can measure and what would make it quieter. Watches other processes for 0.2 s.
 * `environment` holds the default events, resolved, else counters are "not looked at". Returns the
 * number written, at most `room`; 32 is enough. */
size_t machine_findings(const struct environment *environment, struct finding *ret, size_t room);

#endif
