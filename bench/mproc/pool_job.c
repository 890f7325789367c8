#include "base/error.h"
#include "mproc/pool_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t pool_job_bytes(const struct mproc_map *map, size_t count)
{
        size_t args = map->in_place || !map->args ? 0 : map->arg_size;
        size_t results = map->in_place ? 0 : map->result_size, each = 0, bytes = 0;

        if (__builtin_add_overflow(args, results, &each) ||
            __builtin_add_overflow(each, sizeof(int32_t), &each) ||
            __builtin_mul_overflow(each, count, &bytes) ||
            __builtin_add_overflow(bytes, 3 * POOL_LINE * 2, &bytes)) /* rounding of the blocks */
                return SIZE_MAX;
        return bytes;
}

struct pool_job *pool_job_shared(struct mproc_pool *pool, const struct pool_job_owned *job)
{
        return &pool->shared->jobs[job - pool->jobs];
}

static void give_arena(struct mproc_pool *pool, struct pool_job_owned *job)
{
        pool_arena_give(&pool->arena, job->args, job->args_size);
        pool_arena_give(&pool->arena, job->results, job->results_size);
        pool_arena_give(&pool->arena, job->codes, job->codes_size);
}

static int take_arena(struct mproc_pool *pool, struct pool_job_owned *job, struct mproc_err *err)
{
        const struct mproc_map *map = &job->map;

        if (!map->in_place && map->args && map->arg_size) {
                job->args_size = job->count * map->arg_size;
                job->args = pool_arena_take(&pool->arena, job->args_size);
        }
        if (!map->in_place && map->result_size) {
                job->results_size = job->count * map->result_size;
                job->results = pool_arena_take(&pool->arena, job->results_size);
        }
        job->codes_size = job->count * sizeof(*job->codes);
        job->codes = pool_arena_take(&pool->arena, job->codes_size);
        if (job->codes && !job->args == !job->args_size && !job->results == !job->results_size)
                return 0;
        give_arena(pool, job);
        return error_set(err, -ENOBUFS, "map",
                         "the pool's arena has no room now for a map of %zu items: wait for other "
                         "results and free them, or raise options.arena_bytes",
                         job->count);
}

static void begin_pass(struct mproc_pool *pool, struct pool_job_owned *job, uint64_t from,
                       uint64_t end, bool again)
{
        job->from = from;
        job->pass = ++pool->passes;
        job->closing = false;
        atomic_store_explicit(&pool_job_shared(pool, job)->again, again, memory_order_relaxed);
        pool->transport->offer_job(pool, job, from, end);
}

int pool_job_open(struct mproc_pool *pool, struct mproc_result *result, const struct mproc_map *map,
                  uint64_t first, size_t count, struct mproc_err *err)
{
        struct pool_job_owned *job = pool->jobs;
        struct pool_job *at;
        uint32_t function;
        int r;

        while (job < pool->jobs + MPROC_POOL_MAPS && job->result)
                job++;
        if (job == pool->jobs + MPROC_POOL_MAPS)
                return error_set(err, -EAGAIN, "map", "%d maps are under way: wait for one",
                                 MPROC_POOL_MAPS);
        r = pool_function(pool, map->function, &function, err);
        if (r)
                return r;
        *job = (struct pool_job_owned){.map = *map, .first = first, .count = count};
        r = take_arena(pool, job, err);
        if (r)
                return r;
        job->result = result;
        pool->job_count++;
        result->use = POOL_OF_JOB;
        result->job = job;
        if (job->args)
                memcpy(job->args, (const char *)map->args + first * map->arg_size, job->args_size);
        for (size_t i = 0; i < count; i++)
                job->codes[i] = POOL_PENDING;

        at = pool_job_shared(pool, job);
        at->arg_size = map->arg_size;
        at->result_size = map->result_size;
        at->args = at->results = 0;
        if (map->args)
                at->args = (uint64_t)(job->args ? job->args
                                                : (char *)map->args + first * map->arg_size);
        if (map->result_size)
                at->results =
                        (uint64_t)(job->results ? job->results
                                                : (char *)map->results + first * map->result_size);
        at->codes = (uint64_t)job->codes;
        at->first = first;
        at->function = function;
        at->chunk = map->chunk;
        atomic_store(&at->words.ready, 0);
        atomic_store(&at->words.taken, 0);
        if (!pool->outstanding++ && pool->task_limit_ns)
                pool_kick(pool);
        begin_pass(pool, job, 0, count, false);
        return 0;
}

bool pool_job_is_named(struct pool_shared *shared, uint64_t pass)
{
        for (uint32_t i = 0; i < shared->workers; i++)
                if (atomic_load(&shared->lines[i].job) == pass)
                        return true;
        return false;
}

/* Results of items that succeeded go to the user's array, in runs. */
static void copy_results(const struct pool_job_owned *job)
{
        size_t size = job->map.result_size, run = 0;
        const char *from = job->results;
        char *to = job->map.results;

        if (!from)
                return;
        to += job->first * size;
        for (size_t i = 0; i <= job->count; i++) {
                if (i < job->count && !job->codes[i])
                        continue;
                if (i > run)
                        memcpy(to + run * size, from + run * size, (i - run) * size);
                run = i + 1;
        }
}

/* The words for one of the failures: the worker's own, or those about its death. */
static void choose_failure(struct mproc_pool *pool, struct pool_job_owned *job, size_t failed,
                           size_t first, struct mproc_failure *ret)
{
        const struct pool_words *words = &pool_job_shared(pool, job)->words;

        *ret = job->failure;
        /* Its worker may have died after these words, and the item was tried again. */
        if (atomic_load(&words->ready) && words->item < job->count &&
            job->codes[words->item] == words->err.code)
                *ret = (struct mproc_failure){.index = job->first + words->item,
                                              .worker = (int32_t)words->worker,
                                              .pid = words->pid,
                                              .err = words->err};
        if (!ret->err.code) {
                ret->worker = -1;
                if (job->cancelled)
                        *ret = job->cancel;
                else
                        error_set(&ret->err, job->codes[first], "task",
                                  "the function returned %d; what it said is lost with a worker "
                                  "that died",
                                  job->codes[first]);
                ret->index = job->first + first;
        }
        ret->count = failed;
}

static void finish(struct mproc_pool *pool, struct pool_job_owned *job)
{
        struct mproc_result *result = job->result;
        size_t failed = 0, first = 0;
        struct mproc_failure failure;

        for (size_t i = job->count; i--;) {
                if (!job->codes[i])
                        continue;
                if (job->codes[i] == POOL_PENDING)
                        job->codes[i] = job->cancel.err.code;
                failed++;
                first = i;
        }
        copy_results(job);
        if (job->map.codes)
                memcpy(job->map.codes + job->first, job->codes, job->count * sizeof(*job->codes));
        if (failed)
                choose_failure(pool, job, failed, first, &failure);
        give_arena(pool, job);
        free(job->tries);
        job->result = NULL;
        pool->job_count--;
        result->use = POOL_OF_CALL;
        result->callback = NULL;
        pool_result_over(pool, result, failed ? failure.err.code : 0, failed ? &failure : NULL);
}

static void end_pass(struct mproc_pool *pool, struct pool_job_owned *job)
{
        uint64_t from = job->from, end = atomic_load(&pool_job_shared(pool, job)->end);

        job->pass = 0;
        while (from < end && job->codes[from] != POOL_PENDING)
                from++;
        while (from < end && job->codes[end - 1] != POOL_PENDING)
                end--;
        if (from < end && !job->cancelled)
                begin_pass(pool, job, from, end, true);
        else
                finish(pool, job);
}

static void advance(struct mproc_pool *pool, struct pool_job_owned *job)
{
        struct pool_shared *shared = pool->shared;
        struct pool_job *at = pool_job_shared(pool, job);

        if (!job->closing) {
                if (!pool->transport->is_given_out(pool, job) ||
                    pool_job_is_named(shared, job->pass))
                        return;
                atomic_store(&at->pass, 0);
                atomic_fetch_and(&shared->front.open_jobs, ~(1u << (job - pool->jobs)));
                job->closing = true;
        }
        /* One may have named it after the first look; it found nothing, and is about to leave. */
        if (!pool_job_is_named(shared, job->pass))
                end_pass(pool, job);
}

void pool_job_advance(struct mproc_pool *pool)
{
        for (size_t i = 0; i < MPROC_POOL_MAPS; i++)
                if (pool->jobs[i].result)
                        advance(pool, &pool->jobs[i]);
}

static bool may_try_again(struct mproc_pool *pool, struct pool_job_owned *job, uint64_t item)
{
        struct pool_try *tries;

        if (!pool->retries || pool->phase == POOL_TERMINATED || job->cancelled)
                return false;
        for (size_t i = 0; i < job->try_count; i++)
                if (job->tries[i].item == item)
                        return job->tries[i].count++ < pool->retries;
        tries = reallocarray(job->tries, job->try_count + 1, sizeof(*tries));
        if (!tries)
                return false;
        job->tries = tries;
        tries[job->try_count++] = (struct pool_try){.item = item, .count = 1};
        return true;
}

void pool_job_bury(struct mproc_pool *pool, uint64_t pass, uint64_t item, uint32_t worker,
                   const struct mproc_failure *failure)
{
        int32_t begun = pool->transport->begun_code(worker);

        for (size_t i = 0; i < MPROC_POOL_MAPS; i++) {
                struct pool_job_owned *job = &pool->jobs[i];

                if (!job->result || job->pass != pass || item >= job->count ||
                    job->codes[item] != begun)
                        continue;
                if (may_try_again(pool, job, item)) {
                        job->codes[item] = POOL_PENDING;
                        continue;
                }
                job->codes[item] = failure->err.code;
                if (!job->failure.err.code) {
                        job->failure = *failure;
                        job->failure.index = job->first + item;
                }
        }
}

void pool_job_cancel(struct mproc_pool *pool, struct pool_job_owned *job,
                     const struct mproc_failure *failure)
{
        if (!job->cancelled)
                job->cancel = *failure;
        job->cancelled = true;
        pool->transport->withdraw(pool, job);
}
