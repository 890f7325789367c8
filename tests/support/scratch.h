/* A folder of a test's own, and a process of its own for what would hurt the test program. A
 * failure ends the test. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#define SCRATCH_PATH_BYTES 512

/* Makes an empty folder under $TMPDIR. */
void scratch_init(char path[SCRATCH_PATH_BYTES]);
void scratch_done(const char *path); /* with all that is in it */

/* "path/name", in a buffer that the next but three calls use again. */
const char *scratch_path(const char *path, const char *name);

size_t scratch_count(const char *path); /* entries of a folder; hidden ones too */
bool scratch_has(const char *path, const char *name);
char *scratch_read(const char *path, const char *name, size_t *size); /* malloc'ed, terminated */
void scratch_write(const char *path, const char *name, const char *text, unsigned mode);

/* Runs `function` in a child, where cmocka's asserts do not work: what it returns is the exit
 * status, and that is returned. A child that dies of a signal fails the test. */
int scratch_child(int (*function)(const char *path), const char *path);

#endif
