#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/manager_private.h"
#include <errno.h>
#include <stdlib.h>

static int ask_parts(struct mproc_manager *manager, struct mproc_object object,
                     struct manager_request request, const struct mproc_bytes part[MANAGER_PARTS],
                     struct manager_answer *answer, struct mproc_err *err)
{
        struct manager_answer ignored = {0};

        if (object.manager != manager->address.id[0])
                return error_set(err, -ESTALE, "manager",
                                 "the object is another manager's, or none");
        request.object = object.id;
        return manager_ask(manager, &request, part, answer ? answer : &ignored, err);
}

static int ask(struct mproc_manager *manager, struct mproc_object object,
               struct manager_request request, struct mproc_bytes key, struct mproc_bytes value,
               struct manager_answer *answer, struct mproc_err *err)
{
        const struct mproc_bytes part[MANAGER_PARTS] = {
                [MANAGER_KEY] = key, [MANAGER_VALUE] = value};

        return ask_parts(manager, object, request, part, answer, err);
}

static const struct mproc_bytes none = {NULL, 0};

#define REQUEST(...) ((struct manager_request){__VA_ARGS__})

/* Both kinds --------------------------------------------------------------------------------- */

static int make_object(struct mproc_manager *manager, enum manager_op op, struct mproc_object *ret,
                       struct mproc_err *err)
{
        struct manager_answer answer = {0};
        int r = ask(manager, mproc_manager_root(manager), REQUEST(.op = op), none, none, &answer,
                    err);

        if (!r)
                *ret = (struct mproc_object){.manager = manager->address.id[0],
                                             .id = (uint64_t)answer.number};
        return r;
}

int mproc_dict_new(struct mproc_manager *manager, struct mproc_object *ret, struct mproc_err *err)
{
        return make_object(manager, MANAGER_DICT_NEW, ret, err);
}

int mproc_list_new(struct mproc_manager *manager, struct mproc_object *ret, struct mproc_err *err)
{
        return make_object(manager, MANAGER_LIST_NEW, ret, err);
}

int mproc_object_free(struct mproc_manager *manager, struct mproc_object object,
                      struct mproc_err *err)
{
        return ask(manager, object, REQUEST(.op = MANAGER_FREE), none, none, NULL, err);
}

int mproc_object_size(struct mproc_manager *manager, struct mproc_object object, size_t *ret,
                      struct mproc_err *err)
{
        struct manager_answer answer = {0};
        int r = ask(manager, object, REQUEST(.op = MANAGER_SIZE), none, none, &answer, err);

        if (!r)
                *ret = (size_t)answer.number;
        return r;
}

int mproc_object_clear(struct mproc_manager *manager, struct mproc_object object,
                       struct mproc_err *err)
{
        return ask(manager, object, REQUEST(.op = MANAGER_CLEAR), none, none, NULL, err);
}

bool mproc_snapshot_next(struct mproc_snapshot *snapshot, struct mproc_bytes *key,
                         struct mproc_bytes *value)
{
        struct manager_entry entry;
        const unsigned char *at = snapshot->at;

        if (!snapshot->left)
                return false;
        memcpy(&entry, at, sizeof(entry));
        at += sizeof(entry);
        if (key)
                *key = mproc_bytes_of(at, entry.key_size);
        at += manager_round(entry.key_size);
        if (value)
                *value = mproc_bytes_of(at, entry.value_size);
        snapshot->at = at + manager_round(entry.value_size);
        snapshot->left--;
        return true;
}

void mproc_snapshot_done(struct mproc_snapshot *snapshot)
{
        if (!snapshot)
                return;
        free(snapshot->memory);
        *snapshot = (struct mproc_snapshot){0};
}

/* Dictionaries ------------------------------------------------------------------------------- */

int mproc_dict_set(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   struct mproc_bytes value, struct mproc_err *err)
{
        return ask(manager, dict, REQUEST(.op = MANAGER_DICT_SET), key, value, NULL, err);
}

int mproc_dict_get(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   struct mproc_buffer *buffer, struct mproc_err *err)
{
        struct manager_answer answer = {.buffer = buffer};

        return ask(manager, dict, REQUEST(.op = MANAGER_DICT_GET), key, none, &answer, err);
}

int mproc_dict_contains(struct mproc_manager *manager, struct mproc_object dict,
                        struct mproc_bytes key, bool *ret, struct mproc_err *err)
{
        struct mproc_err error;
        int r = mproc_dict_get(manager, dict, key, NULL, &error);

        if (!r || r == -ENOENT) {
                *ret = !r;
                return 0;
        }
        if (err)
                *err = error;
        return r;
}

int mproc_dict_delete(struct mproc_manager *manager, struct mproc_object dict,
                      struct mproc_bytes key, struct mproc_err *err)
{
        return ask(manager, dict, REQUEST(.op = MANAGER_DICT_DELETE), key, none, NULL, err);
}

int mproc_dict_pop(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   struct mproc_buffer *buffer, struct mproc_err *err)
{
        struct manager_answer answer = {.buffer = buffer};

        return ask(manager, dict, REQUEST(.op = MANAGER_DICT_POP), key, none, &answer, err);
}

int mproc_dict_setdefault(struct mproc_manager *manager, struct mproc_object dict,
                          struct mproc_bytes key, struct mproc_bytes value,
                          struct mproc_buffer *buffer, struct mproc_err *err)
{
        struct manager_answer answer = {.buffer = buffer};

        return ask(manager, dict, REQUEST(.op = MANAGER_DICT_SETDEFAULT), key, value, &answer, err);
}

int mproc_dict_compare_set(struct mproc_manager *manager, struct mproc_object dict,
                           struct mproc_bytes key, const struct mproc_bytes *expected,
                           const struct mproc_bytes *value, struct mproc_err *err)
{
        struct mproc_bytes part[MANAGER_PARTS] = {[MANAGER_KEY] = key,
                                                  [MANAGER_VALUE] = value ? *value : none,
                                                  [MANAGER_EXPECTED] = expected ? *expected : none};
        struct manager_request request = {.op = MANAGER_DICT_COMPARE_SET};

        if (!expected)
                request.flags |= MANAGER_NO_EXPECTED;
        if (!value)
                request.flags |= MANAGER_NO_VALUE;
        return ask_parts(manager, dict, request, part, NULL, err);
}

int mproc_dict_add(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   int64_t change, int64_t *ret, struct mproc_err *err)
{
        struct manager_answer answer = {0};
        int r = ask(manager, dict, REQUEST(.op = MANAGER_DICT_ADD, .number = change), key, none,
                    &answer, err);

        if (!r && ret)
                *ret = answer.number;
        return r;
}

static int snap(struct mproc_manager *manager, struct mproc_object object,
                struct manager_request request, struct mproc_snapshot *ret, struct mproc_err *err)
{
        struct mproc_snapshot snapshot;
        struct manager_answer answer = {.snapshot = &snapshot};
        int r = ask(manager, object, request, none, none, &answer, err);

        if (!r)
                *ret = snapshot;
        return r;
}

int mproc_dict_items(struct mproc_manager *manager, struct mproc_object dict,
                     struct mproc_snapshot *ret, struct mproc_err *err)
{
        return snap(manager, dict, REQUEST(.op = MANAGER_DICT_ITEMS), ret, err);
}

int mproc_dict_keys(struct mproc_manager *manager, struct mproc_object dict,
                    struct mproc_snapshot *ret, struct mproc_err *err)
{
        return snap(manager, dict, REQUEST(.op = MANAGER_DICT_ITEMS, .flags = MANAGER_KEYS_ONLY),
                    ret, err);
}

/* Lists -------------------------------------------------------------------------------------- */

int mproc_list_append(struct mproc_manager *manager, struct mproc_object list,
                      struct mproc_bytes value, struct mproc_err *err)
{
        return ask(manager, list, REQUEST(.op = MANAGER_LIST_INSERT, .number = INT64_MAX), none,
                   value, NULL, err);
}

int mproc_list_extend(struct mproc_manager *manager, struct mproc_object list,
                      const struct mproc_bytes *values, size_t count, struct mproc_err *err)
{
        struct manager_buffer packed = {0};
        int r = 0;

        for (size_t i = 0; i < count; i++) {
                if (values[i].size && !values[i].data) {
                        r = error_set(err, -EINVAL, "manager", "values[%zu].data is NULL, size %zu",
                                      i, values[i].size);
                        goto out;
                }
                if (values[i].size > MPROC_MANAGER_BYTES_MAX ||
                    packed.size + manager_entry_room(none, values[i]) > MPROC_MANAGER_BYTES_MAX) {
                        r = error_set(err, -E2BIG, "manager",
                                      "%zu values have more than MPROC_MANAGER_BYTES_MAX (%zu) "
                                      "bytes: divide them",
                                      count, MPROC_MANAGER_BYTES_MAX);
                        goto out;
                }
                r = manager_buffer_add_entry(&packed, none, values[i]);
                if (r) {
                        limits_error(err, r, "manager", "cannot allocate memory for a request");
                        goto out;
                }
        }
        r = ask(manager, list, REQUEST(.op = MANAGER_LIST_EXTEND, .count = count), none,
                mproc_bytes_of(packed.data, packed.size), NULL, err);
out:
        free(packed.data);
        return r;
}

int mproc_list_insert(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                      struct mproc_bytes value, struct mproc_err *err)
{
        return ask(manager, list, REQUEST(.op = MANAGER_LIST_INSERT, .number = index), none, value,
                   NULL, err);
}

int mproc_list_set(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                   struct mproc_bytes value, struct mproc_err *err)
{
        return ask(manager, list, REQUEST(.op = MANAGER_LIST_SET, .number = index), none, value,
                   NULL, err);
}

int mproc_list_get(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                   struct mproc_buffer *buffer, struct mproc_err *err)
{
        struct manager_answer answer = {.buffer = buffer};

        return ask(manager, list, REQUEST(.op = MANAGER_LIST_GET, .number = index), none, none,
                   &answer, err);
}

int mproc_list_pop(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                   struct mproc_buffer *buffer, struct mproc_err *err)
{
        struct manager_answer answer = {.buffer = buffer};

        return ask(manager, list, REQUEST(.op = MANAGER_LIST_POP, .number = index), none, none,
                   &answer, err);
}

int mproc_list_delete(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                      struct mproc_err *err)
{
        return ask(manager, list, REQUEST(.op = MANAGER_LIST_DELETE, .number = index), none, none,
                   NULL, err);
}

int mproc_list_slice(struct mproc_manager *manager, struct mproc_object list, int64_t first,
                     size_t count, struct mproc_snapshot *ret, struct mproc_err *err)
{
        return snap(manager, list,
                    REQUEST(.op = MANAGER_LIST_SLICE, .number = first, .count = count), ret, err);
}
