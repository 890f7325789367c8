/* A manager: a server process that holds dictionaries, lists and namespaces for other processes.
 *
 * What many processes change at their own pace, and of which nobody knows beforehand how much there
 * will be, lies best with one who owns it: no lock, no arena, nothing half changed. Each operation
 * is a message there and one back; for what needs millions of operations a second there are
 * mproc/value.h, mproc/queue.h and shared memory.
 *
 *     mproc_manager_new(&manager, &(struct mproc_manager_options){0}, &err);
 *     mproc_dict_new(manager, &job.dict, &err);
 *     job.address = mproc_manager_address(manager);   // both are plain data: pass them on
 *
 *     mproc_manager_connect(&manager, &job->address, 10 * SECOND_NS, &err);   // in a worker
 *     mproc_dict_add(manager, job->dict, mproc_bytes_text("done"), 1, NULL, &err);
 *
 * Keys and values are bytes: copied there and back, nothing in them is followed. Every operation is
 * done as a whole, one after the other in one order for all; also add, compare_set and pop, which
 * are two steps elsewhere. The dictionary keeps the order in which its keys came.
 *
 * Death. Who is stopped or killed in the middle of an operation leaves it done or never begun, and
 * holds up nobody. When the server dies, or the process (not the thread) that made the manager, all
 * objects are gone: every call, those under way too, fails with -ECONNRESET. The server dies with
 * that process, however it ends; its address is an abstract Unix socket's (unix(7)), so that no
 * file is left, reachable in the same network namespace, and for the same user alone.
 *
 * Objects are handles, plain data too, that any connected process may use. One lives until somebody
 * calls mproc_object_free, or with its manager; nobody counts who knows it. A handle that outlives
 * its object, or is used with another manager, is told (-ESTALE).
 *
 * Context: a struct mproc_manager is a connection, for the process that made it and its threads
 * (which take turns: an operation of one waits for another's). A process that is forked connects
 * anew; all that it can do with an inherited one is free it. Errors that all functions share:
 * - -ECONNRESET: the server is gone, or has ended this connection; whether the operation was done
 *   is not known. To who made the manager the text says how the server ended.
 * - -ETIMEDOUT: no answer within the connection's timeout; whether the operation was done is not
 *   known. The next call connects anew.
 * - -ECHILD: the connection is that of the process from which the caller was forked.
 * - -ESTALE: the object was freed, or is another manager's.
 * - -EPROTOTYPE: the object is of the other kind, a list for a dictionary or the reverse.
 * - -E2BIG: key and value together, or the answer, exceed MPROC_MANAGER_BYTES_MAX.
 * - -EINVAL: bytes whose data is NULL and whose size is not 0.
 * - -ENOMEM, -EMFILE, -ENFILE, -EFBIG: here or in the server; the text says where.
 *
 * Nothing was changed by an operation that failed otherwise than by the first two; save where there
 * is no room here for a large answer, of which the text says so. */
#ifndef MPROC_MANAGER_H
#define MPROC_MANAGER_H

#include <mproc/mproc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of one operation, either way. Beyond 32 KiB they go by memory of their own. */
#define MPROC_MANAGER_BYTES_MAX ((size_t)1 << 29)

struct mproc_manager;

/* Plain data, the same in every process. All zeros: no address, no object. */
struct mproc_manager_address {
        uint64_t id[2]; /* private: random */
};

struct mproc_object {
        uint64_t manager, id; /* private */
};

/* Bytes that a function reads: a key, a value. */
struct mproc_bytes {
        const void *data;
        size_t size;
};

static inline struct mproc_bytes mproc_bytes_of(const void *data, size_t size)
{
        struct mproc_bytes bytes = {data, size};

        return bytes;
}

/* Without the NUL at its end. */
static inline struct mproc_bytes mproc_bytes_text(const char *text)
{
        return mproc_bytes_of(text, strlen(text));
}

/* Room for an answer: `size` is set to what came. On -EMSGSIZE, where `capacity` is too small,
 * `size` is what is needed, and nothing was taken out. */
struct mproc_buffer {
        void *data;
        size_t capacity;
        size_t size;
};

/* The server ----------------------------------------------------------------------------------- */

struct mproc_manager_options {
        const char *start;  /* start method by name; NULL: "forkserver". Not "serial" */
        int64_t timeout_ns; /* of the connection, as in connect; 0: MPROC_FOREVER */
};

/* Starts the server and connects to it. In a process of its own the server ignores SIGINT, so that
 * Ctrl-C leaves it to those who clean up. Errors: -ENOTSUP (serial), -EINVAL (a negative timeout),
 * those of mproc_process_start, and of connect. */
int mproc_manager_new(struct mproc_manager **ret, const struct mproc_manager_options *options,
                      struct mproc_err *err);
struct mproc_manager_address mproc_manager_address(const struct mproc_manager *manager);
/* In any process of the same user, in the process that made the manager, too. `timeout_ns` bounds
 * the wait for the server here and in each later call; MPROC_FOREVER. Errors besides those above:
 * -ECONNREFUSED (there is no such server, or no more), -EACCES (it is another user's), -EMFILE (the
 * server has no descriptor left for one more connection), -EINVAL (a timeout of 0 or less). */
int mproc_manager_connect(struct mproc_manager **ret, const struct mproc_manager_address *address,
                          int64_t timeout_ns, struct mproc_err *err);
/* Ends the connection; for who made the manager, also the server with all its objects, and reaps
 * it. Nobody else may be using `manager`. NULL is fine. */
void mproc_manager_free(struct mproc_manager *manager);
/* The server's process; 0 unless this is who made the manager. A thread's is its tid. */
pid_t mproc_manager_pid(const struct mproc_manager *manager);

/* Both kinds ----------------------------------------------------------------------------------- */

/* A dictionary that is there from the start, for who knows the address alone: keep handles of the
 * others in it. It cannot be freed. */
struct mproc_object mproc_manager_root(const struct mproc_manager *manager);

int mproc_dict_new(struct mproc_manager *manager, struct mproc_object *ret, struct mproc_err *err);
int mproc_list_new(struct mproc_manager *manager, struct mproc_object *ret, struct mproc_err *err);
/* For everybody at once. -EPERM: the root. */
int mproc_object_free(struct mproc_manager *manager, struct mproc_object object,
                      struct mproc_err *err);
int mproc_object_size(struct mproc_manager *manager, struct mproc_object object, size_t *ret,
                      struct mproc_err *err);
int mproc_object_clear(struct mproc_manager *manager, struct mproc_object object,
                       struct mproc_err *err);

/* What an object held at one instant. Keys and values lie in memory of the snapshot, aligned to 16
 * bytes, until mproc_snapshot_done. */
struct mproc_snapshot {
        uint64_t count;          /* of entries */
        const unsigned char *at; /* private from here on */
        uint64_t left;
        void *memory;
};

/* The next entry, in order; false: there is no more. The key of a list's is empty. Either may be
 * NULL. */
bool mproc_snapshot_next(struct mproc_snapshot *snapshot, struct mproc_bytes *key,
                         struct mproc_bytes *value);
/* NULL and all zeros are fine. */
void mproc_snapshot_done(struct mproc_snapshot *snapshot);

/* Dictionaries --------------------------------------------------------------------------------
 * -ENOENT: there is no such key. */

int mproc_dict_set(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   struct mproc_bytes value, struct mproc_err *err);
/* -ENOENT, -EMSGSIZE. With `buffer` NULL it is only looked whether the key is there. */
int mproc_dict_get(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   struct mproc_buffer *buffer, struct mproc_err *err);
int mproc_dict_contains(struct mproc_manager *manager, struct mproc_object dict,
                        struct mproc_bytes key, bool *ret, struct mproc_err *err);
/* -ENOENT. */
int mproc_dict_delete(struct mproc_manager *manager, struct mproc_object dict,
                      struct mproc_bytes key, struct mproc_err *err);
/* Get and delete. -ENOENT, -EMSGSIZE; it is left there then. An answer that its receiver died over
 * is lost. */
int mproc_dict_pop(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   struct mproc_buffer *buffer, struct mproc_err *err);
/* Set unless the key is there, and get what it has now. -EMSGSIZE: nothing was set. `buffer` may be
 * NULL. */
int mproc_dict_setdefault(struct mproc_manager *manager, struct mproc_object dict,
                          struct mproc_bytes key, struct mproc_bytes value,
                          struct mproc_buffer *buffer, struct mproc_err *err);
/* Makes `value` of the key if it is `expected`. NULL stands for a key that is not there: as
 * `expected` it has to be new, as `value` it is deleted. Errors, each of which leaves all as it is:
 * -EEXIST (it was to be new), -ENOENT (it is not there), -EAGAIN (it is something else). */
int mproc_dict_compare_set(struct mproc_manager *manager, struct mproc_object dict,
                           struct mproc_bytes key, const struct mproc_bytes *expected,
                           const struct mproc_bytes *value, struct mproc_err *err);
/* Adds to an int64_t in native order, as which it can be set and got; 0 if the key is not there.
 * `ret` (may be NULL): the new value; it wraps around. -EDOM: the value has not 8 bytes. */
int mproc_dict_add(struct mproc_manager *manager, struct mproc_object dict, struct mproc_bytes key,
                   int64_t change, int64_t *ret, struct mproc_err *err);
/* All entries, or their keys with empty values. */
int mproc_dict_items(struct mproc_manager *manager, struct mproc_object dict,
                     struct mproc_snapshot *ret, struct mproc_err *err);
int mproc_dict_keys(struct mproc_manager *manager, struct mproc_object dict,
                    struct mproc_snapshot *ret, struct mproc_err *err);

/* Lists ---------------------------------------------------------------------------------------
 * An index below 0 counts from the end: −1 is the last. -ERANGE: there is no such index. */

int mproc_list_append(struct mproc_manager *manager, struct mproc_object list,
                      struct mproc_bytes value, struct mproc_err *err);
/* All of them, next to each other, or none. */
int mproc_list_extend(struct mproc_manager *manager, struct mproc_object list,
                      const struct mproc_bytes *values, size_t count, struct mproc_err *err);
/* In front of `index`; beyond either end: there. */
int mproc_list_insert(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                      struct mproc_bytes value, struct mproc_err *err);
/* -ERANGE. */
int mproc_list_set(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                   struct mproc_bytes value, struct mproc_err *err);
/* -ERANGE, -EMSGSIZE. `buffer` may be NULL. */
int mproc_list_get(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                   struct mproc_buffer *buffer, struct mproc_err *err);
/* Get and delete, as mproc_dict_pop. -ERANGE, -EMSGSIZE. */
int mproc_list_pop(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                   struct mproc_buffer *buffer, struct mproc_err *err);
/* -ERANGE. */
int mproc_list_delete(struct mproc_manager *manager, struct mproc_object list, int64_t index,
                      struct mproc_err *err);
/* `count` entries from `first` on, or as many as there are; SIZE_MAX: all. */
int mproc_list_slice(struct mproc_manager *manager, struct mproc_object list, int64_t first,
                     size_t count, struct mproc_snapshot *ret, struct mproc_err *err);

/* Namespaces: dictionaries whose keys are names ------------------------------------------------ */

static inline int mproc_namespace_new(struct mproc_manager *manager, struct mproc_object *ret,
                                      struct mproc_err *err)
{
        return mproc_dict_new(manager, ret, err);
}

static inline int mproc_namespace_set(struct mproc_manager *manager, struct mproc_object space,
                                      const char *name, const void *data, size_t size,
                                      struct mproc_err *err)
{
        return mproc_dict_set(manager, space, mproc_bytes_text(name), mproc_bytes_of(data, size),
                              err);
}

static inline int mproc_namespace_get(struct mproc_manager *manager, struct mproc_object space,
                                      const char *name, struct mproc_buffer *buffer,
                                      struct mproc_err *err)
{
        return mproc_dict_get(manager, space, mproc_bytes_text(name), buffer, err);
}

static inline int mproc_namespace_delete(struct mproc_manager *manager, struct mproc_object space,
                                         const char *name, struct mproc_err *err)
{
        return mproc_dict_delete(manager, space, mproc_bytes_text(name), err);
}

static inline int mproc_namespace_add(struct mproc_manager *manager, struct mproc_object space,
                                      const char *name, int64_t change, int64_t *ret,
                                      struct mproc_err *err)
{
        return mproc_dict_add(manager, space, mproc_bytes_text(name), change, ret, err);
}

#ifdef __cplusplus
}
#endif
#endif
