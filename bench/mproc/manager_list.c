#include "mproc/manager_store.h"

#include <errno.h>
#include <stdlib.h>

/* The entry that `index` means, below 0 from the end; NULL: there is none. */
static struct manager_blob *find(const struct manager_object *list, int64_t index)
{
        int64_t size = (int64_t)list->size;

        if (index < 0)
                index += size;
        return index < 0 || index >= size ? NULL : &list->list[index];
}

/* As Python cuts the bounds of slices. */
static size_t cut(const struct manager_object *list, int64_t index)
{
        int64_t size = (int64_t)list->size;

        if (index < 0)
                index += size;
        return index < 0 ? 0 : index > size ? list->size : (size_t)index;
}

static int reserve(struct manager_object *list, size_t more)
{
        size_t wanted = list->size + more, capacity = list->capacity ? list->capacity : 8;
        struct manager_blob *entries;

        if (wanted <= list->capacity)
                return 0;
        while (capacity < wanted)
                capacity *= 2;
        entries = realloc(list->list, capacity * sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        list->list = entries;
        list->capacity = capacity;
        return 0;
}

static void free_entry(struct manager_object *list, struct manager_blob *entry)
{
        size_t behind = list->size - (size_t)(entry - list->list) - 1;

        free(entry->data);
        memmove(entry, entry + 1, behind * sizeof(*entry));
        list->size--;
}

static void shorten(struct manager_object *list, size_t size)
{
        while (list->size > size)
                free(list->list[--list->size].data);
}

void manager_list_clear(struct manager_object *list)
{
        shorten(list, 0);
        free(list->list);
        list->list = NULL;
        list->capacity = 0;
}

static int append(struct manager_object *list, struct mproc_bytes bytes)
{
        struct manager_blob blob = {0};
        int r = manager_blob_set(&blob, bytes);

        if (!r)
                list->list[list->size++] = blob;
        return r;
}

int manager_list_extend(struct manager_object *list, struct manager_call *call)
{
        struct mproc_bytes rest = call->part[MANAGER_VALUE];
        const unsigned char *at = rest.data;
        size_t before = list->size, left = rest.size;
        int r;

        if (call->request->count > left / sizeof(struct manager_entry))
                return -EPROTO;
        r = reserve(list, call->request->count);
        for (uint64_t i = 0; i < call->request->count && !r; i++) {
                struct manager_entry entry;

                if (left < sizeof(entry))
                        r = -EPROTO;
                if (r)
                        break;
                memcpy(&entry, at, sizeof(entry));
                at += sizeof(entry);
                left -= sizeof(entry);
                if (entry.value_size > left || manager_round(entry.value_size) > left)
                        r = -EPROTO;
                else
                        r = append(list, mproc_bytes_of(at, entry.value_size));
                if (r)
                        break;
                at += manager_round(entry.value_size);
                left -= manager_round(entry.value_size);
        }
        if (r)
                shorten(list, before);
        return r;
}

int manager_list_insert(struct manager_object *list, struct manager_call *call)
{
        size_t at = cut(list, call->request->number);
        struct manager_blob blob = {0};
        int r = reserve(list, 1);

        if (!r)
                r = manager_blob_set(&blob, call->part[MANAGER_VALUE]);
        if (r)
                return r;
        memmove(&list->list[at + 1], &list->list[at], (list->size - at) * sizeof(blob));
        list->list[at] = blob;
        list->size++;
        return 0;
}

int manager_list_set(struct manager_object *list, struct manager_call *call)
{
        struct manager_blob *entry = find(list, call->request->number);

        return entry ? manager_blob_set(entry, call->part[MANAGER_VALUE]) : -ERANGE;
}

int manager_list_get(struct manager_object *list, struct manager_call *call)
{
        struct manager_blob *entry = find(list, call->request->number);

        return entry ? manager_call_answer(call, manager_blob_bytes(entry)) : -ERANGE;
}

int manager_list_pop(struct manager_object *list, struct manager_call *call)
{
        struct manager_blob *entry = find(list, call->request->number);
        int r;

        if (!entry)
                return -ERANGE;
        r = manager_call_answer(call, manager_blob_bytes(entry));
        if (!r)
                free_entry(list, entry);
        return r;
}

int manager_list_delete(struct manager_object *list, struct manager_call *call)
{
        struct manager_blob *entry = find(list, call->request->number);

        if (!entry)
                return -ERANGE;
        free_entry(list, entry);
        return 0;
}

int manager_list_slice(struct manager_object *list, struct manager_call *call)
{
        size_t first = cut(list, call->request->number), count = list->size - first;
        struct mproc_bytes none = {NULL, 0};
        int r = 0;

        if (count > call->request->count)
                count = call->request->count;
        for (size_t i = 0; i < count && !r; i++)
                r = manager_call_entry(call, none, manager_blob_bytes(&list->list[first + i]));
        call->reply.number = (int64_t)count;
        return r ? r : call->prepare(call);
}
