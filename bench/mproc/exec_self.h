/* Running this program anew: posix_spawn(3) of /proc/self/exe, with the mark of a new process as
 * argv[1]. The mark is read by mproc_init (init.c). */
#ifndef MPROC_EXEC_SELF_H
#define MPROC_EXEC_SELF_H

#include <mproc/err.h>
#include <stddef.h>
#include <sys/types.h>

#define EXEC_SELF_CHILD "--mproc-child="   /* control block's descriptor, its size */
#define EXEC_SELF_SERVER "--mproc-server=" /* socket, lifeline */
#define EXEC_SELF_MARK_MAX 64

/* mproc_init: what argv[0] is to be. The string has to stay. */
void exec_self_set_name(char *argv0);

/* Numbers that descriptors have in the new process: sources[i] becomes numbers[i], 3 and up without
 * a gap. */
void exec_self_assign(const int *sources, int *numbers, size_t count);

/* Starts the program with 0, 1, 2 and the assigned descriptors, no others, no signal blocked and
 * none ignored but child_job_signals. The errno is that of the step that failed, execve included.
 */
int exec_self_spawn(pid_t *ret, char *mark, const int *sources, const int *numbers, size_t count,
                    struct mproc_err *err);

/* New process: replaces its image by another one of the same program. Returns only on failure. */
void exec_self_again(int ctl_fd, size_t ctl_size);

void exec_self_format_child(char mark[EXEC_SELF_MARK_MAX], int ctl_fd, size_t ctl_size);

#endif
