#include "known.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* AddressSanitizer's own memory about these pages would be touched, too. */
__attribute__((no_sanitize_address)) int known_faults(size_t count)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (count + 1) * page;
        char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int r = 0;

        if (pages == MAP_FAILED)
                return -errno;
        /* A huge page would come with one fault. A kernel without them has no such advice. */
        if (madvise(pages, bytes, MADV_NOHUGEPAGE) && errno != EINVAL)
                r = -errno;
        for (size_t i = 0; i < count; i++)
                ((volatile char *)pages)[i * page] = 1;
        munmap(pages, bytes);
        return r;
}

int known_switches(size_t count)
{
        /* Long enough that the timer does not fire before the thread has gone to sleep. */
        const struct timespec moment = {.tv_nsec = 200000};

        for (size_t i = 0; i < count; i++)
                if (nanosleep(&moment, NULL))
                        return -errno;
        return 0;
}

int known_in_child(int (*work)(size_t count), size_t count)
{
        int status;
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (!pid)
                _exit(work(count) ? 1 : 0);
        if (waitpid(pid, &status, 0) != pid)
                return -errno;
        return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}
