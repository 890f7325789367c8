/* Files of a report: written whole or not at all. Driver only. */
#ifndef REPORTS_FILE_PUT_H
#define REPORTS_FILE_PUT_H

#include <mproc/err.h>
#include <stddef.h>

/* Writes `size` bytes as `name` in the open directory `folder`, synced, in place of an older file
 * of that name; on failure the older one stays and nothing is left beside it. The sentence names
 * the file and what to do (-ENOSPC, -EFBIG, -EACCES …). The caller ignores SIGXFSZ. */
int file_put(int folder, const char *name, const void *data, size_t size, struct mproc_err *err);

/* Error sentence for a failed step on `what` ("report.json", "the folder 'x'"). Returns `code`. */
int file_put_error(struct mproc_err *err, int code, const char *what);

#endif
