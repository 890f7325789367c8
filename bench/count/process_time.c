#include "count/process_time.h"

#include "base/clock.h"
#include "base/text.h"
#include "count/small_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_MAX 257

int process_time_read(const char *root, int pid, struct process_time *ret)
{
        char text[1024], *open, *close;
        uint64_t user, system, reaped_user, reaped_system;
        long ticks = sysconf(_SC_CLK_TCK);
        uint64_t tick_ns = NS_PER_S / (ticks > 0 ? (uint64_t)ticks : 100);
        int r = small_file_read(root, text, sizeof(text), "/proc/%d/stat", pid);

        if (r < 0)
                return r;
        open = strchr(text, '(');
        close = strrchr(text, ')'); /* the name may hold parentheses and spaces */
        if (!open || !close ||
            sscanf(close + 1,
                   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64
                   " %" SCNu64,
                   &user, &system, &reaped_user, &reaped_system) != 4)
                return -EPROTO;
        *close = '\0';
        text_copy(ret->comm, sizeof(ret->comm), open + 1);
        ret->self_ns = (user + system) * tick_ns;
        ret->reaped_ns = (reaped_user + reaped_system) * tick_ns;
        return 0;
}

struct tree {
        const char *root;
        int pids[TREE_MAX];
        size_t count, at;
};

static bool add_children(const char *thread, void *context)
{
        struct tree *tree = context;
        char text[4096], *cursor = text, *end;

        small_file_read(tree->root, text, sizeof(text), "/proc/%d/task/%s/children",
                        tree->pids[tree->at], thread);
        for (; tree->count < TREE_MAX; cursor = end) {
                long pid = strtol(cursor, &end, 10);

                if (end == cursor)
                        break;
                tree->pids[tree->count++] = (int)pid;
        }
        return false;
}

uint64_t process_tree_ns(const char *root, int pid)
{
        struct tree tree = {.root = root, .pids = {pid}, .count = 1};
        struct process_time time;
        char path[48];
        uint64_t sum = 0;

        for (; tree.at < tree.count; tree.at++) {
                if (process_time_read(root, tree.pids[tree.at], &time))
                        continue;
                sum += time.self_ns + time.reaped_ns;
                snprintf(path, sizeof(path), "/proc/%d/task", tree.pids[tree.at]);
                small_file_each(root, path, add_children, &tree);
        }
        return sum;
}
