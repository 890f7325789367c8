/* One trial in the host: a fresh team starts, works, stops, is verified. Host only. */
#ifndef HOST_TRIAL_RUN_H
#define HOST_TRIAL_RUN_H

#include "model/trial.h"

/* Runs what `request` asks for, with the workers bound to `cpus`. Fills `outcome` and `workers`
 * (request->workers of each); every failure is a status with its reason. `driver_fd`: when it
 * becomes readable or hangs up in mid-trial, the team is killed and the trial is TRIAL_INTERRUPTED.
 * `book_fd`: mpb_trial.book_fd. Nothing of the team is left afterwards. */
void trial_run(const struct trial_request *request, const struct cpuset *cpus, int driver_fd,
               int book_fd, struct trial_outcome *outcome, struct worker_outcome *workers);

/* The same for MPB_LIFE_CYCLE: request->ops starts, one after the other. */
void trial_life(const struct mpb_workload *workload, struct mpb_trial *trial, uint64_t timeout_ns,
                struct trial_outcome *outcome);

struct team;
struct histogram;

/* Percentiles of what a histogram counted; zeros: nothing. */
void trial_percentiles(const struct histogram *all, struct trial_latency *ret);
/* Once the team has been joined: how long its tasks took, and what its workers know of responses;
 * nothing is written where they were not timed. */
void trial_latency(const struct team *team, struct trial_outcome *outcome);

#endif
