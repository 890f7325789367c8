/* One message with descriptors over a SOCK_SEQPACKET socket. Every context. */
#ifndef MPROC_PACKET_H
#define MPROC_PACKET_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define PACKET_FDS_MAX 253 /* the kernel's SCM_MAX_FD */

/* 0, or a negative errno; -EPIPE: the other side is gone. */
int packet_send(int sock, const void *data, size_t size, const int *fds, size_t fd_count);

/* Receives exactly `size` bytes and at most `fds_max` descriptors, close-on-exec. `flags` as of
 * recvmsg(2). -EPIPE: the other side is gone. -EMFILE: descriptors were lost for want of room; the
 * data is there, and those that came are closed. -EPROTO: another size. */
int packet_receive(int sock, void *data, size_t size, int *fds, size_t fds_max, size_t *fd_count,
                   int flags);

/* The same in parts, and as the kernel says it: bytes of the packet, 0 when the other side is gone,
 * or a negative errno, -EMFILE as above. `flags` as of sendmsg(2) and recvmsg(2). */
int packet_send_parts(int sock, const struct iovec *parts, size_t part_count, const int *fds,
                      size_t fd_count, int flags);
ssize_t packet_receive_any(int sock, void *data, size_t size, int *fds, size_t fds_max,
                           size_t *fd_count, int flags);

#endif
