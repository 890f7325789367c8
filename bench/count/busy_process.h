/* Who else uses the CPUs right now. Driver only. */
#ifndef COUNT_BUSY_PROCESS_H
#define COUNT_BUSY_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct busy_process {
        int pid;
        char comm[32];
        double share; /* of one CPU */
};

/* Watches all visible processes but this one for `duration_ns`, and gives the busiest. false: none
 * used any time, or there is no /proc. */
bool busy_process_find(const char *root, uint64_t duration_ns, struct busy_process *ret);

#endif
