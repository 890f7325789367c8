/* Clerks move money between accounts, an array with a lock. One of them leaves in the middle of a
 * transfer, with the lock held: the next one is told, puts things in order, and no money is lost.
 *
 *     cc -O2 -o accounts accounts.c $(pkg-config --cflags --libs mproc)
 *     START=fork ./accounts             # or spawn, forkserver (the default), thread */
#include <errno.h>
#include <inttypes.h>
#include <mproc/array.h>
#include <mproc/mproc.h>
#include <stdio.h>
#include <stdlib.h>

#define CLERKS 3
#define ACCOUNTS 4
#define EACH 1000 /* in every account at first */
#define TRANSFERS 500

struct told {
        struct mproc_array *accounts;
        int clerk;
};

/* Whoever holds the lock may use the elements as those of a C array. */
static int64_t sum(struct mproc_array *accounts)
{
        const int64_t *balances = mproc_array_at(accounts, 0);
        int64_t total = 0;

        for (size_t i = 0; i < mproc_array_count(accounts); i++)
                total += balances[i];
        return total;
}

/* Takes the lock, and repairs what its last holder died over. */
static int lock(struct mproc_array *accounts, struct mproc_err *err)
{
        int r = mproc_array_lock(accounts, MPROC_FOREVER, err);

        if (r != -EOWNERDEAD)
                return r;
        /* What is missing had been taken, and not yet given: it goes to the first account. */
        *(int64_t *)mproc_array_at(accounts, 0) += ACCOUNTS * EACH - sum(accounts);
        return mproc_array_consistent(accounts, err);
}

static int work(void *arg, size_t arg_size)
{
        const struct told *told = arg;
        struct mproc_array *accounts = told->accounts;
        struct mproc_err err;
        int r = 0;

        (void)arg_size;
        for (int i = 0; i < TRANSFERS && !r; i++) {
                size_t from = (size_t)(i + told->clerk) % ACCOUNTS, to = (from + 1) % ACCOUNTS;

                r = lock(accounts, &err);
                if (r)
                        break;
                *(int64_t *)mproc_array_at(accounts, from) -= 7;
                if (!told->clerk && i == TRANSFERS / 2)
                        return 0; /* as dead to the lock as somebody who was killed */
                *(int64_t *)mproc_array_at(accounts, to) += 7;
                r = mproc_array_unlock(accounts, &err);
        }
        if (r)
                mproc_self_fail(&err);
        return r ? 1 : 0;
}

static int run(struct mproc_array *accounts, struct mproc_err *err)
{
        struct mproc_process *clerks[CLERKS] = {NULL};
        int r = 0;

        for (int i = 0; i < CLERKS && !r; i++) {
                struct told told = {.accounts = accounts, .clerk = i};
                struct mproc_process_options options = {.start = getenv("START"),
                                                        .target = work,
                                                        .arg = &told,
                                                        .arg_size = sizeof(told)};

                r = mproc_process_start(&clerks[i], &options, err);
        }
        for (int i = 0; i < CLERKS && !r; i++) {
                struct mproc_status status;

                r = mproc_process_join(clerks[i], MPROC_FOREVER, &status, err);
                if (!r && status.err.code) {
                        *err = status.err;
                        r = err->code;
                }
        }
        for (int i = 0; i < CLERKS; i++)
                mproc_process_free(clerks[i]);
        if (r || (r = lock(accounts, err))) /* the clerk who left may have been the last */
                return r;
        printf("%" PRId64 " of %d are there\n", sum(accounts), ACCOUNTS * EACH);
        return mproc_array_unlock(accounts, err);
}

int main(int argc, char **argv)
{
        static const int64_t first[ACCOUNTS] = {EACH, EACH, EACH, EACH};
        size_t bytes = MPROC_ARRAY_BYTES(MPROC_INT64, ACCOUNTS, 0);
        struct mproc_array *accounts = NULL;
        struct mproc_shm *shm = NULL;
        struct mproc_err err;
        const char *start = getenv("START");
        const struct mproc_start_method *method = start ? mproc_start_find(start) : NULL;
        int r;

        mproc_init(&argc, &argv);
        if (method && !(mproc_start_flags(method) & MPROC_START_CONCURRENT)) {
                fprintf(stderr, "accounts: %s: several clerks at once are wanted\n", start);
                return 1;
        }
        r = mproc_shm_new(&shm, bytes, &err);
        if (!r) {
                accounts = mproc_shm_addr(shm);
                r = mproc_array_init(accounts, bytes, MPROC_INT64, ACCOUNTS, 0, first, &err);
        }
        if (!r)
                r = run(accounts, &err);
        if (r)
                fprintf(stderr, "accounts: %s\n", err.text);
        mproc_array_done(accounts);
        mproc_shm_free(shm);
        return r ? 1 : 0;
}
