/* Processes that others left behind. For a process that is a subreaper (prctl(2),
 * PR_SET_CHILD_SUBREAPER) and so becomes their parent. Its main thread only. */
#ifndef BASE_ORPHANS_H
#define BASE_ORPHANS_H

#include <stddef.h>

/* Kills and reaps all children outside of this process's own process group, and whoever becomes a
 * child by that, save those that are `spared`. Where the kernel does not list children
 * (CONFIG_PROC_CHILDREN), and for those of another user, nothing is done. */
void orphans_end(const int *spared, size_t count);

#endif
