#include "mproc/manager_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES (256 * 1024u)

void *manager_buffer_extend(struct manager_buffer *buffer, size_t more)
{
        size_t size = buffer->size + more, capacity = buffer->capacity ? buffer->capacity : 4096;
        unsigned char *data;

        if (size > buffer->capacity) {
                while (capacity < size)
                        capacity *= 2;
                data = realloc(buffer->data, capacity);
                if (!data)
                        return NULL;
                buffer->data = data;
                buffer->capacity = capacity;
        }
        buffer->size = size;
        return buffer->data + size - more;
}

int manager_buffer_add_entry(struct manager_buffer *buffer, struct mproc_bytes key,
                             struct mproc_bytes value)
{
        struct manager_entry entry = {.key_size = key.size, .value_size = value.size};
        size_t room = manager_entry_room(key, value);
        unsigned char *at = manager_buffer_extend(buffer, room);

        if (!at)
                return -ENOMEM;
        memset(at, 0, room);
        memcpy(at, &entry, sizeof(entry));
        at += sizeof(entry);
        if (key.size)
                memcpy(at, key.data, key.size);
        if (value.size)
                memcpy(at + manager_round(key.size), value.data, value.size);
        return 0;
}

int manager_buffer_receive(struct manager_buffer *buffer, struct mproc_connection *connection,
                           int64_t timeout_ns)
{
        size_t size;
        int r;

        /* What did not fit is kept: the second time there is no wait. */
        while ((r = mproc_connection_recv_into(connection, buffer->data, buffer->capacity, &size,
                                               timeout_ns, NULL)) == -EMSGSIZE) {
                buffer->size = 0;
                if (!manager_buffer_extend(buffer, size))
                        return -ENOMEM;
        }
        if (!r)
                buffer->size = size;
        return r;
}

void manager_buffer_reset(struct manager_buffer *buffer)
{
        buffer->size = 0;
        if (buffer->capacity <= KEPT_BYTES)
                return;
        free(buffer->data);
        *buffer = (struct manager_buffer){0};
}
