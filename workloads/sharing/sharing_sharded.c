#include "sharing/sharing_add.h"

static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        volatile uint64_t *shard = &self->count;

        (void)value;
        *shard = *shard + 1;
}

static int total(const volatile uint64_t *value, const struct mpb_trial *trial, uint64_t *ret,
                 struct mproc_err *err)
{
        (void)value;
        (void)err;
        *ret = 0;
        for (uint32_t i = 0; i < trial->workers; i++)
                *ret += ((const struct sharing_self *)mpb_slot(trial, i))->count;
        return 0;
}

SHARING_DEFINE_ADD

const struct sharing sharing_sharded = {
        .strategy = {.name = "sharded",
                     .summary = "a padded slot for each worker, added up at the end",
                     .flags = MPB_LATE,
                     .advice = "Give each worker its own slot, on a cache line of its own, and add "
                               "up at the end."},
        .add = add,
        .total = total,
};
