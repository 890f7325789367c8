#include "locks/lock_add.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

static void set(int fd, short type)
{
        struct flock whole = {.l_type = type, .l_whence = SEEK_SET};

        while (__builtin_expect(fcntl(fd, F_OFD_SETLKW, &whole) != 0, 0))
                if (errno != EINTR)
                        abort(); /* no lock was had: to go on would be to measure nothing */
}

static void acquire(void *lock, struct lock_self *self)
{
        (void)lock;
        set(self->fd, F_WRLCK);
}

static void release(void *lock, struct lock_self *self)
{
        (void)lock;
        set(self->fd, F_UNLCK);
}

LOCK_DEFINE_ADD

const struct lock lock_ofdlock = {
        .strategy = {.name = "ofdlock",
                     .summary = "file lock of an open file description (fcntl F_OFD_SETLKW)",
                     .flags = MPB_NEEDS_FD,
                     .advice = "Lock a file around the update: it needs no shared memory, and is "
                               "released when its holder dies."},
        .acquire = acquire,
        .release = release,
        .add = add,
};
