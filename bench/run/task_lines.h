/* The tasks of a command, a line each, as the user gave them. Driver only. */
#ifndef RUN_TASK_LINES_H
#define RUN_TASK_LINES_H

#include <mproc/err.h>
#include <stdint.h>

#define TASK_LINES_MAX 1000000
#define TASK_LINES_BYTES_MAX (64 << 20)
#define TASK_LINE_BYTES_MAX (128 * 1024 - 1) /* the kernel's limit of one argument */

/* Reads `name`, or stdin where it is "-", to its end. `*fd`: a new memfd that holds the lines one
 * after the other, each ended by NUL; the caller closes it. A carriage return before the newline is
 * dropped, and so are empty lines; the last line needs no newline. Errors: those of open and read;
 * -EINVAL with the line's number: it is too long, or holds a NUL byte, or there are too many, or
 * none. */
int task_lines_read(const char *name, int *fd, uint64_t *count, struct mproc_err *err);

#endif
