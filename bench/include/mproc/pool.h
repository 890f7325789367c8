/* Pool: workers that run functions of the program on items of work, and survive what these do.
 *
 * A pool belongs to the process that made it; any of its threads may use it. A task is a call of a
 * plain function with an argument and room for a result, both plain bytes. Whatever ends a worker
 * (a signal, the OOM killer, exit) fails the one task that it was running, with the cause; the
 * worker is replaced, and no other task is lost or run twice. A worker of start method thread
 * cannot be killed apart from its process; one that leaves by pthread_exit is replaced, too. One
 * that is stopped (SIGSTOP, a debugger) keeps what it has taken until it goes on, or a time limit
 * kills it; other tasks do not wait for it.
 *
 * A thread of the pool's own looks after the workers (deaths, replacement, time limits). Results
 * are collected, and callbacks called, on the caller's threads: within the functions below that
 * wait or look (get, wait, ready, successful, cancel, apply_async when there is no room, map,
 * map_async, next, mproc_stream_free, join, terminate).
 *
 * Memory: an argument or result of up to MPROC_POOL_INLINE bytes lies in the task's slot, a larger
 * one in the pool's arena (one copy in, one out; the worker works in place there). Functions are
 * told from each other by address, MPROC_POOL_FUNCTIONS of them at most in the life of a pool.
 *
 * Misuse has an errno of its own each: -ESHUTDOWN submitted after close, -EBUSY joined before
 * close, -EINVAL an option or a chunk of 0, -ENOTSUP a function that cannot cross or a limit that
 * the start method cannot enforce, -E2BIG more than the arena could ever hold, -EXDEV a handle of
 * another pool, -EDEADLK a worker that waits for its own pool, -ECHILD a process that did not make
 * the pool, -ENOTRECOVERABLE a broken pool (see initialiser), -EBADE a callback that failed,
 * -ENODATA `successful` asked of a result that is not ready, -EPROTONOSUPPORT an unknown
 * transport. */
#ifndef MPROC_POOL_H
#define MPROC_POOL_H

#include <mproc/mproc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPROC_POOL_WORKERS_MAX 256
#define MPROC_POOL_INLINE 64 /* bytes */
#define MPROC_POOL_FUNCTIONS 256
#define MPROC_POOL_FDS_MAX 8

/* What a task's function is called with, in a worker. It returns 0, or a code of its own choice,
 * by convention a negative errno, which fails the task; `err->text` may say more. */
struct mproc_task {
        const void *arg; /* aligned for any object of its size, up to 64 bytes; of map: the item,
                          * as it lies in its array */
        size_t arg_size;
        void *result;       /* aligned likewise; unspecified until written; of a task that fails,
                             * what was written is lost */
        size_t result_size; /* bytes of room. A function that has less to say stores how much; more
                             * than the room, or of map anything else, fails it with -EMSGSIZE */
        uint64_t index;     /* of the item in its map, else 0 */
        uint32_t worker;    /* 0 … workers − 1 */
        uint32_t reserved;
        struct mproc_err *err;
};

/* How a task failed. */
struct mproc_failure {
        uint64_t index; /* of the item in its map, else 0 */
        uint64_t count; /* of a map: items that failed; else 1 */
        int32_t worker; /* −1: it never reached one */
        pid_t pid;      /* of that worker; 0: unknown */
        /* code: what the function returned, or -EOWNERDEAD (its worker died; the text has the
         * signal's name), -ETIME (time limit), -ECANCELED (cancelled, terminated), -EMSGSIZE
         * (result of a wrong size), or why the worker could not find the function. A text of 72
         * characters or more may be cut to 71, when more than 32 tasks and a 128th part of
         * options.queue have failed with such and are not collected yet. */
        struct mproc_err err;
};

/* The pool ----------------------------------------------------------------------------------- */

struct mproc_pool;

struct mproc_pool_options {
        const char *start;     /* start method by name; NULL: "forkserver". Not "serial" */
        const char *transport; /* by name, see below; NULL: "ring" */
        size_t workers;        /* 0: as many as PUs that this process may run on */
        /* Run in each worker before its first task and after its last (not when it is killed). A
         * result other than 0 of the initialiser ends the worker. Three such in a row, or twenty
         * workers in a row that die or cannot be started before they are ready, break the pool
         * when no other worker is there: every task fails with -ENOTRECOVERABLE and the cause. */
        int (*initialiser)(void *arg, size_t arg_size);
        int (*finaliser)(void *arg, size_t arg_size);
        const void *arg; /* for both: copied, ≤ MPROC_ARG_MAX − 64 bytes */
        size_t arg_size;
        /* Descriptors that a worker finds by mproc_self_fd(), as of mproc_process_start. They stay
         * the caller's, and open as long as the pool is there: who replaces a worker gets them. */
        const int *fds;
        size_t fd_count;           /* ≤ MPROC_POOL_FDS_MAX */
        uint64_t tasks_per_worker; /* a worker that ran so many is replaced; 0: no limit */
        int64_t task_limit_ns;     /* a task that runs longer is ended with its worker; 0: none */
        unsigned retries;          /* how often a task is run again after its worker died */
        size_t queue;              /* tasks that are queued, run or wait to be collected; 0: 1024 */
        size_t arena_bytes;        /* 0: 64 MiB; memory is taken only when it is used */
};

/* How tasks reach the workers. "ring": shared memory, where workers look for a while, then sleep on
 * a futex; after some microseconds no more of them look than PUs − 1. "pipe": as CPython's Pool
 * does it, tasks and word of results go through pipes, and workers sleep in read(2); up to 512
 * tasks or chunks are handed over ahead, of single tasks and maps in turn. All else is the same.
 *
 * The transports in table order: NULL when `index` is past the end, or there is none by that name.
 */
struct mproc_pool_transport;
const struct mproc_pool_transport *mproc_pool_transport_at(size_t index);
const struct mproc_pool_transport *mproc_pool_transport_find(const char *name);
const char *mproc_pool_transport_name(const struct mproc_pool_transport *transport);
const char *mproc_pool_transport_summary(const struct mproc_pool_transport *transport);

/* Starts the workers; does not wait until they are ready. Errors: -EINVAL (an option),
 * -EPROTONOSUPPORT (no such transport), -ENOTSUP (serial; task_limit_ns under thread; an
 * initialiser that cannot cross), those of mproc_process_start and mproc_shm_new. */
int mproc_pool_new(struct mproc_pool **ret, const struct mproc_pool_options *options,
                   struct mproc_err *err);
/* No more tasks are taken. Idempotent. */
int mproc_pool_close(struct mproc_pool *pool, struct mproc_err *err);
/* Waits until every task is over and every worker has left. -EBUSY: neither closed nor terminated;
 * -ETIMEDOUT. */
int mproc_pool_join(struct mproc_pool *pool, int64_t timeout_ns, struct mproc_err *err);
/* Ends the workers at once; what was not over fails with -ECANCELED. A worker thread ends its task
 * or item first. */
int mproc_pool_terminate(struct mproc_pool *pool, struct mproc_err *err);
/* Terminates if need be, reaps, and frees the pool; its results are to be freed before. In a
 * process that inherited the pool by fork it lets go of the copy alone. */
void mproc_pool_free(struct mproc_pool *pool);

size_t mproc_pool_workers(const struct mproc_pool *pool);
/* The process of a worker now; 0: it is being replaced. This and the next two tell nothing (0;
 * -ECHILD, -EDEADLK) to a process that did not make the pool, nor to its workers. */
pid_t mproc_pool_worker_pid(struct mproc_pool *pool, size_t worker);
/* How many workers were started in place of others. */
uint64_t mproc_pool_replaced(struct mproc_pool *pool);
/* How the first worker ended that the pool had to replace, in words; code 0: none had to. */
void mproc_pool_first_death(struct mproc_pool *pool, struct mproc_err *ret);

/* One task ----------------------------------------------------------------------------------- */

struct mproc_result; /* of one task, or of one map */

struct mproc_call {
        int (*function)(struct mproc_task *task);
        const void *arg;    /* copied */
        size_t arg_size;    /* < 4 GiB, as is the result */
        size_t result_size; /* room for the result */
        /* Called once it is over, on a thread of the caller that collects (see above) and at the
         * end of that call, not under any lock, before the result is freed. Within one that uses
         * the pool others are called, 64 deep at most; the rest wait for the outermost to return.
         * What it returns other than 0 is what get, and wait, of this result return -EBADE for once
         * it has returned: who gets the result on another thread meanwhile does not wait for it.
         * May be NULL. */
        int (*callback)(struct mproc_result *result, void *context);
        void *context;
};

/* Queues one task. Waits while the queue or the arena is full, as long as anything is under way:
 * a task, a map, or a callback on another thread (within a callback those do not count). Then it is
 * -ENOBUFS: results have to be freed first. `ret` may be NULL: nobody wants to know. */
int mproc_pool_apply_async(struct mproc_pool *pool, struct mproc_result **ret,
                           const struct mproc_call *call, struct mproc_err *err);
/* Runs one task to its end; `result` receives call->result_size bytes. Errors as of
 * mproc_pool_apply_async and mproc_pool_get. */
int mproc_pool_apply(struct mproc_pool *pool, const struct mproc_call *call, void *result,
                     struct mproc_failure *failure, struct mproc_err *err);

/* Waits at most `timeout_ns` (0: looks) until it is over: -ETIMEDOUT, else 0 whether the task
 * failed or not. */
int mproc_pool_wait(struct mproc_pool *pool, struct mproc_result *result, int64_t timeout_ns,
                    struct mproc_err *err);
/* As wait, then copies the result: at most `size` bytes (-EMSGSIZE: it has more). May be repeated;
 * a time-out does not cancel. -EREMOTEIO: the task failed, and `failure` (may be NULL) says how. Of
 * a map `buf` is not used: results went where it was told. */
int mproc_pool_get(struct mproc_pool *pool, struct mproc_result *result, void *buf, size_t size,
                   int64_t timeout_ns, struct mproc_failure *failure, struct mproc_err *err);
/* 1, 0, or a negative errno. `successful` before it is ready is -ENODATA. */
int mproc_pool_ready(struct mproc_pool *pool, struct mproc_result *result, struct mproc_err *err);
int mproc_pool_successful(struct mproc_pool *pool, struct mproc_result *result,
                          struct mproc_err *err);
/* Cancels what has not begun: a queued task, or the items of a map that no worker holds yet.
 * -EALREADY: a task that runs or is over. */
int mproc_pool_cancel(struct mproc_pool *pool, struct mproc_result *result, struct mproc_err *err);
/* Lets go of a result, whether it is over or not; the task itself goes on. */
void mproc_pool_release(struct mproc_pool *pool, struct mproc_result *result);

/* Many tasks --------------------------------------------------------------------------------- */

/* Chunk sizes besides any number ≥ 1. */
#define MPROC_CHUNK_CPYTHON UINT32_MAX      /* ⌈count / (4 · workers)⌉ */
#define MPROC_CHUNK_GUIDED (UINT32_MAX - 1) /* shrinks: a 2 · workers-th of what is left, ≥ 1 */

struct mproc_map {
        int (*function)(struct mproc_task *task);
        const void *args; /* count × arg_size bytes; NULL: the function has task->index alone */
        size_t arg_size;
        void *results; /* count × result_size bytes; those of failed items are left as they are, or
                        * with in_place as the function left them */
        size_t result_size;
        size_t count;
        uint32_t chunk; /* items that a worker takes at a time; 0 is refused */
        bool in_place;  /* args and results lie in shared memory that the pool's workers have
                         * (mproc_shm_new before mproc_pool_new): nothing is copied */
        int32_t *codes; /* count: 0 or the code of each; NULL: not wanted */
};

/* Runs function on every item, and waits for all of them. 0: none failed; -EREMOTEIO: some did,
 * the others have their results, and `failure` (may be NULL) has one of them and their number.
 * Arrays larger than the arena go through it piece by piece, each shared out as a map of its own.
 */
int mproc_pool_map(struct mproc_pool *pool, const struct mproc_map *map,
                   struct mproc_failure *failure, struct mproc_err *err);
/* The same without waiting. `args` is copied at once; `results` and `codes` are written by the call
 * that collects, and have to stay until then. -E2BIG: more than the arena holds (use in_place);
 * -ENOBUFS: not now, since tasks and results that are not freed hold it; -EAGAIN: MPROC_POOL_MAPS
 * are under way. */
#define MPROC_POOL_MAPS 8
int mproc_pool_map_async(struct mproc_pool *pool, struct mproc_result **ret,
                         const struct mproc_map *map, struct mproc_err *err);

/* imap and imap_unordered: results one by one, while at most `in_flight` tasks are queued, running
 * or waiting to be fetched. Uses function, args, arg_size, result_size and count of `map`; the
 * array of arguments has to stay. Each item is a task of its own (chunk is not looked at). A stream
 * is used by one thread at a time, and freed before its pool. -EINVAL: in_flight is 0 or more than
 * options.queue. */
struct mproc_stream;
int mproc_pool_imap(struct mproc_pool *pool, struct mproc_stream **ret, const struct mproc_map *map,
                    size_t in_flight, bool ordered, struct mproc_err *err);
/* The next result (in order, or as they come): `buf` receives map->result_size bytes, `index` (may
 * be NULL) which item it is of. -ENODATA: there are no more; -EREMOTEIO: this item failed, the
 * stream goes on; -ETIMEDOUT: the stream is as before. */
int mproc_stream_next(struct mproc_stream *stream, void *buf, uint64_t *index, int64_t timeout_ns,
                      struct mproc_failure *failure, struct mproc_err *err);
/* What has not begun is cancelled. */
void mproc_stream_free(struct mproc_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
