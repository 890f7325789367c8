/* Small text files of /proc and /sys, read below a root so that tests can show a machine of their
 * own. Driver only. `root` is "" for this machine. */
#ifndef COUNT_SMALL_FILE_H
#define COUNT_SMALL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file's beginning, terminated, without white space at the end. Returns its length or a
 * negative errno; `buf` is empty then. */
__attribute__((format(printf, 4, 5))) int small_file_read(const char *root, char *buf, size_t size,
                                                          const char *path, ...);

/* A number at the file's beginning, or `fallback`. */
__attribute__((format(printf, 3, 4))) int64_t small_file_int(const char *root, int64_t fallback,
                                                             const char *path, ...);

bool small_file_exists(const char *root, const char *path);

/* Calls `visit` with each name in a folder, "." and ".." left out, until it returns true. Returns
 * what the last call returned; false: no such folder, or it is empty. */
bool small_file_each(const char *root, const char *path,
                     bool (*visit)(const char *name, void *context), void *context);

#endif
