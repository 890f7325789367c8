#include "sharing/sharing_add.h"

/* A global variable: after fork or exec each process has a copy of its own. */
static _Alignas(MPB_CACHE_LINE) volatile uint64_t counter;

static void reset(void)
{
        counter = 0;
}

static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        (void)value;
        (void)self;
        counter = counter + 1;
}

static int total(const volatile uint64_t *value, const struct mpb_trial *trial, uint64_t *ret,
                 struct mproc_err *err)
{
        (void)value;
        (void)trial;
        (void)err;
        *ret = counter;
        return 0;
}

SHARING_DEFINE_ADD

const struct sharing sharing_isolated = {
        .strategy = {.name = "isolated",
                     .summary = "a global variable: every process counts in its own copy",
                     .flags = MPB_LOSSY},
        .reset = reset,
        .add = add,
        .total = total,
};
