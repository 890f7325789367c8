#include "base/error.h"
#include "mproc/pool_private.h"
#include "mproc/wait.h"
#include <errno.h>
#include <string.h>

static bool is_over(struct mproc_pool *pool, void *context)
{
        const struct mproc_result *result = context;

        (void)pool;
        return atomic_load_explicit(&result->over, memory_order_relaxed);
}

/* Locked before; unlocked, and callbacks called, after. */
static int await(struct mproc_pool *pool, struct mproc_result *result, int64_t timeout_ns,
                 struct mproc_err *err)
{
        int r = pool_wait(pool, is_over, result,
                          result->use == POOL_OF_JOB ? POOL_ANY : result->slot + 2,
                          wait_deadline(timeout_ns));

        pool_leave(pool);
        if (r)
                return error_set(err, r, "wait", "it is not over after %.3f s",
                                 wait_seconds(timeout_ns));
        r = atomic_load_explicit(&result->callback_code, memory_order_relaxed);
        if (r)
                return error_set(err, -EBADE, "wait", "its callback returned %d", r);
        return 0;
}

int mproc_pool_wait(struct mproc_pool *pool, struct mproc_result *result, int64_t timeout_ns,
                    struct mproc_err *err)
{
        int r = pool_check_result(pool, result, "wait", err);

        if (r)
                return r;
        /* What is over stays so, and nobody changes it: that needs no lock. */
        if (atomic_load_explicit(&result->over, memory_order_acquire) && !pool_has_callback(result))
                return 0;
        pool_lock(&pool->lock);
        return await(pool, result, timeout_ns, err);
}

void pool_result_failure(const struct mproc_result *result, struct mproc_failure *ret)
{
        if (result->failure) {
                *ret = *result->failure;
                return;
        }
        *ret = (struct mproc_failure){.count = 1, .worker = -1};
        error_set(&ret->err, result->code, "task",
                  "the task failed with %d, and no memory was left to say more", result->code);
}

int mproc_pool_get(struct mproc_pool *pool, struct mproc_result *result, void *buf, size_t size,
                   int64_t timeout_ns, struct mproc_failure *failure, struct mproc_err *err)
{
        struct mproc_failure known;
        int r = mproc_pool_wait(pool, result, timeout_ns, err);

        if (r)
                return r;
        /* It is over: nobody changes it any more. */
        if (result->code) {
                pool_result_failure(result, &known);
                if (failure)
                        *failure = known;
                return error_set(err, -EREMOTEIO, "task", "%.400s", known.err.text);
        }
        if (result->size > size)
                return error_set(err, -EMSGSIZE, "get",
                                 "the result has %u bytes, and the buffer %zu", result->size, size);
        if (result->size)
                memcpy(buf, pool_result_bytes(pool, result), result->size);
        return 0;
}

int mproc_pool_ready(struct mproc_pool *pool, struct mproc_result *result, struct mproc_err *err)
{
        int r = pool_check_result(pool, result, "ready", err);

        if (r)
                return r;
        pool_lock(&pool->lock);
        pool_collect(pool);
        r = result->over;
        if (!r)
                pool_rouse(pool);
        pool_leave(pool);
        return r;
}

int mproc_pool_successful(struct mproc_pool *pool, struct mproc_result *result,
                          struct mproc_err *err)
{
        int r = mproc_pool_ready(pool, result, err);

        if (r < 0)
                return r;
        return r ? !result->code
                 : error_set(err, -ENODATA, "successful", "the result is not ready yet");
}

int mproc_pool_cancel(struct mproc_pool *pool, struct mproc_result *result, struct mproc_err *err)
{
        int r = pool_check_result(pool, result, "cancel", err);

        if (r)
                return r;
        pool_lock(&pool->lock);
        pool_collect(pool);
        r = pool_cancel_locked(pool, result, err);
        if (!r)
                pool_stir(pool);
        pool_leave(pool);
        return r;
}

static void release_locked(struct mproc_pool *pool, struct mproc_result *result)
{
        if (result->over && !result->calling)
                pool_result_free(pool, result);
        else
                result->released = true;
}

void mproc_pool_release(struct mproc_pool *pool, struct mproc_result *result)
{
        if (!result || pool_check_result(pool, result, "release", NULL))
                return;
        pool_lock(&pool->lock);
        release_locked(pool, result);
        pool_unlock(&pool->lock);
}

int mproc_pool_apply_async(struct mproc_pool *pool, struct mproc_result **ret,
                           const struct mproc_call *call, struct mproc_err *err)
{
        struct mproc_result *result;
        bool called;
        int r = pool_check(pool, "submit", err);

        if (r)
                return r;
        for (;;) {
                pool_lock(&pool->lock);
                r = pool_submit(pool, &result, call, NULL, err);
                if (!r && !ret)
                        release_locked(pool, result);
                called = pool_leave(pool);
                if (!r)
                        break;
                if (r != -ENOBUFS || !called) /* these may have made room */
                        return r;
        }
        if (ret)
                *ret = result;
        return 0;
}

int mproc_pool_apply(struct mproc_pool *pool, const struct mproc_call *call, void *result,
                     struct mproc_failure *failure, struct mproc_err *err)
{
        struct mproc_result *handle;
        int r = mproc_pool_apply_async(pool, &handle, call, err);

        if (r)
                return r;
        r = mproc_pool_get(pool, handle, result, call->result_size, MPROC_FOREVER, failure, err);
        mproc_pool_release(pool, handle);
        return r;
}
