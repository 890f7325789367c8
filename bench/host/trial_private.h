/* A trial under way, as the files trial_*.c of the host share it. Host only. */
#ifndef HOST_TRIAL_PRIVATE_H
#define HOST_TRIAL_PRIVATE_H

#include "host/team.h"
#include <poll.h>

struct run {
        const struct mpb_workload *workload;
        const struct mpb_strategy *strategy;
        const struct trial_request *request;
        struct trial_outcome *outcome;
        struct mproc_shm *shm;
        struct team *team;
        uint64_t called_ns, joined_ns, deadline_ns;
        uint64_t collected_ns; /* through a pool: the parent had all results */
        int driver_fd;
        atomic_flag abandoned;
        bool concurrent, own_process;

        /* Of trial_team. */
        struct mproc_process **processes;
        struct pollfd *fds; /* one per worker, and the driver's last */
        uint32_t started;
};

/* The trial has failed, and how; always -ECANCELED. */
int trial_fail(struct run *run, enum trial_status status, const char *text);
/* The time is up; `left` of all workers are not done. */
int trial_fail_late(struct run *run, uint32_t left);

/* Workers that are started each for itself (trial_team.c): from the first start to the last end. 0,
 * or trial_fail()'s. */
int trial_team(struct run *run, struct worker_outcome *workers);
/* Joins what is left, by force where it still runs, and reads the steps of each start. */
void trial_team_stop(struct run *run, struct worker_outcome *workers);

/* Workers of a pool, to which tasks are submitted (trial_pool.c): up to the end of the join. 0, or
 * trial_fail()'s; nothing of the pool is left in either case. Of `workers` it fills the exit. */
int trial_pool(struct run *run, struct worker_outcome *workers);

/* Ends whatever a worker waits for or goes on with; once. */
void trial_abandon(struct run *run);

/* Times of the whole team from those of its workers. */
void trial_sum(struct run *run, const struct worker_outcome *workers);

#endif
