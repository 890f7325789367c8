/* Keeps what mproc opens away from descriptors 0, 1 and 2. A program may have closed these, and
 * what it prints all the same would go into shared memory, or along the lifeline. Every context. */
#ifndef MPROC_STDIO_FDS_H
#define MPROC_STDIO_FDS_H

/* `fd` itself, or a copy above 2 in its place; -1 and errno if there is no room for that, and of
 * what was -1 already. */
int stdio_fds_avoid(int fd);

/* The same for both; a failure (-1) has closed them. */
int stdio_fds_avoid_pair(int fds[2]);

/* In a fresh process: /dev/null for each that is closed, so that what comes later lies above. */
void stdio_fds_fill(void);

#endif
