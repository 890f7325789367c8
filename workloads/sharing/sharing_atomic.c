#include "sharing/sharing_add.h"

static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        (void)self;
        __atomic_fetch_add(value, 1, __ATOMIC_RELAXED);
}

SHARING_DEFINE_ADD

const struct sharing sharing_atomic = {
        .strategy = {.name = "atomic",
                     .summary = "atomic fetch-and-add, relaxed",
                     .advice =
                             "Use an atomic add on shared memory; a plain counter needs no lock."},
        .add = add,
};
