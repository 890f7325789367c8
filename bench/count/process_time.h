/* CPU time of processes, from /proc. Driver only. */
#ifndef COUNT_PROCESS_TIME_H
#define COUNT_PROCESS_TIME_H

#include <stdint.h>

struct process_time {
        uint64_t self_ns;   /* user and system time, all its threads */
        uint64_t reaped_ns; /* of the children that it has waited for, and theirs */
        char comm[32];
};

/* 0, or a negative errno: there is no such process. */
int process_time_read(const char *root, int pid, struct process_time *ret);

/* Of a process, its living descendants, and all that they have reaped; 0 when it is gone. Time of
 * a process whose parent died before it, and of more than 256 descendants, is not found. */
uint64_t process_tree_ns(const char *root, int pid);

#endif
