/* Connections between two processes: messages of bytes, with boundaries, and descriptors.
 *
 * A pipe is a pair of ends, a connection each. A process that is started gets an end by
 * options.fds, and takes it there by mproc_self_connection:
 *
 *     mproc_pipe_new(&mine, &its, MPROC_PIPE_DUPLEX, &err);
 *     options.fds = (int[]){mproc_connection_fd(its)}, options.fd_count = 1;
 *     mproc_process_start(&process, &options, &err);
 *     mproc_connection_free(its);
 *
 * Who holds an end decides whether its death is noticed, so that is not left to care:
 * - An end moves. When the start has succeeded the caller's copy is closed; what is left of `its`
 *   can only be freed. To give one end to several processes, give each a copy of its own
 *   (mproc_connection_copy).
 * - A process has the ends that were handed to it and those that it made, no others: what fork
 *   would have it inherit is closed in it, after a plain fork(2) too.
 * - So the other end is told as soon as the last process with this one has freed it or died,
 *   however it died: see recv and send. Descriptors that the program duplicated itself (dup(2) of
 *   mproc_connection_fd) count as holders and are not looked after.
 *
 * A message arrives whole or not at all, whoever dies when. It is one packet of a Unix socket
 * (SOCK_SEQPACKET, unix(7)); what does not fit into 32 KiB of it travels beside it in a memfd,
 * which the packet carries. A byte stream was the alternative: there a sender that dies in the
 * middle leaves half a message, and two senders need a lock. Sending waits only while the other
 * side has not received what was sent before: at least 4 messages of any size find room (where
 * net.core.wmem_max is not below its default) in each direction, so two processes that send each
 * other large messages before they receive do not wait for each other. If both go on sending and
 * neither receives, both wait, until their timeouts.
 *
 * Several processes may have copies of one end. Each message is received by one of them.
 *
 * Context: every process and thread. Several threads may use one connection. Timeouts are in ns of
 * CLOCK_MONOTONIC; 0 or less only tries, MPROC_FOREVER. They do not bound the copying of a message
 * that is there. Errors that all functions share: -EBADF (the end is not here any more: it was
 * handed over, or it is that of the process from which the caller was forked). */
#ifndef MPROC_PIPE_H
#define MPROC_PIPE_H

#include <mproc/mproc.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPROC_MESSAGE_MAX ((size_t)1 << 30) /* bytes of a message */
#define MPROC_MESSAGE_FDS_MAX 64            /* descriptors with one message */

struct mproc_connection;

enum mproc_pipe_kind {
        MPROC_PIPE_DUPLEX,
        MPROC_PIPE_ONE_WAY, /* the first end receives, the second sends */
};

/* Errors: -EINVAL (no such kind), -EMFILE, -ENFILE, -ENOMEM. */
int mproc_pipe_new(struct mproc_connection **ret_first, struct mproc_connection **ret_second,
                   enum mproc_pipe_kind kind, struct mproc_err *err);

/* In a started process: the connection behind options.fds[index], which belongs to the caller from
 * now on (mproc_self_fd gives -1 for it). Errors: -EINVAL (there is no such descriptor, or it was
 * taken already), and those of mproc_connection_new. */
int mproc_self_connection(struct mproc_connection **ret, size_t index, struct mproc_err *err);
/* A connection of a descriptor that came another way, as by mproc_connection_recv_fds. On success
 * it owns `fd`. Errors: -EBADF (not open), -ENOTSOCK, -EPROTOTYPE (another kind of socket), -EEXIST
 * (it is a connection's already), -ENOMEM. */
int mproc_connection_new(struct mproc_connection **ret, int fd, struct mproc_err *err);
/* One more holder of the same end. Errors: -EMFILE, -ENOMEM. */
int mproc_connection_copy(struct mproc_connection **ret, const struct mproc_connection *connection,
                          struct mproc_err *err);
/* Closes the end. NULL is fine. A message that was kept (-EMSGSIZE) is lost. */
void mproc_connection_free(struct mproc_connection *connection);

/* The descriptor, for options.fds, poll(2) and epoll(7): readable when there is a message or the
 * other end is gone. Owned by the connection. A message that was kept (-EMSGSIZE) is out of the
 * kernel already: poll(2) does not see it, mproc_connection_poll does. -1: not here any more. */
int mproc_connection_fd(const struct mproc_connection *connection);

/* Sends a message of 0 to MPROC_MESSAGE_MAX bytes. 0: it is on its way, whatever becomes of the
 * sender; a receiver that dies before it has received it loses it. Errors: -ETIMEDOUT; -EPIPE (the
 * other end is gone); -EMSGSIZE (too long, ever); -ENOTSUP (this end only receives); -EINVAL
 * (`data` is NULL); -EFBIG, -ENOSPC, -ENOMEM, -EMFILE (a long message's memory); -ETOOMANYREFS
 * (more descriptors are on their way than RLIMIT_NOFILE). Nothing was sent then. */
int mproc_connection_send(struct mproc_connection *connection, const void *data, size_t size,
                          int64_t timeout_ns, struct mproc_err *err);
/* The same with copies of `fd_count` ≤ MPROC_MESSAGE_FDS_MAX descriptors (unix(7), SCM_RIGHTS); the
 * caller's stay open. A connection's end that travels so does not move: free it afterwards.
 * Besides: -EBADF (a descriptor is not open), -EINVAL (too many). */
int mproc_connection_send_fds(struct mproc_connection *connection, const void *data, size_t size,
                              const int *fds, size_t fd_count, int64_t timeout_ns,
                              struct mproc_err *err);

/* Receives the next message into `buffer` and sets `*ret_size`. Errors: -ETIMEDOUT; -ENODATA (the
 * other end is gone, and all that it sent is received); -ENOTSUP (this end only sends); -EPROTO
 * (something that is no message; it is dropped); -EMFILE (no room for the descriptors that the
 * message came with, its memory's among them if it is longer than 32 KiB: it is lost).
 * Kept, in this process, for the next call (not for one of another thread that waits already, so
 * threads that share an end had better receive alike): -EMSGSIZE (`capacity` is too small; here
 * alone `*ret_size` is set on failure, to what is needed) and -EOVERFLOW (it brings descriptors:
 * use recv_fds). */
int mproc_connection_recv_into(struct mproc_connection *connection, void *buffer, size_t capacity,
                               size_t *ret_size, int64_t timeout_ns, struct mproc_err *err);
/* The same into memory of its own, which the caller frees by free(3). Never NULL on success.
 * Besides: -ENOMEM (kept). */
int mproc_connection_recv(struct mproc_connection *connection, void **ret, size_t *ret_size,
                          int64_t timeout_ns, struct mproc_err *err);
/* recv_into with at most `fds_max` descriptors, close-on-exec, the caller's to close; -EOVERFLOW:
 * there are more, and `*ret_fd_count` is set to how many. */
int mproc_connection_recv_fds(struct mproc_connection *connection, void *buffer, size_t capacity,
                              size_t *ret_size, int *fds, size_t fds_max, size_t *ret_fd_count,
                              int64_t timeout_ns, struct mproc_err *err);

/* Waits until a recv would not wait: a message is there, or the other end is gone. Errors:
 * -ETIMEDOUT. */
int mproc_connection_poll(struct mproc_connection *connection, int64_t timeout_ns,
                          struct mproc_err *err);

#ifdef __cplusplus
}
#endif
#endif
