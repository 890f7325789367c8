#include "mproc/manager_store.h"

#include <errno.h>
#include <stdlib.h>

#define NO_SLOT UINT32_MAX

static int add_object(struct manager_store *store, enum manager_kind kind, uint64_t *ret)
{
        struct manager_object *object;
        uint32_t index = store->first_free;

        if (index == NO_SLOT && store->count == store->capacity) {
                uint32_t capacity = store->capacity ? 2 * store->capacity : 16;
                struct manager_slot *slots = realloc(store->slots, capacity * sizeof(*slots));

                if (!slots)
                        return -ENOMEM;
                store->slots = slots;
                store->capacity = capacity;
        }
        object = calloc(1, sizeof(*object));
        if (!object)
                return -ENOMEM;
        object->kind = kind;
        TAILQ_INIT(&object->items);
        if (index == NO_SLOT) {
                index = store->count++;
                store->slots[index].generation = 1;
        } else {
                store->first_free = store->slots[index].next_free;
        }
        store->slots[index].object = object;
        *ret = (uint64_t)store->slots[index].generation << 32 | index;
        return 0;
}

static void clear(struct manager_object *object)
{
        if (object->kind == MANAGER_DICT)
                manager_dict_clear(object);
        else
                manager_list_clear(object);
}

static void free_object(struct manager_object *object)
{
        clear(object);
        free(object);
}

int manager_store_init(struct manager_store *store)
{
        uint64_t id;

        *store = (struct manager_store){.first_free = NO_SLOT};
        return add_object(store, MANAGER_DICT, &id); /* MANAGER_ROOT_ID */
}

void manager_store_done(struct manager_store *store)
{
        for (uint32_t i = 0; i < store->count; i++)
                if (store->slots[i].object)
                        free_object(store->slots[i].object);
        free(store->slots);
}

static struct manager_slot *find(struct manager_store *store, uint64_t id)
{
        uint32_t index = (uint32_t)id;

        if (index >= store->count || !store->slots[index].object ||
            store->slots[index].generation != id >> 32)
                return NULL;
        return &store->slots[index];
}

static int run_free(struct manager_store *store, struct manager_slot *slot)
{
        uint32_t index = (uint32_t)(slot - store->slots);

        if (!index)
                return -EPERM;
        free_object(slot->object);
        slot->object = NULL;
        if (++slot->generation) { /* one whose numbers are used up stays empty */
                slot->next_free = store->first_free;
                store->first_free = index;
        }
        return 0;
}

static int run_size(struct manager_object *object, struct manager_call *call)
{
        call->reply.number = (int64_t)object->size;
        return 0;
}

static int run_clear(struct manager_object *object, struct manager_call *call)
{
        (void)call;
        clear(object);
        return 0;
}

static const struct {
        manager_run *run;
        unsigned kinds;
} ops[MANAGER_OPS] = {
        [MANAGER_SIZE] = {run_size, MANAGER_DICT | MANAGER_LIST},
        [MANAGER_CLEAR] = {run_clear, MANAGER_DICT | MANAGER_LIST},
        [MANAGER_DICT_SET] = {manager_dict_set, MANAGER_DICT},
        [MANAGER_DICT_GET] = {manager_dict_get, MANAGER_DICT},
        [MANAGER_DICT_DELETE] = {manager_dict_delete, MANAGER_DICT},
        [MANAGER_DICT_POP] = {manager_dict_pop, MANAGER_DICT},
        [MANAGER_DICT_SETDEFAULT] = {manager_dict_setdefault, MANAGER_DICT},
        [MANAGER_DICT_COMPARE_SET] = {manager_dict_compare_set, MANAGER_DICT},
        [MANAGER_DICT_ADD] = {manager_dict_add, MANAGER_DICT},
        [MANAGER_DICT_ITEMS] = {manager_dict_items, MANAGER_DICT},
        [MANAGER_LIST_EXTEND] = {manager_list_extend, MANAGER_LIST},
        [MANAGER_LIST_INSERT] = {manager_list_insert, MANAGER_LIST},
        [MANAGER_LIST_SET] = {manager_list_set, MANAGER_LIST},
        [MANAGER_LIST_GET] = {manager_list_get, MANAGER_LIST},
        [MANAGER_LIST_POP] = {manager_list_pop, MANAGER_LIST},
        [MANAGER_LIST_DELETE] = {manager_list_delete, MANAGER_LIST},
        [MANAGER_LIST_SLICE] = {manager_list_slice, MANAGER_LIST},
};

static int run(struct manager_store *store, struct manager_call *call)
{
        const struct manager_request *request = call->request;
        struct manager_slot *slot;

        if (request->op == MANAGER_DICT_NEW || request->op == MANAGER_LIST_NEW)
                return add_object(store,
                                  request->op == MANAGER_DICT_NEW ? MANAGER_DICT : MANAGER_LIST,
                                  (uint64_t *)&call->reply.number);
        slot = find(store, request->object);
        if (!slot)
                return -ESTALE;
        if (request->op == MANAGER_FREE)
                return run_free(store, slot);
        if (!(ops[request->op].kinds & slot->object->kind))
                return -EPROTOTYPE;
        return ops[request->op].run(slot->object, call);
}

void manager_store_run(struct manager_store *store, struct manager_call *call)
{
        size_t begin = call->out->size;

        call->reply.code = run(store, call);
        if (call->reply.code)
                call->out->size = begin;
        else
                call->reply.size = call->out->size - begin;
}

int manager_call_answer(struct manager_call *call, struct mproc_bytes bytes)
{
        void *at;

        if (call->request->flags & MANAGER_NO_BYTES)
                return 0;
        call->reply.size = bytes.size;
        if (bytes.size > call->request->capacity)
                return -EMSGSIZE;
        at = manager_buffer_extend(call->out, bytes.size);
        if (!at)
                return -ENOMEM;
        if (bytes.size)
                memcpy(at, bytes.data, bytes.size);
        return call->prepare(call);
}

int manager_call_entry(struct manager_call *call, struct mproc_bytes key, struct mproc_bytes value)
{
        /* Those that come do not matter any more. */
        call->reply.size += manager_entry_room(key, value);
        if (call->reply.size > MPROC_MANAGER_BYTES_MAX)
                return -E2BIG;
        return manager_buffer_add_entry(call->out, key, value);
}

int manager_blob_set(struct manager_blob *blob, struct mproc_bytes bytes)
{
        /* What is overwritten by something of about the same size stays where it is. */
        if (bytes.size > blob->capacity || bytes.size < blob->capacity / 4) {
                size_t capacity = bytes.size < 16 ? 16 : bytes.size;
                void *data = malloc(capacity);

                if (!data)
                        return -ENOMEM;
                free(blob->data);
                blob->data = data;
                blob->capacity = capacity;
        }
        if (bytes.size)
                memcpy(blob->data, bytes.data, bytes.size);
        blob->size = bytes.size;
        return 0;
}
