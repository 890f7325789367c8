/* A pool that goes on, whatever its tasks do. Of 200 tasks
 * - some kill their worker the first time, and succeed when they are run again;
 * - some kill every worker that takes them;
 * - one fails, as a task may;
 * - one never ends, and runs into the time limit.
 * Each failure is told apart, with its cause, and no other task notices.
 *
 *     cc -O2 -o crash_proof crash_proof.c $(pkg-config --cflags --libs mproc)
 *     ./crash_proof
 *     START=fork ./crash_proof          # or spawn, forkserver */
#include <errno.h>
#include <inttypes.h>
#include <mproc/pool.h>
#include <mproc/value.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TASKS 200

/* How often each task was begun: in shared memory, for a killed worker takes its own along. */
struct job {
        struct mproc_int64 *begun;
        int64_t number;
};

static int square(struct mproc_task *task)
{
        const struct job *job = task->arg;
        int64_t times = mproc_int64_add(&job->begun[job->number], 1);

        if (job->number % 20 == 7 && times == 1)
                kill(getpid(), SIGKILL); /* as the OOM killer would */
        if (job->number % 80 == 55)
                _exit(3);
        if (job->number == 100) {
                snprintf(task->err->text, sizeof(task->err->text), "%" PRId64 " is too round",
                         job->number);
                return -EDOM;
        }
        while (job->number == 150)
                sleep(1);
        *(int64_t *)task->result = job->number * job->number;
        return 0;
}

static int fail(const struct mproc_err *err)
{
        fprintf(stderr, "crash_proof: %s: %s\n", err->stage, err->text);
        return EXIT_FAILURE;
}

/* Takes results as they come, while no more than 16 tasks are under way. */
static int run(struct mproc_pool *pool, struct mproc_int64 *begun, struct mproc_err *err)
{
        struct job jobs[TASKS];
        struct mproc_map map = {.function = square,
                                .args = jobs,
                                .arg_size = sizeof(*jobs),
                                .result_size = sizeof(int64_t),
                                .count = TASKS};
        int64_t result, sum = 0, done = 0, again = 0;
        struct mproc_failure failure;
        struct mproc_stream *stream;
        uint64_t index;
        int r;

        for (int i = 0; i < TASKS; i++)
                jobs[i] = (struct job){.begun = begun, .number = i};
        r = mproc_pool_imap(pool, &stream, &map, 16, false, err);
        if (r)
                return r;
        while ((r = mproc_stream_next(stream, &result, &index, MPROC_FOREVER, &failure, err)) !=
               -ENODATA) {
                if (r == -EREMOTEIO) {
                        printf("task %" PRIu64 " failed: %s\n", failure.index, failure.err.text);
                        continue;
                }
                if (r)
                        break;
                done++;
                sum += result;
                again += mproc_int64_get(&begun[index]) > 1;
        }
        mproc_stream_free(stream);
        printf("%" PRId64 " of %d tasks done, %" PRId64 " of them at a second try; sum %" PRId64
               "; %" PRIu64 " workers replaced\n",
               done, TASKS, again, sum, mproc_pool_replaced(pool));
        return r == -ENODATA ? 0 : r;
}

int main(int argc, char **argv)
{
        struct mproc_pool_options options = {
                .start = getenv("START"), /* not thread: a thread cannot be killed by itself */
                .workers = 2,
                .tasks_per_worker = 50,      /* fresh ones now and then, against leaks */
                .task_limit_ns = 2000000000, /* 2 s */
                .retries = 1,
        };
        struct mproc_pool *pool = NULL;
        struct mproc_shm *shm;
        struct mproc_err err;
        int status = EXIT_SUCCESS;

        mproc_init(&argc, &argv); /* first: under spawn and forkserver workers begin in main, too */

        /* Memory that workers share has to be there before they are. */
        if (mproc_shm_new(&shm, TASKS * sizeof(struct mproc_int64), &err))
                return fail(&err);
        if (mproc_pool_new(&pool, &options, &err) || run(pool, mproc_shm_addr(shm), &err))
                status = fail(&err);
        mproc_pool_free(pool);
        mproc_shm_free(shm);
        return status;
}
