#include "sharing/sharing_add.h"

static void flush(volatile uint64_t *value, struct sharing_self *self)
{
        __atomic_fetch_add(value, self->count, __ATOMIC_RELAXED);
        self->count = 0;
}

static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        volatile uint64_t *kept = &self->count;
        uint64_t now = *kept + 1;

        *kept = now;
        if (__builtin_expect(now >= self->batch, 0))
                flush(value, self);
}

SHARING_DEFINE_ADD

const struct sharing sharing_batched = {
        .strategy = {.name = "batched",
                     .summary = "count privately, deliver every `batch` by an atomic add",
                     .flags = MPB_LATE,
                     .advice = "Count privately and deliver in batches by an atomic add: the "
                               "total lags by at most one batch per worker."},
        .add = add,
        .flush = flush,
};
