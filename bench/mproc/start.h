/* Start methods. One file start_NAME.c each, which defines `const struct mproc_start_method
 * start_NAME`; CMake makes the table. Parent only. */
#ifndef MPROC_START_H
#define MPROC_START_H

#include "mproc/segment.h"
#include <mproc/mproc.h>
#include <stddef.h>

struct start_request {
        const struct mproc_process_options *options;
        struct segment_list segments; /* held until the start is over */
};

struct mproc_start_method {
        const char *name;
        const char *summary;
        unsigned flags; /* enum mproc_start_flag; EXEC: the control block is a memfd */

        /* Starts `process`, whose control block is filled in, and sets its pid, pidfd and end_fd.
         * What it leaves in `process` when it fails is cleared by the caller. */
        int (*start)(struct mproc_process *process, const struct start_request *request,
                     struct mproc_err *err);
        /* Called with the process locked: 1 and state and code of `ret` (err too, if they are
         * unknown) when it is over, 0 when it is not. Never waits for a target. */
        int (*reap)(struct mproc_process *process, struct mproc_status *ret);
};

const struct mproc_start_method *start_at(size_t index);
const struct mproc_start_method *start_find(const char *name);

#endif
