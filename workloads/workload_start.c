/* start: what it costs to start a process and wait for its end. The host's own size matters to some
 * methods, so the driver starts a host of `parent_rss` where that is asked for.
 *
 * Beside mproc's start methods stand raw system calls. raw-posix_spawn runs the host's own program
 * with the argument --exit, on which its main leaves at once: as lean as what mproc starts. */
#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <mpbench/workload.h>
#include <mproc/mproc.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct mpb_option params[] = {
        {.name = "starts",
         .summary = "processes started one after the other in a trial",
         .type = MPB_INT,
         .allows_auto = 1,
         .is_list = 1,
         .fallback = "auto",
         .unit = "starts",
         .min = 1,
         .max = 1024}, /* the host has room for the times of as many */
        {.name = "parent_rss",
         .summary = "memory that the parent has touched before",
         .type = MPB_SIZE,
         .is_list = 1,
         .fallback = "0",
         .unit = "bytes",
         .min = 0,
         .max = (int64_t)1 << 40},
        {0},
};

enum { BY_MPROC, BY_FORK, BY_VFORK, BY_POSIX_SPAWN };

static const struct mpb_strategy strategies[] = {
        [BY_MPROC] = {.name = "mproc", .summary = "mproc_process_start by the start method"},
        [BY_FORK] = {.name = "raw-fork",
                     .summary = "fork(2), _exit(2), waitpid(2)",
                     .flags = MPB_REFERENCE | MPB_ONE_START},
        [BY_VFORK] = {.name = "raw-vfork",
                      .summary = "vfork(2), _exit(2), waitpid(2)",
                      .flags = MPB_REFERENCE | MPB_ONE_START},
        [BY_POSIX_SPAWN] = {.name = "raw-posix_spawn",
                            .summary = "posix_spawn(3) of this program, which exits at once",
                            .flags = MPB_REFERENCE | MPB_ONE_START},
};

static const struct mpb_strategy *strategy_at(size_t index)
{
        return index < sizeof(strategies) / sizeof(*strategies) ? &strategies[index] : NULL;
}

static int check(const struct mpb_trial *trial, struct mproc_err *err)
{
        if (trial->workers != 1)
                return error_set(err, -EOPNOTSUPP, "check",
                                 "start starts one process at a time: workers must be 1, not %u",
                                 trial->workers);
        return 0;
}

static int leave(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return 0;
}

static int life_by_mproc(const struct mpb_trial *trial, struct mpb_life *ret, struct mproc_err *err)
{
        struct mproc_process_options options = {.start = trial->start, .target = leave};
        struct mproc_process *process;
        struct mproc_start_steps steps;
        struct mproc_status status;
        uint64_t joined_ns;
        int code = mproc_process_start(&process, &options, err);

        if (code)
                return code;
        code = mproc_process_join(process, MPROC_FOREVER, &status, err);
        joined_ns = clock_now_ns();
        if (code)
                goto out;
        if (status.state == MPROC_FAILED) {
                code = error_set(err, status.err.code ? status.err.code : -EIO, "start", "%s",
                                 status.err.text);
                goto out;
        }
        if (status.state != MPROC_EXITED || status.code) {
                code = error_set(err, -EIO, "start",
                                 "a process started by %s ended in state %d with code %d, "
                                 "expected exit status 0",
                                 trial->start, status.state, status.code);
                goto out;
        }
        mproc_process_steps(process, &steps);
        *ret = (struct mpb_life){
                .returned_ns = steps.returned_ns - steps.called_ns,
                .first_ns = steps.first_ns ? steps.first_ns - steps.called_ns : 0,
                .ready_ns = steps.ready_ns ? steps.ready_ns - steps.called_ns : 0,
                .wall_ns = joined_ns - steps.called_ns,
        };
out:
        mproc_process_free(process);
        return code;
}

/* These return the child's pid or a negative errno. */
static pid_t raw_fork(void)
{
        pid_t pid = fork();

        if (!pid)
                _exit(0);
        return pid < 0 ? -errno : pid;
}

static pid_t raw_vfork(void)
{
        pid_t pid = vfork();

        if (!pid)
                _exit(0);
        return pid < 0 ? -errno : pid;
}

static pid_t raw_posix_spawn(void)
{
        char *argv[] = {"mpbench-exit", "--exit", NULL};
        pid_t pid;
        int code = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);

        return code ? -code : pid;
}

static int life_raw(pid_t (*start)(void), const char *name, struct mpb_life *ret,
                    struct mproc_err *err)
{
        uint64_t called_ns = clock_now_ns(), returned_ns, joined_ns;
        pid_t pid = start(), waited;
        int status;

        returned_ns = clock_now_ns();
        if (pid < 0)
                return error_errno(err, pid, "start", "%s", name);
        while ((waited = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
                ;
        joined_ns = clock_now_ns();
        if (waited < 0)
                return error_errno(err, -errno, "start", "%s: waitpid", name);
        if (status)
                return error_set(err, -EIO, "start",
                                 "a process started by %s ended with wait status 0x%x, expected 0",
                                 name, (unsigned)status);
        *ret = (struct mpb_life){.returned_ns = returned_ns - called_ns,
                                 .wall_ns = joined_ns - called_ns};
        return 0;
}

static int life(const struct mpb_trial *trial, struct mpb_life *ret, struct mproc_err *err)
{
        static pid_t (*const raw[])(void) = {
                [BY_FORK] = raw_fork, [BY_VFORK] = raw_vfork, [BY_POSIX_SPAWN] = raw_posix_spawn};

        if (trial->strategy == BY_MPROC)
                return life_by_mproc(trial, ret, err);
        return life_raw(raw[trial->strategy], strategies[trial->strategy].name, ret, err);
}

const struct mpb_workload workload_start = {
        .name = "start",
        .summary = "start a process, wait for its end",
        .abi = MPB_ABI,
        .kind = MPB_LIFE_CYCLE,
        .operation = "starts",
        .params = params,
        .ops_param = "starts",
        .baseline = "mproc",
        .strategy_at = strategy_at,
        .check = check,
        .life = life,
};
