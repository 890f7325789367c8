#include "mproc/queue_ring.h"

#include <string.h>

static unsigned char *storage(const struct mproc_queue *queue)
{
        return (unsigned char *)(queue + 1);
}

static size_t place_of(const struct mproc_queue *queue, uint64_t position)
{
        uint32_t place = (uint32_t)position;

        return (size_t)(place < queue->units ? place : place - queue->units) * RING_UNIT;
}

static size_t until_wrap(const struct mproc_queue *queue, size_t at, size_t size)
{
        size_t left = (size_t)queue->units * RING_UNIT - at;

        return size < left ? size : left;
}

/* Where the bytes of a message begin. */
static size_t behind_size(const struct mproc_queue *queue, uint64_t position)
{
        size_t at = place_of(queue, position) + RING_UNIT;

        return at < (size_t)queue->units * RING_UNIT ? at : 0;
}

void ring_write(struct mproc_queue *queue, uint64_t position, const void *data, size_t size)
{
        size_t at = behind_size(queue, position), first = until_wrap(queue, at, size);
        uint64_t word = size;

        memcpy(storage(queue) + place_of(queue, position), &word, sizeof(word));
        if (!size)
                return;
        memcpy(storage(queue) + at, data, first);
        memcpy(storage(queue), (const unsigned char *)data + first, size - first);
}

size_t ring_size(const struct mproc_queue *queue, uint64_t position)
{
        uint64_t word;

        memcpy(&word, storage(queue) + place_of(queue, position), sizeof(word));
        return word;
}

void ring_read(const struct mproc_queue *queue, uint64_t position, void *data, size_t size)
{
        size_t at = behind_size(queue, position), first = until_wrap(queue, at, size);

        if (!size)
                return;
        memcpy(data, storage(queue) + at, first);
        memcpy((unsigned char *)data + first, storage(queue), size - first);
}
