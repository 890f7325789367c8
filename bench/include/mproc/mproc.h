/* Processes, start methods and shared memory: what all of mproc is built upon.
 *
 * A program calls mproc_init(&argc, &argv) first in main. After that it can start processes that
 * run one of its own functions, under any start method, with shared memory mapped at the same
 * address in every one of them.
 *
 * Ownership: an object is freed by who made it. Every _free function takes NULL.
 * Context: unless a function says otherwise it may be called from any thread of any process that
 * has gone through mproc_init, workers included. */
#ifndef MPROC_MPROC_H
#define MPROC_MPROC_H

#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The likeness of `if __name__ == '__main__'`. In the program proper it returns 0. In a process
 * that mproc started by exec it runs the target and never returns; the argv entry that marks such a
 * process is argv[1], so the program's own parser never sees it. A mark that no parent stands
 * behind (typed by hand, or given to a set-user-ID program) ends the process with status 127. A
 * start that needs exec fails with -EINVAL and this advice when the program has not called it. */
int mproc_init(int *argc, char ***argv);

/* Shared memory ------------------------------------------------------------------------------ */

#define MPROC_SHM_MAX 200 /* live segments of one process */

struct mproc_shm;

/* `size` bytes of zeroed memory, shared with every process started afterwards and mapped at the
 * same address there, so that pointers into it may be stored in it (memfd_create(2), mmap(2)
 * MAP_FIXED_NOREPLACE). A worker may make segments of its own, for processes that it starts.
 * Errors: -EINVAL (size 0), -ENOMEM, -EMFILE, -EFBIG (RLIMIT_FSIZE; no signal), -ENOSPC
 * (MPROC_SHM_MAX live ones). Under ThreadSanitizer the kernel chooses the address, and start
 * methods that exec are refused (-ENOTSUP). */
int mproc_shm_new(struct mproc_shm **ret, size_t size, struct mproc_err *err);
void *mproc_shm_addr(const struct mproc_shm *shm);
size_t mproc_shm_size(const struct mproc_shm *shm);
/* Unmaps in this process. A worker that still runs keeps its mapping. In a process of start method
 * fork, the handles that it inherited are its own to free. */
void mproc_shm_free(struct mproc_shm *shm);

/* Start methods ------------------------------------------------------------------------------ */

enum mproc_start_flag {
        MPROC_START_OWN_PROCESS = 1, /* the target runs in a process of its own */
        MPROC_START_CONCURRENT = 2,  /* start returns while the target runs */
        MPROC_START_EXEC = 4,        /* the process begins with a fresh image: needs mproc_init */
};

struct mproc_start_method; /* opaque: name and summary are read by the functions below */

/* The methods in table order: NULL when `index` is past the end. */
const struct mproc_start_method *mproc_start_at(size_t index);
const struct mproc_start_method *mproc_start_find(const char *name);
const char *mproc_start_name(const struct mproc_start_method *method);
const char *mproc_start_summary(const struct mproc_start_method *method);
unsigned mproc_start_flags(const struct mproc_start_method *method);

/* Processes ---------------------------------------------------------------------------------- */

#define MPROC_ARG_MAX 65536 /* bytes of an argument that is passed by value */
#define MPROC_FDS_MAX 16    /* descriptors handed to one process */

struct mproc_process;

struct mproc_process_options {
        const char *start; /* start method by name; NULL: "forkserver" */
        const char *name;  /* comm of the process, 15 bytes; NULL: the program's */
        /* Runs there. Its return value (0–255) is the exit code; the process leaves by _exit(2), so
         * what the target printed by stdio it has to flush. Under fork that prints once more what
         * the parent had not flushed before the start. */
        int (*target)(void *arg, size_t arg_size);
        const void *arg; /* copied; the target gets its own copy, aligned to 128 bytes */
        size_t arg_size; /* bytes, ≤ MPROC_ARG_MAX; with 0 the target gets NULL */
        /* Descriptors that the target finds by mproc_self_fd(). They stay open until it ends and
         * are closed then; it does not close them itself where it may run as a thread or a call.
         * The caller may close its own as soon as the start has returned. The end of a pipe
         * (mproc/pipe.h) moves: a start that succeeded has closed the caller's. */
        const int *fds;
        size_t fd_count; /* ≤ MPROC_FDS_MAX */
};

/* Starts one process (or thread, or call, by the method's nature). The target must be a
 * function of this program or of a library that it loaded: it crosses exec as (module,
 * offset, build-id).
 *
 * The process dies when its parent process dies, however that dies, or runs another program
 * by exec; it outlives the thread that started it. A target that runs another program by exec
 * in its own place is on its own then: that program goes on after the parent's end. A process of
 * its own begins with no signal blocked and default dispositions, save that a SIGHUP, SIGINT,
 * SIGQUIT, SIGTSTP, SIGTTIN or SIGTTOU which the program ignores stays ignored, and that under fork
 * its handlers of faults (SIGSEGV, SIGABRT …) stay. After an exec it has 0, 1, 2 (/dev/null for one
 * that was closed) and `fds`, no other descriptor. What forkserver starts has environment, working
 * directory, limits, user and 0, 1, 2 as they were at the first such start, which launched the
 * server; it lives until this process ends.
 *
 * Errors: the errno of the failed step exactly (-EAGAIN from RLIMIT_NPROC or pids.max,
 * -EMFILE, …); -EINVAL for a bad option or where mproc_init was not called; -EBADF for a
 * descriptor that is not open; -ENOTSUP for a target that cannot cross exec (a nested
 * function that captures), under every method alike; -ENOENT where /proc is not mounted,
 * for a process of its own; -ECONNRESET when the fork server was killed over it (the target
 * does not run; the next start launches a new server), -EPROTO when it left without ever
 * getting to mproc_init. A failure after the call returned (in the new process, before its
 * target runs) is reported by join. */
int mproc_process_start(struct mproc_process **ret, const struct mproc_process_options *options,
                        struct mproc_err *err);

enum mproc_state {
        MPROC_RUNNING,  /* not over yet */
        MPROC_EXITED,   /* code: the target's return value or its exit status */
        MPROC_SIGNALED, /* code: the signal that ended it */
        MPROC_UNKNOWN,  /* it is gone, and its status is lost; err says why: somebody else
                           took it (SIGCHLD ignored, a foreign wait), or its fork server was
                           killed */
        MPROC_FAILED,   /* its target never ran; err says why. code: the errno, positive */
};

struct mproc_status {
        int32_t state; /* enum mproc_state */
        int32_t code;
        /* Of MPROC_FAILED and MPROC_UNKNOWN, else what the target left by
         * mproc_self_fail(); code 0: none. */
        struct mproc_err err;
};

#define MPROC_FOREVER INT64_MAX

/* Waits until the process is over, at most `timeout_ns` (0: only looks; MPROC_FOREVER).
 * Idempotent; several threads may join one process. `ret` may be NULL. Errors: -ETIMEDOUT;
 * -EDEADLK (a target that joins itself); -ECHILD (here and below: the caller was forked
 * from the process that started it). */
int mproc_process_join(struct mproc_process *process, int64_t timeout_ns, struct mproc_status *ret,
                       struct mproc_err *err);
/* SIGTERM, SIGKILL. 0 also when it is over already. -ENOTSUP for a thread or a call. */
int mproc_process_terminate(struct mproc_process *process, struct mproc_err *err);
int mproc_process_kill(struct mproc_process *process, struct mproc_err *err);
/* A thread's is its tid. */
pid_t mproc_process_pid(const struct mproc_process *process);
/* A descriptor that polls readable (POLLIN or POLLHUP) once the process is over; owned by
 * `process`. */
int mproc_process_fd(const struct mproc_process *process);

/* When the steps of the start happened, CLOCK_MONOTONIC ns; 0: not yet, or the method has
 * no such step. */
struct mproc_start_steps {
        uint64_t called_ns;   /* mproc_process_start was entered */
        uint64_t returned_ns; /* … and returned */
        uint64_t first_ns;    /* first instruction of mproc's in the new process */
        uint64_t ready_ns;    /* memory mapped, target found: about to call it */
};
void mproc_process_steps(const struct mproc_process *process, struct mproc_start_steps *ret);

/* Kills and reaps a process that still runs, joins a thread. In a process that inherited
 * the object by fork it frees the object alone. */
void mproc_process_free(struct mproc_process *process);

/* In the started process: the i-th of options.fds (-1: there is none), and the error that
 * the parent finds in the status, besides the exit code. */
int mproc_self_fd(size_t index);
void mproc_self_fail(const struct mproc_err *err);

#ifdef __cplusplus
}
#endif
#endif
