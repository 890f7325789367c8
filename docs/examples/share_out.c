/* Jobs in a list and tallies in a dictionary, both held by a manager's server: workers take jobs
 * until there are none, and count by kind what they found. What they are told is plain data.
 *
 *     cc -O2 -o share_out share_out.c $(pkg-config --cflags --libs mproc)
 *     START=fork ./share_out            # or spawn, forkserver (the default), thread */
#include <errno.h>
#include <mproc/manager.h>
#include <mproc/mproc.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 3
#define JOBS 300

struct told {
        struct mproc_manager_address address;
        struct mproc_object jobs, tallies;
};

static int work(void *arg, size_t arg_size)
{
        const struct told *told = arg;
        struct mproc_manager *manager = NULL;
        struct mproc_err err;
        uint64_t job;
        int r;

        (void)arg_size;
        r = mproc_manager_connect(&manager, &told->address, MPROC_FOREVER, &err);
        while (!r) {
                struct mproc_buffer room = {.data = &job, .capacity = sizeof(job)};

                /* In one step: no two workers get the same job. */
                r = mproc_list_pop(manager, told->jobs, -1, &room, &err);
                if (!r)
                        r = mproc_dict_add(manager, told->tallies,
                                           mproc_bytes_text(job % 3 ? "others" : "threes"), 1, NULL,
                                           &err);
        }
        mproc_manager_free(manager);
        if (r == -ERANGE)
                return 0; /* there are no more */
        mproc_self_fail(&err);
        return 1;
}

static int fill(struct mproc_manager *manager, struct told *ret, struct mproc_err *err)
{
        static uint64_t numbers[JOBS];
        static struct mproc_bytes jobs[JOBS];
        int r;

        for (uint64_t i = 0; i < JOBS; i++) {
                numbers[i] = i;
                jobs[i] = mproc_bytes_of(&numbers[i], sizeof(numbers[i]));
        }
        ret->address = mproc_manager_address(manager);
        r = mproc_list_new(manager, &ret->jobs, err);
        if (!r)
                r = mproc_dict_new(manager, &ret->tallies, err);
        return r ? r : mproc_list_extend(manager, ret->jobs, jobs, JOBS, err);
}

static int print(struct mproc_manager *manager, const struct told *told, struct mproc_err *err)
{
        static const char *const names[] = {"threes", "others"};
        int r = 0;

        for (int i = 0; i < 2 && !r; i++) {
                int64_t count;

                r = mproc_dict_add(manager, told->tallies, mproc_bytes_text(names[i]), 0, &count,
                                   err);
                if (!r)
                        printf("%s: %lld\n", names[i], (long long)count);
        }
        return r;
}

int main(int argc, char **argv)
{
        struct mproc_manager_options options = {.start = getenv("START")};
        struct mproc_process *workers[WORKERS] = {NULL};
        struct mproc_manager *manager = NULL;
        struct told told;
        struct mproc_err err;
        int r;

        mproc_init(&argc, &argv);
        r = mproc_manager_new(&manager, &options, &err);
        if (!r)
                r = fill(manager, &told, &err);
        for (int i = 0; i < WORKERS && !r; i++) {
                struct mproc_process_options worker = {.start = getenv("START"),
                                                       .target = work,
                                                       .arg = &told,
                                                       .arg_size = sizeof(told)};

                r = mproc_process_start(&workers[i], &worker, &err);
        }
        for (int i = 0; i < WORKERS && !r; i++) {
                struct mproc_status status;

                r = mproc_process_join(workers[i], MPROC_FOREVER, &status, &err);
                if (!r && status.err.code) {
                        err = status.err;
                        r = err.code;
                }
        }
        if (!r)
                r = print(manager, &told, &err);
        if (r)
                fprintf(stderr, "share_out: %s\n", err.text);
        for (int i = 0; i < WORKERS; i++)
                mproc_process_free(workers[i]);
        mproc_manager_free(manager);
        return r ? 1 : 0;
}
