/* The arguments of each run of a command, out of the book that the driver has written
 * (model/book.h). */
#ifndef SUPPORT_COMMAND_LINE_H
#define SUPPORT_COMMAND_LINE_H

#include "model/book.h"

#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>

struct command_line {
        const struct book *book;
        size_t book_bytes;
        char **argv; /* of the run that was filled in last, and NULL */
        char *text;  /* what argv points into */
};

/* The lines that the book has, 0 where every run is the same. Errors as below. */
int command_line_count(int book_fd, uint32_t *lines, struct mproc_err *err);

/* Maps the book and makes room for the longest arguments. -EPROTO: it is none, or of another
 * build. What was made of it is for command_line_done to drop, also after a failure.
 * Worker only, as all below. */
int command_line_init(struct command_line *line, int book_fd, struct mproc_err *err);
void command_line_done(struct command_line *line);

const char *command_line_program(const struct command_line *line);

/* Run number `run` of `runs` in all. Neither allocates nor fails. */
void command_line_fill(struct command_line *line, uint64_t run, uint64_t runs);

#endif
