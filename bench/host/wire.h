/* How driver and host talk: over a SOCK_STREAM socket, structs of model/trial.h, native byte order
 * (both are of one build on one machine). The driver asks, the host answers; end of file on the
 * socket ends the host and its team.
 *
 *   driver → host   trial_request, workers × cpuset
 *   host → driver   trial_outcome, workers × worker_outcome
 */
#ifndef HOST_WIRE_H
#define HOST_WIRE_H

#include "model/trial.h"
#include <mproc/err.h>
#include <stddef.h>

#define HOST_PROGRAM "mpbench-host"

/* Whole reads and writes, without SIGPIPE. -EPIPE: the other side is gone. `deadline_ns` 0: no
 * limit, else -ETIMEDOUT. */
int wire_send(int fd, const void *data, size_t size);
int wire_receive(int fd, void *data, size_t size, uint64_t deadline_ns);

#endif
