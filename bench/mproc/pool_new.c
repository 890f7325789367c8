#include "base/error.h"
#include "base/text.h"
#include "mproc/limits.h"
#include "mproc/pool_private.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_DEFAULT 1024
#define QUEUE_MAX (1u << 20)
#define ARENA_DEFAULT (64ull << 20)
#define TEXT_SHARE 128 /* one in so many tasks may fail with a text too long for its slot … */
#define TEXTS_MIN 32   /* … and some more */

const struct mproc_pool_transport *mproc_pool_transport_at(size_t index)
{
        return pool_transport_at(index);
}

const struct mproc_pool_transport *mproc_pool_transport_find(const char *name)
{
        return pool_transport_find(name);
}

const char *mproc_pool_transport_name(const struct mproc_pool_transport *transport)
{
        return transport->name;
}

const char *mproc_pool_transport_summary(const struct mproc_pool_transport *transport)
{
        return transport->summary;
}

static int check_options(const struct mproc_pool_options *options, struct mproc_err *err)
{
        const struct mproc_start_method *method =
                mproc_start_find(options->start ? options->start : "forkserver");

        if (!method)
                return error_set(err, -EINVAL, "pool", "no start method \"%s\"", options->start);
        if (!(mproc_start_flags(method) & MPROC_START_CONCURRENT))
                return error_set(err, -ENOTSUP, "pool",
                                 "start method %s does not run beside its caller: a pool cannot "
                                 "use it",
                                 mproc_start_name(method));
        if (options->task_limit_ns && !(mproc_start_flags(method) & MPROC_START_OWN_PROCESS))
                return error_set(err, -ENOTSUP, "pool",
                                 "options.task_limit_ns cannot be enforced under %s, whose workers "
                                 "cannot be killed",
                                 mproc_start_name(method));
        if (options->transport && !pool_transport_find(options->transport))
                return error_set(
                        err, -EPROTONOSUPPORT, "pool",
                        "no transport \"%s\": mproc_pool_transport_at lists those that there are",
                        options->transport);
        if (options->task_limit_ns < 0)
                return error_set(err, -EINVAL, "pool", "options.task_limit_ns is %lld",
                                 (long long)options->task_limit_ns);
        if (options->workers > MPROC_POOL_WORKERS_MAX)
                return error_set(err, -EINVAL, "pool",
                                 "%zu workers are more than MPROC_POOL_WORKERS_MAX (%d)",
                                 options->workers, MPROC_POOL_WORKERS_MAX);
        if (options->queue > QUEUE_MAX)
                return error_set(err, -EINVAL, "pool", "options.queue is %zu, and may be %u",
                                 options->queue, QUEUE_MAX);
        if (options->arg_size > MPROC_ARG_MAX - sizeof(struct pool_start) ||
            (options->arg_size && !options->arg))
                return error_set(
                        err, -EINVAL, "pool", "options.arg is %p with %zu bytes; at most %zu cross",
                        options->arg, options->arg_size, MPROC_ARG_MAX - sizeof(struct pool_start));
        if (options->fd_count > MPROC_POOL_FDS_MAX || (options->fd_count && !options->fds))
                return error_set(err, -EINVAL, "pool",
                                 "options.fds is %p with %zu descriptors; at most %d can be "
                                 "handed to workers",
                                 (const void *)options->fds, options->fd_count, MPROC_POOL_FDS_MAX);
        return 0;
}

static uint32_t count_pus(void)
{
        cpu_set_t set;
        int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

        return count > 1 ? (uint32_t)count : 1;
}

/* One after the other, each on a line of its own. */
static size_t place(size_t *at, size_t bytes)
{
        size_t first = (*at + POOL_LINE - 1) / POOL_LINE * POOL_LINE;

        *at = first + bytes;
        return first;
}

static int make_shared(struct mproc_pool *pool, const struct mproc_pool_options *options,
                       struct mproc_err *err)
{
        size_t queue = options->queue ? options->queue : QUEUE_DEFAULT, slots = 1, at = 0;
        size_t arena = options->arena_bytes ? options->arena_bytes : ARENA_DEFAULT;
        size_t lines, slot, texts, text_count, functions, arena_at;
        struct pool_shared *shared;
        uint32_t pus = count_pus();
        char *base;
        int r;

        pool->workers = options->workers ? options->workers : pus;
        if (pool->workers > MPROC_POOL_WORKERS_MAX)
                pool->workers = MPROC_POOL_WORKERS_MAX;
        while (slots < queue)
                slots *= 2;
        text_count = slots / TEXT_SHARE + TEXTS_MIN;
        place(&at, sizeof(*shared));
        lines = place(&at, pool->workers * sizeof(struct pool_line));
        slot = place(&at, slots * sizeof(struct pool_slot));
        texts = place(&at, text_count * sizeof(*shared->texts));
        functions = place(&at, MPROC_POOL_FUNCTIONS * sizeof(*shared->functions));
        arena_at = place(&at, arena);
        if (at < arena || arena / POOL_UNIT > UINT32_MAX)
                return error_set(err, -EINVAL, "pool", "options.arena_bytes is %zu", arena);
        r = mproc_shm_new(&pool->shm, at, err);
        if (r)
                return r;
        base = mproc_shm_addr(pool->shm);
        pool->shared = shared = (struct pool_shared *)base;
        shared->workers = (uint32_t)pool->workers;
        shared->slot_count = (uint32_t)slots;
        pool->queue = queue;
        shared->spinners_max = pus - 1;
        shared->fenced = pool_fence_register();
        shared->timed = options->task_limit_ns != 0;
        shared->tasks_per_worker = options->tasks_per_worker;
        shared->lines = (struct pool_line *)(base + lines);
        shared->slots = (struct pool_slot *)(base + slot);
        shared->arena = base + arena_at;
        shared->texts = (struct pool_text *)(base + texts);
        shared->text_count = (uint32_t)text_count;
        shared->functions = (struct pool_function *)(base + functions);
        if (pool_arena_init(&pool->arena, base + arena_at, arena))
                return limits_error(err, -ENOMEM, "pool", "cannot note down the arena");
        return 0;
}

static int make_tables(struct mproc_pool *pool, struct mproc_err *err)
{
        uint32_t slots = pool->shared->slot_count;

        pool->by_slot = calloc(slots, sizeof(struct mproc_result *));
        pool->free_slots = calloc(slots / 64 + 1, sizeof(*pool->free_slots));
        pool->worker = calloc(pool->workers, sizeof(*pool->worker));
        pool->watch.room = 2 * (uint32_t)pool->workers;
        pool->watch.running = calloc(pool->watch.room, sizeof(*pool->watch.running));
        if (!pool->by_slot || !pool->free_slots || !pool->worker || !pool->watch.running)
                return limits_error(err, -ENOMEM, "pool", "cannot note down a pool");
        for (uint32_t i = 0; i < slots; i++)
                pool->free_slots[i / 64] |= 1ull << i % 64;
        return 0;
}

static int make_start(struct mproc_pool *pool, const struct mproc_pool_options *options,
                      struct mproc_err *err)
{
        int r;

        pool->start =
                options->start ? mproc_start_name(mproc_start_find(options->start)) : "forkserver";
        pool->start_arg_size = sizeof(*pool->start_arg) + options->arg_size;
        pool->start_arg = calloc(1, pool->start_arg_size);
        if (!pool->start_arg)
                return limits_error(err, -ENOMEM, "pool", "cannot note down a pool");
        pool->start_arg->shared = pool->shared;
        pool->start_arg->arg_size = (uint32_t)options->arg_size;
        while (pool_transport_at(pool->start_arg->transport) != pool->transport)
                pool->start_arg->transport++;
        if (options->arg_size)
                memcpy(pool->start_arg + 1, options->arg, options->arg_size);
        pool->fd_count = pool->start_arg->first_fd = (uint32_t)options->fd_count;
        if (options->fd_count)
                memcpy(pool->fds, options->fds, options->fd_count * sizeof(*options->fds));
        r = pool_callable(pool, options->initialiser, &pool->start_arg->initialiser, err);
        return r ? r : pool_callable(pool, options->finaliser, &pool->start_arg->finaliser, err);
}

static int set_going(struct mproc_pool *pool, struct mproc_err *err)
{
        int r = 0, fd;

        registry_lock();
        fd = stdio_fds_avoid(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (fd < 0)
                r = limits_error(err, -errno, "pool", "cannot create an eventfd");
        else
                connection_lend(&pool->control, fd);
        registry_unlock();
        if (!r && pool->transport->open)
                r = pool->transport->open(pool, err);
        for (uint32_t i = 0; i < pool->workers && !r; i++)
                r = pool_start_worker(pool, i, err);
        if (r)
                return r;
        r = -pthread_create(&pool->supervisor, NULL, pool_supervise, pool);
        if (r)
                return limits_error(err, r, "pool", "cannot create the pool's thread");
        pool->supervised = true;
        return 0;
}

int mproc_pool_new(struct mproc_pool **ret, const struct mproc_pool_options *options,
                   struct mproc_err *err)
{
        struct mproc_pool *pool;
        int r = check_options(options, err);

        if (r)
                return r;
        pool = calloc(1, sizeof(*pool));
        if (!pool)
                return limits_error(err, -ENOMEM, "pool", "cannot note down a pool");
        STAILQ_INIT(&pool->spare[0]);
        STAILQ_INIT(&pool->spare[1]);
        STAILQ_INIT(&pool->called);
        pool->generation = registry_generation();
        pool->transport = pool_transport_find(options->transport ? options->transport : "ring");
        pool->control.fd = pool->pipe.tasks_read.fd = pool->pipe.tasks_write.fd = -1;
        pool->pipe.results_read.fd = pool->pipe.results_write.fd = pool->pipe.stir.fd = -1;
        pool->retries = options->retries;
        pool->task_limit_ns = options->task_limit_ns;
        pool->spin_ns = POOL_SPIN_MAX_NS;
        r = make_shared(pool, options, err);
        if (!r)
                r = make_tables(pool, err);
        if (!r)
                r = make_start(pool, options, err);
        if (!r)
                r = set_going(pool, err);
        if (r)
                mproc_pool_free(pool);
        else
                *ret = pool;
        return r;
}

void pool_fd_close(const struct mproc_pool *pool, struct connection_loan *loan)
{
        if (loan->fd >= 0 && pool->generation == registry_generation())
                connection_close_loan(loan);
        loan->fd = -1;
}

/* What changes under the lock. */
static void release_records(struct mproc_pool *pool)
{
        struct mproc_result *result;

        for (int large = 0; large < 2; large++)
                while ((result = STAILQ_FIRST(&pool->spare[large]))) {
                        STAILQ_REMOVE_HEAD(&pool->spare[large], entry);
                        free(result);
                }
        for (size_t i = 0; pool->worker && i < pool->workers; i++)
                mproc_process_free(pool->worker[i].process);
}

/* Not made to its end, or after its supervisor has left, or a fork's copy. Of that the records may
 * be half written, where another thread was at it: then they stay. */
static void release_all(struct mproc_pool *pool)
{
        if (pool_trylock(&pool->lock)) {
                release_records(pool);
                pool_unlock(&pool->lock);
        }
        pool_fd_close(pool, &pool->control);
        if (pool->transport->close)
                pool->transport->close(pool);
        free(pool->worker);
        free(pool->by_slot);
        free(pool->free_slots);
        free(pool->watch.running);
        free(pool->start_arg);
        pool_arena_done(&pool->arena);
        mproc_shm_free(pool->shm);
        free(pool);
}

void mproc_pool_free(struct mproc_pool *pool)
{
        if (!pool)
                return;
        if (pool->generation == registry_generation() && pool->supervised) {
                pool_lock(&pool->lock);
                pool_terminate(pool);
                pool_unlock(&pool->lock);
                mproc_pool_join(pool, MPROC_FOREVER, NULL);
        } else if (pool->generation == registry_generation() && pool->shared) {
                /* Not made to its end: worker threads wait. */
                atomic_store(&pool->shared->front.stop, 2);
                pool->transport->stop(pool);
        }
        release_all(pool);
}

size_t mproc_pool_workers(const struct mproc_pool *pool)
{
        return pool->workers;
}
