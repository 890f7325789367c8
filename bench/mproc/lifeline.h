/* The lifeline: processes die with the process that started them, however that ends.
 *
 * A process that starts others holds the only write end of a pipe; each of the others holds a read
 * end, as an open file description of its own, that has the kernel send it SIGKILL when the last
 * writer is gone (fcntl(2) F_SETSIG, O_ASYNC). Unlike PR_SET_PDEATHSIG it does not depend on
 * which thread started whom, and holds over a later exec of the same program.
 *
 * A raw clone(2) that bypasses pthread_atfork and does not exec shares the write end: as long as
 * such a copy of the parent lives, its workers do. */
#ifndef MPROC_LIFELINE_H
#define MPROC_LIFELINE_H

#include <mproc/err.h>

/* Parent: a read end for one process to come, in `*fd` (which a fork in another thread may look at
 * at any time: registry.h). */
int lifeline_lend(int *fd, struct mproc_err *err);

/* New process: ties itself to the lifeline in `fd`; does not return when the parent is gone. */
int lifeline_attach(int fd, struct mproc_err *err);

/* After fork, in the child, registry locked: lets go of the parent's ends. */
void lifeline_forget(void);

#endif
