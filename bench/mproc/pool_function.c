/* The functions of the program that workers are to find, each by a number. */
#include "base/error.h"
#include "mproc/pool_private.h"
#include <errno.h>

static int add(struct mproc_pool *pool, callable_target *target, uint32_t *ret,
               struct mproc_err *err)
{
        struct pool_function described = {.path = ""};
        int r = callable_describe(&described.callable, described.path, target, err);

        if (r)
                return r;
        pool->shared->functions[pool->function_count] = described;
        *ret = pool->function_count++;
        return 0;
}

static int add_new(struct mproc_pool *pool, int (*function)(struct mproc_task *), uint32_t *ret,
                   struct mproc_err *err)
{
        int r;

        if (!function)
                return error_set(err, -EINVAL, "submit", "the function is NULL");
        if (pool->function_count == MPROC_POOL_FUNCTIONS)
                return error_set(err, -ENOSPC, "submit",
                                 "the pool has been given %d functions already: choose between "
                                 "them by the argument",
                                 MPROC_POOL_FUNCTIONS);
        r = add(pool, (callable_target *)(void (*)(void))function, ret, err);
        if (!r)
                pool->functions[*ret] = function;
        return r;
}

int pool_function(struct mproc_pool *pool, int (*function)(struct mproc_task *), uint32_t *ret,
                  struct mproc_err *err)
{
        for (uint32_t i = pool->function_count; function && i--;)
                if (pool->functions[i] == function) {
                        *ret = i;
                        return 0;
                }
        return add_new(pool, function, ret, err);
}

int pool_callable(struct mproc_pool *pool, callable_target *target, uint32_t *ret,
                  struct mproc_err *err)
{
        uint32_t number;
        int r;

        if (!target)
                return 0;
        r = add(pool, target, &number, err);
        if (!r)
                *ret = number + 1;
        return r;
}
