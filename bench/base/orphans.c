#include "base/orphans.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_orphan(int pid, const int *spared, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (spared[i] == pid)
                        return false;
        return getpgid(pid) != getpgrp();
}

/* The list may change while it is read: the caller looks again until there is none. */
static bool end_listed(const int *spared, size_t count)
{
        FILE *file = fopen("/proc/thread-self/children", "re");
        bool found = false;
        int pid;

        while (file && fscanf(file, "%d", &pid) == 1) {
                if (!is_orphan(pid, spared, count) || kill(pid, SIGKILL))
                        continue;
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                found = true;
        }
        if (file)
                fclose(file);
        return found;
}

void orphans_end(const int *spared, size_t count)
{
        siginfo_t info;

        while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && end_listed(spared, count))
                ;
}
