/* What mproc knows of this process as a whole: how far its start got, the processes that it
 * started, and the one lock over these, over shared memory, connections and the lifeline.
 *
 * The lock is held only for moments, never across a wait, and no thread is cancelled under it.
 * Descriptors that mproc makes are created and noted down under it, so that a fork in another
 * thread either sees none or knows them all: the child closes what is its parent's
 * (pthread_atfork(3), so for foreign code's fork() too). */
#ifndef MPROC_REGISTRY_H
#define MPROC_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mproc_process;

enum registry_phase {
        REGISTRY_FOREIGN, /* mproc_init has not been called */
        REGISTRY_BOOTING, /* started by mproc, its target does not run yet */
        REGISTRY_READY,
};

void registry_lock(void);
void registry_unlock(void);

enum registry_phase registry_phase(void);
void registry_set_phase(enum registry_phase phase);

void registry_add(struct mproc_process *process);
void registry_remove(struct mproc_process *process);
/* Was it this very process that started `process`, rather than one from which it was forked? */
bool registry_owns(const struct mproc_process *process);
/* A number that changes in a forked child: tells what was made here from what was inherited. */
uint64_t registry_generation(void);

/* fork(2), whose child keeps the control block and lifeline of `mine`, and what it hands over. */
pid_t registry_fork(struct mproc_process *mine);

#endif
