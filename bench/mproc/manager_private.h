/* A manager as a client knows it. manager.c opens and closes it; manager_ask.c sends requests,
 * those of manager_call.c. */
#ifndef MPROC_MANAGER_PRIVATE_H
#define MPROC_MANAGER_PRIVATE_H

#include "mproc/manager_wire.h"
#include <mproc/manager.h>
#include <mproc/pipe.h>
#include <pthread.h>
#include <stdint.h>

struct mproc_manager {
        struct mproc_manager_address address;
        int64_t timeout_ns;
        uint64_t generation;            /* registry_generation of who connected */
        struct mproc_process *process;  /* of who made the manager: the server … */
        struct mproc_connection *leash; /* … and what it ends by */

        pthread_mutex_t lock;                /* over what follows: one request at a time */
        struct mproc_connection *connection; /* NULL: to be made anew */
        struct manager_buffer out, in;
};

/* -ECONNRESET, and what is known of why: the server is gone, or has ended the connection. */
int manager_gone(struct mproc_manager *manager, struct mproc_err *err);
/* Connects; locked, and there is none. */
int manager_open(struct mproc_manager *manager, uint64_t deadline, struct mproc_err *err);

/* What an answer's bytes become. */
struct manager_answer {
        int64_t number;
        struct mproc_buffer *buffer;     /* NULL: they are not wanted … */
        struct mproc_snapshot *snapshot; /* … or are these */
};

/* One request and its reply, which is in `answer` on success. The parts' sizes are filled in. */
int manager_ask(struct mproc_manager *manager, struct manager_request *request,
                const struct mproc_bytes part[MANAGER_PARTS], struct manager_answer *answer,
                struct mproc_err *err);
/* The same on a connection that is there; locked. It is there no more (NULL) if it failed after
 * something was sent. No sentence comes with -ECONNRESET. */
int manager_exchange(struct mproc_manager *manager, const struct manager_request *request,
                     const struct mproc_bytes part[MANAGER_PARTS], uint64_t deadline,
                     struct manager_reply *reply, struct mproc_err *err);

#endif
