#include "host/trial_run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "host/meter.h"
#include "host/team.h"
#include "host/tree.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <inttypes.h>
#include <mproc/mproc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_NS (2 * (long)NS_PER_MS)

struct run {
        const struct mpb_workload *workload;
        const struct mpb_strategy *strategy;
        const struct trial_request *request;
        struct trial_outcome *outcome;
        struct mproc_shm *shm;
        struct team *team;
        struct mproc_process **processes;
        struct pollfd *fds; /* one per worker, and the driver's last */
        uint32_t started;
        uint64_t called_ns, joined_ns, deadline_ns;
        bool concurrent, own_process;
};

static int fail(struct run *run, enum trial_status status, const char *text)
{
        run->outcome->status = status;
        text_copy(run->outcome->reason, sizeof(run->outcome->reason), text);
        return -ECANCELED;
}

static int start_workers(struct run *run, struct mproc_err *err)
{
        int r = 0;

        run->called_ns = clock_now_ns();
        for (uint32_t i = 0; i < run->request->workers && !r; i++) {
                struct worker_argument argument = {.team = (uint64_t)(uintptr_t)run->team,
                                                   .index = i};
                struct mproc_process_options options = {
                        .start = run->request->start,
                        .name = "mpbench-worker",
                        .target = worker_main,
                        .arg = &argument,
                        .arg_size = sizeof(argument),
                        .fds = &run->team->trial.fd,
                        .fd_count = run->team->trial.fd >= 0,
                };

                r = mproc_process_start(&run->processes[i], &options, err);
                run->started += r == 0;
        }
        return r;
}

/* 1: worker `index` is over and went well; 0: it runs; negative: it failed, and the outcome says
 * how. */
static int look_at(struct run *run, uint32_t index, struct worker_outcome *worker)
{
        struct mproc_status status;
        char text[480];

        if (mproc_process_join(run->processes[index], 0, &status, NULL) == -ETIMEDOUT)
                return 0;
        worker->exit_state = status.state;
        worker->exit_code = status.code;
        if (status.state == MPROC_EXITED && status.code == 0)
                return 1;
        if (status.state == MPROC_UNKNOWN && run->team->seats[index].outcome.end_ns)
                return 1; /* it did all its work; only its exit status went elsewhere */
        if (status.state == MPROC_FAILED || status.err.code)
                return fail(run, TRIAL_START_FAILED, status.err.text);
        if (status.state == MPROC_SIGNALED)
                snprintf(text, sizeof(text), "worker %u (pid %d) was killed by signal %d (SIG%s)%s",
                         index, mproc_process_pid(run->processes[index]), status.code,
                         sigabbrev_np(status.code) ? sigabbrev_np(status.code) : "?",
                         status.code == SIGKILL ? ": by hand, or for want of memory (see dmesg, "
                                                  "and the memory cgroup's memory.events)"
                                                : "");
        else
                snprintf(text, sizeof(text), "worker %u (pid %d) ended with %s %d", index,
                         mproc_process_pid(run->processes[index]),
                         status.state == MPROC_EXITED ? "exit code" : "unknown status",
                         status.code);
        return fail(run, TRIAL_WORKER_DIED, text);
}

/* Looks at what the workers have started, and says how long to wait until the next look. */
static struct timespec sample_pss(struct run *run, struct timespec patience)
{
        uint64_t pss_bytes = 0;

        for (uint32_t i = 0; i < run->request->workers; i++)
                pss_bytes += tree_pss_bytes(mproc_process_pid(run->processes[i]));
        if (pss_bytes > run->outcome->pss_bytes)
                run->outcome->pss_bytes = pss_bytes;
        return patience.tv_sec || patience.tv_nsec > SAMPLE_NS
                       ? (struct timespec){.tv_nsec = SAMPLE_NS}
                       : patience;
}

/* Until all are over, one fails, the time is up, or the driver is gone. */
static int wait_for_all(struct run *run, struct worker_outcome *workers)
{
        uint32_t n = run->request->workers, left = n;

        for (uint32_t i = 0; i < n; i++)
                run->fds[i].fd = mproc_process_fd(run->processes[i]);
        for (;;) {
                struct timespec patience;

                for (uint32_t i = 0; i < n; i++) {
                        int r;

                        if (run->fds[i].fd == -1)
                                continue;
                        r = look_at(run, i, &workers[i]);
                        if (r < 0)
                                return r;
                        if (r == 1) {
                                run->fds[i].fd = -1;
                                left--;
                        }
                }
                if (!left)
                        return 0;
                patience = clock_left(run->deadline_ns);
                if (run->request->sample_pss && run->own_process)
                        patience = sample_pss(run, patience);
                for (uint32_t i = 0; i <= n; i++)
                        run->fds[i].events = POLLIN;
                if (ppoll(run->fds, n + 1, &patience, NULL) == 0 &&
                    clock_now_ns() >= run->deadline_ns) {
                        char text[160];

                        snprintf(text, sizeof(text),
                                 "%u of %u workers were not done within the time limit of %.3g s%s",
                                 left, n, (double)run->request->timeout_ns / NS_PER_S,
                                 run->workload->flags & MPB_CHILDREN
                                         ? ": the command was still running (--timeout, or fewer "
                                           "lines)"
                                         : "");
                        return fail(run,
                                    run->strategy && run->strategy->flags & MPB_FIFO_SPIN
                                            ? TRIAL_COLLAPSED
                                            : TRIAL_TIMED_OUT,
                                    text);
                }
                if (run->fds[n].revents)
                        return fail(run, TRIAL_INTERRUPTED, "the run was stopped");
        }
}

/* Joins what is left, by force where it still runs, and reads the steps of each start. */
static void stop_workers(struct run *run, struct worker_outcome *workers)
{
        if (run->outcome->status != TRIAL_OK) { /* threads end by themselves or not at all */
                atomic_store(&run->team->state, TEAM_ABANDONED);
                gate_abandon(&run->team->gate);
                if (run->workload->stop)
                        run->workload->stop(&run->team->trial);
        }
        for (uint32_t i = 0; i < run->started; i++) {
                struct mproc_start_steps steps;

                mproc_process_steps(run->processes[i], &steps);
                workers[i].pid = mproc_process_pid(run->processes[i]);
                workers[i].returned_ns = steps.returned_ns - steps.called_ns;
                workers[i].first_ns = steps.first_ns ? steps.first_ns - steps.called_ns : 0;
                workers[i].ready_ns = steps.ready_ns ? steps.ready_ns - steps.called_ns : 0;
                workers[i].gate_ns = workers[i].gate_ns ? workers[i].gate_ns - steps.called_ns : 0;
                mproc_process_free(run->processes[i]);
        }
        run->started = 0;
}

/* Times of the whole team from those of its workers. */
static void sum_up(struct run *run, const struct worker_outcome *workers)
{
        struct trial_outcome *out = run->outcome;
        uint64_t opened = atomic_load(&run->team->gate.opened_ns);
        uint64_t begin_min = UINT64_MAX, begin_max = 0, end_min = UINT64_MAX, end_max = 0, busy = 0;
        double rate = 0;

        for (uint32_t i = 0; i < run->request->workers; i++) {
                const struct worker_outcome *w = &workers[i];

                begin_min = w->begin_ns < begin_min ? w->begin_ns : begin_min;
                begin_max = w->begin_ns > begin_max ? w->begin_ns : begin_max;
                end_min = w->end_ns < end_min ? w->end_ns : end_min;
                end_max = w->end_ns > end_max ? w->end_ns : end_max;
                busy += w->end_ns - w->begin_ns;
                out->ops += w->ops;
                if (w->noted_ns > w->begin_ns)
                        rate += (double)w->noted_ops / (double)(w->noted_ns - w->begin_ns);
        }
        out->wall_ns = run->joined_ns - run->called_ns;
        out->start_ns = opened - run->called_ns;
        out->run_ns = end_max - begin_min;
        out->stop_ns = run->joined_ns - opened - end_max;
        out->skew_ns = run->concurrent ? begin_max - begin_min : 0;
        if (!run->concurrent) { /* one after the other: no overlap; the time is that of all work */
                out->overlap_ns = busy;
                out->overlap_ops = out->ops;
                return;
        }
        out->overlap_ns = end_min > begin_max ? end_min - begin_max : 0;
        out->overlap_ops = (uint64_t)(rate * (double)out->overlap_ns);
}

static void run_team(struct run *run, const struct mpb_trial *wanted, const struct cpuset *cpus,
                     int driver_fd, struct worker_outcome *workers)
{
        uint32_t n = run->request->workers;
        struct mpb_outcome verified = {0};
        struct mproc_err err = {0};
        struct mpb_trial *trial;
        cpu_set_t own;
        int r;

        sched_getaffinity(0, sizeof(own), &own);
        run->processes = calloc(n, sizeof(struct mproc_process *));
        run->fds = calloc(n + 1, sizeof(struct pollfd));
        if (!run->processes || !run->fds) {
                fail(run, TRIAL_START_FAILED, "the host has no memory for the team");
                goto out;
        }
        run->fds[n].fd = driver_fd;
        r = team_new(&run->shm, run->workload, run->request, wanted, cpus, run->concurrent, &err);
        run->team = r < 0 ? NULL : mproc_shm_addr(run->shm);
        if (r < 0) {
                fail(run, TRIAL_START_FAILED, err.text);
                goto out;
        }
        trial = &run->team->trial;
        r = run->workload->prepare ? run->workload->prepare(trial, &err) : 0;
        if (r < 0) {
                fail(run, r == -EOPNOTSUPP ? TRIAL_UNSUPPORTED : TRIAL_START_FAILED, err.text);
                goto cleanup;
        }
        run->deadline_ns = clock_now_ns() + run->request->timeout_ns;
        r = start_workers(run, &err);
        if (r < 0) {
                fail(run, TRIAL_START_FAILED, err.text);
                goto cleanup;
        }
        r = wait_for_all(run, workers);
        run->joined_ns = clock_now_ns();
        for (uint32_t i = 0; i < n; i++) {
                struct worker_outcome *seat = &run->team->seats[i].outcome;

                seat->exit_state = workers[i].exit_state;
                seat->exit_code = workers[i].exit_code;
                workers[i] = *seat;
        }
        if (r < 0)
                goto cleanup;
        sum_up(run, workers);
        trial_latency(run->team, &run->outcome->latency);
        if (run->own_process && !run->request->sample_pss)
                run->outcome->pss_bytes = run->team->seats[0].pss_bytes;
        r = run->workload->verify(trial, &verified, &err);
        if (r < 0) {
                fail(run, TRIAL_MISMATCH, err.text);
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
                fail(run, TRIAL_MISMATCH, text);
        }
cleanup:
        stop_workers(run, workers);
        if (run->workload->cleanup)
                run->workload->cleanup(trial);
out:
        sched_setaffinity(0, sizeof(own), &own); /* `serial` bound this very thread */
        mproc_shm_free(run->shm);
        free(run->processes);
        free(run->fds);
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
        };

        *outcome = (struct trial_outcome){.workers = request->workers};
        for (uint32_t i = 0; i < request->workers; i++)
                workers[i] = (struct worker_outcome){.index = i, .pu_begin = -1, .pu_end = -1};
        outcome->host_rss_bytes = meter_rss_bytes();
        if (!run.workload || !start) {
                fail(&run, TRIAL_UNSUPPORTED, "this host knows no such workload or start method");
                return;
        }
        if (request->params_mark && request->params_mark != workload_params_mark(run.workload)) {
                fail(&run, TRIAL_UNSUPPORTED,
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
                run_team(&run, &trial, cpus, driver_fd, workers);
}
