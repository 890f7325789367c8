/* A file to read from: nameless, of known content, made once per process and enlarged as needed.
 * Host only, one thread. */
#ifndef SUPPORT_WORK_FILE_H
#define SUPPORT_WORK_FILE_H

#include <mproc/err.h>
#include <stdint.h>

/* Makes sure that the file holds at least `bytes` (a multiple of 8), in $TMPDIR or, where that is
 * not set, /var/tmp. `*fd` stays this module's and lasts as long as the process; the kernel frees
 * the file with its last descriptor. Errors: those of open and write; -EFBIG: RLIMIT_FSIZE. */
int work_file_open(uint64_t bytes, int *fd, struct mproc_err *err);

/* Brings the first `bytes` into the page cache. */
int work_file_warm(uint64_t bytes, struct mproc_err *err);

/* Takes the whole file out of the page cache, and looks whether it is gone. -EOPNOTSUPP: this file
 * system keeps it. */
int work_file_drop(uint64_t bytes, struct mproc_err *err);

/* Sum of the file's 64-bit words up to `bytes`, mod 2^64. */
uint64_t work_file_sum(uint64_t bytes);

#endif
