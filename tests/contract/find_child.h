/* A process by its name and its parent. For tests. */
#ifndef CONTRACT_FIND_CHILD_H
#define CONTRACT_FIND_CHILD_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Pid of some process named `comm` whose parent is `parent`; 0: there is none. Pids start anew from
 * the lowest ones when they have come to their end, so all are looked at. */
static inline pid_t find_child(const char *comm, pid_t parent)
{
        DIR *folder = opendir("/proc");
        struct dirent *entry;
        pid_t found = 0;

        while (folder && !found && (entry = readdir(folder))) {
                char path[64], name[32];
                int pid = atoi(entry->d_name), ppid = 0;
                FILE *file;

                snprintf(path, sizeof(path), "/proc/%d/stat", pid);
                file = pid ? fopen(path, "re") : NULL;
                if (!file)
                        continue;
                if (fscanf(file, "%*d (%31[^)]) %*c %d", name, &ppid) == 2 && ppid == parent &&
                    !strcmp(name, comm))
                        found = pid;
                fclose(file);
        }
        if (folder)
                closedir(folder);
        return found;
}

#endif
