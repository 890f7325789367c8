/* isolate [--limit=SECONDS] [--fixed-addresses] PROGRAM [ARGS…]: runs one test so that nothing of
 * it stays.
 *
 * The test gets a session of its own and a time limit. This process is the reaper of all that
 * descends from it, so whatever still runs when the test has ended is found, named and killed,
 * also when it has left the session; the same goes for what appeared in /dev/shm. Exit status: the
 * test's own, 128 + signal, 124 for the time limit, 123 when something was left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_LEFT = 123, EXIT_LIMIT = 124, EXIT_ISOLATE = 125 };

/* For children that die with their parent: the kernel's signal is on its way. */
#define SETTLE_S 2
#define SHM_FOLDER "/dev/shm"
#define ENTRIES_MAX 1024

static double now_s(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for one of `signals` until `deadline_s`; 0: none came. */
static int signal_until(const sigset_t *signals, double deadline_s)
{
        double left_s = deadline_s - now_s();
        struct timespec wait;
        int number;

        if (left_s < 0)
                left_s = 0;
        wait.tv_sec = (time_t)left_s;
        wait.tv_nsec = (long)((left_s - (double)wait.tv_sec) * 1e9);
        number = sigtimedwait(signals, NULL, &wait);
        return number > 0 ? number : 0;
}

/* Reaps all that has ended. True while something still runs; `*status` is set when `test` ended. */
static bool reap(pid_t test, int *status, bool *ended)
{
        int one;
        pid_t pid;

        while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
                if (pid == test) {
                        *status = one;
                        *ended = true;
                }
        return pid == 0;
}

static void describe(pid_t pid)
{
        char path[64], line[256];
        ssize_t size = 0;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                size = read(fd, line, sizeof(line) - 1);
                close(fd);
        }
        if (size < 0)
                size = 0;
        for (ssize_t i = 0; i + 1 < size; i++)
                if (!line[i])
                        line[i] = ' ';
        line[size] = '\0';
        fprintf(stderr, "isolate: still running: process %d (%s)\n", pid, line);
}

/* The parent of `pid`, or 0; `*state` as in proc(5). */
static pid_t parent_of(long pid, char *state)
{
        char path[64], text[512] = "", *after;
        int parent = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
        file = fopen(path, "re");
        if (!file)
                return 0;
        /* comm may hold spaces and brackets: the fields count from the last bracket. */
        if (!fgets(text, sizeof(text), file) || !(after = strrchr(text, ')')) ||
            sscanf(after, ") %c %d", state, &parent) != 2)
                parent = 0;
        fclose(file);
        return parent;
}

/* Calls `act` for every descendant of `ancestor` that still runs. */
static void each_descendant(pid_t ancestor, void (*act)(pid_t pid))
{
        DIR *folder = opendir("/proc");
        struct dirent *entry;

        while (folder && (entry = readdir(folder))) {
                char state, *end;
                long pid = strtol(entry->d_name, &end, 10);

                if (*end || pid <= 0 || parent_of(pid, &state) != ancestor)
                        continue;
                if (state != 'Z')
                        act((pid_t)pid);
                each_descendant((pid_t)pid, act);
        }
        if (folder)
                closedir(folder);
}

static void kill_one(pid_t pid)
{
        kill(pid, SIGKILL);
}

/* Kills the whole family. What a killed process leaves behind becomes a child of this one, so some
 * rounds may be needed. */
static void kill_family(pid_t test, int *status, bool *ended, const sigset_t *signals)
{
        while (reap(test, status, ended)) {
                each_descendant(getpid(), kill_one);
                signal_until(signals, now_s() + 0.05);
        }
}

struct entries {
        char *name[ENTRIES_MAX];
        size_t count;
};

static void shm_list(struct entries *ret)
{
        DIR *folder = opendir(SHM_FOLDER);
        struct dirent *entry;

        while (folder && (entry = readdir(folder)) && ret->count < ENTRIES_MAX) {
                char *name = entry->d_name[0] == '.' ? NULL : strdup(entry->d_name);

                if (name)
                        ret->name[ret->count++] = name;
        }
        if (folder)
                closedir(folder);
}

static bool has_entry(const struct entries *entries, const char *name)
{
        for (size_t i = 0; i < entries->count; i++)
                if (!strcmp(entries->name[i], name))
                        return true;
        return false;
}

static bool shm_grew(const struct entries *before)
{
        struct entries after = {.count = 0};
        bool grew = false;

        shm_list(&after);
        for (size_t i = 0; i < after.count; i++) {
                if (!has_entry(before, after.name[i])) {
                        fprintf(stderr, "isolate: left behind: shared memory %s/%s\n", SHM_FOLDER,
                                after.name[i]);
                        grew = true;
                }
                free(after.name[i]);
        }
        return grew;
}

static pid_t start(char **argv, bool fixed_addresses, const sigset_t *signals)
{
        pid_t pid = fork();
        int null;

        if (pid)
                return pid;
        sigprocmask(SIG_UNBLOCK, signals, NULL);
        setsid();
        null = open("/dev/null", O_RDONLY);
        if (null >= 0) {
                dup2(null, STDIN_FILENO);
                if (null != STDIN_FILENO)
                        close(null);
        }
        if (fixed_addresses)
                personality(ADDR_NO_RANDOMIZE);
        execvp(argv[0], argv);
        fprintf(stderr, "isolate: %s: %s\n", argv[0], strerror(errno));
        _exit(EXIT_ISOLATE);
}

/* Waits for the test and then for its family. 0, or the exit status of a failure. */
static int watch(pid_t test, int limit_s, const sigset_t *signals, int *status)
{
        double deadline_s = now_s() + limit_s;
        bool ended = false, running = true;

        while (running) {
                int number = signal_until(signals, deadline_s);
                bool was_ended = ended;

                running = reap(test, status, &ended);
                if (number && number != SIGCHLD) {
                        kill_family(test, status, &ended, signals);
                        return 128 + number;
                }
                if (ended && !was_ended)
                        deadline_s = now_s() + SETTLE_S;
                if (!running || now_s() < deadline_s)
                        continue;
                if (!ended)
                        fprintf(stderr, "isolate: over the time limit of %d s\n", limit_s);
                each_descendant(getpid(), describe);
                was_ended = ended;
                kill_family(test, status, &ended, signals);
                return was_ended ? EXIT_LEFT : EXIT_LIMIT;
        }
        return 0;
}

int main(int argc, char **argv)
{
        static struct entries before;
        bool fixed_addresses = false;
        int limit_s = 60, status = 0, failure, i;
        sigset_t signals;
        pid_t test;

        for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
                if (!strncmp(argv[i], "--limit=", 8))
                        limit_s = (int)strtol(argv[i] + 8, NULL, 10);
                else if (!strcmp(argv[i], "--fixed-addresses"))
                        fixed_addresses = true;
                else
                        break;
        }
        if (i >= argc || limit_s <= 0) {
                fprintf(stderr,
                        "usage: isolate [--limit=SECONDS] [--fixed-addresses] PROGRAM [ARGS…]\n");
                return EXIT_ISOLATE;
        }
        sigemptyset(&signals);
        sigaddset(&signals, SIGCHLD);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGHUP);
        sigprocmask(SIG_BLOCK, &signals, NULL);
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        shm_list(&before);

        test = start(argv + i, fixed_addresses, &signals);
        if (test < 0) {
                perror("isolate: fork");
                return EXIT_ISOLATE;
        }
        failure = watch(test, limit_s, &signals, &status);
        if (shm_grew(&before) && !failure)
                failure = EXIT_LEFT;
        for (size_t n = 0; n < before.count; n++)
                free(before.name[n]);
        /* A test's own failure says more than what it left. */
        if (failure && failure != EXIT_LEFT)
                return failure;
        if (WIFSIGNALED(status)) {
                fprintf(stderr, "isolate: the test was killed by SIG%s\n",
                        sigabbrev_np(WTERMSIG(status)));
                return 128 + WTERMSIG(status);
        }
        return WEXITSTATUS(status) ? WEXITSTATUS(status) : failure;
}
