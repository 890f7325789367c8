/* One end of a pipe, and which ends this process has. connection.c makes, moves and closes them;
 * connection_send.c and connection_recv.c move messages.
 *
 * The list is under the registry's lock, so that the child of a fork in any thread knows all that
 * is its parent's, and closes it. */
#ifndef MPROC_CONNECTION_H
#define MPROC_CONNECTION_H

#include <mproc/pipe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct ctl;

#define CONNECTION_INLINE_MAX 32768u /* bytes of a message that its packet holds itself */
#define CONNECTION_MAGIC 0x6d70u

/* Begins every packet. What is longer than CONNECTION_INLINE_MAX has its rest in a memfd, the first
 * of the packet's descriptors. */
struct connection_header {
        uint64_t size; /* of the whole message */
        uint32_t magic;
        uint32_t fd_count; /* the user's */
};

struct connection_packet {
        struct connection_header header;
        unsigned char data[CONNECTION_INLINE_MAX];
};

struct mproc_connection {
        LIST_ENTRY(mproc_connection) entry;
        atomic_int fd; /* -1: not here any more */
        /* Over what follows; held for moments and for the copying of a message. */
        pthread_mutex_t lock;
        bool kept; /* a message was taken from the kernel, and by nobody from here */
        struct connection_packet *packet;
        int fds[1 + MPROC_MESSAGE_FDS_MAX]; /* that came with it */
        size_t fd_count;
};

/* A descriptor that no child may inherit, save the one that it is handed to. */
struct connection_loan {
        LIST_ENTRY(connection_loan) entry;
        int fd;
};

/* Registry locked, as when the descriptor was made. */
void connection_lend(struct connection_loan *loan, int fd);
/* `loan->fd` is −1 then; if it is before, nothing happens. */
void connection_close_loan(struct connection_loan *loan);

/* mproc_connection_send in two steps, for who must know that a long message can be sent before
 * there is no way back. Lends the memory for what does not fit into its packet, until
 * connection_close_loan; −1 if all of it fits. Errors as those of a send for want of something. */
int connection_lend_rest(struct connection_loan *loan, const void *message, size_t size,
                         struct mproc_err *err);
int connection_send_lent(const struct mproc_connection *connection, const void *data, size_t size,
                         const struct connection_loan *rest, int64_t timeout_ns,
                         struct mproc_err *err);

/* A connection of a socket's descriptor that is new, and close-on-exec; registry locked since
 * before it was made, so that no forked child keeps it. `fd` is what the call that makes it
 * returned: -errno if that failed, and -ENOMEM, after which it is closed. */
int connection_adopt(struct mproc_connection **ret, int fd);

/* A bit for each of at most 32 `fds` that is an end of this process's. */
uint32_t connection_ends(const int *fds, size_t count);
/* A start has handed over `fds`: the ends among them are not the caller's any more. */
void connection_move(const int *fds, size_t count);
/* After fork, in the child, registry locked: closes what is the parent's, save what `mine` (may be
 * NULL) hands over. */
void connection_forget(const struct ctl *mine);

/* Closes what came with a message that nobody will receive. Locked, or nobody else's; registry
 * locked, so that no child that is forked meanwhile has some of it. */
void connection_drop_fds(struct mproc_connection *connection);
/* Drops a message that was kept. false: there was none. */
bool connection_drop_kept(struct mproc_connection *connection);
/* -EBADF and a sentence if the end is not here. */
int connection_check(const struct mproc_connection *connection, struct mproc_err *err);
/* Until poll(2) reports one of `events` or the other end's death; -ETIMEDOUT. */
int connection_wait(const struct mproc_connection *connection, short events, uint64_t deadline_ns);
/* Will nothing come any more? Else 0 bytes were an empty packet. */
bool connection_has_ended(const struct mproc_connection *connection);
/* Has the other end gone altogether? Else what failed is the wrong way of a one-way pipe. */
bool connection_is_cut(const struct mproc_connection *connection);

#endif
