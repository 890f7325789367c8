#include "count/busy_process.h"

#include "base/clock.h"
#include "base/text.h"
#include "count/process_time.h"
#include "count/small_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct row {
        int pid;
        uint64_t self_ns;
};

struct watch {
        const char *root;
        struct row *rows;
        size_t count, room;
        struct busy_process *busiest;
        uint64_t most_ns;
};

static bool note_time(const char *name, void *context)
{
        struct watch *watch = context;
        struct process_time time;

        if (!isdigit((unsigned char)*name) || atoi(name) == getpid() ||
            process_time_read(watch->root, atoi(name), &time))
                return false;
        if (watch->count == watch->room) {
                size_t room = watch->room ? 2 * watch->room : 256;
                struct row *rows = realloc(watch->rows, room * sizeof(*rows));

                if (!rows)
                        return true;
                watch->rows = rows;
                watch->room = room;
        }
        watch->rows[watch->count++] = (struct row){atoi(name), time.self_ns};
        return false;
}

static void compare_time(struct watch *watch, const struct row *row)
{
        struct process_time time;

        if (process_time_read(watch->root, row->pid, &time) ||
            time.self_ns < row->self_ns + watch->most_ns + 1)
                return;
        watch->most_ns = time.self_ns - row->self_ns;
        watch->busiest->pid = row->pid;
        text_copy(watch->busiest->comm, sizeof(watch->busiest->comm), time.comm);
}

bool busy_process_find(const char *root, uint64_t duration_ns, struct busy_process *ret)
{
        struct timespec pause = {.tv_sec = (time_t)(duration_ns / NS_PER_S),
                                 .tv_nsec = (long)(duration_ns % NS_PER_S)};
        struct busy_process busiest = {0};
        struct watch watch = {.root = root, .busiest = &busiest};
        uint64_t begin_ns = clock_now_ns();

        small_file_each(root, "/proc", note_time, &watch);
        nanosleep(&pause, NULL);
        for (size_t i = 0; i < watch.count; i++)
                compare_time(&watch, &watch.rows[i]);
        free(watch.rows);
        if (!watch.most_ns)
                return false;
        busiest.share = (double)watch.most_ns / (double)(clock_now_ns() - begin_ns);
        *ret = busiest;
        return true;
}
