/* A pool as its owner knows it. Owner only; everything under the pool's lock unless said otherwise.
 *
 * The files: pool_new.c (making, freeing), pool_check.c (misuse), pool_function.c, pool_supervise.c
 * (the thread that looks after the workers), pool_bury.c (what becomes of a dead worker's tasks),
 * pool_wait.c (collecting, waiting, callbacks), pool_task.c (single tasks), pool_result.c (their
 * results: wait, get, cancel, release; apply), pool_job.c and pool_map.c (maps), pool_stream.c
 * (imap), pool_arena.c, pool_end.c (close, join, terminate), pool_transport_*.c (how tasks reach
 * the workers). Workers: pool_worker.c (running a task), pool_ring_work.c, pool_idle.c. Both:
 * pool_wake.c. */
#ifndef MPROC_POOL_PRIVATE_H
#define MPROC_POOL_PRIVATE_H

#include "mproc/connection.h"
#include "mproc/pool_lock.h"
#include "mproc/pool_shared.h"
#include "mproc/pool_spin.h"
#include "mproc/pool_transport.h"
#include <mproc/pool.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/queue.h>

/* The arena: a bit for each unit, kept by the owner alone, so that no worker can spoil it. */
struct pool_arena {
        char *base;
        size_t units, next; /* next: where the search begins */
        uint64_t *used;
};

int pool_arena_init(struct pool_arena *arena, void *base, size_t bytes);
void pool_arena_done(struct pool_arena *arena);
/* NULL: no room now. Aligned to POOL_UNIT. */
void *pool_arena_take(struct pool_arena *arena, size_t bytes);
void pool_arena_give(struct pool_arena *arena, const void *at, size_t bytes);
/* Both at once, when nothing else is there. */
bool pool_arena_could_hold(const struct pool_arena *arena, size_t one, size_t other);
size_t pool_arena_bytes(const struct pool_arena *arena);
/* Of what lies there, and back. */
static inline uint32_t pool_arena_unit(const struct pool_arena *arena, const void *at)
{
        return (uint32_t)((size_t)((const char *)at - arena->base) / POOL_UNIT);
}
static inline void *pool_arena_at(const struct pool_arena *arena, uint32_t unit)
{
        return arena->base + (size_t)unit * POOL_UNIT;
}

enum pool_use { POOL_OF_CALL, POOL_OF_STREAM, POOL_OF_JOB };

/* A task or a map, from its submission until it is released. */
struct mproc_result {
        STAILQ_ENTRY(mproc_result) entry; /* of `spare`, `called` or a stream's `ready` */
        struct mproc_pool *pool;
        union {
                struct {
                        int (*callback)(struct mproc_result *result, void *context);
                        void *context;
                };
                struct {
                        struct mproc_stream *stream;
                        uint64_t item;
                };
                struct pool_job_owned *job; /* while it is under way */
        };
        _Atomic bool over; /* set last: what is below does not change then, save for callbacks */
        bool released : 1, calling : 1, large : 1;
        uint8_t use; /* enum pool_use: which of the above it is */
        int code;
        union {
                unsigned tries;            /* until it is over */
                _Atomic int callback_code; /* pool_result.c reads it without the lock */
        };
        uint32_t slot; /* while it is not over */
        union {
                uint32_t arg_size; /* until it is over */
                uint32_t size;     /* of the result */
        };
        uint32_t room; /* for the result: in `bytes` up to MPROC_POOL_INLINE, else in the arena */
        uint32_t arg_unit, result_unit;
        struct mproc_failure *failure; /* NULL: none, or no memory to tell more than the code */
        unsigned char bytes[]; /* the argument, if it may be needed again; then the result */
};
STAILQ_HEAD(pool_results, mproc_result);

/* Where a task of a stream belongs. */
struct pool_place {
        struct mproc_stream *stream;
        uint64_t item;
        uint64_t deadline_ns; /* for room; 0: does not wait for it, -EAGAIN */
};

struct pool_try {
        uint64_t item;
        unsigned count;
};

struct pool_job_owned {
        struct mproc_result *result; /* NULL: free */
        struct mproc_map map;
        uint64_t first; /* of this piece in the user's arrays */
        size_t count;
        void *args, *results; /* in the arena; NULL: none, or in place */
        int32_t *codes;
        size_t args_size, results_size, codes_size;
        uint64_t pass, from; /* from: first item of the pass */
        bool closing;        /* no worker can enter the pass any more */
        /* Of the pipe: items before `offered` were handed over, those before `low` are over. */
        uint64_t offered, low;
        bool cancelled;
        struct mproc_failure cancel; /* what the others are told */
        struct pool_try *tries;
        size_t try_count;
        struct mproc_failure
                failure; /* of the first that its worker's death failed; code 0: none */
};

struct pool_worker {
        struct mproc_process *process; /* NULL: none */
        pid_t pid;
        bool condemned;
};

/* A descriptor that no fork of the owner shall have; fd is -1 while there is none. In such a fork
 * it is closed already. */
void pool_fd_close(const struct mproc_pool *pool, struct connection_loan *loan);

/* The owner's side of the pipes; pool_transport_pipe.c. */
struct pool_pipe {
        struct connection_loan tasks_write, tasks_read, results_read, results_write, stir;
        uint64_t offered; /* tasks at positions before it were handed over */
        bool backlog;     /* something waits for room in the pipe */
        bool polling; /* one of the owner's threads is in ppoll; the others sleep on front.event */
};

/* The queue's end, and how far the owner has followed the workers in it (transport ring). */
struct pool_watch {
        uint64_t tail;     /* of the queue: front.tail, which workers fetch away all the time */
        uint64_t next;     /* the first position that it has not passed */
        uint64_t *running; /* `count` positions that ran when it did; `room` of them at most */
        uint32_t count, room;
        uint32_t at; /* of these, when they are gone through */
};
#define POOL_WATCH_MAX (2 * MPROC_POOL_WORKERS_MAX)

enum pool_phase { POOL_OPEN, POOL_CLOSED, POOL_LEAVING, POOL_TERMINATED };

struct mproc_pool {
        struct pool_lock lock;
        uint64_t generation;
        struct mproc_shm *shm;
        struct pool_shared *shared;
        const struct mproc_pool_transport *transport;
        struct pool_pipe pipe;
        const char *start;
        size_t workers;
        unsigned retries;
        int64_t task_limit_ns;
        struct pool_start *start_arg;
        size_t start_arg_size;
        int fds[MPROC_POOL_FDS_MAX]; /* the caller's */
        size_t fd_count;
        struct pool_arena arena;

        int (*functions[MPROC_POOL_FUNCTIONS])(struct mproc_task *);
        uint32_t function_count;

        struct mproc_result **by_slot;
        uint64_t *free_slots; /* a bit each */
        size_t queue, used_slots;
        struct pool_results spare[2]; /* by `large` */
        size_t spare_count;
        struct pool_results called; /* over, callback to be called */
        size_t calls;               /* of callbacks, under way */
        struct pool_job_owned jobs[MPROC_POOL_MAPS];
        size_t job_count;
        uint64_t passes;
        struct pool_watch watch;
        size_t outstanding; /* tasks and maps that are not over */

        enum pool_phase phase;
        struct mproc_err broken; /* code 0: it is not */
        struct mproc_err death;  /* of the first worker that was not to end; code 0: none */
        unsigned waiting;        /* threads that sleep in pool_wait */
        uint64_t spin_ns;
        /* When another worker is woken, if no task is taken until then; 0: none is to be. */
        uint64_t stall_ns, stall_head;

        /* The supervisor's. */
        struct pool_worker *worker;
        pthread_t supervisor;
        struct connection_loan control; /* wakes it */
        bool supervised, gone;
        unsigned unready; /* workers in a row that ended before they were ready */
        uint64_t started;
        uint64_t retry_ns; /* when a start that failed is tried again; 0: none did */
};

/* pool_check.c */
/* -ECHILD, -EDEADLK. Not locked. */
int pool_check(struct mproc_pool *pool, const char *stage, struct mproc_err *err);
int pool_check_result(struct mproc_pool *pool, const struct mproc_result *result, const char *stage,
                      struct mproc_err *err);
/* May tasks be submitted? */
int pool_check_open(struct mproc_pool *pool, struct mproc_err *err);

/* pool_function.c */
/* The number of a function, which is told to the workers when it is new. */
int pool_function(struct mproc_pool *pool, int (*function)(struct mproc_task *), uint32_t *ret,
                  struct mproc_err *err);

/* The same of initialiser and finaliser, + 1; NULL: `ret` stays as it is. */
int pool_callable(struct mproc_pool *pool, callable_target *target, uint32_t *ret,
                  struct mproc_err *err);

/* pool_supervise.c */
int pool_start_worker(struct mproc_pool *pool, uint32_t number, struct mproc_err *err);
void *pool_supervise(void *pool);
/* Has it look again. */
static inline void pool_kick(struct mproc_pool *pool)
{
        eventfd_write(pool->control.fd, 1);
}

/* pool_bury.c */
/* Everything that worker `number` held is decided. */
void pool_bury(struct mproc_pool *pool, uint32_t number, const struct mproc_status *status);
/* Queued tasks, and items that nobody holds. */
void pool_fail_queued(struct mproc_pool *pool, int code, const char *text);

/* pool_wait.c */
/* Takes in everything that the workers have finished. */
void pool_collect(struct mproc_pool *pool);
/* Collects until `done` says so; locked before and after, not meanwhile. `awaited` as of
 * pool_front. -ETIMEDOUT. */
int pool_wait(struct mproc_pool *pool, bool (*done)(struct mproc_pool *pool, void *context),
              void *context, uint32_t awaited, uint64_t deadline_ns);
/* What is asked for is not there yet, and the owner does not wait. */
static inline void pool_rouse(struct mproc_pool *pool)
{
        if (pool->transport->rouse)
                pool->transport->rouse(pool);
}
/* Owner's threads that sleep look again. */
static inline void pool_stir(struct mproc_pool *pool)
{
        pool->transport->stir(pool);
}
/* Unlocks, and calls the callbacks that are due; true: there were some. */
bool pool_leave(struct mproc_pool *pool);
/* Would pool_leave call any? Until then these may keep the very room that is waited for. */
bool pool_has_due(const struct mproc_pool *pool);
/* Is there sense in waiting for room: nothing is due, and the end of a task, or of a callback on
 * another thread, could make some? Within a callback those of others do not count: they may wait
 * likewise. */
bool pool_may_make_room(const struct mproc_pool *pool);

/* pool_task.c */
static inline bool pool_has_callback(const struct mproc_result *result)
{
        return result->use == POOL_OF_CALL && result->callback;
}
/* `bytes` of it can be kept, MPROC_POOL_INLINE at most. */
struct mproc_result *pool_result_new(struct mproc_pool *pool, size_t bytes);
/* A result that succeeded. */
const void *pool_result_bytes(const struct mproc_pool *pool, const struct mproc_result *result);
void pool_result_free(struct mproc_pool *pool, struct mproc_result *result);
/* It is over: `failure` NULL or why. */
void pool_result_over(struct mproc_pool *pool, struct mproc_result *result, int code,
                      const struct mproc_failure *failure);
void pool_slot_over(struct mproc_pool *pool, uint32_t slot, int code,
                    const struct mproc_failure *failure);
/* A worker says so: nothing happens if it is not true. */
void pool_slot_told(struct mproc_pool *pool, uint32_t slot);
/* Puts the task of a worker that died into the queue once more. */
void pool_run_again(struct mproc_pool *pool, uint32_t slot);
/* `place` NULL: of no stream. May unlock while it waits for room. */
int pool_submit(struct mproc_pool *pool, struct mproc_result **ret, const struct mproc_call *call,
                const struct pool_place *place, struct mproc_err *err);
int pool_cancel_locked(struct mproc_pool *pool, struct mproc_result *result, struct mproc_err *err);

/* pool_result.c */
/* How a task that is over failed. */
void pool_result_failure(const struct mproc_result *result, struct mproc_failure *ret);

/* pool_job.c */
/* Items first … first + count − 1 of the map; its chunk is a number or guided. -EAGAIN: too many
 * are under way, -ENOBUFS: the arena has no room now. */
int pool_job_open(struct mproc_pool *pool, struct mproc_result *result, const struct mproc_map *map,
                  uint64_t first, size_t count, struct mproc_err *err);
/* Ends passes that are over, begins the next ones, ends jobs. */
void pool_job_advance(struct mproc_pool *pool);
/* Does a worker's line name the pass? Not locked. */
bool pool_job_is_named(struct pool_shared *shared, uint64_t pass);
struct pool_job *pool_job_shared(struct mproc_pool *pool, const struct pool_job_owned *job);
/* A worker died that may have run `item` of the job that `pass` names. */
void pool_job_bury(struct mproc_pool *pool, uint64_t pass, uint64_t item, uint32_t worker,
                   const struct mproc_failure *failure);
/* Nothing more of it begins: what has not fails as `failure` says. */
void pool_job_cancel(struct mproc_pool *pool, struct pool_job_owned *job,
                     const struct mproc_failure *failure);
/* Bytes of the arena that a map of `count` items takes. */
size_t pool_job_bytes(const struct mproc_map *map, size_t count);

/* pool_stream.c */
void pool_stream_over(struct mproc_stream *stream, struct mproc_result *result);

/* pool_end.c */
void pool_terminate(struct mproc_pool *pool);
/* Are the workers processes? Else they are threads. */
bool pool_has_processes(const struct mproc_pool *pool);

#endif
