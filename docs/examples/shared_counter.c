/* Four workers count to 1000 each, on three counters that they share. How each is counted decides
 * whether 4 × 1000 = 4000.
 *
 *     cc -O2 -o shared_counter shared_counter.c $(pkg-config --cflags --libs mproc)
 *     ./shared_counter
 *     START=spawn ./shared_counter      # or fork, forkserver, thread, serial */
#include <inttypes.h>
#include <mproc/mproc.h>
#include <mproc/sync.h>
#include <mproc/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 4
#define TIMES 1000

/* What the workers share. The primitives of mproc are plain structs: they lie where you put them,
 * as long as that is shared memory. */
struct shared {
        struct mproc_lock lock;
        int64_t guarded; /* a plain number: whoever touches it holds the lock */
        struct mproc_int64 atomic, careless;
};

/* Runs in each worker. Its argument is a copy of the bytes that the parent gave: here a pointer,
 * which may cross because shared memory has the same address in every process. */
static int count(void *arg, size_t arg_size)
{
        struct shared *shared = *(struct shared **)arg;
        struct mproc_err err;

        (void)arg_size;
        for (int i = 0; i < TIMES; i++) {
                /* One holds the lock, the others wait. A worker that is killed while it holds the
                 * lock leaves it to the next, who is told by -EOWNERDEAD. */
                if (mproc_lock_acquire(&shared->lock, MPROC_FOREVER, &err)) {
                        mproc_self_fail(&err); /* the parent finds it in the status */
                        return 1;
                }
                shared->guarded++;
                mproc_lock_release(&shared->lock, NULL);

                /* One operation, nothing in between: it needs no lock. */
                mproc_int64_add(&shared->atomic, 1);

                /* Two operations. Another worker may count between them, and its count is lost. */
                mproc_int64_set(&shared->careless, mproc_int64_get(&shared->careless) + 1);
        }
        return 0;
}

static int fail(const struct mproc_err *err)
{
        fprintf(stderr, "shared_counter: %s: %s\n", err->stage, err->text);
        return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        struct mproc_process *worker[WORKERS] = {NULL};
        struct mproc_shm *shm = NULL;
        struct shared *shared;
        struct mproc_err err;
        int status = EXIT_SUCCESS;

        /* First of all: under spawn and forkserver a worker is this program run anew, and this call
         * is where it turns into a worker. */
        mproc_init(&argc, &argv);

        if (mproc_shm_new(&shm, sizeof(*shared), &err))
                return fail(&err);
        shared = mproc_shm_addr(shm); /* all zero: numbers need nothing more, a lock does */
        if (mproc_lock_init(&shared->lock, &err)) {
                status = fail(&err);
                goto out;
        }

        for (int i = 0; i < WORKERS; i++) {
                struct mproc_process_options options = {
                        .start = getenv("START"), /* NULL: the default, forkserver */
                        .target = count,
                        .arg = &shared,
                        .arg_size = sizeof(shared),
                };

                if (mproc_process_start(&worker[i], &options, &err)) {
                        status = fail(&err);
                        goto out;
                }
        }
        for (int i = 0; i < WORKERS; i++) {
                struct mproc_status end;

                if (mproc_process_join(worker[i], MPROC_FOREVER, &end, &err)) {
                        status = fail(&err);
                        goto out;
                }
                if (end.state == MPROC_SIGNALED)
                        fprintf(stderr, "a worker was killed: %s\n", strsignal(end.code));
                else if (end.state != MPROC_EXITED || end.code)
                        status = fail(&end.err);
        }
        printf("with a lock:     %" PRId64 "\n", shared->guarded);
        printf("by atomic adds:  %" PRId64 "\n", mproc_int64_get(&shared->atomic));
        printf("with neither:    %" PRId64 " (up to %d; how many are lost is chance)\n",
               mproc_int64_get(&shared->careless), WORKERS * TIMES);
out:
        /* Takes NULL; kills and reaps what still runs. */
        for (int i = 0; i < WORKERS; i++)
                mproc_process_free(worker[i]);
        mproc_lock_done(&shared->lock);
        mproc_shm_free(shm);
        return status;
}
