#include "base/error.h"
#include "mproc/sync_wait.h"
#include <errno.h>
#include <mproc/value.h>
#include <string.h>

static unsigned char *copy_at(struct mproc_value *value, uint32_t index)
{
        return (unsigned char *)(value + 1) + index * MPROC_VALUE_ROUND(value->size);
}

int mproc_value_init(struct mproc_value *value, size_t size, const void *first,
                     struct mproc_err *err)
{
        int r;

        if (!size)
                return error_set(err, -EINVAL, "value", "a record of 0 bytes was asked for");
        r = sync_check_aligned(value, MPROC_VALUE_LINE, "value", err);
        if (r)
                return r;
        memset(value, 0, sizeof(*value));
        value->size = size;
        robust_init(&value->lock);
        if (first)
                memcpy(copy_at(value, 0), first, size);
        else
                memset(copy_at(value, 0), 0, size);
        word_store(&value->magic, SYNC_VALUE);
        return 0;
}

void mproc_value_done(struct mproc_value *value)
{
        if (value)
                word_store(&value->magic, 0);
}

static int lock(struct mproc_value *value, int64_t timeout_ns, struct mproc_err *err)
{
        int r = sync_check(&value->magic, SYNC_VALUE, 0, err);

        if (r)
                return r;
        r = robust_lock_short(&value->lock, timeout_ns);
        if (r == -EOWNERDEAD) {
                /* What it left is in the spare copy: it does not count. */
                pthread_mutex_consistent(&value->lock);
                return 0;
        }
        switch (r) {
        case 0:
                return 0;
        case -EBUSY:
                return error_set(err, r, "value",
                                 "another process is changing the record, and does not finish: is "
                                 "it stopped?");
        case -EDEADLK:
                return error_set(err, r, "value",
                                 "the record is used by the function that changes it: use the copy "
                                 "that it was given");
        default:
                return error_errno(err, r, "value", "cannot lock a record");
        }
}

int mproc_value_get(struct mproc_value *value, void *data, int64_t timeout_ns,
                    struct mproc_err *err)
{
        int r = lock(value, timeout_ns, err);

        if (r)
                return r;
        memcpy(data, copy_at(value, value->current), value->size);
        pthread_mutex_unlock(&value->lock);
        return 0;
}

/* With `change` NULL `context` is the new record. */
static int replace(struct mproc_value *value, int (*change)(void *data, void *context),
                   void *context, int64_t timeout_ns, struct mproc_err *err)
{
        unsigned char *spare;
        int r = lock(value, timeout_ns, err);

        if (r)
                return r;
        spare = copy_at(value, !value->current);
        if (change) {
                memcpy(spare, copy_at(value, value->current), value->size);
                r = change(spare, context);
        } else {
                memcpy(spare, context, value->size);
        }
        if (!r)
                word_store(&value->current, !value->current);
        pthread_mutex_unlock(&value->lock);
        return r;
}

int mproc_value_set(struct mproc_value *value, const void *data, int64_t timeout_ns,
                    struct mproc_err *err)
{
        return replace(value, NULL, (void *)data, timeout_ns, err);
}

int mproc_value_update(struct mproc_value *value, int (*change)(void *data, void *context),
                       void *context, int64_t timeout_ns, struct mproc_err *err)
{
        return replace(value, change, context, timeout_ns, err);
}
