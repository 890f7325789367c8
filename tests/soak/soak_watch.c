#include "soak/soak.h"

#include <malloc.h>
#include <stdarg.h>

/* What processes do --------------------------------------------------------------------------- */

/* The first line of a file of /proc, or "?". */
static const char *first_line(char *line, size_t size, const char *path)
{
        FILE *file = fopen(path, "re");

        if (!file || !fgets(line, (int)size, file))
                snprintf(line, size, "?");
        if (file)
                fclose(file);
        line[strcspn(line, "\n")] = '\0';
        return line;
}

static void print_thread(pid_t pid, const char *thread)
{
        static const char *const files[] = {"comm", "wchan", "syscall"};
        char path[300], line[512], text[4096];
        const char *state;
        FILE *stack;

        fprintf(stderr, "    thread %s:", thread);
        snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", (int)pid, thread);
        state = strrchr(first_line(line, sizeof(line), path), ')');
        fprintf(stderr, " state %.2s", state ? state + 2 : "?");
        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
                snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", (int)pid, thread, files[i]);
                fprintf(stderr, ", %s %s", files[i], first_line(line, sizeof(line), path));
        }
        fputc('\n', stderr);
        snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", (int)pid, thread);
        stack = fopen(path, "re"); /* for root */
        while (stack && fgets(text, sizeof(text), stack))
                fprintf(stderr, "        %s", text);
        if (stack)
                fclose(stack);
}

static void print_process(pid_t pid, const char *comm, void *depth)
{
        char path[64];
        struct dirent *entry;
        int deeper = *(int *)depth + 1;
        DIR *dir;

        fprintf(stderr, "  process %d (%s), generation %d\n", (int)pid, comm, *(int *)depth);
        snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
        dir = opendir(path);
        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        print_thread(pid, entry->d_name);
        if (dir)
                closedir(dir);
        for_children(pid, print_process, &deeper);
}

static void kill_family(pid_t pid, const char *comm, void *context)
{
        (void)comm;
        for_children(pid, kill_family, context);
        kill(pid, SIGKILL);
}

static bool hold_on;
static uint64_t seed_used;

void soak_fail(const struct stage *stage, const char *format, ...)
{
        static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
        int generation = 0;
        va_list args;

        pthread_mutex_lock(&once);
        fprintf(stderr, "soak: FAILED, with seed %llu", (unsigned long long)seed_used);
        if (stage)
                fprintf(stderr, " in %s, %s, %s", stage->scene->name, stage->start,
                        stage->transport);
        fputs(": ", stderr);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputs("\nWhat runs:\n", stderr);
        print_process(getpid(), "soak", &generation);
        if (stage && stage->describe)
                stage->describe(stage);
        if (stage && stage->board)
                fprintf(stderr, "  operations %llu, stop %u, complaints %u: %s\n",
                        (unsigned long long)stage->board->operations, stage->board->stop,
                        stage->board->complaints, stage->board->complaint);
        while (hold_on)
                pause();
        for_children(getpid(), kill_family, NULL);
        _exit(1);
}

/* Hangs --------------------------------------------------------------------------------------- */

static pthread_mutex_t step_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct stage *step_stage;
static const char *step_what = "begins";
static uint64_t step_ns;

void soak_step(const struct stage *stage, const char *what)
{
        pthread_mutex_lock(&step_lock);
        step_stage = stage;
        step_what = what;
        step_ns = clock_now_ns();
        pthread_mutex_unlock(&step_lock);
}

static void *watch(void *unused)
{
        for (;;) {
                const struct stage *stage;
                const char *what;
                uint64_t since;

                nap(NS_PER_S / 2);
                pthread_mutex_lock(&step_lock);
                stage = step_stage;
                what = step_what;
                since = step_ns;
                pthread_mutex_unlock(&step_lock);
                if (stage && clock_now_ns() > since + SOAK_HUNG_S * NS_PER_S)
                        soak_fail(stage, "it hangs: for %d s it %s", SOAK_HUNG_S, what);
        }
        return unused;
}

void soak_watch_start(uint64_t seed, bool hold)
{
        pthread_t thread;

        seed_used = seed;
        hold_on = hold;
        if (pthread_create(&thread, NULL, watch, NULL))
                soak_fail(NULL, "cannot start the thread that watches");
        pthread_detach(thread);
}

/* What is left behind ------------------------------------------------------------------------- */

static struct belongings stock;
static size_t stock_server_fds;

static size_t count_fds_of(pid_t pid)
{
        char path[64];
        size_t n = 0;
        DIR *dir;

        snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        dir = opendir(path);
        while (dir && readdir(dir))
                n++;
        if (dir)
                closedir(dir);
        return n;
}

static void count_one(pid_t pid, const char *comm, void *context)
{
        (void)comm;
        *(size_t *)context += 1;
        for_children(pid, count_one, context);
}

static size_t count_family(void)
{
        size_t n = 0;

        for_children(getpid(), count_one, &n);
        return n;
}

/* There is a fork server, and mproc knows of its predecessor's death, which may fall into a start.
 */
static void restore_server(const struct stage *stage)
{
        struct mproc_process_options options = {.start = "forkserver", .target = return_zero};
        struct mproc_process *process;
        struct mproc_err err = {0};
        int r = mproc_process_start(&process, &options, &err);

        if (r == -ECONNRESET)
                r = mproc_process_start(&process, &options, &err);
        if (r || mproc_process_join(process, SOAK_WAIT_NS, NULL, &err))
                soak_fail(stage, "a start after the scene: %s", err.text);
        mproc_process_free(process);
}

/* Orphans of killed fork servers, which nobody else waits for, as this process is their reaper. */
static void reap_orphans(void)
{
        siginfo_t info;

        for (;;) {
                info.si_pid = 0;
                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) || !info.si_pid)
                        break;
        }
}

void soak_stock_take(void)
{
        restore_server(NULL);
        while (count_family() > 1)
                nap(NS_PER_MS);
        nap(20 * NS_PER_MS); /* the server is closing what it had of that process; see below */
        stock = take_stock();
        stock_server_fds = count_fds_of(server_pid());
}

static void print_links(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                char link[600], target[256] = "";

                snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
                if (readlink(link, target, sizeof(target) - 1) > 0)
                        fprintf(stderr, "  %s: %s\n", link, target);
        }
        if (dir)
                closedir(dir);
}

static void print_mappings(void)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        char line[512];

        while (maps && fgets(line, sizeof(line), maps))
                if (strstr(line, "memfd:") || strstr(line, "/dev/zero"))
                        fprintf(stderr, "  %s", line);
        if (maps)
                fclose(maps);
}

void soak_stock_compare(const struct stage *stage)
{
        uint64_t deadline = clock_now_ns() + SOAK_WAIT_NS;
        struct belongings now;
        size_t server_fds;

        soak_step(stage, "looks for what was left");
        restore_server(stage);
        /* Orphans die a moment after their server, and it reaps its own a moment after the join. */
        for (;;) {
                reap_orphans();
                now = take_stock();
                server_fds = count_fds_of(server_pid());
                if (count_family() == 1 && now.fds == stock.fds && now.mappings == stock.mappings &&
                    server_fds <= stock_server_fds) {
                        stock_server_fds = server_fds;
                        return;
                }
                if (clock_now_ns() > deadline)
                        break;
                nap(NS_PER_MS);
        }
        print_links("/proc/self/fd");
        print_mappings();
        soak_fail(stage,
                  "left behind: %zu descriptors (%zu before), %zu of the fork server (%zu), "
                  "%zu mappings (%zu), %zu processes besides the fork server",
                  now.fds, stock.fds, server_fds, stock_server_fds, now.mappings, stock.mappings,
                  count_family() - 1);
}

uint64_t soak_pss_bytes(void)
{
        FILE *file = fopen("/proc/self/smaps_rollup", "re");
        unsigned long long kib = 0;
        char line[256];

        malloc_trim(0);
        while (file && fgets(line, sizeof(line), file))
                if (sscanf(line, "Pss: %llu", &kib) == 1)
                        break;
        if (file)
                fclose(file);
        return kib * 1024;
}
