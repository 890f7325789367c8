/* The pipe: one carries tasks to all workers, who sleep in read(2), and one carries word of what is
 * over back. No worker spins, and nobody holds a lock.
 *
 * Messages have one size each, far below PIPE_BUF, so that the kernel writes and reads each as a
 * whole (pipe(7); a pipe's reads take turns in the kernel): who dies leaves no half of one. One
 * that was read by a worker which died is lost; so after each such death everything that is not
 * begun is offered once more. Messages may come twice thereby, or too late, and do no harm:
 *
 *    a task    names its position in the queue; the slot there is taken by compare-and-swap
 *    a chunk   names a pass and items of it; each item is taken by compare-and-swap on its code,
 *              PENDING → BEGUN + worker, after line.at has named it
 *    "over"    a slot's number; the slot's state says whether it is true. Or 0: a chunk's items
 *
 * The owner writes without blocking. What finds no room in the pipe is written once there is some,
 * by whichever thread of the owner comes first; the supervisor waits for it. The pipe is small, so
 * that a single task does not stand behind a whole map.
 *
 * A map has one pass, which is over when all items are. The owner goes along the codes behind the
 * workers.
 *
 * Of the owner's threads that wait one polls the pipe, and the others sleep on front.event. */
#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/pool_private.h"
#include "mproc/pool_worker.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include "mproc/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TASKS_BYTES 16384 /* of tasks on their way: 512 messages */
#define READ_MAX 512      /* results at a time */

/* To a worker. */
struct message {
        uint64_t at;    /* of a task: its position; of a chunk: its pass */
        uint64_t first; /* item */
        uint64_t count; /* 0: a task */
        uint32_t job, reserved;
};
static_assert(sizeof(struct message) == 32, "a page holds whole messages");

#define CHUNK_OVER 0u /* to the owner; else a slot's number + 1 */

/* Owner -------------------------------------------------------------------------------------- */

/* Registry locked. The end that the owner writes to, or reads from, does not block. */
static int open_pipe(struct connection_loan *read_end, struct connection_loan *write_end,
                     struct connection_loan *nonblocking)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) || stdio_fds_avoid_pair(fds))
                return -errno;
        connection_lend(read_end, fds[0]);
        connection_lend(write_end, fds[1]);
        return fcntl(nonblocking->fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int open_pipes(struct mproc_pool *pool, struct mproc_err *err)
{
        struct pool_pipe *pipe = &pool->pipe;
        int r, fd;

        registry_lock();
        r = open_pipe(&pipe->tasks_read, &pipe->tasks_write, &pipe->tasks_write);
        if (!r)
                r = open_pipe(&pipe->results_read, &pipe->results_write, &pipe->results_read);
        if (!r) {
                fd = stdio_fds_avoid(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
                if (fd >= 0)
                        connection_lend(&pipe->stir, fd);
                else
                        r = -errno;
        }
        registry_unlock();
        if (r)
                return limits_error(err, r, "pool", "cannot make the pool's pipes");
        /* Where it cannot be had, more is on its way. */
        fcntl(pipe->tasks_write.fd, F_SETPIPE_SZ, TASKS_BYTES);
        return 0;
}

static void close_pipes(struct mproc_pool *pool)
{
        pool_fd_close(pool, &pool->pipe.tasks_read);
        pool_fd_close(pool, &pool->pipe.tasks_write);
        pool_fd_close(pool, &pool->pipe.results_read);
        pool_fd_close(pool, &pool->pipe.results_write);
        pool_fd_close(pool, &pool->pipe.stir);
}

/* false: there is no room. */
static bool send_message(struct mproc_pool *pool, const struct message *message)
{
        return write(pool->pipe.tasks_write.fd, message, sizeof(*message)) ==
               (ssize_t)sizeof(*message);
}

enum offered { NOTHING, ONE, NO_ROOM };

static enum offered offer_task(struct mproc_pool *pool)
{
        struct pool_shared *shared = pool->shared;
        uint64_t *at = &pool->pipe.offered;
        uint32_t left_out = 0;

        while (*at < pool->watch.tail) {
                struct message message = {.at = *at};

                if (!pool_is_queued(shared, *at)) {
                        *at = pool_next_position(shared, *at, pool->watch.tail, POOL_IS_QUEUED,
                                                 &left_out);
                        continue;
                }
                if (!send_message(pool, &message))
                        return NO_ROOM;
                ++*at;
                return ONE;
        }
        return NOTHING;
}

static enum offered offer_chunk(struct mproc_pool *pool, struct pool_job_owned *owned)
{
        struct pool_job *job = pool_job_shared(pool, owned);
        uint64_t end = owned->count;
        struct message message = {.at = owned->pass, .job = (uint32_t)(owned - pool->jobs)};

        while (owned->offered < end && pool_code(job, owned->offered) != POOL_PENDING)
                owned->offered++;
        if (owned->offered >= end)
                return NOTHING;
        message.first = owned->offered;
        message.count = job->chunk == MPROC_CHUNK_GUIDED
                                ? pool_guided(end - message.first, (uint32_t)pool->workers)
                                : job->chunk;
        if (message.count > end - message.first)
                message.count = end - message.first;
        if (!send_message(pool, &message))
                return NO_ROOM;
        owned->offered += message.count;
        return ONE;
}

/* Single tasks and maps in turn, until nothing is left or the pipe is full. */
static enum offered offer_round(struct mproc_pool *pool)
{
        enum offered any = offer_task(pool);

        for (size_t i = 0; pool->job_count && i < MPROC_POOL_MAPS && any != NO_ROOM; i++) {
                struct pool_job_owned *job = &pool->jobs[i];
                enum offered one = NOTHING;

                if (job->result && job->pass && !job->closing)
                        one = offer_chunk(pool, job);
                if (one != NOTHING)
                        any = one;
        }
        return any;
}

static void offer(struct mproc_pool *pool)
{
        struct pool_pipe *pipe = &pool->pipe;
        bool before = pipe->backlog;
        enum offered last = NOTHING;

        if (pipe->tasks_write.fd < 0)
                return;
        do
                last = offer_round(pool);
        while (last == ONE);
        pipe->backlog = last == NO_ROOM;
        if (pipe->backlog && !before)
                pool_kick(pool);
}

static int backlog_fd(const struct mproc_pool *pool)
{
        return pool->pipe.backlog ? pool->pipe.tasks_write.fd : -1;
}

static void offer_job(struct mproc_pool *pool, struct pool_job_owned *owned, uint64_t from,
                      uint64_t end)
{
        struct pool_job *job = pool_job_shared(pool, owned);

        owned->offered = owned->low = from;
        atomic_store(&job->end, end);
        atomic_store(&job->pass, owned->pass);
        offer(pool);
}

static bool is_given_out(struct mproc_pool *pool, struct pool_job_owned *owned)
{
        struct pool_job *job = pool_job_shared(pool, owned);

        while (owned->low < owned->count && pool_code(job, owned->low) >= POOL_CODE_MIN)
                owned->low++;
        return owned->low == owned->count;
}

static void withdraw(struct mproc_pool *pool, struct pool_job_owned *owned)
{
        struct pool_job *job = pool_job_shared(pool, owned);

        for (uint64_t i = owned->low; i < owned->count; i++) {
                int32_t pending = POOL_PENDING;

                atomic_compare_exchange_strong(pool_code_at(job, i), &pending,
                                               owned->cancel.err.code);
        }
}

static int32_t begun_code(uint32_t worker)
{
        return POOL_BEGUN + (int32_t)worker;
}

/* Another of the owner's threads may poll for what was read here. */
static void tell_poller(struct mproc_pool *pool)
{
        pool_wake_owner(pool->shared);
        if (pool->pipe.polling)
                eventfd_write(pool->pipe.stir.fd, 1);
}

static void collect(struct mproc_pool *pool)
{
        uint32_t words[READ_MAX];
        bool took = false;
        ssize_t size;

        do {
                size = read(pool->pipe.results_read.fd, words, sizeof(words));
                for (ssize_t i = 0; i < size / (ssize_t)sizeof(*words); i++)
                        if (words[i] != CHUNK_OVER)
                                pool_slot_told(pool, words[i] - 1);
                took |= size > 0;
        } while (size == (ssize_t)sizeof(words));
        if (pool->pipe.backlog)
                offer(pool);
        if (took && pool->pipe.polling)
                tell_poller(pool);
}

static void sleep_unlocked(struct mproc_pool *pool, uint32_t event, uint64_t deadline_ns)
{
        struct pool_pipe *pipe = &pool->pipe;
        struct pollfd fds[] = {{.fd = pipe->results_read.fd, .events = POLLIN},
                               {.fd = pipe->stir.fd, .events = POLLIN}};
        bool polls = !pipe->polling;
        struct timespec left;
        eventfd_t stirred;

        pipe->polling = true;
        pool_unlock(&pool->lock);
        if (polls) {
                left = clock_left(deadline_ns);
                ppoll(fds, 2, deadline_ns == WAIT_FOREVER ? NULL : &left, NULL);
        } else {
                wait_on_word(&pool->shared->front.event, event, deadline_ns);
        }
        pool_lock(&pool->lock);
        if (!polls)
                return;
        pipe->polling = false;
        if (fds[1].revents)
                eventfd_read(pipe->stir.fd, &stirred);
        if (pool->waiting > 1) /* one of the others polls next */
                tell_poller(pool);
}

static void recover(struct mproc_pool *pool, uint32_t worker)
{
        /* One that left of its own will, or never began, took nothing along. */
        if (atomic_load(&pool->shared->lines[worker].ready) != 1)
                return;
        pool->pipe.offered = pool_first_position(pool->shared, 0, pool->watch.tail, POOL_IS_QUEUED);
        for (size_t i = 0; i < MPROC_POOL_MAPS; i++)
                pool->jobs[i].offered = pool->jobs[i].low;
        offer(pool);
}

/* A message each, of no task, and then the end of the pipe. If there is no room they are reading
 * anyway. */
static void stop(struct mproc_pool *pool)
{
        struct message message = {.at = UINT64_MAX};

        for (size_t i = 0; i < pool->workers; i++)
                send_message(pool, &message);
        pool_fd_close(pool, &pool->pipe.tasks_write);
        pool->pipe.backlog = false;
}

/* Worker ------------------------------------------------------------------------------------- */

static void tell(const struct pool_self *worker, uint32_t word)
{
        while (write(mproc_self_fd(worker->first_fd + 1), &word, sizeof(word)) < 0 &&
               errno == EINTR)
                ;
}

static void run_task(struct pool_self *worker, const struct message *message)
{
        struct pool_slot *slot = pool_slot_at(worker->shared, message->at);

        if (!pool_worker_claim(worker, slot, message->at))
                return;
        pool_worker_run_task(worker, slot, message->at);
        tell(worker, (uint32_t)(slot - worker->shared->slots) + 1);
}

static void run_item(struct pool_self *worker, struct pool_job *job, uint64_t item)
{
        int32_t pending = POOL_PENDING;

        if (pool_code(job, item) != POOL_PENDING)
                return;
        atomic_store(&worker->line->at, item + 1);
        if (atomic_compare_exchange_strong(pool_code_at(job, item), &pending,
                                           begun_code(worker->number)))
                pool_worker_run_item(worker, job, item);
}

static void run_chunk(struct pool_self *worker, const struct message *message)
{
        struct pool_job *job = &worker->shared->jobs[message->job % MPROC_POOL_MAPS];

        atomic_store(&worker->line->job, message->at);
        if (atomic_load(&job->pass) == message->at) {
                pool_worker_begin_job(worker);
                for (uint64_t i = 0; i < message->count; i++)
                        run_item(worker, job, message->first + i);
        }
        atomic_store(&worker->line->job, 0);
        tell(worker, CHUNK_OVER);
}

/* Nothing comes any more: its owner has stopped it, or else the program has closed what it does not
 * know. A task that did so is over, and another worker does the rest. */
static void cut_off(struct pool_self *worker, int code)
{
        worker->cut_off = !atomic_load(&worker->shared->front.stop) && !worker->tasks;
        if (worker->cut_off)
                error_set(&worker->err, code, "pool",
                          "worker %u cannot read from the pool's pipe (%s): its initialiser must "
                          "not close descriptors that it did not open, or transport ring be used",
                          worker->number, strerrordesc_np(-code));
}

static void work(struct pool_self *worker)
{
        struct message message;
        ssize_t size;

        /* Once front.stop is set nothing is left to do. */
        while (!pool_worker_must_leave(worker) && !atomic_load(&worker->shared->front.stop)) {
                size = read(mproc_self_fd(worker->first_fd), &message, sizeof(message));
                if (size < 0 && errno == EINTR)
                        continue;
                if (size != (ssize_t)sizeof(message)) {
                        cut_off(worker, size < 0 ? -errno : -EPIPE);
                        break;
                }
                if (message.count)
                        run_chunk(worker, &message);
                else
                        run_task(worker, &message);
        }
}

const struct mproc_pool_transport pool_transport_pipe = {
        .name = "pipe",
        .summary = "pipes, as CPython's Pool has them: workers sleep in read(2)",
        .open = open_pipes,
        .close = close_pipes,
        .offer = offer,
        .backlog_fd = backlog_fd,
        .offer_job = offer_job,
        .is_given_out = is_given_out,
        .withdraw = withdraw,
        .begun_code = begun_code,
        .collect = collect,
        .sleep = sleep_unlocked,
        .stir = tell_poller,
        .recover = recover,
        .stop = stop,
        .work = work,
};
