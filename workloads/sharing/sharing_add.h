/* The loop of struct sharing's `add`: a template. Included by the strategies only. */
#ifndef SHARING_SHARING_ADD_H
#define SHARING_SHARING_ADD_H

#include "sharing/sharing.h"
#include "support/lcg.h"

/* `add_one` is a constant where this is called, so that it is inlined. It must reach memory on
 * every call, else the compiler makes one addition of the whole loop. Counting up is how one writes
 * it by hand; counting down was 17 % slower where the body is a single add (Sapphire Rapids). */
static inline __attribute__((always_inline)) void
sharing_add_with(void (*add_one)(volatile uint64_t *, struct sharing_self *),
                 volatile uint64_t *value, struct sharing_self *self, uint64_t count, uint64_t gap)
{
        if (!gap) {
                for (uint64_t i = 0; i < count; i++)
                        add_one(value, self);
                return;
        }
        for (; count; count--) {
                add_one(value, self);
                lcg_run(count, gap);
        }
}

/* Defines `add` of the file's strategy from its `add_one`. */
#define SHARING_DEFINE_ADD                                                                   \
        static void add(volatile uint64_t *value, struct sharing_self *self, uint64_t count, \
                        uint64_t gap)                                                        \
        {                                                                                    \
                sharing_add_with(add_one, value, self, count, gap);                          \
        }

#endif
