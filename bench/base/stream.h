/* Whole reads and writes on a stream socket. Every context. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* Never raises SIGPIPE. -EPIPE: the other side is gone. */
int stream_send(int fd, const void *data, size_t size);

/* Exactly `size` bytes. -EPIPE: end of file came first; -ETIMEDOUT: `deadline_ns` (CLOCK_MONOTONIC,
 * 0: none) passed; -EINTR: `stop_fd` (−1: none) became readable. */
int stream_receive(int fd, void *data, size_t size, uint64_t deadline_ns, int stop_fd);

#endif
