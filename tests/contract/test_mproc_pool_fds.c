/* Descriptors of a pool's workers, and the word of a worker's death. */
#include "contract/pool_rig.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#define MARK 4711

/* What the worker reads from its second descriptor. */
static int read_mark(struct mproc_task *task)
{
        eventfd_t value = 0;

        if (pread(mproc_self_fd(1), task->result, 8, 0) != 8)
                return -EBADF;
        return eventfd_read(mproc_self_fd(0), &value) ? -errno : 0;
}

static uint64_t mark_of(struct mproc_pool *pool)
{
        struct mproc_call call = {.function = read_mark, .result_size = sizeof(uint64_t)};
        struct mproc_err err = {0};
        uint64_t mark = 0;

        if (mproc_pool_apply(pool, &call, &mark, NULL, &err))
                fail_msg("%s", err.text);
        return mark;
}

/* The first is an eventfd, from which each task takes one; the second a file. */
static struct mproc_pool *pool_with_fds(const char *method, int fds[2])
{
        uint64_t mark = MARK;
        char path[] = "/tmp/mproc-fds-XXXXXX";

        fds[0] = eventfd(100, EFD_CLOEXEC | EFD_SEMAPHORE);
        fds[1] = mkostemp(path, O_CLOEXEC);
        assert_true(fds[0] >= 0 && fds[1] >= 0);
        unlink(path);
        assert_int_equal(write(fds[1], &mark, sizeof(mark)), sizeof(mark));
        return new_pool(&(struct mproc_pool_options){
                .start = method, .workers = 1, .fds = fds, .fd_count = 2});
}

static void close_both(const int fds[2])
{
        close(fds[0]);
        close(fds[1]);
}

static void workers_find_the_descriptors_that_were_given(const char *method)
{
        int fds[2];
        struct mproc_pool *pool = pool_with_fds(method, fds);

        assert_int_equal(mark_of(pool), MARK);
        end_pool(pool);
        close_both(fds);
}

static void who_replaces_a_worker_has_them_and_the_death_has_its_cause(const char *method)
{
        int fds[2], sig = SIGKILL;
        struct mproc_pool *pool = pool_with_fds(method, fds);
        struct mproc_result *result;
        struct mproc_err death;
        char process[32];

        assert_int_equal(mark_of(pool), MARK);
        mproc_pool_first_death(pool, &death);
        assert_int_equal(death.code, 0);
        snprintf(process, sizeof(process), "process %d", (int)mproc_pool_worker_pid(pool, 0));
        result = submit(pool, die_by, &sig, sizeof(sig));
        assert_int_equal(mproc_pool_get(pool, result, NULL, 0, MPROC_FOREVER, NULL, NULL),
                         -EREMOTEIO);
        mproc_pool_release(pool, result);
        assert_int_equal(mark_of(pool), MARK);
        mproc_pool_first_death(pool, &death);
        assert_int_equal(death.code, -EOWNERDEAD);
        assert_non_null(strstr(death.text, "SIGKILL"));
        assert_non_null(strstr(death.text, process));
        end_pool(pool);
        close_both(fds);
}

static int leave_well(struct mproc_task *task)
{
        (void)task;
        _exit(0);
}

/* The status does not tell the one from the other, least of all where SIGCHLD is ignored and there
 * is none. */
static bool only_a_death_is_one(const char *method)
{
        struct mproc_pool_options options = {
                .start = method, .workers = 1, .tasks_per_worker = 1, .transport = pool_transport};
        struct mproc_pool *pool;
        struct mproc_call call = {.function = do_nothing};
        struct mproc_err retired, left;

        signal(SIGCHLD, SIG_IGN);
        if (mproc_pool_new(&pool, &options, NULL))
                return false;
        for (int i = 0; i < 3; i++)
                if (mproc_pool_apply(pool, &call, NULL, NULL, NULL))
                        return false;
        mproc_pool_first_death(pool, &retired);
        call.function = leave_well;
        if (mproc_pool_apply(pool, &call, NULL, NULL, NULL) != -EREMOTEIO)
                return false;
        mproc_pool_first_death(pool, &left);
        mproc_pool_free(pool);
        return !retired.code && left.code == -EOWNERDEAD;
}

static void who_retires_is_not_dead_and_who_leaves_within_a_task_is(const char *method)
{
        assert_true(run_scene(only_a_death_is_one, method));
}

static void more_descriptors_than_cross_are_refused(const char *method)
{
        int fds[MPROC_POOL_FDS_MAX + 1] = {0};
        struct mproc_pool_options options = {
                .start = "fork", .workers = 1, .fds = fds, .fd_count = MPROC_POOL_FDS_MAX + 1};
        struct mproc_pool *pool;
        struct mproc_err err = {0};

        (void)method;
        assert_int_equal(mproc_pool_new(&pool, &options, &err), -EINVAL);
        assert_non_null(strstr(err.text, "fds"));
        options.fd_count = 1;
        options.fds = NULL;
        assert_int_equal(mproc_pool_new(&pool, &options, NULL), -EINVAL);
        fds[0] = -1;
        options.fds = fds;
        assert_int_equal(mproc_pool_new(&pool, &options, NULL), -EBADF);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(workers_find_the_descriptors_that_were_given, UNDER_CONCURRENT),
                PROMISE(who_replaces_a_worker_has_them_and_the_death_has_its_cause,
                        UNDER_OWN_PROCESS),
                PROMISE(who_retires_is_not_dead_and_who_leaves_within_a_task_is, UNDER_OWN_PROCESS),
                PROMISE(more_descriptors_than_cross_are_refused, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
