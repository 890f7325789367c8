#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/pool_private.h"
#include "mproc/wait.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mproc_stream {
        struct mproc_pool *pool;
        struct mproc_map map;
        size_t in_flight, pending;  /* pending: submitted and not fetched */
        uint64_t next_in, next_out; /* items */
        bool ordered;
        struct mproc_result **window; /* ordered: those not fetched, at item modulo in_flight */
        struct pool_results ready;    /* unordered: over and not fetched */
};

void pool_stream_over(struct mproc_stream *stream, struct mproc_result *result)
{
        if (!stream->ordered)
                STAILQ_INSERT_TAIL(&stream->ready, result, entry);
}

int mproc_pool_imap(struct mproc_pool *pool, struct mproc_stream **ret, const struct mproc_map *map,
                    size_t in_flight, bool ordered, struct mproc_err *err)
{
        struct mproc_stream *stream;
        int r = pool_check(pool, "imap", err);

        if (r)
                return r;
        if (!in_flight || in_flight > pool->queue)
                return error_set(err, -EINVAL, "imap",
                                 "%zu tasks in flight: it may be 1 to %zu (options.queue)",
                                 in_flight, pool->queue);
        pool_lock(&pool->lock);
        r = pool_check_open(pool, err);
        pool_unlock(&pool->lock);
        if (r)
                return r;
        stream = calloc(1, sizeof(*stream));
        if (stream)
                stream->window = calloc(in_flight, sizeof(struct mproc_result *));
        if (!stream || !stream->window) {
                free(stream);
                return limits_error(err, -ENOMEM, "imap", "cannot note down a stream");
        }
        stream->pool = pool;
        stream->map = *map;
        stream->in_flight = in_flight;
        stream->ordered = ordered;
        STAILQ_INIT(&stream->ready);
        *ret = stream;
        return 0;
}

/* Submits as many as may be in flight. Only while none is does it wait for room. */
static int fill(struct mproc_stream *stream, uint64_t deadline_ns, struct mproc_err *err)
{
        const struct mproc_map *map = &stream->map;

        while (stream->next_in < map->count && stream->pending < stream->in_flight) {
                struct mproc_call call = {.function = map->function,
                                          .arg = map->args ? (const char *)map->args +
                                                                     stream->next_in * map->arg_size
                                                           : NULL,
                                          .arg_size = map->args ? map->arg_size : 0,
                                          .result_size = map->result_size};
                struct mproc_result *result;
                struct pool_place place = {.stream = stream,
                                           .item = stream->next_in,
                                           .deadline_ns = stream->pending ? 0 : deadline_ns};
                /* While some are pending nobody is told. */
                int r = pool_submit(stream->pool, &result, &call, &place,
                                    stream->pending ? NULL : err);

                if (r)
                        return r;
                if (stream->ordered)
                        stream->window[stream->next_in % stream->in_flight] = result;
                stream->next_in++;
                stream->pending++;
        }
        return 0;
}

static struct mproc_result *first_over(struct mproc_stream *stream)
{
        struct mproc_result *result;

        if (!stream->ordered)
                return STAILQ_FIRST(&stream->ready);
        result = stream->window[stream->next_out % stream->in_flight];
        return result->over ? result : NULL;
}

static bool has_next(struct mproc_pool *pool, void *context)
{
        (void)pool;
        return first_over(context) != NULL;
}

static int fetch(struct mproc_stream *stream, struct mproc_result *result, void *buf,
                 struct mproc_failure *failure, struct mproc_err *err)
{
        struct mproc_failure known = {.count = 1, .worker = -1};

        if (!result->code && result->size == stream->map.result_size) {
                if (result->size)
                        memcpy(buf, pool_result_bytes(stream->pool, result), result->size);
                return 0;
        }
        if (result->code)
                pool_result_failure(result, &known);
        else
                error_set(&known.err, -EMSGSIZE, "task",
                          "the function says that its result has %u bytes, and there is room for "
                          "exactly %zu",
                          result->size, stream->map.result_size);
        known.index = result->item;
        if (failure)
                *failure = known;
        return error_set(err, -EREMOTEIO, "task", "%.400s", known.err.text);
}

static int next_locked(struct mproc_stream *stream, void *buf, uint64_t *index,
                       uint64_t deadline_ns, struct mproc_failure *failure, struct mproc_err *err)
{
        struct mproc_pool *pool = stream->pool;
        struct mproc_result *result;
        int r;

        r = fill(stream, deadline_ns, err);
        if (!stream->pending)
                return r ? r
                         : error_set(err, -ENODATA, "next", "all %zu items were fetched",
                                     stream->map.count);
        r = pool_wait(pool, has_next, stream, POOL_ANY, deadline_ns);
        if (r)
                return r;
        result = first_over(stream);
        if (!stream->ordered)
                STAILQ_REMOVE_HEAD(&stream->ready, entry);
        stream->next_out++;
        stream->pending--;
        r = fetch(stream, result, buf, failure, err);
        if (index)
                *index = result->item;
        pool_result_free(pool, result);
        fill(stream, 0, NULL); /* workers go on while the caller looks at the result */
        return r;
}

int mproc_stream_next(struct mproc_stream *stream, void *buf, uint64_t *index, int64_t timeout_ns,
                      struct mproc_failure *failure, struct mproc_err *err)
{
        uint64_t deadline = wait_deadline(timeout_ns);
        int r = pool_check(stream->pool, "next", err);
        bool called;

        if (r)
                return r;
        do {
                pool_lock(&stream->pool->lock);
                r = next_locked(stream, buf, index, deadline, failure, err);
                called = pool_leave(stream->pool);
        } while (r == -ENOBUFS && called); /* callbacks may have made room */
        if (r == -ETIMEDOUT)
                error_set(err, r, "next", "no result after %.3f s", wait_seconds(timeout_ns));
        return r;
}

static void let_go(struct mproc_pool *pool, struct mproc_result *result)
{
        result->use = POOL_OF_CALL;
        result->callback = NULL;
        if (result->over) {
                pool_result_free(pool, result);
                return;
        }
        result->released = true;
        pool_cancel_locked(pool, result, NULL);
}

static void let_go_all(struct mproc_stream *stream)
{
        struct mproc_pool *pool = stream->pool;
        struct mproc_result *result;

        pool_collect(pool);
        if (stream->ordered) {
                for (; stream->next_out < stream->next_in; stream->next_out++)
                        let_go(pool, stream->window[stream->next_out % stream->in_flight]);
                return;
        }
        while ((result = STAILQ_FIRST(&stream->ready))) {
                STAILQ_REMOVE_HEAD(&stream->ready, entry);
                let_go(pool, result);
        }
        for (uint32_t i = 0; i < pool->shared->slot_count; i++)
                if (pool->by_slot[i] && pool->by_slot[i]->use == POOL_OF_STREAM &&
                    pool->by_slot[i]->stream == stream)
                        let_go(pool, pool->by_slot[i]);
}

void mproc_stream_free(struct mproc_stream *stream)
{
        if (!stream)
                return;
        if (!pool_check(stream->pool, "free", NULL)) {
                pool_lock(&stream->pool->lock);
                let_go_all(stream);
                if (stream->pool->waiting) /* for room, it may be */
                        pool_stir(stream->pool);
                pool_leave(stream->pool);
        }
        free(stream->window);
        free(stream);
}
