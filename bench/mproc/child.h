/* The new process's side: from its first instruction to its target's, and mproc_self_*. */
#ifndef MPROC_CHILD_H
#define MPROC_CHILD_H

#include "mproc/ctl.h"
#include <signal.h>
#include <sys/types.h>

/* The control block that the calling thread works under; NULL in the program proper. */
struct ctl *child_ctl(void);

/* Where the number of the calling target's descriptor `index` stands; NULL: it was handed none. */
int *child_fd(size_t index);
/* After fork, in the child: closes the ends of pipes that its parent was handed and has not taken,
 * save what `mine` (may be NULL) hands over. */
void child_forget_ends(const struct ctl *mine);

/* After fork: no signal blocked, none handled by what was the parent's. Fault handlers (SIGSEGV …)
 * stay, since sanitizers live by them. */
void child_reset_signals(void);
/* Signals that, when ignored, somebody ignores for a whole job (nohup, a shell): left as they are.
 * 0 ends the list. */
extern const int child_job_signals[];

/* Forked from the parent: memory and descriptors are there already. */
_Noreturn void child_run_forked(struct ctl *ctl, int lifeline_fd, callable_target *target,
                                uint64_t first_ns);
/* In a new image, or forked from the fork server: maps, finds, runs. */
_Noreturn void child_run_fresh(struct ctl *ctl, int ctl_fd);
/* In the caller's process, as a thread or a call, with ctl->fd_count `fds`; returns the exit code.
 */
int child_run_inside(struct ctl *ctl, int *fds, callable_target *target);

/* Waits until a thread has said its id. */
pid_t child_await_tid(struct ctl *ctl);

#endif
