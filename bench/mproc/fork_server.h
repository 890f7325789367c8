/* The fork server: this program, run anew, that never gets beyond mproc_init and forks on request.
 *
 * It has one thread, maps no shared memory, and of its workers it keeps one descriptor each. It
 * serves one parent over a SOCK_SEQPACKET socket, and ends when that is closed, or by its
 * lifeline. Its workers' lifeline is its own: they end with it. Signals that a terminal sends to a
 * whole job do not reach it. Environment and working directory are its parent's at the time it was
 * started. */
#ifndef MPROC_FORK_SERVER_H
#define MPROC_FORK_SERVER_H

#include <mproc/mproc.h>
#include <stdint.h>

/* Parent → server. With it come the descriptors: control block, write end of the status pipe (into
 * which the server writes the wait status, an int), segments, the target's. */
struct fork_request {
        uint32_t ctl_size;
        uint32_t segment_count;
        uint32_t fd_count;
};

/* Server → parent. With it comes a pidfd if `pid` > 0. */
struct fork_reply {
        int32_t pid; /* negative errno: `err` says more */
        struct mproc_err err;
};

#define FORK_REQUEST_FDS_MAX (2 + MPROC_SHM_MAX + MPROC_FDS_MAX)

_Noreturn void fork_server_run(int sock, int lifeline_fd);

#endif
