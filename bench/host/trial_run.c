#include "host/trial_run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "host/meter.h"
#include "host/trial_private.h"
#include "model/submit.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <inttypes.h>
#include <mproc/mproc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

int trial_fail(struct run *run, enum trial_status status, const char *text)
{
        run->outcome->status = status;
        text_copy(run->outcome->reason, sizeof(run->outcome->reason), text);
        return -ECANCELED;
}

int trial_fail_late(struct run *run, uint32_t left)
{
        bool collapsed = run->strategy && run->strategy->flags & MPB_FIFO_SPIN;
        char text[160];

        snprintf(text, sizeof(text),
                 "%u of %u workers were not done within the time limit of %.3g s%s", left,
                 run->request->workers, (double)run->request->timeout_ns / NS_PER_S,
                 run->workload->flags & MPB_CHILDREN
                         ? ": the command was still running (--timeout, or fewer lines)"
                 : collapsed ? ""
                             : " (--timeout)");
        return trial_fail(run, collapsed ? TRIAL_COLLAPSED : TRIAL_TIMED_OUT, text);
}

void trial_abandon(struct run *run)
{
        if (atomic_flag_test_and_set(&run->abandoned))
                return;
        atomic_store(&run->team->state, TEAM_ABANDONED);
        gate_abandon(&run->team->gate);
        if (run->workload->stop)
                run->workload->stop(&run->team->trial);
}

static void run_team(struct run *run, const struct mpb_trial *wanted, const struct cpuset *cpus,
                     struct worker_outcome *workers)
{
        uint32_t n = run->request->workers;
        struct mpb_outcome verified = {0};
        struct mproc_err err = {0};
        struct mpb_trial *trial;
        cpu_set_t own;
        int r;

        sched_getaffinity(0, sizeof(own), &own);
        r = team_new(&run->shm, run->workload, run->request, wanted, cpus, run->concurrent, &err);
        run->team = r < 0 ? NULL : mproc_shm_addr(run->shm);
        if (r < 0) {
                trial_fail(run, TRIAL_START_FAILED, err.text);
                goto out;
        }
        trial = &run->team->trial;
        r = run->workload->prepare ? run->workload->prepare(trial, &err) : 0;
        if (r < 0) {
                trial_fail(run, r == -EOPNOTSUPP ? TRIAL_UNSUPPORTED : TRIAL_START_FAILED,
                           err.text);
                goto cleanup;
        }
        run->deadline_ns = clock_now_ns() + run->request->timeout_ns;
        r = run->request->submit == SUBMIT_STATIC ? trial_team(run, workers)
                                                  : trial_pool(run, workers);
        for (uint32_t i = 0; i < n; i++) {
                struct worker_outcome *seat = &run->team->seats[i].outcome;

                seat->exit_state = workers[i].exit_state;
                seat->exit_code = workers[i].exit_code;
                workers[i] = *seat;
        }
        if (r < 0)
                goto cleanup;
        trial_sum(run, workers);
        trial_latency(run->team, run->outcome);
        if (run->own_process && !run->request->sample_pss)
                run->outcome->pss_bytes = run->team->seats[0].pss_bytes;
        r = run->workload->verify(trial, &verified, &err);
        if (r < 0) {
                trial_fail(run, TRIAL_MISMATCH, err.text);
                goto cleanup;
        }
        run->outcome->verified = 1;
        run->outcome->final_value = verified.final_value;
        run->outcome->expected_value = verified.expected_value;
        if (verified.final_value != verified.expected_value &&
            !(run->strategy && run->strategy->flags & MPB_LOSSY)) {
                char text[80];

                snprintf(text, sizeof(text), "wrong: %" PRIu64 " instead of %" PRIu64,
                         verified.final_value, verified.expected_value);
                trial_fail(run, TRIAL_MISMATCH, text);
        }
cleanup:
        trial_team_stop(run, workers);
        if (run->workload->cleanup)
                run->workload->cleanup(trial);
out:
        sched_setaffinity(0, sizeof(own), &own); /* `serial` bound this very thread */
        mproc_shm_free(run->shm);
}

void trial_run(const struct trial_request *request, const struct cpuset *cpus, int driver_fd,
               int book_fd, struct trial_outcome *outcome, struct worker_outcome *workers)
{
        const struct mproc_start_method *start = mproc_start_find(request->start);
        struct mpb_trial trial = {
                .workers = request->workers,
                .pus = request->pus,
                .fd = -1,
                .ops = request->ops,
                .seed = request->seed,
                .book_fd = book_fd,
        };
        struct run run = {
                .workload = workload_find(request->workload),
                .request = request,
                .outcome = outcome,
                .driver_fd = driver_fd,
                .abandoned = ATOMIC_FLAG_INIT,
        };

        *outcome = (struct trial_outcome){.workers = request->workers};
        for (uint32_t i = 0; i < request->workers; i++)
                workers[i] = (struct worker_outcome){.index = i, .pu_begin = -1, .pu_end = -1};
        outcome->host_rss_bytes = meter_rss_bytes();
        if (!run.workload || !start) {
                trial_fail(&run, TRIAL_UNSUPPORTED,
                           "this host knows no such workload or start method");
                return;
        }
        if (request->submit >= SUBMIT_COUNT ||
            (request->submit != SUBMIT_STATIC && run.workload->kind != MPB_TASKS)) {
                trial_fail(&run, TRIAL_UNSUPPORTED,
                           "this host cannot submit the workload's operations so");
                return;
        }
        if (request->params_mark && request->params_mark != workload_params_mark(run.workload)) {
                trial_fail(&run, TRIAL_UNSUPPORTED,
                           "the workload of this build has other parameters than the driver's");
                return;
        }
        run.strategy = workload_strategy(run.workload, request->strategy, &trial.strategy);
        if (*request->strategy && !run.strategy) {
                snprintf(outcome->reason, sizeof(outcome->reason),
                         "the workload of this build has no strategy '%s'", request->strategy);
                outcome->status = TRIAL_UNSUPPORTED;
                return;
        }
        run.concurrent = mproc_start_flags(start) & MPROC_START_CONCURRENT;
        run.own_process = mproc_start_flags(start) & MPROC_START_OWN_PROCESS;
        memcpy(trial.value, request->value, sizeof(trial.value));
        text_copy(trial.start, sizeof(trial.start), request->start);
        if (run.workload->kind == MPB_LIFE_CYCLE)
                trial_life(run.workload, &trial, request->timeout_ns, outcome);
        else
                run_team(&run, &trial, cpus, workers);
}
