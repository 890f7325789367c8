/* Processes that run until the test lets them go. */
#ifndef MPROC_GATE_H
#define MPROC_GATE_H

#include "contract/mproc_scene.h"

#include <fcntl.h>
#include <pthread.h>

/* A target that runs until the write end of its pipe is closed everywhere. */
static inline int wait_for_release(void *arg, size_t size)
{
        char byte;

        (void)size;
        while (read(mproc_self_fd(0), &byte, 1) > 0)
                ;
        return arg ? *(int *)arg : 0;
}

static int gate[2] = {-1, -1};

static inline void open_gate(void)
{
        assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
}

/* Under fork a worker would hold the write end itself: it is closed for it. */
static inline int close_and_wait(void *arg, size_t size)
{
        if (gate[1] >= 0 && getpid() == gettid() && mproc_self_fd(0) == gate[0])
                close(gate[1]);
        return wait_for_release(arg, size);
}

static inline struct mproc_process *start_waiting(const char *method, int code)
{
        struct mproc_process_options options = {.start = method,
                                                .target = strcmp(method, "fork") ? wait_for_release
                                                                                 : close_and_wait,
                                                .arg = &code,
                                                .arg_size = sizeof(code),
                                                .fds = gate,
                                                .fd_count = 1};

        return start_with(&options);
}

static inline void release_gate(void)
{
        close(gate[1]);
        close(gate[0]);
        gate[0] = gate[1] = -1;
}

#endif
