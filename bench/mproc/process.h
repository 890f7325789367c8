/* One started process, as its parent knows it; mproc_process_* is implemented here. Parent only.
 *
 * A descriptor field is -1 while there is none, and is set under the registry's lock. */
#ifndef MPROC_PROCESS_H
#define MPROC_PROCESS_H

#include "mproc/ctl.h"
#include "mproc/start.h"
#include <mproc/mproc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct fork_server;

struct mproc_process {
        LIST_ENTRY(mproc_process) entry; /* registry.c */
        uint64_t generation;             /* registry_owns */
        const struct mproc_start_method *method;
        callable_target *target;
        struct ctl *ctl; /* NULL in a process that inherited this object by fork */
        size_t ctl_size;
        uint64_t called_ns, returned_ns;

        int ctl_fd;      /* of a start by exec, until it is done */
        int lifeline_fd; /* the new process's, until it has started */
        int status_fd;   /* fork server's end of a status pipe, until it is handed over */
        int pidfd;       /* of an own process */
        int end_fd;      /* polls readable at its end; may be pidfd */
        pid_t pid;       /* 0 for a thread: ctl->tid */
        pthread_t thread;
        int fds[MPROC_FDS_MAX]; /* a thread's own copies, until it ends; -1: a connection's now */
        size_t fd_count;
        struct fork_server *server;
        bool orphaned; /* its fork server is gone, and its status with it */

        pthread_mutex_t lock; /* over what follows */
        bool over;
        struct mproc_status status;
};

/* An object with nothing in it, known to the registry; NULL: no memory. */
struct mproc_process *process_new(const struct mproc_start_method *method);

/* Notes down a child of this process: pid and pidfd. A failure has killed and reaped it. */
int process_adopt(struct mproc_process *process, pid_t pid, struct mproc_err *err);

/* reap for a child of this process. */
int process_reap_child(struct mproc_process *process, struct mproc_status *ret);
/* State and code from a status as wait(2) gives it. */
void process_decode(struct mproc_status *ret, int wait_status);

/* Closes `*fd` and sets it to -1. */
void process_close(int *fd);
/* Lets go of what only the new process needs. */
void process_close_handed_over(struct mproc_process *process);
/* After fork, in the child: the object is a stranger's here, save a thread's that has itself forked
 * and goes on. `mine`: of the process that mproc has forked, NULL if the fork was another's. */
void process_disown(struct mproc_process *process, const struct ctl *mine);

#endif
