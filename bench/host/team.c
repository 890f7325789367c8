#include "host/team.h"

#include "base/text.h"
#include "model/submit.h"
#include "workloads/workload_table.h"
#include <mproc/mproc.h>
#include <string.h>

/* A worker does its operations in about so many grains: between them it looks whether another one
 * has finished. */
#define GRAINS 256

static size_t line_up(size_t bytes)
{
        return (bytes + MPB_CACHE_LINE - 1) & ~(size_t)(MPB_CACHE_LINE - 1);
}

int team_new(struct mproc_shm **ret, const struct mpb_workload *workload,
             const struct trial_request *request, const struct mpb_trial *wanted,
             const struct cpuset *cpus, bool concurrent, struct mproc_err *err)
{
        struct team *team;
        size_t head = line_up(sizeof(struct team) + request->workers * sizeof(struct seat));
        size_t shared_bytes = 0, slot_bytes = 0, histogram_bytes = 0, response_bytes = 0, slots;
        uint32_t parties = request->workers + (request->submit != SUBMIT_STATIC);
        struct mpb_trial *trial;
        uint64_t address, most;
        int r;

        if (workload->sizes)
                workload->sizes(wanted, &shared_bytes, &slot_bytes);
        shared_bytes = line_up(shared_bytes);
        slot_bytes = line_up(slot_bytes);
        if (request->timed && workload->kind == MPB_TASKS)
                histogram_bytes = line_up(sizeof(struct histogram));
        slots = head + shared_bytes;
        if (request->submit == SUBMIT_MAP)
                response_bytes = histogram_bytes;
        r = mproc_shm_new(
                ret, slots + (slot_bytes + histogram_bytes + response_bytes) * request->workers,
                err);
        if (r < 0)
                return r;
        team = mproc_shm_addr(*ret);
        address = (uint64_t)(uintptr_t)team;
        trial = &team->trial;
        *trial = *wanted;
        trial->shared = address + head;
        trial->shared_bytes = shared_bytes;
        trial->slots = address + slots;
        trial->slot_bytes = slot_bytes;
        team->histogram_bytes = histogram_bytes;
        team->histograms = histogram_bytes ? trial->slots + slot_bytes * request->workers : 0;
        if (response_bytes)
                team->responses = team->histograms + histogram_bytes * request->workers;
        gate_init(&team->gate, concurrent ? parties : 1, concurrent && parties <= request->pus,
                  request->submit != SUBMIT_STATIC);
        team->timed_one_in = request->timed_one_in ? request->timed_one_in : 1;
        most = workload->kind == MPB_TASKS ? trial->ops / trial->workers : trial->ops;
        team->grain = most / GRAINS ? most / GRAINS : 1;
        text_copy(team->workload, sizeof(team->workload), request->workload);
        text_copy(team->plugin, sizeof(team->plugin), plugin_path());
        team->planted_ppm = request->planted_ppm;
        team->counter_count = request->counter_count;
        memcpy(team->counters, request->counters, sizeof(request->counters));
        for (uint32_t i = 0; i < request->workers; i++) {
                team->seats[i].cpus = cpus[i];
                team->seats[i].outcome.index = i;
                team->seats[i].outcome.pu_begin = team->seats[i].outcome.pu_end = -1;
        }
        return 0;
}

/* Where the share of worker `index` begins: those of the first ones are larger by one where there
 * is a rest. */
static uint64_t share_begin(uint64_t pieces, uint32_t workers, uint32_t index)
{
        uint64_t rest = pieces % workers;

        return pieces / workers * index + (index < rest ? index : rest);
}

/* piece * ops / pieces, rounded up; in two parts, as the product may be too large. */
static uint64_t first_of_piece(uint64_t ops, uint64_t pieces, uint64_t piece)
{
        return pieces ? ops / pieces * piece + (ops % pieces * piece + pieces - 1) / pieces : 0;
}

uint64_t team_tasks(const struct mpb_trial *trial)
{
        return trial->pieces && trial->pieces < trial->ops ? trial->pieces : trial->ops;
}

void team_task(const struct mpb_trial *trial, uint64_t number, uint64_t *first, uint64_t *count)
{
        uint64_t tasks = team_tasks(trial);

        *first = first_of_piece(trial->ops, tasks, number);
        *count = first_of_piece(trial->ops, tasks, number + 1) - *first;
}

void team_share(const struct mpb_trial *trial, enum mpb_kind kind, uint32_t index, uint64_t *first,
                uint64_t *count)
{
        uint64_t pieces = team_tasks(trial), end;

        if (kind != MPB_TASKS) {
                *first = 0;
                *count = trial->ops;
                return;
        }
        *first = first_of_piece(trial->ops, pieces, share_begin(pieces, trial->workers, index));
        end = first_of_piece(trial->ops, pieces, share_begin(pieces, trial->workers, index + 1));
        *count = end - *first;
}
