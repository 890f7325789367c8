#include "support/fixture.h"

#include <errno.h>
#include <mproc/mproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MS 1000000ull
#define SECOND 1000000000ull
#define DISTURBED_ROUND 4
#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static void fill_worker(struct worker_outcome *worker, const struct cell *cell,
                        const struct trial_outcome *outcome, uint32_t index, int32_t pid)
{
        *worker = (struct worker_outcome){
                .index = index,
                .pid = pid,
                .pu_begin = (int32_t)index,
                .pu_end = cell->placed_wrong ? -1 : (int32_t)index,
                .begin_ns = 1200 + 300 * index,
                .end_ns = outcome->run_ns - 900 * index,
                .ops = cell->ops,
                .noted_ops = outcome->overlap_ops / 2,
                .noted_ns = outcome->overlap_ns,
                .returned_ns = 80000,
                .first_ns = 140000,
                .ready_ns = 160000 + 20000 * index,
                .gate_ns = 200000,
                .exit_state = MPROC_EXITED,
                .user_ns = 24 * MS,
                .system_ns = MS,
                .minor_faults = 2,
                .voluntary_switches = 3,
                .involuntary_switches = 6,
                .run_delay_ns = index ? 0 : 40000,
                .has_run_delay = !index,
                .tsc_ticks = 62400000,
                .counters = {{.value = 26 * MS, .enabled_ns = 26 * MS, .running_ns = 26 * MS},
                             {.value = 5, .enabled_ns = 16 * MS, .running_ns = 10 * MS},
                             {.value = 2, .enabled_ns = 26 * MS, .running_ns = 26 * MS},
                             {0},
                             {0},
                             {.enabled_ns = 26 * MS}},
        };
        if (cell->status == CELL_COLLAPSED) /* killed at the time limit, in the midst of its work */
                *worker = (struct worker_outcome){.index = index,
                                                  .pid = pid,
                                                  .pu_begin = -1,
                                                  .pu_end = -1,
                                                  .returned_ns = 80000,
                                                  .first_ns = 140000,
                                                  .ready_ns = 160000,
                                                  .exit_state = MPROC_RUNNING};
        if (cell->status == CELL_FAILED && index == 1) {
                worker->exit_state = MPROC_SIGNALED;
                worker->exit_code = SIGKILL;
                worker->counters[0] = (struct counter_reading){.error = -EIO};
        }
}

/* A trial whose figures lie around the cell's medians, a few in a thousand to either side. */
void fixture_add_trial(struct result *result, const struct cell *cell, uint32_t round)
{
        double around = 1 + 0.001 * ((round * 5 + cell->id * 3) % FIXTURE_ROUNDS - 6.0);
        struct trial *trial = result_add_trial(result, cell->workers);
        struct trial_outcome *outcome;
        bool collapsed = cell->status == CELL_COLLAPSED, life = cell->kind == MPB_LIFE_CYCLE;

        if (!trial)
                abort();
        outcome = &trial->outcome;
        if (round == DISTURBED_ROUND)
                around *= 0.7;
        trial->cell = cell->id;
        trial->round = round;
        trial->asked_ops = cell->ops;
        trial->position = (cell->id + 7 * round) % FIXTURE_CELLS;
        trial->disturbed = round == DISTURBED_ROUND;
        trial->noise = (struct trial_noise){.duration_ns = 42 * MS,
                                            .steal_ns = trial->disturbed ? 20 * MS : 0,
                                            .foreign_cpu_ns = trial->disturbed ? 10 * MS : 100000,
                                            .known = NOISE_STAT};
        if (round) { /* the first round's pressure is not known */
                trial->noise.psi_cpu_ns = 150000;
                trial->noise.throttled_ns = 3 * MS;
                trial->noise.known |= NOISE_PSI | NOISE_THROTTLE;
        }
        outcome->status = collapsed                     ? TRIAL_COLLAPSED
                          : cell->status == CELL_FAILED ? TRIAL_WORKER_DIED
                                                        : TRIAL_OK;
        if (collapsed)
                TEXT(outcome->reason, "12,899 of 800,000 adds were done after 10 s");
        if (cell->status == CELL_FAILED)
                TEXT(outcome->reason, "worker 1 was killed by SIGKILL");
        outcome->wall_ns =
                collapsed ? 10 * SECOND : (uint64_t)(cell->summary[METRIC_WALL].median / around);
        outcome->host_rss_bytes = 3 << 20;
        outcome->verified = cell->expected_value > 0;
        outcome->final_value = cell->final_value;
        outcome->expected_value = cell->expected_value;
        if (life) {
                outcome->workers = 0; /* there is no team */
                outcome->ops = cell->ops;
                outcome->life = (struct mpb_life){
                        .returned_ns = (uint64_t)(cell->step[0].median / around),
                        .first_ns = (uint64_t)(cell->step[1].median / around),
                        .ready_ns = (uint64_t)(cell->step[2].median / around),
                        .wall_ns = outcome->wall_ns,
                };
        } else if (!collapsed) {
                outcome->start_ns = (uint64_t)(0.42e6 / around);
                outcome->run_ns = 26 * MS;
                outcome->stop_ns = 200000;
                outcome->overlap_ns = cell->status == CELL_VERIFIED_ONLY ? 200 : 25 * MS;
                outcome->skew_ns = 300;
                outcome->pss_bytes = 69 << 10;
                outcome->ops = 2 * cell->ops;
                outcome->overlap_ops =
                        (uint64_t)(cell->summary[METRIC_THROUGHPUT].median * around * 0.025);
        }
        for (uint32_t i = 0; i < outcome->workers; i++)
                fill_worker(&trial->workers[i], cell, outcome, i,
                            (int32_t)(4000 + 100 * round + 2 * cell->id + i));
}
