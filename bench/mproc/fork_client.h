/* The parent's side of the fork server: launches it when it is first needed, asks it, and knows
 * when it died of what. Parent only. */
#ifndef MPROC_FORK_CLIENT_H
#define MPROC_FORK_CLIENT_H

#include "mproc/fork_server.h"
#include <mproc/mproc.h>
#include <stddef.h>

struct fork_server;

/* Has the current server (a new one if need be) fork `process`: sets its pid, pidfd and server,
 * and closes what was handed over. -ECONNRESET: the server died over it. */
int fork_client_start(struct mproc_process *process, const struct fork_request *request,
                      const int *fds, struct mproc_err *err);

/* Waits for the death of a server that has closed a status pipe, and says what ended it. */
void fork_client_explain(struct fork_server *server, struct mproc_err *err);
void fork_client_release(struct fork_server *server);

/* After fork, in the child, registry locked: the server is the parent's. */
void fork_client_forget(void);

#endif
