/* What a manager's server and its clients say to each other: one request, one reply, each a message
 * of mproc/connection.h. Both sides.
 *
 * A connection has at most one request under way. So a reply always finds room in the socket, and
 * the server never waits for a client: one whose replies find none is not of these, and is left.
 * A client whose patience is over closes the connection and opens another, so that no reply meets a
 * later request. */
#ifndef MPROC_MANAGER_WIRE_H
#define MPROC_MANAGER_WIRE_H

#include <assert.h>
#include <mproc/manager.h>
#include <mproc/pipe.h>
#include <stddef.h>
#include <stdint.h>

#define MANAGER_MAGIC 0x316d706du /* "mpm1" */
#define MANAGER_ROOT_ID ((uint64_t)1 << 32)

enum manager_op {
        MANAGER_HELLO, /* reply.number: the first half of the manager's id */
        MANAGER_DICT_NEW,
        MANAGER_LIST_NEW, /* reply.number: the object's id */
        MANAGER_FREE,
        MANAGER_SIZE,
        MANAGER_CLEAR,
        MANAGER_DICT_SET,
        MANAGER_DICT_GET,
        MANAGER_DICT_DELETE,
        MANAGER_DICT_POP,
        MANAGER_DICT_SETDEFAULT,
        MANAGER_DICT_COMPARE_SET,
        MANAGER_DICT_ADD,
        MANAGER_DICT_ITEMS,
        MANAGER_LIST_EXTEND,
        MANAGER_LIST_INSERT,
        MANAGER_LIST_SET,
        MANAGER_LIST_GET,
        MANAGER_LIST_POP,
        MANAGER_LIST_DELETE,
        MANAGER_LIST_SLICE,
        MANAGER_OPS,
};

enum manager_flag {
        MANAGER_NO_BYTES = 1,    /* nobody wants to see the value */
        MANAGER_KEYS_ONLY = 2,   /* of ITEMS */
        MANAGER_NO_EXPECTED = 4, /* of COMPARE_SET: the key must not be there */
        MANAGER_NO_VALUE = 8,    /* of COMPARE_SET: delete it */
};

enum manager_part { MANAGER_KEY, MANAGER_VALUE, MANAGER_EXPECTED, MANAGER_PARTS };

/* Its parts follow, one behind the other. */
struct manager_request {
        uint32_t magic, op;
        uint32_t flags, reserved;
        uint64_t object;
        int64_t number;    /* index, change */
        uint64_t count;    /* of SLICE, EXTEND */
        uint64_t capacity; /* bytes that the client has room for */
        uint64_t size[MANAGER_PARTS];
};

/* Its bytes follow. */
struct manager_reply {
        uint32_t magic;
        int32_t code;
        int64_t number; /* an id, a size, a sum, or how many entries there are */
        uint64_t size;  /* of the bytes; with -EMSGSIZE how many there would be */
        uint64_t reserved;
};
static_assert(sizeof(struct manager_request) == 72, "the same in every process");
static_assert(sizeof(struct manager_reply) == 32, "what follows stays aligned");

/* Entries of a snapshot, and of EXTEND's value: sizes, key, value, each part rounded up. */
struct manager_entry {
        uint64_t key_size, value_size;
};
#define MANAGER_ALIGN 16u

static inline size_t manager_round(size_t size)
{
        return (size + MANAGER_ALIGN - 1) / MANAGER_ALIGN * MANAGER_ALIGN;
}

static inline size_t manager_entry_room(struct mproc_bytes key, struct mproc_bytes value)
{
        return sizeof(struct manager_entry) + manager_round(key.size) + manager_round(value.size);
}

/* Memory that grows with the messages in it, and is kept from one to the next. */
struct manager_buffer {
        unsigned char *data;
        size_t size, capacity;
};

/* `more` bytes at its end; NULL: no memory, and nothing changed. */
void *manager_buffer_extend(struct manager_buffer *buffer, size_t more);
/* An entry at its end. -ENOMEM. */
int manager_buffer_add_entry(struct manager_buffer *buffer, struct mproc_bytes key,
                             struct mproc_bytes value);
/* The next message, whole, in place of what was in it. Errors as mproc_connection_recv_into, save
 * -EMSGSIZE; -ENOMEM. */
int manager_buffer_receive(struct manager_buffer *buffer, struct mproc_connection *connection,
                           int64_t timeout_ns);
/* Empties it; what one large message took is given back. */
void manager_buffer_reset(struct manager_buffer *buffer);

/* The server's target; its argument is its address. Descriptors: [0] the listening socket, [1] one
 * end of a pipe whose other end the owner keeps: it is over when that is closed. */
int manager_serve(void *address, size_t size);

#endif
