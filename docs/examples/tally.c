/* A workload of one's own, to begin from: tasks that compute for a while, each of which has to be
 * done exactly once.
 *
 *     cc -shared -fPIC -O2 -o libtally.so tally.c
 *     mpbench --workload=./libtally.so --workers=1-4
 *
 * What each function is for, and in which process it runs, is said in mpbench/workload.h. */
#include <mpbench/workload.h>

enum { TASKS, STEPS }; /* the order of the table is that of trial->value */

static const struct mpb_option params[] = {
        [TASKS] = {.name = "tasks",
                   .summary = "tasks of the whole team",
                   .type = MPB_INT,
                   .allows_auto = 1,
                   .fallback = "auto",
                   .unit = "tasks",
                   .min = 1,
                   .max = 1000000000},
        [STEPS] = {.name = "steps",
                   .summary = "multiplications of a task",
                   .type = MPB_INT,
                   .is_list = 1,
                   .fallback = "10k",
                   .unit = "steps",
                   .min = 1,
                   .max = 1000000000},
        {0},
};

struct slot { /* of each worker, in shared memory and on cache lines of its own */
        uint64_t tally, noise;
};

static void sizes(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes)
{
        (void)trial;
        *shared_bytes = 0;
        *slot_bytes = sizeof(struct slot);
}

static void work(struct mpb_worker *worker, uint64_t first, uint64_t count)
{
        struct slot *slot = worker->slot;

        for (uint64_t task = first; task < first + count; task++) {
                for (int64_t i = 0; i < worker->trial->value[STEPS]; i++)
                        slot->noise = slot->noise * 6364136223846793005u + 1;
                slot->tally += task + 1;
        }
}

static int verify(const struct mpb_trial *trial, struct mpb_outcome *ret, struct mproc_err *err)
{
        (void)err;
        ret->expected_value = trial->ops * (trial->ops + 1) / 2;
        for (uint32_t i = 0; i < trial->workers; i++)
                ret->final_value += ((struct slot *)mpb_slot(trial, i))->tally;
        return 0;
}

const struct mpb_workload mpb_workload_plugin = {
        .name = "tally",
        .summary = "tasks that compute, each done once",
        .abi = MPB_ABI,
        .kind = MPB_TASKS,
        .operation = "tasks",
        .params = params,
        .ops_param = "tasks",
        .sizes = sizes,
        .work = work,
        .verify = verify,
};
