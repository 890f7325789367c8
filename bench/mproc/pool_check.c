/* Who may not use a pool, and when it takes nothing. */
#include "base/error.h"
#include "mproc/pool_private.h"
#include "mproc/registry.h"
#include <errno.h>

int pool_check(struct mproc_pool *pool, const char *stage, struct mproc_err *err)
{
        if (pool->generation != registry_generation())
                return error_set(err, -ECHILD, stage,
                                 "this pool belongs to the process from which the caller was "
                                 "forked: make one here");
        if (pool_inside(pool->shared))
                return error_set(err, -EDEADLK, stage,
                                 "a worker cannot use the pool that it works for: it could wait "
                                 "for itself");
        return 0;
}

int pool_check_result(struct mproc_pool *pool, const struct mproc_result *result, const char *stage,
                      struct mproc_err *err)
{
        int r = pool_check(pool, stage, err);

        if (!r && result->pool != pool)
                r = error_set(err, -EXDEV, stage, "this result is of another pool");
        return r;
}

int pool_check_open(struct mproc_pool *pool, struct mproc_err *err)
{
        if (pool->phase != POOL_OPEN)
                return error_set(err, -ESHUTDOWN, "submit",
                                 "the pool is %s: submit before mproc_pool_close",
                                 pool->phase == POOL_TERMINATED ? "terminated" : "closed");
        if (!pool->broken.code)
                return 0;
        if (err)
                *err = pool->broken;
        return pool->broken.code;
}
