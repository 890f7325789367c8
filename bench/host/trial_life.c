#include "host/trial_run.h"

#include "base/clock.h"
#include "stats/describe.h"
#include <stdio.h>
#include <string.h>

#define LIVES_MAX 1024 /* what the parameter `starts` allows */

static uint64_t median_of(const double *values, size_t n)
{
        return n ? (uint64_t)(describe_median(values, n) + 0.5) : 0;
}

void trial_life(const struct mpb_workload *workload, struct mpb_trial *trial, uint64_t timeout_ns,
                struct trial_outcome *outcome)
{
        double returned[LIVES_MAX], first[LIVES_MAX], ready[LIVES_MAX], wall[LIVES_MAX];
        uint64_t begin = clock_now_ns();
        struct mproc_err err = {0};
        size_t n = 0, wanted = trial->ops < LIVES_MAX ? trial->ops : LIVES_MAX;

        outcome->workers = 0; /* there is no team */
        while (n < wanted) {
                struct mpb_life life = {0};

                if (clock_now_ns() - begin > timeout_ns) {
                        outcome->status = TRIAL_TIMED_OUT;
                        snprintf(outcome->reason, sizeof(outcome->reason),
                                 "%zu of %zu starts were done within the time limit", n, wanted);
                        return;
                }
                if (workload->life(trial, &life, &err) < 0) {
                        outcome->status = TRIAL_START_FAILED;
                        snprintf(outcome->reason, sizeof(outcome->reason), "%.479s", err.text);
                        return;
                }
                returned[n] = (double)life.returned_ns;
                first[n] = (double)life.first_ns;
                ready[n] = (double)life.ready_ns;
                wall[n] = (double)life.wall_ns;
                n++;
        }
        outcome->run_ns = clock_now_ns() - begin;
        outcome->life = (struct mpb_life){
                .returned_ns = median_of(returned, n),
                .first_ns = median_of(first, n),
                .ready_ns = median_of(ready, n),
                .wall_ns = median_of(wall, n),
        };
        outcome->wall_ns = outcome->life.wall_ns;
        outcome->ops = n;
        outcome->final_value = n; /* life() fails on a start that does not exit with its code */
        outcome->expected_value = wanted;
        outcome->verified = 1;
}
