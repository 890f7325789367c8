/* Filling a struct mproc_err. Every context. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <mproc/err.h>

/* Writes code, stage and the formatted sentence (cut at the end when too long); returns `code`, so
 * that a failing function can end in `return error_set(err, -EINVAL, "place", …)`. `err` may be
 * NULL. */
__attribute__((format(printf, 4, 5))) int error_set(struct mproc_err *err, int code,
                                                    const char *stage, const char *format, ...);

/* As error_set, with ": <strerror> (<errno's name>)" behind the sentence. `code` is negative. */
__attribute__((format(printf, 4, 5))) int error_errno(struct mproc_err *err, int code,
                                                      const char *stage, const char *format, ...);

#endif
