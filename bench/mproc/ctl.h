/* The control block: what a new process is told, and where it reports to its parent. One for each
 * process started, in memory that both share; behind the struct lie the segments, the path of the
 * target's library and the argument.
 *
 * The parent writes it before the start and reads the reports after it; nobody else touches it. The
 * argument in it is the target's own copy. */
#ifndef MPROC_CTL_H
#define MPROC_CTL_H

#include "mproc/callable.h"
#include "mproc/start.h"
#include <assert.h>
#include <mproc/mproc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_MAGIC 0x316c74636f72706dull /* "mproctl1" */
#define CTL_LINE 128

#define CTL_GIVEN_UP UINT32_MAX

struct ctl_segment {
        uint64_t addr, size;
        int32_t fd; /* in the new process */
        int32_t reserved;
};

enum ctl_failure {
        CTL_NO_FAILURE,
        CTL_BOOT_FAILED,   /* its target does not run */
        CTL_TARGET_FAILED, /* mproc_self_fail */
};

struct ctl {
        uint64_t magic;
        uint32_t size; /* of the whole block */
        uint32_t arg_at, arg_size;
        uint32_t path_at;
        uint32_t segments_at, segment_count;
        uint32_t fd_count;
        int32_t fd[MPROC_FDS_MAX]; /* descriptors as the new process has them */
        uint32_t ends;             /* a bit for each that is a pipe's end */
        int32_t lifeline_fd;
        char name[16];
        struct callable callable;

        /* Written by the new process. */
        _Alignas(CTL_LINE) _Atomic uint64_t first_ns;
        _Atomic uint64_t ready_ns;
        _Atomic uint32_t failure; /* enum ctl_failure; set after err */
        _Atomic uint32_t tid;     /* of a thread, once it runs */
        uint32_t attempt;         /* counts images: a collision is answered by another exec */
        /* The pid, just before the target is called; CTL_GIVEN_UP: the parent was faster. */
        _Atomic uint32_t begun;
        struct mproc_err err;
};
static_assert(MPROC_FDS_MAX <= 32, "a bit for each in ends");
static_assert(sizeof(struct ctl_segment) == 24, "the same in every process");
static_assert(offsetof(struct ctl, first_ns) % CTL_LINE == 0, "one writer per line");

/* Fills a new block, in a memfd if `fd` is not NULL (`*fd` is set as soon as it exists), else in
 * anonymous shared memory. */
int ctl_new(struct ctl **ret, int *fd, const struct start_request *request, struct mproc_err *err);
/* Maps the block of a memfd. */
int ctl_map(struct ctl **ret, int fd, size_t size, struct mproc_err *err);

static inline void *ctl_arg(struct ctl *ctl)
{
        return ctl->arg_size ? (char *)ctl + ctl->arg_at : NULL;
}

static inline const char *ctl_path(const struct ctl *ctl)
{
        return (const char *)ctl + ctl->path_at;
}

static inline struct ctl_segment *ctl_segments(struct ctl *ctl)
{
        return (struct ctl_segment *)((char *)ctl + ctl->segments_at);
}

/* Is `fd` one of those that it hands over, by the number that a forked process has it under? NULL
 * hands over none. */
static inline bool ctl_hands_over(const struct ctl *ctl, int fd)
{
        for (uint32_t i = 0; ctl && i < ctl->fd_count; i++)
                if (ctl->fd[i] == fd)
                        return true;
        return false;
}

static inline bool ctl_is_end(const struct ctl *ctl, size_t index)
{
        return ctl->ends >> index & 1;
}

/* Parent, when a start fails without its knowing whether there is a process: 0, and the target is
 * not going to run; else the pid of the process in which it has begun. */
pid_t ctl_give_up(struct ctl *ctl);
/* New process: may the target run? */
bool ctl_begin(struct ctl *ctl);
/* New process: reports a failure; the last one counts. */
void ctl_fail(struct ctl *ctl, enum ctl_failure failure, const struct mproc_err *err);

#endif
