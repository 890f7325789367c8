#include "mproc/exec_self.h"

#include "mproc/child.h"
#include "mproc/limits.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRAM "/proc/self/exe"
#define FIRST_NUMBER 3

static char *name;

void exec_self_set_name(char *argv0)
{
        name = argv0;
}

void exec_self_format_child(char mark[EXEC_SELF_MARK_MAX], int ctl_fd, size_t ctl_size)
{
        snprintf(mark, EXEC_SELF_MARK_MAX, EXEC_SELF_CHILD "%d,%zu", ctl_fd, ctl_size);
}

static bool is_source(const int *sources, size_t count, int number, size_t *index)
{
        for (size_t i = 0; i < count; i++)
                if (sources[i] == number) {
                        *index = i;
                        return true;
                }
        return false;
}

/* A source that lies in the range of the new numbers keeps its own, so that no dup2 overwrites what
 * a later one still needs. */
void exec_self_assign(const int *sources, int *numbers, size_t count)
{
        size_t next = 0, index;

        for (size_t i = 0; i < count; i++)
                numbers[i] = -1;
        for (size_t i = 0; i < count; i++)
                if (is_source(sources, count, FIRST_NUMBER + (int)i, &index))
                        numbers[index] = FIRST_NUMBER + (int)i;
        for (size_t i = 0; i < count; i++) {
                if (numbers[i] >= 0)
                        continue;
                while (is_source(sources, count, FIRST_NUMBER + (int)next, &index))
                        next++;
                numbers[i] = FIRST_NUMBER + (int)next++;
        }
}

static int add_actions(posix_spawn_file_actions_t *actions, const int *sources, const int *numbers,
                       size_t count)
{
        int r = 0;

        /* Onto its own number, dup2 as a file action clears close-on-exec. */
        for (size_t i = 0; i < count && !r; i++)
                r = posix_spawn_file_actions_adddup2(actions, sources[i], numbers[i]);
        if (!r)
                r = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_NUMBER + (int)count);
        return r;
}

static int set_signals(posix_spawnattr_t *attributes)
{
        sigset_t none, reset;

        sigemptyset(&none);
        sigfillset(&reset);
        for (const int *sig = child_job_signals; *sig; sig++)
                sigdelset(&reset, *sig);
        posix_spawnattr_setsigmask(attributes, &none);
        posix_spawnattr_setsigdefault(attributes, &reset);
        return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int exec_self_spawn(pid_t *ret, char *mark, const int *sources, const int *numbers, size_t count,
                    struct mproc_err *err)
{
        char *argv[] = {name, mark, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        r = add_actions(&actions, sources, numbers, count);
        if (!r)
                r = set_signals(&attributes);
        if (!r)
                r = posix_spawn(ret, PROGRAM, &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return r ? limits_error(err, -r, "start", "cannot run " PROGRAM " anew") : 0;
}

void exec_self_again(int ctl_fd, size_t ctl_size)
{
        char mark[EXEC_SELF_MARK_MAX];
        char *argv[] = {name, mark, NULL};

        exec_self_format_child(mark, ctl_fd, ctl_size);
        execv(PROGRAM, argv);
}
