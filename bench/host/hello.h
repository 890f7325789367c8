/* The first thing that a host says. Driver and host. */
#ifndef HOST_HELLO_H
#define HOST_HELLO_H

#include "model/trial.h"
#include <mproc/err.h>

/* Sizes of what will be exchanged: a host of another build is told apart before it can do harm. */
struct host_hello {
        uint64_t request_bytes, outcome_bytes, worker_bytes;
        struct mproc_err err; /* why it cannot serve; code 0: it can */
};

#define HOST_HELLO                                             \
        {                                                      \
                .request_bytes = sizeof(struct trial_request), \
                .outcome_bytes = sizeof(struct trial_outcome), \
                .worker_bytes = sizeof(struct worker_outcome), \
        }

#endif
