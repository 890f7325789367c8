/* What the processes that others started take up. Host only. */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <stdint.h>

/* Proportional set size of all descendants of a process, now; without its own. What ends meanwhile,
 * or may not be read, is left out; 0: nothing was seen. */
uint64_t tree_pss_bytes(int pid);

#endif
