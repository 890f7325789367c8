#include "host/trial_private.h"

#include "base/clock.h"
#include "host/meter.h"
#include "host/tree.h"
#include <errno.h>
#include <mproc/mproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_NS (2 * (long)NS_PER_MS)

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
                return trial_fail(run, TRIAL_START_FAILED, status.err.text);
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
        return trial_fail(run, TRIAL_WORKER_DIED, text);
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
                    clock_now_ns() >= run->deadline_ns)
                        return trial_fail_late(run, left);
                if (run->fds[n].revents)
                        return trial_fail(run, TRIAL_INTERRUPTED, "the run was stopped");
        }
}

int trial_team(struct run *run, struct worker_outcome *workers)
{
        uint32_t n = run->request->workers;
        struct mproc_err err = {0};
        int r;

        run->processes = calloc(n, sizeof(struct mproc_process *));
        run->fds = calloc(n + 1, sizeof(struct pollfd));
        if (!run->processes || !run->fds)
                return trial_fail(run, TRIAL_START_FAILED, "the host has no memory for the team");
        run->fds[n].fd = run->driver_fd;
        r = start_workers(run, &err);
        if (r < 0)
                return trial_fail(run, TRIAL_START_FAILED, err.text);
        r = wait_for_all(run, workers);
        run->joined_ns = clock_now_ns();
        return r;
}

void trial_team_stop(struct run *run, struct worker_outcome *workers)
{
        if (run->outcome->status != TRIAL_OK &&
            run->started) /* threads end by themselves or not at all */
                trial_abandon(run);
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
        free(run->processes);
        free(run->fds);
}
