/* A test program that ends with more open descriptors than it began with has failed: something that
 * it called keeps them. Looked at when the program itself exits; workers leave by _exit. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FDS_MAX 1024

static bool open_before[FDS_MAX];

/* Calls `act` for every open descriptor but the one that it looks through. */
static void each_fd(void (*act)(int fd))
{
        DIR *folder = opendir("/proc/self/fd");
        struct dirent *entry;

        while (folder && (entry = readdir(folder))) {
                char *end;
                long fd = strtol(entry->d_name, &end, 10);

                if (!*end && fd < FDS_MAX && fd != dirfd(folder))
                        act((int)fd);
        }
        if (folder)
                closedir(folder);
}

static void note(int fd)
{
        open_before[fd] = true;
}

static int left;

static void report(int fd)
{
        char path[32], what[128] = "";
        ssize_t size;

        if (open_before[fd])
                return;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        size = readlink(path, what, sizeof(what) - 1);
        what[size > 0 ? size : 0] = '\0';
        fprintf(stderr, "left open: descriptor %d (%s)\n", fd, what);
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
