#include "count/busy_process.h"

#include "base/clock.h"
#include "base/text.h"
#include "count/process_time.h"
#include "count/small_file.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct row {
        int pid;
        uint64_t self_ns;
};

struct watch {
        const char *root;
        struct row *rows; /* as it was at the beginning */
        size_t count, room;
        struct busy_process *busiest;
        uint64_t most_ns;
};

static bool read_other(const char *name, const struct watch *watch, int *pid,
                       struct process_time *time)
{
        *pid = (int)strtol(name, NULL, 10); /* 0: no process */
        return *pid && *pid != getpid() && !process_time_read(watch->root, *pid, time);
}

static bool note_begin(const char *name, void *context)
{
        struct watch *watch = context;
        struct process_time time;
        int pid;

        if (!read_other(name, watch, &pid, &time))
                return false;
        if (watch->count == watch->room) {
                size_t room = watch->room ? 2 * watch->room : 256;
                struct row *rows = realloc(watch->rows, room * sizeof(*rows));

                if (!rows)
                        return true;
                watch->rows = rows;
                watch->room = room;
        }
        watch->rows[watch->count++] = (struct row){pid, time.self_ns};
        return false;
}

/* A process that was not there at the beginning has used all its time since. */
static bool note_end(const char *name, void *context)
{
        struct watch *watch = context;
        struct process_time time;
        uint64_t before_ns = 0;
        int pid;

        if (!read_other(name, watch, &pid, &time))
                return false;
        for (size_t i = 0; i < watch->count; i++)
                if (watch->rows[i].pid == pid)
                        before_ns = watch->rows[i].self_ns;
        if (time.self_ns > before_ns + watch->most_ns) {
                watch->most_ns = time.self_ns - before_ns;
                watch->busiest->pid = pid;
                text_copy(watch->busiest->comm, sizeof(watch->busiest->comm), time.comm);
        }
        return false;
}

bool busy_process_find(const char *root, uint64_t duration_ns, struct busy_process *ret)
{
        struct timespec pause = {.tv_sec = (time_t)(duration_ns / NS_PER_S),
                                 .tv_nsec = (long)(duration_ns % NS_PER_S)};
        struct busy_process busiest = {0};
        struct watch watch = {.root = root, .busiest = &busiest};
        uint64_t begin_ns = clock_now_ns();

        small_file_each(root, "/proc", note_begin, &watch);
        nanosleep(&pause, NULL);
        small_file_each(root, "/proc", note_end, &watch);
        free(watch.rows);
        if (!watch.most_ns)
                return false;
        busiest.share = (double)watch.most_ns / (double)(clock_now_ns() - begin_ns);
        *ret = busiest;
        return true;
}
