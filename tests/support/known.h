/* Work whose events are known beforehand. For tests of counters. */
#ifndef SUPPORT_KNOWN_H
#define SUPPORT_KNOWN_H

#include <stddef.h>

/* `count` page faults: touches fresh pages, each once. 0 or a negative errno. */
int known_faults(size_t count);

/* `count` voluntary context switches: waits so often for a moment to pass. */
int known_switches(size_t count);

/* The same in a child process, which is waited for. */
int known_in_child(int (*work)(size_t count), size_t count);

#endif
