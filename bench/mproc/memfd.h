/* Anonymous memory that a descriptor stands for. Every context. */
#ifndef MPROC_MEMFD_H
#define MPROC_MEMFD_H

#include <mproc/err.h>
#include <stddef.h>

/* A new memfd of `size` zeroed bytes, close-on-exec, or a negative errno. -EFBIG: RLIMIT_FSIZE,
 * found before the kernel would send SIGXFSZ. */
int memfd_new(const char *name, size_t size, struct mproc_err *err);

#endif
