/* spin: CPU-bound tasks of a given CPU time, all alike or uneven.
 *
 * A task is a chain of k dependent steps (lcg.h) from a start value that its number gives. k
 * follows task_time by a measurement that the host makes once and all workers use, so that every
 * trial of one host has exactly the same work. */
#include "base/clock.h"
#include "support/fastest.h"
#include "support/lcg.h"

#include <mpbench/workload.h>

enum { TASKS, TASK_TIME, SPREAD };
enum { SPREAD_EVEN, SPREAD_UNEVEN };

#define GROUP 10 /* uneven: one task in a group of ten is ten times as long as the others */

static const struct mpb_option params[] = {
        [TASKS] = {.name = "tasks",
                   .summary = "tasks of the whole team",
                   .type = MPB_INT,
                   .allows_auto = 1,
                   .is_list = 1,
                   .fallback = "auto",
                   .unit = "tasks",
                   .min = 1,
                   .max = 1000000000},
        [TASK_TIME] = {.name = "task_time",
                       .summary = "CPU time of a task, on average",
                       .type = MPB_DURATION,
                       .is_list = 1,
                       .fallback = "100us",
                       .unit = "ns",
                       .min = 1000,
                       .max = 60 * (int64_t)NS_PER_S},
        [SPREAD] = {.name = "spread",
                    .summary = "even: all tasks alike; uneven: one in ten is ten times as long",
                    .type = MPB_CHOICE,
                    .is_list = 1,
                    .fallback = "even",
                    .choices = (const char *const[]){"even", "uneven", NULL}},
        {0},
};

struct spin_shared {
        uint64_t short_steps, long_steps;
};

struct spin_slot {
        _Alignas(MPB_CACHE_LINE) uint64_t sum; /* of the values at which this worker's tasks end */
};

/* So short that it often fits between two things that other programs do. */
#define PACE_STEPS 20000

/* From one tick of the clock to another: on some machines they are far apart. */
static uint64_t pace_ns(void *unused)
{
        uint64_t before = clock_now_ns(), begin, took;
        uint32_t runs = 0;

        (void)unused;
        while ((begin = clock_now_ns()) == before)
                ;
        do {
                lcg_run(begin, PACE_STEPS);
                runs++;
                took = clock_now_ns() - begin;
        } while (!took);
        return took / runs;
}

static uint64_t task_start(const struct mpb_trial *trial, uint64_t index)
{
        return trial->seed + index;
}

/* Exactly one long task in each group, at a place that the seed gives: so the sum over whole groups
 * does not depend on chance. */
static int task_is_long(const struct mpb_trial *trial, uint64_t index)
{
        return (lcg_run(trial->seed + index / GROUP, 3) >> 32) % GROUP == index % GROUP;
}

static void sizes(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes)
{
        (void)trial;
        *shared_bytes = sizeof(struct spin_shared);
        *slot_bytes = sizeof(struct spin_slot);
}

static int prepare(struct mpb_trial *trial, struct mproc_err *err)
{
        static uint64_t steps_per_ms; /* once per host */
        struct spin_shared *shared = mpb_shared(trial);
        uint64_t steps;

        (void)err;
        if (!steps_per_ms)
                steps_per_ms = PACE_STEPS * NS_PER_MS / fastest_ns(pace_ns, NULL);
        steps = (uint64_t)((double)steps_per_ms * (double)trial->value[TASK_TIME] / NS_PER_MS) + 1;
        shared->short_steps = shared->long_steps = steps;
        if (trial->value[SPREAD] == SPREAD_UNEVEN) {
                /* nine short ones and one long one take as long as ten even ones */
                shared->short_steps = steps * GROUP / (2 * GROUP - 1);
                shared->long_steps = GROUP * steps - (GROUP - 1) * shared->short_steps;
        }
        return 0;
}

static int attach(struct mpb_worker *worker, struct mproc_err *err)
{
        struct spin_slot *slot = worker->slot;

        (void)err;
        slot->sum = 0;
        return 0;
}

static void work(struct mpb_worker *worker, uint64_t first, uint64_t count)
{
        const struct spin_shared *shared = mpb_shared(worker->trial);
        struct spin_slot *slot = worker->slot;
        uint64_t sum = 0;

        for (uint64_t i = first; i < first + count; i++)
                sum += lcg_run(task_start(worker->trial, i), task_is_long(worker->trial, i)
                                                                     ? shared->long_steps
                                                                     : shared->short_steps);
        slot->sum += sum;
}

/* Every task leaps to its end, so that this costs nothing beside the work. */
static int verify(const struct mpb_trial *trial, struct mpb_outcome *ret, struct mproc_err *err)
{
        const struct spin_shared *shared = mpb_shared(trial);
        struct lcg_leap leaps[] = {lcg_leap_of(shared->short_steps),
                                   lcg_leap_of(shared->long_steps)};
        uint64_t final = 0, expected = 0;

        (void)err;
        for (uint32_t i = 0; i < trial->workers; i++)
                final += ((const struct spin_slot *)mpb_slot(trial, i))->sum;
        for (uint64_t i = 0; i < trial->ops; i++) {
                const struct lcg_leap *leap = &leaps[task_is_long(trial, i)];

                expected += leap->a * task_start(trial, i) + leap->c;
        }
        ret->final_value = final;
        ret->expected_value = expected;
        return 0;
}

const struct mpb_workload workload_spin = {
        .name = "spin",
        .summary = "CPU-bound tasks of a given time, even or uneven",
        .abi = MPB_ABI,
        .kind = MPB_TASKS,
        .flags = MPB_OWN_PACE,
        .operation = "tasks",
        .params = params,
        .ops_param = "tasks",
        .sizes = sizes,
        .prepare = prepare,
        .attach = attach,
        .work = work,
        .verify = verify,
};
