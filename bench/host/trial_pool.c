/* A trial whose tasks go through a pool: the host submits them and collects their results, as a
 * program would that uses mproc. The workers come by the pool's initialiser, meet the host at the
 * gate, and leave by its finaliser.
 *
 * The calls of a pool may wait for long, so a thread beside watches the clock and the driver, and
 * terminates the pool where it has to end. Until then it sleeps. */
#include "host/trial_private.h"
#include "host/trial_run.h"

#include "base/clock.h"
#include "base/error.h"
#include "model/submit.h"
#include "mproc/limits.h"
#include <errno.h>
#include <mproc/pool.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_LEAST 1024

struct pool_trial {
        struct run *run;
        _Atomic(struct mproc_pool *) pool;
        uint64_t tasks, opened_ns, first_ns;
        size_t in_flight;
        uint64_t *numbers;             /* imap: arguments */
        uint64_t *submitted_ns;        /* by task, where responses are timed */
        struct mproc_result **results; /* async: at task modulo in_flight */
        struct mproc_failure failure;  /* of the first task that failed; err.code 0: none has */
        struct mproc_err err;          /* why it went no further */
        struct histogram responses;

        pthread_t watcher;
        bool watched;
        int wake_fd;
        _Atomic uint32_t cause; /* of the end that the watcher made: enum trial_status */
};

/* The watcher ------------------------------------------------------------------------------- */

static void *watch(void *argument)
{
        struct pool_trial *p = argument;
        struct pollfd fds[] = {{.fd = p->wake_fd, .events = POLLIN},
                               {.fd = p->run->driver_fd, .events = POLLIN}};
        struct mproc_pool *pool;

        for (;;) {
                struct timespec left = clock_left(p->run->deadline_ns);

                ppoll(fds, 2, &left, NULL);
                if (fds[0].revents)
                        return NULL;
                if (fds[1].revents)
                        atomic_store(&p->cause, TRIAL_INTERRUPTED);
                else if (clock_now_ns() >= p->run->deadline_ns)
                        atomic_store(&p->cause, TRIAL_TIMED_OUT);
                else
                        continue;
                trial_abandon(p->run);
                pool = atomic_load(&p->pool);
                if (pool)
                        mproc_pool_terminate(pool, NULL);
                return NULL;
        }
}

static int watch_begin(struct pool_trial *p)
{
        int r;

        p->wake_fd = eventfd(0, EFD_CLOEXEC);
        if (p->wake_fd < 0)
                return limits_error(&p->err, -errno, "start", "the host cannot create an eventfd");
        r = -pthread_create(&p->watcher, NULL, watch, p);
        if (r < 0)
                return limits_error(&p->err, r, "start", "the host cannot start a thread");
        p->watched = true;
        return 0;
}

static void watch_end(struct pool_trial *p)
{
        if (p->watched) {
                eventfd_write(p->wake_fd, 1);
                pthread_join(p->watcher, NULL);
        }
        p->watched = false;
        if (p->wake_fd >= 0)
                close(p->wake_fd);
        p->wake_fd = -1;
}

/* What is needed between gate and finish; touched, so that it is there. */
static int make_room(struct pool_trial *p)
{
        const struct trial_request *request = p->run->request;
        bool streams = request->submit == SUBMIT_IMAP || request->submit == SUBMIT_IMAP_UNORDERED;

        p->tasks = team_tasks(&p->run->team->trial);
        p->in_flight = request->in_flight;
        if (streams)
                p->numbers = calloc(p->tasks, sizeof(*p->numbers));
        if (request->submit == SUBMIT_ASYNC)
                p->results = calloc(p->in_flight, sizeof(struct mproc_result *));
        if (request->submit != SUBMIT_MAP && request->timed)
                p->submitted_ns = calloc(p->tasks, sizeof(*p->submitted_ns));
        if ((streams && !p->numbers) || (request->submit == SUBMIT_ASYNC && !p->results) ||
            (request->submit != SUBMIT_MAP && request->timed && !p->submitted_ns))
                return error_errno(&p->err, -ENOMEM, "start",
                                   "the host has no memory to submit %ju %s one by one: give fewer",
                                   (uintmax_t)p->tasks, p->run->workload->operation);
        for (uint64_t i = 0; p->numbers && i < p->tasks; i++)
                p->numbers[i] = i;
        if (p->submitted_ns)
                memset(p->submitted_ns, 0, p->tasks * sizeof(*p->submitted_ns));
        memset(&p->responses, 0, sizeof(p->responses));
        return 0;
}

static int start_pool(struct pool_trial *p)
{
        struct run *run = p->run;
        struct worker_argument argument = {.team = (uint64_t)(uintptr_t)run->team};
        struct mproc_pool_options options = {
                .start = run->request->start,
                .transport = *run->request->transport ? run->request->transport : NULL,
                .workers = run->request->workers,
                .initialiser = worker_initialise,
                .finaliser = worker_finalise,
                .arg = &argument,
                .arg_size = sizeof(argument),
                .fds = &run->team->trial.fd,
                .fd_count = run->team->trial.fd >= 0,
                .queue = p->in_flight > QUEUE_LEAST ? p->in_flight : QUEUE_LEAST,
        };
        struct mproc_pool *pool;
        int r;

        run->called_ns = clock_now_ns();
        r = mproc_pool_new(&pool, &options, &p->err);
        if (!r)
                atomic_store(&p->pool, pool);
        return r;
}

/* Between gate and finish ------------------------------------------------------------------- */

static uint64_t own_cpu_ns(void)
{
        struct timespec time;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static void note_result(struct pool_trial *p, uint64_t task)
{
        uint64_t now_ns;

        if (!p->submitted_ns && p->first_ns)
                return;
        now_ns = clock_now_ns();
        if (!p->first_ns)
                p->first_ns = now_ns;
        if (p->submitted_ns)
                histogram_add(&p->responses, now_ns - p->submitted_ns[task]);
}

static int submit_map(struct pool_trial *p)
{
        uint32_t chunk = p->run->request->chunk;
        struct mproc_map map = {.function = worker_task,
                                .count = p->tasks,
                                .chunk = chunk ? chunk : MPROC_CHUNK_CPYTHON};
        int r = mproc_pool_map(p->pool, &map, &p->failure, &p->err);

        note_result(p, 0);
        return r;
}

/* A stream submits the first ones when it is first asked for a result, and one more whenever it has
 * given one. */
static int submit_stream(struct pool_trial *p, bool ordered)
{
        struct mproc_map map = {.function = worker_task,
                                .args = p->numbers,
                                .arg_size = sizeof(*p->numbers),
                                .count = p->tasks};
        struct mproc_stream *stream;
        uint64_t next = 0, index;
        int r = mproc_pool_imap(p->pool, &stream, &map, p->in_flight, ordered, &p->err);

        if (r < 0)
                return r;
        for (; p->submitted_ns && next < p->in_flight && next < p->tasks; next++)
                p->submitted_ns[next] = clock_now_ns();
        for (uint64_t i = 0; i < p->tasks && !r; i++) {
                r = mproc_stream_next(stream, NULL, &index, MPROC_FOREVER, &p->failure, &p->err);
                if (r < 0)
                        break;
                note_result(p, index);
                if (p->submitted_ns && next < p->tasks)
                        p->submitted_ns[next++] = clock_now_ns();
        }
        mproc_stream_free(stream);
        return r;
}

static int collect(struct pool_trial *p, uint64_t task)
{
        struct mproc_result **result = &p->results[task % p->in_flight];
        int r = mproc_pool_get(p->pool, *result, NULL, 0, MPROC_FOREVER, &p->failure, &p->err);

        if (!r)
                note_result(p, task);
        mproc_pool_release(p->pool, *result);
        *result = NULL;
        return r;
}

static int submit_async(struct pool_trial *p)
{
        uint64_t task = 0, done = 0;
        struct mproc_call call = {.function = worker_task, .arg = &task, .arg_size = sizeof(task)};
        int r = 0;

        for (; task < p->tasks && !r; task++) {
                if (task - done == p->in_flight)
                        r = collect(p, done++);
                if (r < 0)
                        break;
                if (p->submitted_ns)
                        p->submitted_ns[task] = clock_now_ns();
                r = mproc_pool_apply_async(p->pool, &p->results[task % p->in_flight], &call,
                                           &p->err);
        }
        while (!r && done < p->tasks)
                r = collect(p, done++);
        return r;
}

static int submit_all(struct pool_trial *p)
{
        struct trial_phases *phases = &p->run->outcome->phases;
        uint64_t cpu_ns = own_cpu_ns();
        int r;

        p->opened_ns = atomic_load(&p->run->team->gate.opened_ns);
        switch (p->run->request->submit) {
        case SUBMIT_MAP:
                r = submit_map(p);
                break;
        case SUBMIT_ASYNC:
                r = submit_async(p);
                break;
        default:
                r = submit_stream(p, p->run->request->submit == SUBMIT_IMAP);
        }
        p->run->collected_ns = clock_now_ns();
        if (r < 0)
                return r;
        phases->parent_ns = own_cpu_ns() - cpu_ns;
        phases->first_result_ns = p->first_ns - p->opened_ns;
        phases->known |= PHASES_PARENT;
        return 0;
}

/* The end ----------------------------------------------------------------------------------- */

static int part(struct pool_trial *p)
{
        int r = mproc_pool_close(p->pool, &p->err);

        if (!r)
                r = mproc_pool_join(p->pool, MPROC_FOREVER, &p->err); /* the watcher ends it */
        p->run->joined_ns = clock_now_ns();
        for (uint32_t i = 0; i < p->run->request->workers && !r; i++)
                if (!p->run->team->seats[i].done)
                        r = error_set(&p->err, -EOWNERDEAD, "finish",
                                      "worker %u (pid %d) died before it had told what it did", i,
                                      p->run->team->seats[i].outcome.pid);
        return r;
}

/* Who had a task then is told by the task's failure. */
static int fail_dead(struct pool_trial *p)
{
        struct mproc_err death = {.code = 0};

        mproc_pool_first_death(p->pool, &death);
        return trial_fail(p->run, TRIAL_WORKER_DIED, death.code ? death.text : p->err.text);
}

static int explain(struct pool_trial *p, int code)
{
        struct run *run = p->run;
        const struct mproc_err *err = p->failure.err.code ? &p->failure.err : &p->err;
        /* Threads of a pool that did not come to be wait at the gate until the watcher ends them:
         * why there is none is the cause then. */
        uint32_t cause = atomic_load(&p->pool) ? atomic_load(&p->cause) : TRIAL_OK, left = 0;

        for (uint32_t i = 0; i < run->request->workers; i++)
                left += !run->team->seats[i].done;
        if (cause == TRIAL_TIMED_OUT)
                return trial_fail_late(run, left);
        if (cause == TRIAL_INTERRUPTED)
                return trial_fail(run, TRIAL_INTERRUPTED, "the run was stopped");
        for (uint32_t i = 0; i < run->request->workers; i++)
                if (run->team->seats[i].err.code)
                        return trial_fail(run, TRIAL_START_FAILED, run->team->seats[i].err.text);
        if (p->failure.err.code == -EOWNERDEAD)
                return trial_fail(run, TRIAL_WORKER_DIED, err->text);
        if (code == -EOWNERDEAD || atomic_load(&run->team->seated) > run->request->workers)
                return fail_dead(p);
        return trial_fail(run, code == -ENOTSUP ? TRIAL_UNSUPPORTED : TRIAL_START_FAILED,
                          err->text);
}

static void release(struct pool_trial *p)
{
        struct mproc_pool *pool = atomic_load(&p->pool);

        if (pool)
                mproc_pool_terminate(pool, NULL);
        for (size_t i = 0; p->results && i < p->in_flight; i++)
                if (p->results[i])
                        mproc_pool_release(pool, p->results[i]);
        mproc_pool_free(pool);
        free(p->results);
        free(p->submitted_ns);
        free(p->numbers);
        free(p);
}

int trial_pool(struct run *run, struct worker_outcome *workers)
{
        struct pool_trial *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return trial_fail(run, TRIAL_START_FAILED, "the host has no memory for a pool");
        p->run = run;
        p->wake_fd = -1;
        r = make_room(p);
        if (!r)
                r = watch_begin(p);
        if (!r)
                r = start_pool(p);
        if (!r && (atomic_load(&p->cause) || !gate_pass_last(&run->team->gate)))
                r = error_set(&p->err, -ECANCELED, "gate", "the pool did not come up");
        if (!r)
                r = submit_all(p);
        if (!r)
                r = part(p);
        if (r < 0)
                r = explain(p, r);
        else
                trial_percentiles(&p->responses, &run->outcome->response);
        for (uint32_t i = 0; i < run->request->workers; i++) {
                struct seat *seat = &run->team->seats[i];

                workers[i].exit_state = seat->done ? MPROC_EXITED : MPROC_UNKNOWN;
                if (seat->done) /* from the call that made the pool: there is none for each */
                        seat->outcome.gate_ns -= run->called_ns;
        }
        if (r < 0)
                trial_abandon(run); /* threads end by themselves or not at all */
        watch_end(p);
        release(p);
        return r;
}
