/* A folder that stands for the root of another machine: files of /proc and /sys below it. */
#ifndef TESTS_FAKE_ROOT_H
#define TESTS_FAKE_ROOT_H

#include <stddef.h>

/* Makes an empty one, and notes its path. A failure ends the test. */
void fake_root_init(char *root, size_t size);
/* Writes a file, and the folders above it. A file that exists keeps its inode. */
void fake_root_write(const char *root, const char *path, const char *text);
void fake_root_done(const char *root);

#endif
