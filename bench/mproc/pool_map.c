#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/pool_private.h"
#include <errno.h>

static int check_map(const struct mproc_map *map, struct mproc_err *err)
{
        if (!map->chunk)
                return error_set(err, -EINVAL, "map",
                                 "a chunk of 0 items would never end: give 1 or more, "
                                 "MPROC_CHUNK_CPYTHON or MPROC_CHUNK_GUIDED");
        if (map->count && map->result_size && !map->results)
                return error_set(err, -EINVAL, "map", "results is NULL, result_size %zu",
                                 map->result_size);
        if (map->chunk == MPROC_CHUNK_CPYTHON && map->count / 4 > UINT32_MAX - 3)
                return error_set(err, -EINVAL, "map", "%zu items need a chunk size by number",
                                 map->count);
        return 0;
}

/* The chunk as a number, or guided; `count`: of what is opened at a time. */
static uint32_t chunk_of(const struct mproc_pool *pool, const struct mproc_map *map, size_t count)
{
        size_t parts = 4 * pool->workers, chunk = count / parts + (count % parts != 0);

        if (map->chunk != MPROC_CHUNK_CPYTHON)
                return map->chunk;
        return chunk ? (uint32_t)chunk : 1;
}

static int too_big(const struct mproc_pool *pool, const struct mproc_map *map, size_t count,
                   struct mproc_err *err)
{
        return error_set(err, -E2BIG, "map",
                         "%zu item(s) with arguments of %zu and results of %zu bytes are more than "
                         "the pool's arena holds (%zu): raise options.arena_bytes, or use "
                         "in_place",
                         count, map->arg_size, map->result_size, pool_arena_bytes(&pool->arena));
}

/* Locked. `result` is freed on failure. */
static int open_job(struct mproc_pool *pool, struct mproc_result **ret, const struct mproc_map *map,
                    uint64_t first, size_t count, struct mproc_err *err)
{
        struct mproc_result *result = pool_result_new(pool, 0);
        int r;

        if (!result)
                return limits_error(err, -ENOMEM, "map", "cannot note down a map");
        r = pool_job_open(pool, result, map, first, count, err);
        if (r)
                pool_result_free(pool, result);
        else
                *ret = result;
        return r;
}

static int nothing_to_do(struct mproc_pool *pool, struct mproc_result **ret, struct mproc_err *err)
{
        struct mproc_result *result = pool_result_new(pool, 0);

        if (!result)
                return limits_error(err, -ENOMEM, "map", "cannot note down a map");
        pool->outstanding++;
        pool_result_over(pool, result, 0, NULL);
        *ret = result;
        return 0;
}

/* May this thread have this map run? Then `ret` is the map with its chunk as a number, or guided.
 */
static int prepare(struct mproc_pool *pool, const struct mproc_map *map, struct mproc_map *ret,
                   struct mproc_err *err)
{
        int r = pool_check(pool, "map", err);

        if (!r)
                r = check_map(map, err);
        if (r)
                return r;
        *ret = *map;
        ret->chunk = chunk_of(pool, map, map->count);
        return 0;
}

int mproc_pool_map_async(struct mproc_pool *pool, struct mproc_result **ret,
                         const struct mproc_map *map, struct mproc_err *err)
{
        struct mproc_map own;
        int r = prepare(pool, map, &own, err);

        if (r)
                return r;
        pool_lock(&pool->lock);
        pool_collect(pool);
        if (pool_has_due(pool)) { /* they may make room */
                pool_leave(pool);
                pool_lock(&pool->lock);
        }
        r = pool_check_open(pool, err);
        if (!r && pool_job_bytes(map, map->count) > pool_arena_bytes(&pool->arena))
                r = too_big(pool, map, map->count, err);
        if (!r)
                r = map->count ? open_job(pool, ret, &own, 0, map->count, err)
                               : nothing_to_do(pool, ret, err);
        pool_leave(pool);
        return r;
}

/* One piece of a map ------------------------------------------------------------------------- */

struct piece {
        const struct mproc_map *map;
        uint64_t first;
        size_t count;
        struct mproc_result *result;
        int r;
        struct mproc_err err;
};

/* Opened, or never to be. */
static bool open_piece(struct mproc_pool *pool, void *context)
{
        struct piece *piece = context;

        piece->r = pool_check_open(pool, &piece->err);
        if (!piece->r)
                piece->r = open_job(pool, &piece->result, piece->map, piece->first, piece->count,
                                    &piece->err);
        return (piece->r != -EAGAIN && piece->r != -ENOBUFS) || !pool_may_make_room(pool);
}

static int run_piece(struct mproc_pool *pool, struct piece *piece, struct mproc_failure *sum,
                     struct mproc_err *err)
{
        struct mproc_failure failure;
        bool called;
        int r;

        do {
                pool_lock(&pool->lock);
                pool_wait(pool, open_piece, piece, POOL_ANY, UINT64_MAX);
                called = pool_leave(pool);
        } while ((piece->r == -EAGAIN || piece->r == -ENOBUFS) && called);
        if (piece->r) {
                if (err)
                        *err = piece->err;
                return piece->r;
        }
        r = mproc_pool_get(pool, piece->result, NULL, 0, MPROC_FOREVER, &failure, &piece->err);
        mproc_pool_release(pool, piece->result);
        if (r == -EREMOTEIO) {
                failure.count += sum->count;
                if (sum->count)
                        sum->count = failure.count;
                else
                        *sum = failure;
                r = 0;
        }
        if (r && err)
                *err = piece->err;
        return r;
}

/* As many items as fit, if not all: half the arena, so that others find room, too. */
static size_t piece_size(const struct mproc_pool *pool, const struct mproc_map *map)
{
        size_t room = pool_arena_bytes(&pool->arena), low = 0, high = map->count;

        if (pool_job_bytes(map, map->count) <= room)
                return map->count;
        if (pool_job_bytes(map, 1) <= room / 2)
                room /= 2;
        while (low < high) {
                size_t middle = high - (high - low) / 2;

                if (pool_job_bytes(map, middle) <= room)
                        low = middle;
                else
                        high = middle - 1;
        }
        return low;
}

int mproc_pool_map(struct mproc_pool *pool, const struct mproc_map *map,
                   struct mproc_failure *failure, struct mproc_err *err)
{
        struct mproc_failure sum = {0};
        struct mproc_map own;
        size_t size;
        int r = prepare(pool, map, &own, err);

        if (r)
                return r;
        if (!map->count) { /* nothing to do, but the pool has to be open for it */
                pool_lock(&pool->lock);
                r = pool_check_open(pool, err);
                pool_unlock(&pool->lock);
                return r;
        }
        size = piece_size(pool, map);
        if (!size)
                return too_big(pool, map, 1, err);
        own.chunk = chunk_of(pool, map, size); /* else one worker had a piece for itself */
        for (uint64_t first = 0; first < map->count; first += size) {
                struct piece piece = {.map = &own, .first = first, .count = size};

                if (size > map->count - first)
                        piece.count = map->count - first;
                r = run_piece(pool, &piece, &sum, err);
                if (r)
                        return r;
        }
        if (!sum.count)
                return 0;
        if (failure)
                *failure = sum;
        return error_set(err, -EREMOTEIO, "map", "%llu of %zu items failed; item %llu: %.380s",
                         (unsigned long long)sum.count, map->count, (unsigned long long)sum.index,
                         sum.err.text);
}
