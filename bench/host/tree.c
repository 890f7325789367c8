#include "host/tree.h"

#include "host/meter.h"
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 32 /* a chain of processes that is longer is cut off */

static uint64_t below(int pid, int depth);

/* The children of one thread, and all below them. */
static uint64_t below_thread(int pid, const char *thread, int depth)
{
        uint64_t bytes = 0;
        char path[64];
        FILE *file;
        int child;

        snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, thread);
        file = fopen(path, "re");
        while (file && fscanf(file, "%d", &child) == 1)
                bytes += meter_pss_bytes(child) + below(child, depth + 1);
        if (file)
                fclose(file);
        return bytes;
}

static uint64_t below(int pid, int depth)
{
        uint64_t bytes = 0;
        struct dirent *entry;
        char path[32];
        DIR *threads;

        snprintf(path, sizeof(path), "/proc/%d/task", pid);
        threads = depth < DEPTH_MAX ? opendir(path) : NULL;
        while (threads && (entry = readdir(threads)))
                if (isdigit((unsigned char)*entry->d_name))
                        bytes += below_thread(pid, entry->d_name, depth);
        if (threads)
                closedir(threads);
        return bytes;
}

uint64_t tree_pss_bytes(int pid)
{
        return pid > 0 ? below(pid, 0) : 0;
}
