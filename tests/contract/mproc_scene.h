/* What the tests of mproc share: every test runs under each start method that its promise is about,
 * has a time limit, and must leave no descriptor, child or mapping. Scenes run in a process of
 * their own, for what would spoil the test program (limits, signals, a death). */
#ifndef MPROC_SCENE_H
#define MPROC_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mproc/mproc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 30
#define SECOND_NS 1000000000ll

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

/* In a scene: says where, and ends it as failed. */
#define CHECK(condition)                                                                \
        do {                                                                            \
                if (!(condition)) {                                                     \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        _exit(1);                                                       \
                }                                                                       \
        } while (0)

struct belongings {
        size_t fds, children, mappings;
};

static inline size_t count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        size_t n = 0;

        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

struct process_stat {
        char comm[64], state; /* state: R, S, T, … of proc(5) */
        pid_t parent;
};

/* False: there is no such process. */
static inline bool read_stat(pid_t pid, struct process_stat *ret)
{
        char path[32], line[512] = "", *open, *close;
        FILE *file;
        bool known;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        file = fopen(path, "re");
        if (!file)
                return false;
        open = fgets(line, sizeof(line), file) ? strchr(line, '(') : NULL;
        close = open ? strrchr(open, ')') : NULL; /* a name may hold one, too */
        known = close && sscanf(close + 1, " %c %d", &ret->state, &ret->parent) == 2;
        if (known) {
                *close = '\0';
                snprintf(ret->comm, sizeof(ret->comm), "%s", open + 1);
        }
        fclose(file);
        return known;
}

/* Until the process is in that state: asleep, stopped. */
static inline void await_state(pid_t pid, char state)
{
        struct process_stat stat = {0};

        do
                assert_true(read_stat(pid, &stat));
        while (stat.state != state);
}

/* Calls `each` for every child; returns how many there are. */
static inline size_t for_children(pid_t parent, void (*each)(pid_t pid, const char *comm, void *),
                                  void *context)
{
        DIR *dir = opendir("/proc");
        struct dirent *entry;
        size_t n = 0;

        while ((entry = readdir(dir))) {
                struct process_stat stat;
                int pid = atoi(entry->d_name);

                if (pid <= 0 || !read_stat(pid, &stat) || stat.parent != parent)
                        continue;
                n++;
                if (each)
                        each(pid, stat.comm, context);
        }
        closedir(dir);
        return n;
}

struct wanted_child {
        const char *comm;
        pid_t pid;
};

static inline void compare_child(pid_t pid, const char *comm, void *context)
{
        struct wanted_child *wanted = context;

        if (!strcmp(comm, wanted->comm))
                wanted->pid = pid;
}

/* Some child of that name; 0: there is none. */
static inline pid_t find_child(const char *comm, pid_t parent)
{
        struct wanted_child wanted = {.comm = comm};

        for_children(parent, compare_child, &wanted);
        return wanted.pid;
}

/* Shared memory that is mapped: segments and control blocks. */
static inline size_t count_mappings(void)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        char line[512];
        size_t n = 0;

        while (fgets(line, sizeof(line), maps))
                n += strstr(line, "memfd:mproc") || strstr(line, "/dev/zero");
        fclose(maps);
        return n;
}

static inline struct belongings take_stock(void)
{
        return (struct belongings){.fds = count_fds(),
                                   .children = for_children(getpid(), NULL, NULL),
                                   .mappings = count_mappings()};
}

static inline int return_zero(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return 0;
}

static inline struct mproc_process *start_with(const struct mproc_process_options *options)
{
        struct mproc_process *process = NULL;
        struct mproc_err err = {0};
        int r = mproc_process_start(&process, options, &err);

        if (r)
                fail_msg("start by %s: %s", options->start, err.text);
        return process;
}

static inline struct mproc_process *start_target(const char *method, int (*target)(void *, size_t),
                                                 const void *arg, size_t arg_size)
{
        struct mproc_process_options options = {
                .start = method, .target = target, .arg = arg, .arg_size = arg_size};

        return start_with(&options);
}

static inline struct mproc_status join_forever(struct mproc_process *process)
{
        struct mproc_status status;

        assert_int_equal(mproc_process_join(process, MPROC_FOREVER, &status, NULL), 0);
        return status;
}

/* Joins, frees, and expects an exit with `code` and without an error. */
static inline void expect_exit(struct mproc_process *process, int code)
{
        struct mproc_status status = join_forever(process);

        if (status.err.code)
                print_error("%s\n", status.err.text);
        assert_int_equal(status.state, MPROC_EXITED);
        assert_int_equal(status.code, code);
        assert_int_equal(status.err.code, 0);
        mproc_process_free(process);
}

/* Runs `scene` in a process of its own; true when it returned true. All that it started is waited
 * for here, so that a process which outlives the scene ends in the time limit. */
static inline bool run_scene(bool (*scene)(const char *method), const char *method)
{
        int status;
        pid_t pid, each;

        fflush(NULL);
        pid = fork();
        assert_true(pid >= 0);
        if (!pid) {
                alarm(LIMIT_S);
                prctl(PR_SET_CHILD_SUBREAPER, 1);
                _exit(scene(method) ? 0 : 1);
        }
        do
                each = waitpid(pid, &status, 0);
        while (each < 0 && errno == EINTR);
        if (WIFSIGNALED(status))
                print_error("the scene was killed by signal %d\n", WTERMSIG(status));
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The fork server of this process. */
static inline pid_t server_pid(void)
{
        return find_child("mproc-forkserv", getpid());
}

/* The tests ---------------------------------------------------------------------------------- */

enum under {
        UNDER_ALL,
        UNDER_OWN_PROCESS,
        UNDER_EXEC,
        UNDER_CONCURRENT,
        UNDER_NONE,      /* once: of no start method in particular */
        UNDER_ONCE_EXEC, /* once, where exec methods work */
};

struct promise {
        const char *text;
        void (*test)(const char *method);
        enum under under;
};

struct case_state {
        const struct promise *promise;
        const char *method;
        struct belongings before;
};

static inline void run_case(void **state)
{
        struct case_state *of = *state;

        of->before = take_stock();
        alarm(LIMIT_S);
        of->promise->test(of->method);
        alarm(0);
        struct belongings after = take_stock();
        assert_int_equal(after.fds, of->before.fds);
        assert_int_equal(after.children, of->before.children);
        assert_int_equal(after.mappings, of->before.mappings);
}

static bool forks_beside_threads; /* the tests that follow do */

/* Under ThreadSanitizer methods that exec are refused, which is a promise of its own. And a child
 * of a fork beside other threads may find a lock of its runtime held for ever
 * (github.com/llvm/llvm-project/pull/96600). */
static inline bool works_here(unsigned flags)
{
        if (!UNDER_TSAN)
                return true;
        return !(flags & (forks_beside_threads ? MPROC_START_OWN_PROCESS : MPROC_START_EXEC));
}

static inline bool applies(enum under under, unsigned flags)
{
        if (!works_here(flags))
                return false;
        switch (under) {
        case UNDER_OWN_PROCESS:
                return flags & MPROC_START_OWN_PROCESS;
        case UNDER_EXEC:
                return flags & MPROC_START_EXEC;
        case UNDER_CONCURRENT:
                return flags & MPROC_START_CONCURRENT;
        default:
                return true;
        }
}

static inline void add_case(struct CMUnitTest *cases, size_t *count, const struct promise *promise,
                            const char *method)
{
        struct case_state *state = calloc(1, sizeof(*state));
        char *name;

        *state = (struct case_state){.promise = promise, .method = method};
        if (asprintf(&name, "%s: %s", method ? method : "mproc", promise->text) < 0)
                abort();
        cases[(*count)++] =
                (struct CMUnitTest){.name = name, .test_func = run_case, .initial_state = state};
}

/* Lifeline and fork server stay once they are there: they are no leak. */
static inline int warm_up(void **state)
{
        (void)state;
        for (size_t i = 0; mproc_start_at(i); i++)
                if (works_here(mproc_start_flags(mproc_start_at(i))))
                        expect_exit(start_target(mproc_start_name(mproc_start_at(i)), return_zero,
                                                 NULL, 0),
                                    0);
        return 0;
}

static inline void fill_stdio(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        close(fd);
}

#define CASES_MAX 256

/* Every promise under every method that it is about. */
static inline int run_promises(const struct promise *promises, size_t promise_count)
{
        static struct CMUnitTest cases[CASES_MAX];
        static bool closed;
        size_t count = 0;
        int failed;

        for (size_t p = 0; p < promise_count; p++) {
                if (promises[p].under == UNDER_ONCE_EXEC && UNDER_TSAN)
                        continue;
                if (promises[p].under == UNDER_NONE || promises[p].under == UNDER_ONCE_EXEC) {
                        add_case(cases, &count, &promises[p], NULL);
                        continue;
                }
                for (size_t i = 0; mproc_start_at(i); i++)
                        if (applies(promises[p].under, mproc_start_flags(mproc_start_at(i))))
                                add_case(cases, &count, &promises[p],
                                         mproc_start_name(mproc_start_at(i)));
        }
        if (!closed) {
                closefrom(3); /* what whoever runs the tests has left open is not counted */
                fill_stdio(); /* … and what they have closed is not made use of */
        }
        closed = true;
        failed = _cmocka_run_group_tests("mproc", cases, count, warm_up, NULL);
        for (size_t i = 0; i < count; i++) {
                free((char *)cases[i].name);
                free(cases[i].initial_state);
        }
        return failed;
}

#define PROMISE(test, under)       \
        {                          \
#test, test, under \
        }

#endif
