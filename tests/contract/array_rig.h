/* An array in shared memory, and what its tests need beside it. */
#ifndef ARRAY_RIG_H
#define ARRAY_RIG_H

#include "contract/mproc_crew.h"

#include <mproc/array.h>

struct shared {
        struct mproc_scalar total, mean;
        int held, stop;
        unsigned char memory[4096] __attribute__((aligned(MPROC_VALUE_LINE)));
};

static inline struct place with_array(struct shared **ret, struct mproc_array **array,
                                      uint32_t type, size_t count, unsigned flags,
                                      const void *first)
{
        struct place place = take_place(sizeof(**ret));
        size_t bytes = MPROC_ARRAY_BYTES(type, count, flags);

        *ret = place.at;
        *array = (void *)(*ret)->memory;
        assert_true(bytes <= sizeof((*ret)->memory));
        assert_int_equal(mproc_array_init(*array, bytes, type, count, flags, first, NULL), 0);
        return place;
}

#endif
