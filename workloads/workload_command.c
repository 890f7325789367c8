/* command: programs that are not mpbench's. A task is one run of a command, its arguments filled in
 * with a line of the input where there is one. What to run is in a book (model/book.h) that the
 * driver has written and every worker maps.
 *
 * A run is started by posix_spawn, which costs the same however large the worker is, in a process
 * group of its own. What is left of a run when the trial is over becomes the host's child, since
 * that is a subreaper, and is ended. */
#include "base/error.h"
#include "base/orphans.h"
#include "base/text.h"
#include "support/command_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mpbench/workload.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS, EXIT_STATUS };

static const struct mpb_option params[] = {
        [RUNS] = {.name = "runs",
                  .summary = "runs of the whole team; auto: every line once, or as many as take "
                             "long enough",
                  .type = MPB_INT,
                  .allows_auto = 1,
                  .is_list = 1,
                  .fallback = "auto",
                  .unit = "runs",
                  .min = 1,
                  .max = 1000000000},
        [EXIT_STATUS] = {.name = "exit_status",
                         .summary = "what a run that went well exits with",
                         .type = MPB_INT,
                         .fallback = "0",
                         .unit = "status",
                         .max = 255},
        {0},
};

#define SHOWN_BYTES 160 /* of a command line, and of what it wrote, in a message */

struct command_shared {
        _Alignas(MPB_CACHE_LINE) atomic_bool stopped;
};

struct command_slot {
        _Alignas(MPB_CACHE_LINE) atomic_int pid; /* of the run in hand; 0: none */
        int32_t spawn_error;                     /* of the run that failed: an errno, or */
        int32_t status;                          /* what wait4 gave */
        uint64_t good;                           /* runs that went well */
        uint64_t failed; /* 1 + number of the one that failed; no other is begun after it */
        char line[SHOWN_BYTES];
        char wrote[SHOWN_BYTES]; /* the end of its error messages */
};

struct command_local {
        struct command_line line;
        int null_fd;  /* stdin, and stdout unless it is kept */
        int wrote_fd; /* a memfd: what a run writes as errors; -1: goes on to the host */
        bool has_actions, has_attr;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
};

static int check(const struct mpb_trial *trial, struct mproc_err *err)
{
        if (!strcmp(trial->start, "thread") && trial->workers > 1)
                return error_set(err, -EOPNOTSUPP, "check",
                                 "which thread a command belongs to is not known: thread takes one "
                                 "worker here");
        return 0;
}

static void sizes(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes)
{
        (void)trial;
        *shared_bytes = sizeof(struct command_shared);
        *slot_bytes = sizeof(struct command_slot);
}

static int prepare(struct mpb_trial *trial, struct mproc_err *err)
{
        int r;

        if (trial->book_fd < 0)
                return error_set(err, -EOPNOTSUPP, "prepare", "there is no command to run");
        r = command_line_count(trial->book_fd, &trial->pieces, err);
        if (r)
                return r;
        trial->fd = trial->book_fd;
        /* What a killed worker or a command leaves behind comes to this process. */
        if (prctl(PR_SET_CHILD_SUBREAPER, 1))
                return error_errno(err, -errno, "prepare", "orphans cannot be adopted");
        return 0;
}

static int open_files(struct command_local *local, struct mproc_err *err)
{
        local->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (local->null_fd < 0)
                return error_errno(err, -errno, "attach", "/dev/null cannot be opened");
        if (local->line.book->keep_output)
                return 0;
        local->wrote_fd = memfd_create("mpbench-errors", MFD_CLOEXEC);
        /* Appending: what is cut off before the next run stays cut off. */
        if (local->wrote_fd < 0 || fcntl(local->wrote_fd, F_SETFL, O_APPEND))
                return error_errno(err, -errno, "attach", "nowhere to keep what a command writes");
        return 0;
}

/* Signals as a shell would give them to it, whatever host and worker ignore. */
static int make_spawn(struct command_local *local, struct mproc_err *err)
{
        int kept = STDERR_FILENO, r;
        sigset_t none, plain;

        sigemptyset(&none);
        sigemptyset(&plain);
        sigaddset(&plain, SIGPIPE);
        sigaddset(&plain, SIGXFSZ);
        r = posix_spawn_file_actions_init(&local->actions);
        local->has_actions = !r;
        if (!r)
                r = posix_spawnattr_init(&local->attr);
        local->has_attr = local->has_actions && !r;
        if (!r)
                r = posix_spawn_file_actions_adddup2(&local->actions, local->null_fd, STDIN_FILENO);
        if (!r)
                r = posix_spawn_file_actions_adddup2(
                        &local->actions, local->line.book->keep_output ? kept : local->null_fd,
                        STDOUT_FILENO);
        if (!r && !local->line.book->keep_output)
                r = posix_spawn_file_actions_adddup2(&local->actions, local->wrote_fd,
                                                     STDERR_FILENO);
        if (!r)
                r = posix_spawnattr_setsigmask(&local->attr, &none);
        if (!r)
                r = posix_spawnattr_setsigdefault(&local->attr, &plain);
        if (!r)
                r = posix_spawnattr_setflags(&local->attr, POSIX_SPAWN_SETPGROUP |
                                                                   POSIX_SPAWN_SETSIGMASK |
                                                                   POSIX_SPAWN_SETSIGDEF);
        return r ? error_errno(err, -r, "attach", "no start of a command can be prepared") : 0;
}

static int attach(struct mpb_worker *worker, struct mproc_err *err)
{
        struct command_local *local = calloc(1, sizeof(*local));
        int r;

        memset(worker->slot, 0, sizeof(struct command_slot));
        if (!local)
                return error_errno(err, -ENOMEM, "attach", "no memory for a worker of command");
        worker->local = local;
        local->null_fd = local->wrote_fd = -1;
        r = command_line_init(&local->line, worker->fd, err);
        if (!r)
                r = open_files(local, err);
        return r ? r : make_spawn(local, err);
}

static void detach(struct mpb_worker *worker)
{
        struct command_local *local = worker->local;

        if (!local)
                return;
        if (local->has_actions)
                posix_spawn_file_actions_destroy(&local->actions);
        if (local->has_attr)
                posix_spawnattr_destroy(&local->attr);
        if (local->null_fd >= 0)
                close(local->null_fd);
        if (local->wrote_fd >= 0)
                close(local->wrote_fd);
        command_line_done(&local->line);
        free(local);
        worker->local = NULL;
}

/* Bytes that a terminal would obey become spaces. */
static void clean(char *text)
{
        size_t length = strlen(text);

        while (length && (unsigned char)text[length - 1] <= ' ')
                text[--length] = '\0';
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        *text = ' ';
}

/* Notes down for the host what failed. The trial has failed with it, so this may take time. */
static void note_failure(struct command_local *local, struct command_slot *slot, uint64_t run)
{
        struct stat info;
        size_t used = 0;

        slot->failed = run + 1;
        for (char **word = local->line.argv; *word && used < sizeof(slot->line); word++)
                used += (size_t)snprintf(slot->line + used, sizeof(slot->line) - used, "%s%s",
                                         used ? " " : "", *word);
        if (used >= sizeof(slot->line))
                text_copy(slot->line + sizeof(slot->line) - 4, 4, "...");
        clean(slot->line);
        if (local->wrote_fd >= 0 && !fstat(local->wrote_fd, &info) && info.st_size > 0) {
                off_t room = sizeof(slot->wrote) - 1;
                off_t from = info.st_size > room ? info.st_size - room : 0;
                ssize_t n = pread(local->wrote_fd, slot->wrote, (size_t)room, from);

                slot->wrote[n > 0 ? n : 0] = '\0';
                clean(slot->wrote);
        }
}

static void run_command(struct mpb_worker *worker, uint64_t run)
{
        struct command_shared *shared = mpb_shared(worker->trial);
        struct command_local *local = worker->local;
        struct command_slot *slot = worker->slot;
        uint64_t rss_bytes;
        struct rusage usage;
        pid_t pid, ended;

        command_line_fill(&local->line, run, worker->trial->ops);
        slot->spawn_error = posix_spawn(&pid, command_line_program(&local->line), &local->actions,
                                        &local->attr, local->line.argv, environ);
        if (slot->spawn_error) {
                note_failure(local, slot, run);
                return;
        }
        atomic_store(&slot->pid, pid);
        if (atomic_load(&shared->stopped))
                kill(-pid, SIGKILL);
        do
                ended = wait4(pid, &slot->status, 0, &usage);
        while (ended < 0 && errno == EINTR);
        atomic_store(&slot->pid, 0);
        if (ended < 0)
                slot->spawn_error = errno;
        if (ended < 0 || !WIFEXITED(slot->status) ||
            WEXITSTATUS(slot->status) != worker->trial->value[EXIT_STATUS]) {
                note_failure(local, slot, run);
                return;
        }
        slot->good++;
        rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
        if (rss_bytes > worker->max_rss_bytes)
                worker->max_rss_bytes = rss_bytes;
        if (local->wrote_fd >= 0 && ftruncate(local->wrote_fd, 0)) {
                /* What is left of it stands before what the next run writes. */
        }
}

static void work(struct mpb_worker *worker, uint64_t first, uint64_t count)
{
        struct command_shared *shared = mpb_shared(worker->trial);
        struct command_slot *slot = worker->slot;

        for (uint64_t i = 0; i < count && !slot->failed && !atomic_load(&shared->stopped); i++)
                run_command(worker, first + i);
}

static void stop(const struct mpb_trial *trial)
{
        struct command_shared *shared = mpb_shared(trial);

        atomic_store(&shared->stopped, true);
        for (uint32_t i = 0; i < trial->workers; i++) {
                int pid = atomic_load(&((struct command_slot *)mpb_slot(trial, i))->pid);

                if (pid)
                        kill(-pid, SIGKILL);
        }
}

static int tell_failure(const struct mpb_trial *trial, const struct command_slot *slot,
                        struct mproc_err *err)
{
        char what[64], name[16] = "";
        int status = slot->status, code = WTERMSIG(status);

        if (slot->spawn_error)
                return error_errno(err, -slot->spawn_error, "command", "'%s' could not be run",
                                   slot->line);
        if (sigabbrev_np(code))
                snprintf(name, sizeof(name), " (SIG%s)", sigabbrev_np(code));
        if (WIFEXITED(status))
                snprintf(what, sizeof(what), "exited with status %d, not %d", WEXITSTATUS(status),
                         (int)trial->value[EXIT_STATUS]);
        else
                snprintf(what, sizeof(what), "was killed by signal %d%s", code, name);
        return error_set(err, -ECHILD, "command", "'%s' %s (run %" PRIu64 " of %" PRIu64 ")%s%s",
                         slot->line, what, slot->failed, trial->ops, *slot->wrote ? ": " : "",
                         slot->wrote);
}

static int verify(const struct mpb_trial *trial, struct mpb_outcome *ret, struct mproc_err *err)
{
        uint64_t good = 0;

        for (uint32_t i = 0; i < trial->workers; i++) {
                const struct command_slot *slot = mpb_slot(trial, i);

                if (slot->failed)
                        return tell_failure(trial, slot, err);
                good += slot->good;
        }
        ret->final_value = good;
        ret->expected_value = trial->ops;
        return 0;
}

static void cleanup(struct mpb_trial *trial)
{
        (void)trial;
        orphans_end(NULL, 0);
}

const struct mpb_workload workload_command = {
        .name = "command",
        .summary = "runs of any command: mpbench run [OPTIONS] -- CMD ARGS",
        .abi = MPB_ABI,
        .kind = MPB_TASKS,
        .flags = MPB_CHILDREN,
        .operation = "runs",
        .params = params,
        .ops_param = "runs",
        .check = check,
        .sizes = sizes,
        .prepare = prepare,
        .attach = attach,
        .work = work,
        .stop = stop,
        .detach = detach,
        .verify = verify,
        .cleanup = cleanup,
};
