/* A pipeline over two queues: this process reads lines, workers turn each into capitals, and a
 * writer prints them as they come. It ends by closing the queues, one after the other.
 *
 *     cc -O2 -o pipeline pipeline.c $(pkg-config --cflags --libs mproc)
 *     seq 1000 | START=fork ./pipeline  # or spawn, forkserver (the default), thread */
#include <ctype.h>
#include <errno.h>
#include <mproc/mproc.h>
#include <mproc/queue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 3
#define LINE_BYTES 4096
#define QUEUE_BYTES (1 << 20) /* a queue is bounded: who is faster than the next stage waits */

struct stages {
        struct mproc_queue *read, *done;
};

/* A stage ends when its queue is empty and closed: -ENODATA. One that fails before closes it, so
 * that who puts into it learns of that. (If it is killed it cannot: a pool goes on even then.) */
static int end_of_stage(int r, struct mproc_queue *queue, const struct mproc_err *err)
{
        if (r == -ENODATA)
                return 0;
        mproc_queue_close(queue, NULL);
        mproc_self_fail(err); /* the parent finds it in the status */
        return 1;
}

static int work(void *arg, size_t arg_size)
{
        const struct stages *stages = arg;
        struct mproc_err err;
        char line[LINE_BYTES];
        size_t size;
        int r = 0;

        (void)arg_size;
        while (!r) {
                r = mproc_queue_get(stages->read, line, sizeof(line), &size, MPROC_FOREVER, &err);
                for (size_t i = 0; !r && i < size; i++)
                        line[i] = (char)toupper((unsigned char)line[i]);
                if (!r)
                        r = mproc_queue_put(stages->done, line, size, MPROC_FOREVER, &err);
        }
        return end_of_stage(r, stages->read, &err);
}

static int write_lines(void *arg, size_t arg_size)
{
        const struct stages *stages = arg;
        struct mproc_err err = {.stage = "write", .text = "nobody reads what is written"};
        char line[LINE_BYTES];
        size_t size;
        int r = 0;

        (void)arg_size;
        signal(SIGPIPE, SIG_IGN); /* a reader that left is an error of fwrite */
        while (!r) {
                r = mproc_queue_get(stages->done, line, sizeof(line), &size, MPROC_FOREVER, &err);
                if (!r && (fwrite(line, 1, size, stdout) < size || fflush(stdout)))
                        r = err.code = -errno;
        }
        return end_of_stage(r, stages->done, &err);
}

/* Whatever goes wrong ends the program; processes that it started end with it. */
static void check(int r, const struct mproc_err *err)
{
        if (!r)
                return;
        fprintf(stderr, "pipeline: %s: %s\n", err->stage, err->text);
        exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
        struct mproc_process_options options = {.start = getenv("START")};
        struct mproc_process *stage[WORKERS + 1]; /* the last one is the writer */
        struct mproc_status end;
        struct mproc_shm *shm;
        struct stages stages;
        struct mproc_err err;
        char line[LINE_BYTES];

        mproc_init(&argc, &argv); /* first: under spawn and forkserver workers begin in main, too */
        if (options.start && !strcmp(options.start, "serial")) {
                fprintf(stderr, "pipeline: stages run at the same time: START cannot be serial\n");
                return EXIT_FAILURE;
        }
        check(mproc_shm_new(&shm, 2 * QUEUE_BYTES, &err), &err);
        stages.read = mproc_shm_addr(shm);
        stages.done = (void *)((char *)stages.read + QUEUE_BYTES);
        check(mproc_queue_init(stages.read, QUEUE_BYTES, 0, &err), &err);
        check(mproc_queue_init(stages.done, QUEUE_BYTES, 0, &err), &err);
        options.arg = &stages; /* pointers into shared memory are the same in every process */
        options.arg_size = sizeof(stages);
        for (int i = 0; i <= WORKERS; i++) {
                options.target = i < WORKERS ? work : write_lines;
                check(mproc_process_start(&stage[i], &options, &err), &err);
        }
        while (fgets(line, sizeof(line), stdin))
                check(mproc_queue_put(stages.read, line, strlen(line), MPROC_FOREVER, &err), &err);
        /* The workers empty their queue and leave. Only then does nobody put into the other one. */
        check(mproc_queue_close(stages.read, &err), &err);
        for (int i = 0; i <= WORKERS; i++) {
                if (i == WORKERS)
                        check(mproc_queue_close(stages.done, &err), &err);
                check(mproc_process_join(stage[i], MPROC_FOREVER, &end, &err), &err);
                if (end.state == MPROC_SIGNALED)
                        end.err = (struct mproc_err){-EIO, "end", "a stage was killed"};
                check(end.err.code, &end.err);
                mproc_process_free(stage[i]);
        }
        mproc_shm_free(shm);
}
