/* Where the messages of a queue lie in its storage. Every context; queue.c says who may call what.
 *
 * A position is one word, so that a message comes and goes by one store: messages ever in the upper
 * half, mod 2^32, and in the lower the place of the next, in units, mod twice the storage: equal is
 * empty then, and a whole storage apart is full. */
#ifndef MPROC_QUEUE_RING_H
#define MPROC_QUEUE_RING_H

#include <mproc/queue.h>

#define RING_UNIT 8u
#define RING_UNITS_MAX (1u << 30)

static inline uint32_t ring_count(uint64_t position)
{
        return (uint32_t)(position >> 32);
}

static inline uint64_t ring_advance(const struct mproc_queue *queue, uint64_t position,
                                    uint32_t units)
{
        uint64_t place = (uint64_t)(uint32_t)position + units, round = 2ull * queue->units;

        return (uint64_t)(ring_count(position) + 1) << 32 | (place < round ? place : place - round);
}

static inline uint32_t ring_used(const struct mproc_queue *queue, uint64_t put, uint64_t get)
{
        uint32_t to = (uint32_t)put, from = (uint32_t)get;

        return to >= from ? to - from : to + 2 * queue->units - from;
}

static inline uint32_t ring_units(size_t size)
{
        return (uint32_t)(1 + (size + RING_UNIT - 1) / RING_UNIT);
}

/* The message that begins at `position`: room for it is there, or it is. */
void ring_write(struct mproc_queue *queue, uint64_t position, const void *data, size_t size);
size_t ring_size(const struct mproc_queue *queue, uint64_t position);
void ring_read(const struct mproc_queue *queue, uint64_t position, void *data, size_t size);

#endif
