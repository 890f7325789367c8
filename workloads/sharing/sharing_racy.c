#include "sharing/sharing_add.h"

static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        (void)self;
        *value = *value + 1;
}

SHARING_DEFINE_ADD

const struct sharing sharing_racy = {
        .strategy = {.name = "racy",
                     .summary = "shared memory, plain load, add and store, no lock",
                     .flags = MPB_LOSSY},
        .add = add,
};
