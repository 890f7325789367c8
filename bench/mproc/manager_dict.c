#include "mproc/manager_store.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

/* Keys are only told apart, so the order is what is cheapest. */
static int compare(const void *one, const void *other)
{
        const struct mproc_bytes *a = one, *b = other;

        if (a->size != b->size)
                return a->size < b->size ? -1 : 1;
        return a->size ? memcmp(a->data, b->data, a->size) : 0;
}

/* An item begins with its key, which is what the tree points to. */
static struct manager_item *find(const struct manager_object *dict, const struct manager_call *call)
{
        void *node = tfind(&call->part[MANAGER_KEY], &dict->tree, compare);

        return node ? *(struct manager_item **)node : NULL;
}

static int insert(struct manager_object *dict, struct mproc_bytes key, struct mproc_bytes value)
{
        struct manager_item *item = calloc(1, sizeof(*item) + key.size);

        if (!item)
                return -ENOMEM;
        if (manager_blob_set(&item->value, value))
                goto no_memory;
        if (key.size)
                memcpy(item + 1, key.data, key.size);
        item->key = mproc_bytes_of(item + 1, key.size);
        if (!tsearch(item, &dict->tree, compare))
                goto no_memory;
        TAILQ_INSERT_TAIL(&dict->items, item, entry);
        dict->size++;
        return 0;
no_memory:
        free(item->value.data);
        free(item);
        return -ENOMEM;
}

static void free_item(struct manager_object *dict, struct manager_item *item)
{
        tdelete(item, &dict->tree, compare);
        TAILQ_REMOVE(&dict->items, item, entry);
        dict->size--;
        free(item->value.data);
        free(item);
}

static void leave_key(void *key)
{
        (void)key;
}

void manager_dict_clear(struct manager_object *dict)
{
        struct manager_item *item;

        tdestroy(dict->tree, leave_key);
        dict->tree = NULL;
        while ((item = TAILQ_FIRST(&dict->items))) {
                TAILQ_REMOVE(&dict->items, item, entry);
                free(item->value.data);
                free(item);
        }
        dict->size = 0;
}

static int put(struct manager_object *dict, struct manager_item *item,
               const struct manager_call *call)
{
        struct mproc_bytes value = call->part[MANAGER_VALUE];

        return item ? manager_blob_set(&item->value, value)
                    : insert(dict, call->part[MANAGER_KEY], value);
}

int manager_dict_set(struct manager_object *dict, struct manager_call *call)
{
        return put(dict, find(dict, call), call);
}

int manager_dict_get(struct manager_object *dict, struct manager_call *call)
{
        struct manager_item *item = find(dict, call);

        return item ? manager_call_answer(call, manager_blob_bytes(&item->value)) : -ENOENT;
}

int manager_dict_delete(struct manager_object *dict, struct manager_call *call)
{
        struct manager_item *item = find(dict, call);

        if (!item)
                return -ENOENT;
        free_item(dict, item);
        return 0;
}

int manager_dict_pop(struct manager_object *dict, struct manager_call *call)
{
        struct manager_item *item = find(dict, call);
        int r;

        if (!item)
                return -ENOENT;
        r = manager_call_answer(call, manager_blob_bytes(&item->value));
        if (!r)
                free_item(dict, item);
        return r;
}

int manager_dict_setdefault(struct manager_object *dict, struct manager_call *call)
{
        struct manager_item *item = find(dict, call);
        int r = manager_call_answer(call, item ? manager_blob_bytes(&item->value)
                                               : call->part[MANAGER_VALUE]);

        return r || item ? r : put(dict, NULL, call);
}

int manager_dict_compare_set(struct manager_object *dict, struct manager_call *call)
{
        uint32_t flags = call->request->flags;
        struct manager_item *item = find(dict, call);
        struct mproc_bytes now;

        if (flags & MANAGER_NO_EXPECTED) {
                if (item)
                        return -EEXIST;
        } else {
                if (!item)
                        return -ENOENT;
                now = manager_blob_bytes(&item->value);
                if (compare(&now, &call->part[MANAGER_EXPECTED]))
                        return -EAGAIN;
        }
        if (!(flags & MANAGER_NO_VALUE))
                return put(dict, item, call);
        if (item)
                free_item(dict, item);
        return 0;
}

int manager_dict_add(struct manager_object *dict, struct manager_call *call)
{
        struct manager_item *item = find(dict, call);
        uint64_t number = 0;

        if (item) {
                if (item->value.size != sizeof(number))
                        return -EDOM;
                memcpy(&number, item->value.data, sizeof(number));
        }
        number += (uint64_t)call->request->number;
        call->reply.number = (int64_t)number;
        if (!item)
                return insert(dict, call->part[MANAGER_KEY],
                              mproc_bytes_of(&number, sizeof(number)));
        memcpy(item->value.data, &number, sizeof(number));
        return 0;
}

int manager_dict_items(struct manager_object *dict, struct manager_call *call)
{
        bool keys_only = call->request->flags & MANAGER_KEYS_ONLY;
        struct mproc_bytes none = {NULL, 0};
        struct manager_item *item;
        int r;

        TAILQ_FOREACH(item, &dict->items, entry)
        {
                r = manager_call_entry(call, item->key,
                                       keys_only ? none : manager_blob_bytes(&item->value));
                if (r)
                        return r;
        }
        call->reply.number = (int64_t)dict->size;
        return call->prepare(call);
}
