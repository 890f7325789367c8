/* The objects of a manager, and what is done with them. In its server alone; no system calls.
 *
 * An operation that fails has changed nothing: memory is taken before anything is touched. */
#ifndef MPROC_MANAGER_STORE_H
#define MPROC_MANAGER_STORE_H

#include "mproc/manager_wire.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum manager_kind { MANAGER_DICT = 1, MANAGER_LIST = 2 };

/* A value. */
struct manager_blob {
        void *data;
        size_t size, capacity;
};

struct manager_item {           /* of a dictionary */
        struct mproc_bytes key; /* lies behind the struct */
        struct manager_blob value;
        TAILQ_ENTRY(manager_item) entry;
};

struct manager_object {
        enum manager_kind kind;
        size_t size;
        void *tree; /* of a dictionary: its items by their keys (tsearch(3)) */
        TAILQ_HEAD(manager_items, manager_item) items; /* … and as they came */
        struct manager_blob *list;
        size_t capacity; /* of `list` */
};

struct manager_slot {
        struct manager_object *object; /* NULL: free */
        uint32_t generation;           /* an id is never used again */
        uint32_t next_free;
};

struct manager_store {
        struct manager_slot *slots;
        uint32_t count, capacity, first_free;
};

/* One operation. */
struct manager_call {
        const struct manager_request *request;
        struct mproc_bytes part[MANAGER_PARTS];
        struct manager_reply reply;
        struct manager_buffer *out; /* the reply's place, then its bytes */
        /* Called when `out` has all bytes of the answer, and nothing is changed yet: makes sure
         * that it can be sent. -EMFILE, -EFBIG and the like. */
        int (*prepare)(struct manager_call *call);
        void *context; /* of `prepare` */
};

/* -ENOMEM. */
int manager_store_init(struct manager_store *store);
void manager_store_done(struct manager_store *store);
/* Fills call->reply, its code too, and call->out behind the reply. */
void manager_store_run(struct manager_store *store, struct manager_call *call);

/* The kinds' own ops; each returns the code. manager_dict.c, manager_list.c. */
typedef int manager_run(struct manager_object *object, struct manager_call *call);
manager_run manager_dict_set, manager_dict_get, manager_dict_delete, manager_dict_pop,
        manager_dict_setdefault, manager_dict_compare_set, manager_dict_add, manager_dict_items;
manager_run manager_list_extend, manager_list_insert, manager_list_set, manager_list_get,
        manager_list_pop, manager_list_delete, manager_list_slice;
void manager_dict_clear(struct manager_object *object);
void manager_list_clear(struct manager_object *object);

/* What they share. -EMSGSIZE, -E2BIG, -ENOMEM. */
int manager_call_answer(struct manager_call *call, struct mproc_bytes bytes);
int manager_call_entry(struct manager_call *call, struct mproc_bytes key, struct mproc_bytes value);
/* -ENOMEM. */
int manager_blob_set(struct manager_blob *blob, struct mproc_bytes bytes);

static inline struct mproc_bytes manager_blob_bytes(const struct manager_blob *blob)
{
        return mproc_bytes_of(blob->data, blob->size);
}

#endif
