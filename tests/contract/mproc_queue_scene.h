/* A queue in shared memory of its own. */
#ifndef MPROC_QUEUE_SCENE_H
#define MPROC_QUEUE_SCENE_H

#include "contract/mproc_scene.h"

#include <mproc/queue.h>

static struct mproc_shm *memory;

static inline struct mproc_queue *make_queue(size_t bytes, uint32_t max_messages)
{
        struct mproc_err err;

        assert_int_equal(mproc_shm_new(&memory, MPROC_QUEUE_BYTES(1, bytes), &err), 0);
        assert_int_equal(mproc_queue_init(mproc_shm_addr(memory), mproc_shm_size(memory),
                                          max_messages, &err),
                         0);
        return mproc_shm_addr(memory);
}

static inline void free_queue(void)
{
        mproc_queue_done(mproc_shm_addr(memory));
        mproc_shm_free(memory);
}

#endif
