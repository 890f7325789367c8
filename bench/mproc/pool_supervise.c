#include "base/clock.h"
#include "base/error.h"
#include "mproc/pool_private.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RETRY_NS (100 * NS_PER_MS) /* between starts that fail, at most */
#define UNREADY_MAX 20
#define REFUSAL 7 /* an initialiser's own word counts for more than a death that may be chance */

int pool_start_worker(struct mproc_pool *pool, uint32_t number, struct mproc_err *err)
{
        int fds[MPROC_POOL_FDS_MAX + 2]; /* the caller's, and behind them the pool's own */
        struct mproc_process_options options = {.start = pool->start,
                                                .name = "mproc-pool",
                                                .target = pool_worker_run,
                                                .arg = pool->start_arg,
                                                .arg_size = pool->start_arg_size,
                                                .fds = fds,
                                                .fd_count = pool->fd_count};
        struct mproc_process *process;
        int r;

        memcpy(fds, pool->fds, sizeof(pool->fds));
        fds[pool->fd_count] = pool->pipe.tasks_read.fd;
        fds[pool->fd_count + 1] = pool->pipe.results_write.fd;
        if (pool->pipe.tasks_read.fd >= 0)
                options.fd_count += 2;
        pool->start_arg->worker = number; /* one thread starts workers: first the maker's, then the
                                           * supervisor */
        r = mproc_process_start(&process, &options, err);
        if (r)
                return r;
        pool_lock(&pool->lock);
        pool->worker[number].pid = mproc_process_pid(process);
        pool->worker[number].process = process;
        pool->started++;
        if (pool->phase == POOL_TERMINATED)
                mproc_process_kill(process, NULL);
        pool_unlock(&pool->lock);
        return 0;
}

static bool any_worker(const struct mproc_pool *pool)
{
        for (size_t i = 0; i < pool->workers; i++)
                if (pool->worker[i].process)
                        return true;
        return false;
}

static bool any_ready(const struct mproc_pool *pool)
{
        for (size_t i = 0; i < pool->workers; i++)
                if (pool->worker[i].process && atomic_load(&pool->shared->lines[i].ready) == 1)
                        return true;
        return false;
}

/* No worker will ever take anything again. */
static void give_up(struct mproc_pool *pool, const struct mproc_err *why)
{
        error_set(&pool->broken, -ENOTRECOVERABLE, "pool",
                  "the pool is broken: no worker comes up. %.380s", why->text);
        pool_fail_queued(pool, -ENOTRECOVERABLE, pool->broken.text);
        pool_collect(pool);
}

/* Doubles from 1 ms on. */
static uint64_t retry_delay(const struct mproc_pool *pool)
{
        return pool->unready < 7 ? NS_PER_MS << pool->unready : RETRY_NS;
}

/* A worker that ended before it was ready. */
static void count_unready(struct mproc_pool *pool, uint32_t number,
                          const struct mproc_status *status)
{
        struct pool_line *line = &pool->shared->lines[number];
        struct mproc_err why = {0};
        bool refused = line->err.code;

        if (refused)
                why = line->err;
        else if (status->err.code)
                why = status->err;
        else
                error_set(&why, -EOWNERDEAD, "pool",
                          "worker %u ended before it was ready, with %s %d", number,
                          status->state == MPROC_SIGNALED ? "signal" : "status", status->code);
        line->err.code = 0;
        pool->unready += refused ? REFUSAL : 1;
        pool->retry_ns = clock_now_ns() + retry_delay(pool);
        if (pool->unready >= UNREADY_MAX && !any_ready(pool) && !pool->broken.code)
                give_up(pool, &why);
}

/* Locked. */
static void look_at(struct mproc_pool *pool, uint32_t number)
{
        struct pool_worker *worker = &pool->worker[number];
        struct mproc_process *process = worker->process;
        struct mproc_status status;
        uint32_t ready;

        if (!process || mproc_process_join(process, 0, &status, NULL))
                return;
        ready = atomic_load(&pool->shared->lines[number].ready);
        worker->process = NULL;
        pool_bury(pool, number, &status);
        mproc_process_free(process);
        if (ready)
                pool->unready = 0;
        else if (pool->phase <= POOL_CLOSED)
                count_unready(pool, number, &status);
        pool_job_advance(pool);
        pool_stir(pool);
}

/* Ends workers whose task takes too long; locked. Returns when to look again. */
static uint64_t enforce_limit(struct mproc_pool *pool)
{
        uint64_t limit = (uint64_t)pool->task_limit_ns, now = clock_now_ns(), next = now + limit;

        if (!limit || !pool->outstanding)
                return UINT64_MAX;
        for (size_t i = 0; i < pool->workers; i++) {
                struct pool_line *line = &pool->shared->lines[i];
                uint64_t lease = atomic_load(&line->lease), begun = atomic_load(&line->begun_ns);

                if (!pool->worker[i].process || lease & POOL_CONDEMNED || !(lease & 1) ||
                    atomic_load(&line->lease) != lease)
                        continue;
                if (now < begun + limit) {
                        if (begun + limit < next)
                                next = begun + limit;
                } else if (atomic_compare_exchange_strong(&line->lease, &lease,
                                                          lease | POOL_CONDEMNED)) {
                        pool->worker[i].condemned = true;
                        mproc_process_kill(pool->worker[i].process, NULL);
                }
        }
        return next;
}

/* Not locked, since a start takes its time. */
static void replace(struct mproc_pool *pool)
{
        uint64_t now = clock_now_ns(); /* one for all: none is left out while another is started */

        for (uint32_t i = 0; i < pool->workers; i++) {
                struct mproc_err err = {0};
                bool wanted;

                pool_lock(&pool->lock);
                wanted = !pool->worker[i].process && pool->phase <= POOL_CLOSED &&
                         !pool->broken.code && now >= pool->retry_ns;
                if (wanted)
                        pool->retry_ns = 0;
                pool_unlock(&pool->lock);
                if (!wanted || !pool_start_worker(pool, i, &err))
                        continue;
                pool_lock(&pool->lock);
                /* It may have begun before it was given up, for want of a descriptor. */
                pool_bury(pool, i, &(struct mproc_status){.state = MPROC_UNKNOWN, .err = err});
                pool_job_advance(pool);
                pool_stir(pool);
                pool->retry_ns = clock_now_ns() + RETRY_NS;
                if (++pool->unready >= UNREADY_MAX && !any_worker(pool) && !pool->broken.code) {
                        give_up(pool, &err);
                        pool_stir(pool);
                }
                pool_unlock(&pool->lock);
        }
}

static bool any_missing(const struct mproc_pool *pool)
{
        for (size_t i = 0; i < pool->workers; i++)
                if (!pool->worker[i].process)
                        return true;
        return false;
}

/* Waits until there may be something to do. */
static void sleep_until(struct mproc_pool *pool, uint64_t when)
{
        struct pollfd fds[MPROC_POOL_WORKERS_MAX + 2];
        struct timespec left = clock_left(when);
        eventfd_t kicks;
        nfds_t count = 0;

        fds[count++] = (struct pollfd){.fd = pool->control.fd, .events = POLLIN};
        pool_lock(&pool->lock);
        if (pool->transport->backlog_fd)
                fds[count++] =
                        (struct pollfd){.fd = pool->transport->backlog_fd(pool), .events = POLLOUT};
        for (size_t i = 0; i < pool->workers; i++)
                if (pool->worker[i].process)
                        fds[count++] = (struct pollfd){
                                .fd = mproc_process_fd(pool->worker[i].process), .events = POLLIN};
        pool_unlock(&pool->lock);
        ppoll(fds, count, when == UINT64_MAX ? NULL : &left, NULL);
        eventfd_read(pool->control.fd, &kicks);
}

void *pool_supervise(void *argument)
{
        struct mproc_pool *pool = argument;
        uint64_t when;
        bool gone = false;

        while (!gone) {
                pool_lock(&pool->lock);
                for (uint32_t i = 0; i < pool->workers; i++)
                        look_at(pool, i);
                if (pool->transport->backlog_fd && pool->transport->backlog_fd(pool) >= 0)
                        pool->transport->offer(pool);
                pool_unlock(&pool->lock);
                replace(pool);
                pool_lock(&pool->lock);
                when = enforce_limit(pool);
                if (pool->phase <= POOL_CLOSED && !pool->broken.code && pool->retry_ns &&
                    any_missing(pool) && pool->retry_ns < when)
                        when = pool->retry_ns;
                gone = pool->phase > POOL_CLOSED && !any_worker(pool);
                pool_unlock(&pool->lock);
                if (!gone)
                        sleep_until(pool, when);
        }
        pool_lock(&pool->lock);
        pool_fail_queued(pool, -ECANCELED, "the pool was terminated before it began");
        pool_collect(pool);
        pool->gone = true;
        pool_stir(pool);
        pool_unlock(&pool->lock);
        return NULL;
}

pid_t mproc_pool_worker_pid(struct mproc_pool *pool, size_t worker)
{
        pid_t pid = 0;

        if (pool_check(pool, "look", NULL))
                return 0;
        pool_lock(&pool->lock);
        if (worker < pool->workers && pool->worker[worker].process)
                pid = pool->worker[worker].pid;
        pool_unlock(&pool->lock);
        return pid;
}

uint64_t mproc_pool_replaced(struct mproc_pool *pool)
{
        uint64_t started;

        if (pool_check(pool, "look", NULL))
                return 0;
        pool_lock(&pool->lock);
        started = pool->started;
        pool_unlock(&pool->lock);
        return started > pool->workers ? started - pool->workers : 0;
}
