/* How tasks reach a pool's workers, and word of what is over its owner. One file
 * pool_transport_NAME.c each, which defines `const struct mproc_pool_transport
 * pool_transport_NAME`; CMake makes the table.
 *
 * What a transport carries are hints: who may run a task is decided in shared memory alone
 * (pool_shared.h), so that a hint that dies with a worker, comes twice or too late does no harm. It
 * has to see to one thing: that whatever is not begun is offered to a worker in the end. */
#ifndef MPROC_POOL_TRANSPORT_H
#define MPROC_POOL_TRANSPORT_H

#include "mproc/pool_shared.h"
#include <stdbool.h>
#include <stdint.h>

struct pool_job_owned;
struct pool_self;

struct mproc_pool_transport {
        const char *name;
        const char *summary;

        /* Owner, with the pool locked unless said otherwise ---------------------------------- */

        /* Before there are workers, not locked. NULL: nothing is to be opened. */
        int (*open)(struct mproc_pool *pool, struct mproc_err *err);
        /* Half-opened ones, too; also of a copy that a fork inherited. Not locked. */
        void (*close)(struct mproc_pool *pool);
        /* Tasks were put into the queue, or there may be room for those that were not handed over
         * yet. */
        void (*offer)(struct mproc_pool *pool);
        /* Polls writable (POLLOUT) once more can be handed over; -1: everything is. NULL: always.
         */
        int (*backlog_fd)(const struct mproc_pool *pool);
        /* Items `from` … end − 1 of the job, whose pass is set, may be begun. */
        void (*offer_job)(struct mproc_pool *pool, struct pool_job_owned *job, uint64_t from,
                          uint64_t end);
        /* Nobody will begin an item of it any more, unless a worker's line names its pass. */
        bool (*is_given_out)(struct mproc_pool *pool, struct pool_job_owned *job);
        /* What nobody has begun or holds is not to be begun. */
        void (*withdraw)(struct mproc_pool *pool, struct pool_job_owned *job);
        /* What an item's code is while `worker` runs it. */
        int32_t (*begun_code)(uint32_t worker);
        /* Takes in what workers have finished: all that any of them told before the call. */
        void (*collect)(struct mproc_pool *pool);
        /* Looks for a while, unlocked meanwhile: is there something to be taken in? NULL: never. */
        bool (*spin)(struct mproc_pool *pool);
        /* Sleeps, unlocked meanwhile, until there is, or front.event is not `event`. */
        void (*sleep)(struct mproc_pool *pool, uint32_t event, uint64_t deadline_ns);
        /* NULL, or: for an owner that asks again and again, and does not sleep in between. */
        void (*rouse)(struct mproc_pool *pool);
        /* Has all who sleep there look again. */
        void (*stir)(struct mproc_pool *pool);
        /* A worker is gone, and everything that it held is decided; line.ready is as it left it. */
        void (*recover)(struct mproc_pool *pool, uint32_t worker);
        /* front.stop was set: workers that wait shall see it. */
        void (*stop)(struct mproc_pool *pool);

        /* Worker ----------------------------------------------------------------------------- */

        /* Works until it has to leave. */
        void (*work)(struct pool_self *worker);
};

extern const struct mproc_pool_transport pool_transport_ring;

const struct mproc_pool_transport *pool_transport_at(size_t index);
const struct mproc_pool_transport *pool_transport_find(const char *name);

#endif
