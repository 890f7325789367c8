/* A test program that ends with more open descriptors above stderr than it began with has failed:
 * something that it called keeps them. Looked at when the program itself exits; workers leave by
 * _exit. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS_MAX 1024

/* What mproc keeps for the life of a process that started others: both ends of its lifeline, the
 * fork server's socket and pidfd. Ends of pipes and sockets beyond these are left over. */
#define MPROC_KEEPS 4

static bool open_before[FDS_MAX];
static int kept, left;

/* Calls `act` for every open descriptor but the one that it looks through. */
static void each_fd(void (*act)(int fd, const char *target))
{
        DIR *folder = opendir("/proc/self/fd");
        struct dirent *entry;

        while (folder && (entry = readdir(folder))) {
                char *end, target[128];
                long fd = strtol(entry->d_name, &end, 10);
                ssize_t size;

                if (*end || fd >= FDS_MAX || fd == dirfd(folder))
                        continue;
                size = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
                target[size > 0 ? size : 0] = '\0';
                act((int)fd, target);
        }
        if (folder)
                closedir(folder);
}

static void note(int fd, const char *target)
{
        (void)target;
        open_before[fd] = true;
}

static void report(int fd, const char *target)
{
        bool may_be_kept = !strncmp(target, "pipe:", 5) || !strncmp(target, "socket:", 7) ||
                           !strcmp(target, "anon_inode:[pidfd]");

        if (fd <= STDERR_FILENO || open_before[fd] || (may_be_kept && ++kept <= MPROC_KEEPS))
                return;
        fprintf(stderr, "left open: descriptor %d (%s)\n", fd, target);
        left++;
}

__attribute__((constructor)) static void note_descriptors(void)
{
        each_fd(note);
}

__attribute__((destructor)) static void find_leftovers(void)
{
        each_fd(report);
        if (left)
                _exit(1);
}
