/* The one error type of mproc and mpbench.
 *
 * Functions that can fail return 0 or a negative errno, and take a `struct mproc_err *` as their
 * last argument. It may be NULL. It is written only on failure. It has a fixed size and holds no
 * pointers, so that a worker's failure reaches its parent whole through shared memory.
 * May be used in every context: parent, worker, and after fork in a threaded parent. */
#ifndef MPROC_ERR_H
#define MPROC_ERR_H

#include <stdint.h>

struct mproc_err {
        int32_t code;   /* negative errno, as returned; 0: no failure */
        char stage[28]; /* where it failed: "start", "map", "exec", … */
        char text[480]; /* one sentence: what was wrong, with the value, and what to do */
};

#endif
