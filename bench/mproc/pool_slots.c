#include "mproc/pool_shared.h"

uint64_t pool_first_position(struct pool_shared *shared, uint64_t from, uint64_t end,
                             unsigned states)
{
        for (uint32_t i = 0; i < shared->slot_count; i++) {
                uint64_t word = atomic_load(&shared->slots[i].state);
                uint64_t position = pool_word_position(word);

                if (position >= from && position < end && states & 1u << pool_word_state(word))
                        end = position;
        }
        return end;
}

uint64_t pool_next_position(struct pool_shared *shared, uint64_t position, uint64_t end,
                            unsigned states, uint32_t *left_out)
{
        return ++*left_out % shared->slot_count
                       ? position + 1
                       : pool_first_position(shared, position, end, states);
}
