/* What the tests of the pool share: functions that its workers run. */
#ifndef POOL_RIG_H
#define POOL_RIG_H

#include "contract/mproc_scene.h"

#include <mproc/pool.h>
#include <stdatomic.h>

static inline int square(struct mproc_task *task)
{
        uint64_t value = *(const uint64_t *)task->arg;

        *(uint64_t *)task->result = value * value;
        return 0;
}

/* Raises the signal that the argument names; with 0 squares 7. */
static inline int die_by(struct mproc_task *task)
{
        int sig = *(const int *)task->arg;

        if (sig)
                raise(sig);
        if (task->result_size >= sizeof(uint64_t))
                *(uint64_t *)task->result = 49;
        return 0;
}

/* A word of shared memory, 0, with room behind it. */
static inline _Atomic uint32_t *new_word(struct mproc_shm **ret_shm)
{
        assert_int_equal(mproc_shm_new(ret_shm, 64, NULL), 0);
        return mproc_shm_addr(*ret_shm);
}

/* Waits until the word, which lies in shared memory, is not 0. */
static inline int wait_for_word(struct mproc_task *task)
{
        _Atomic uint32_t *word = *(_Atomic uint32_t *const *)task->arg;

        while (!atomic_load(word))
                usleep(200);
        return 0;
}

/* Gives even numbers back; of odd ones it says that they are. */
static inline int fail_odd(struct mproc_task *task)
{
        uint64_t value = *(const uint64_t *)task->arg;

        *(uint64_t *)task->result = value;
        if (value % 2 == 0)
                return 0;
        snprintf(task->err->text, sizeof(task->err->text), "%d is odd", (int)value);
        return -EDOM;
}

static inline int do_nothing(struct mproc_task *task)
{
        (void)task;
        return 0;
}

static const char *pool_transport; /* of the tests that run now */

static inline struct mproc_pool *new_pool(const struct mproc_pool_options *options)
{
        struct mproc_pool_options own = *options;
        struct mproc_pool *pool = NULL;
        struct mproc_err err = {0};
        int r;

        own.transport = pool_transport;
        r = mproc_pool_new(&pool, &own, &err);
        if (r)
                fail_msg("a pool by %s and %s: %s", own.start, own.transport, err.text);
        return pool;
}

static inline struct mproc_pool *small_pool(const char *method)
{
        return new_pool(&(struct mproc_pool_options){.start = method, .workers = 3});
}

static inline void end_pool(struct mproc_pool *pool)
{
        struct mproc_err err = {0};

        assert_int_equal(mproc_pool_close(pool, &err), 0);
        if (mproc_pool_join(pool, 20 * SECOND_NS, &err))
                fail_msg("join: %s", err.text);
        mproc_pool_free(pool);
}

static inline uint64_t square_of(struct mproc_pool *pool, uint64_t value)
{
        struct mproc_call call = {.function = square,
                                  .arg = &value,
                                  .arg_size = sizeof(value),
                                  .result_size = sizeof(value)};
        struct mproc_err err = {0};
        uint64_t result = 0;

        if (mproc_pool_apply(pool, &call, &result, NULL, &err))
                fail_msg("apply: %s", err.text);
        return result;
}

static inline struct mproc_result *submit(struct mproc_pool *pool,
                                          int (*function)(struct mproc_task *), const void *arg,
                                          size_t arg_size)
{
        struct mproc_call call = {.function = function, .arg = arg, .arg_size = arg_size};
        struct mproc_result *result = NULL;
        struct mproc_err err = {0};

        if (mproc_pool_apply_async(pool, &result, &call, &err))
                fail_msg("apply_async: %s", err.text);
        return result;
}

/* The tests that follow use the transport of that index; false: there is no such. */
static inline bool use_transport(size_t index)
{
        const struct mproc_pool_transport *transport = mproc_pool_transport_at(index);

        if (!transport)
                return false;
        pool_transport = mproc_pool_transport_name(transport);
        print_message("transport %s\n", pool_transport);
        return true;
}

/* Every promise under every transport. */
static inline int run_pool_promises(const struct promise *promises, size_t promise_count)
{
        int failed = 0;

        forks_beside_threads = true; /* to replace a worker */
        for (size_t i = 0; use_transport(i); i++)
                failed += run_promises(promises, promise_count);
        return failed;
}

#endif
