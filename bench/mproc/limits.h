/* The errno of a system call that failed for want of something, with the limit that is likely the
 * cause and what to do. Every context. */
#ifndef MPROC_LIMITS_H
#define MPROC_LIMITS_H

#include <mproc/err.h>

/* As error_errno: `what` says what could not be done. Returns `code`. */
int limits_error(struct mproc_err *err, int code, const char *stage, const char *what);

#endif
