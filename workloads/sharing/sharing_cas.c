#include "sharing/sharing_add.h"

#include <stdbool.h>

static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        uint64_t seen = __atomic_load_n(value, __ATOMIC_RELAXED);

        (void)self;
        while (!__atomic_compare_exchange_n(value, &seen, seen + 1, true, __ATOMIC_RELAXED,
                                            __ATOMIC_RELAXED))
                ;
}

SHARING_DEFINE_ADD

const struct sharing sharing_cas = {
        .strategy = {.name = "cas",
                     .summary = "compare-and-swap, repeated until it succeeds",
                     .advice = "Use a compare-and-swap loop on shared memory; it does for any "
                               "update of one word, not only for adding."},
        .add = add,
};
