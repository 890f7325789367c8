#include "support/synthetic.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define OVERLAP_NS 50000000

static void *need(void *made)
{
        if (!made)
                abort();
        return made;
}

uint32_t synthetic_cell(struct result *result, const char *share)
{
        struct cell *cell = need(result_add_cell(result));

        if (!result->plan.workload_count)
                text_copy(result->plan.workloads[result->plan.workload_count++], NAME_MAX_BYTES,
                          "counter");
        text_copy(cell->workload, sizeof(cell->workload), "counter");
        text_copy(cell->level[FACTOR_RUNTIME], LEVEL_BYTES, "mproc");
        text_copy(cell->level[FACTOR_START], LEVEL_BYTES, "fork");
        text_copy(cell->level[FACTOR_SHARE], LEVEL_BYTES, share);
        text_copy(cell->level[FACTOR_WORKERS], LEVEL_BYTES, "2");
        text_copy(cell->level[FACTOR_PLACE], LEVEL_BYTES, "core");
        cell->workers = cell->pus = 2;
        cell->kind = MPB_SHARED;
        cell->primary = METRIC_THROUGHPUT;
        cell->param_count = 2;
        text_copy(cell->param[0], NAME_MAX_BYTES, "increments");
        text_copy(cell->param[1], NAME_MAX_BYTES, "hold");
        cell->is_auto[0] = cell->ops_auto = 1;
        cell->ops = SYNTHETIC_OPS;
        cell->value[0] = SYNTHETIC_OPS + cell->id; /* calibration finds another one for each */
        return cell->id;
}

struct trial *synthetic_trial(struct result *result, uint32_t cell, uint32_t round, double rate)
{
        struct trial *trial = need(result_add_trial(result, 2));
        struct trial_outcome *outcome = &trial->outcome;

        trial->cell = cell;
        trial->round = round;
        trial->asked_ops = SYNTHETIC_OPS;
        outcome->status = TRIAL_OK;
        outcome->wall_ns = 2 * OVERLAP_NS;
        outcome->start_ns = outcome->stop_ns = 400000;
        outcome->run_ns = OVERLAP_NS + 10000;
        outcome->overlap_ns = OVERLAP_NS;
        outcome->skew_ns = 300;
        outcome->ops = 2 * SYNTHETIC_OPS;
        outcome->overlap_ops = (uint64_t)(rate * OVERLAP_NS / 1e9);
        outcome->final_value = outcome->expected_value = 2 * SYNTHETIC_OPS;
        outcome->verified = 1;
        if (round >= result->rounds)
                result->rounds = round + 1;
        return trial;
}

void synthetic_rounds(struct result *result, uint32_t cell, uint32_t rounds, double rate)
{
        for (uint32_t round = 0; round < rounds; round++)
                synthetic_trial(result, cell, round,
                                rate * (1 + 0.001 * ((round * 5 + cell * 3) % 13 - 6.0)));
}

void synthetic_fail(struct trial *trial, enum trial_status status, const char *reason)
{
        trial->outcome.status = status;
        trial->outcome.verified = status == TRIAL_MISMATCH;
        text_copy(trial->outcome.reason, sizeof(trial->outcome.reason), reason);
}

uint32_t synthetic_start_cell(struct result *result, const char *start, uint32_t rounds,
                              double wall_ns)
{
        uint32_t id = synthetic_cell(result, "mproc");
        struct cell *cell = &result->cells[id];

        text_copy(cell->workload, sizeof(cell->workload), "start");
        text_copy(cell->level[FACTOR_START], LEVEL_BYTES, start);
        cell->kind = MPB_LIFE_CYCLE;
        cell->primary = METRIC_WALL;
        for (uint32_t round = 0; round < rounds; round++)
                synthetic_trial(result, id, round, 0)->outcome.wall_ns =
                        (uint64_t)(wall_ns + 1000 * (round % 5));
        return id;
}

const struct comparison *synthetic_comparison(const struct result *result, uint32_t cell,
                                              enum metric metric)
{
        for (size_t i = 0; i < result->comparison_count; i++)
                if (result->comparisons[i].cell == cell && result->comparisons[i].metric == metric)
                        return &result->comparisons[i];
        return NULL;
}
