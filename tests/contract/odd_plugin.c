/* Plug-ins that cannot be: ODD_ABI and ODD_NAME are given when it is compiled. */
#include <mpbench/workload.h>

static const struct mpb_option params[] = {
        {.name = "odd", .summary = "a number", .type = MPB_INT, .fallback = "1", .max = 9},
        {0},
};

static void sizes(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes)
{
        (void)trial;
        *shared_bytes = *slot_bytes = 0;
}

static void work(struct mpb_worker *worker, uint64_t first, uint64_t count)
{
        (void)worker, (void)first, (void)count;
}

static int verify(const struct mpb_trial *trial, struct mpb_outcome *ret, struct mproc_err *err)
{
        (void)trial, (void)err;
        *ret = (struct mpb_outcome){0};
        return 0;
}

const struct mpb_workload mpb_workload_plugin = {
        .name = ODD_NAME,
        .summary = "nothing",
        .abi = ODD_ABI,
        .kind = MPB_TASKS,
        .operation = "tasks",
        .params = params,
        .sizes = sizes,
        .work = work,
        .verify = verify,
};
