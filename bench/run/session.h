/* The driver's side of the hosts: starts them, asks for trials, survives their death. Driver's main
 * thread only. */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "model/plan.h"
#include <mproc/err.h>

#define HOST_PROGRAM "mpbench-host"
#define HOSTS_MAX 8
#define BALLAST_PARAM "parent_rss" /* a parameter of this name chooses the host */

/* Which host runs a trial: each pair of these has one of its own. */
struct session_choice {
        uint64_t ballast; /* bytes of touched memory beyond its own */
        uint32_t variant; /* index of session.variants */
};

/* What is special about the hosts of one variant. */
struct session_variant {
        char program[512]; /* path of the host */
        char plugin[512];  /* path of a shared object that it loads; empty: none */
        int book_fd;       /* what the workload `command` runs (model/book.h); −1: nothing */
};

struct session_host {
        struct session_choice choice;
        int pid; /* 0: not running */
        int socket;
};

struct session {
        struct session_variant variants[VARIANTS_MAX]; /* the first one: this build, as it is */
        struct session_host hosts[HOSTS_MAX];
        uint32_t host_count;
        int stop_fd; /* readable: the trial in hand is given up; −1: none */
};

/* Finds the host program: beside this one, or where it is installed. -ENOENT. From here on orphaned
 * descendants become children of this process. Every variant is this build's host with nothing
 * special, until the caller fills in more; a book_fd stays the caller's, and open. */
int session_init(struct session *session, int stop_fd, struct mproc_err *err);
/* Ends all hosts, and with them their teams. NULL and zeroed are fine. */
void session_done(struct session *session);

/* Starts the host of this choice if it does not run, so that the next trial does not wait for
 * it. */
int session_warm(struct session *session, const struct session_choice *choice,
                 struct mproc_err *err);

/* Runs one trial in the host of this choice. 0, also when the trial failed: outcome->status says
 * so (TRIAL_HOST_DIED, TRIAL_INTERRUPTED included). An error: no host can be started. */
int session_trial(struct session *session, const struct session_choice *choice,
                  const struct trial_request *request, const struct cpuset *cpus,
                  struct trial_outcome *outcome, struct worker_outcome *workers,
                  struct mproc_err *err);

/* Pids of running hosts, for the noise ledger; returns how many. */
size_t session_pids(const struct session *session, int pids[HOSTS_MAX]);

#endif
