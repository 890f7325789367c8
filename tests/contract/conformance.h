/* What mproc does about a behaviour that CPython's own tests of multiprocessing look at, as data: a
 * group of cases is a program, and each case runs under the three start methods that both have.
 *
 * A program that MPROC_CONFORMANCE names a file for appends its part of docs/conformance.md to it:
 * a row has a verdict only for start methods under which the case has passed in this run.
 * scripts/conformance collects the parts. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "contract/mproc_crew.h"

enum conformance_verdict {
        NOT_APPLICABLE,
        SAME,
        BETTER,
        DIFFERENT, /* neither: what somebody who comes from there has to know */
};

enum conformance_method {
        FORK = 1,
        SPAWN = 2,
        FORKSERVER = 4,
        ALL_METHODS = 7,
};

struct conformance_case {
        enum conformance_verdict verdict;
        unsigned methods;     /* enum conformance_method: under which it applies */
        unsigned merely_same; /* … and those of a better one where CPython does as much */
        void (*test)(const char *name); /* of the start method. NULL: not applicable */
        const char *of;                 /* Class.method of CPython's _test_multiprocessing.py */
        const char *behaviour;          /* what is promised there, seen from outside */
        const char *note;               /* better or different: how. Not applicable: why */
};

/* Rows of the table: under every start method, and of no test. */
#define CASE_SAME(test, of, behaviour)                        \
        {                                                     \
                SAME, ALL_METHODS, 0, test, of, behaviour, "" \
        }
#define CASE_BETTER(test, of, behaviour, how)                    \
        {                                                        \
                BETTER, ALL_METHODS, 0, test, of, behaviour, how \
        }
#define CASE_DIFFERENT(test, of, behaviour, how)                    \
        {                                                           \
                DIFFERENT, ALL_METHODS, 0, test, of, behaviour, how \
        }
#define CASE_NOT_APPLICABLE(of, behaviour, why)                \
        {                                                      \
                NOT_APPLICABLE, 0, 0, NULL, of, behaviour, why \
        }

#define CONFORMANCE_METHODS 3
#define CONFORMANCE_MAX 64 /* cases of a group */

struct conformance_run {
        struct case_state state; /* first: run_case takes it */
        struct promise promise;
        bool passed;
};

static const char *const conformance_methods[CONFORMANCE_METHODS] = {"fork", "spawn", "forkserver"};
static struct conformance_run conformance_runs[CONFORMANCE_MAX][CONFORMANCE_METHODS];

/* Set by groups whose cases run several times under each start method: takes up the way of that
 * index; false: there is no such. */
static bool (*conformance_way)(size_t index);

/* A test that fails does not come back from run_case. */
static inline void run_conformance_case(void **state)
{
        struct conformance_run *run = *state;

        if (!conformance_way)
                run_case(state);
        for (size_t i = 0; conformance_way && conformance_way(i); i++)
                run_case(state);
        run->passed = true;
}

static inline void write_conformance(FILE *file, const char *group,
                                     const struct conformance_case *cases, size_t count)
{
        static const char *const words[] = {"–", "same", "better", "different"};

        fprintf(file,
                "\n## %s\n\n| in CPython's tests | behaviour | fork | spawn | forkserver "
                "| how, or why |\n| --- | --- | --- | --- | --- | --- |\n",
                group);
        for (size_t i = 0; i < count; i++) {
                fprintf(file, "| `%s` | %s", cases[i].of, cases[i].behaviour);
                for (size_t m = 0; m < CONFORMANCE_METHODS; m++) {
                        const char *word = words[cases[i].verdict];

                        if (!(cases[i].methods & 1u << m))
                                word = words[NOT_APPLICABLE];
                        else if (!conformance_runs[i][m].passed)
                                word = "**FAILS**";
                        else if (cases[i].merely_same & 1u << m)
                                word = words[SAME];
                        fprintf(file, " | %s", word);
                }
                fprintf(file, " | %s |\n", cases[i].note);
        }
}

/* The rest of main, after mproc_init. `group`: the heading. */
static inline int run_conformance(const char *group, const struct conformance_case *cases,
                                  size_t count)
{
        static struct CMUnitTest tests[CONFORMANCE_MAX * CONFORMANCE_METHODS];
        static char names[CONFORMANCE_MAX * CONFORMANCE_METHODS][160];
        const char *path = getenv("MPROC_CONFORMANCE");
        size_t total = 0;
        int failed;

        if (count > CONFORMANCE_MAX)
                abort();
        closefrom(3); /* what whoever runs the tests has left open is not counted */
        for (size_t i = 0; i < count; i++)
                for (size_t m = 0; m < CONFORMANCE_METHODS; m++) {
                        struct conformance_run *run = &conformance_runs[i][m];

                        if (!(cases[i].methods & 1u << m))
                                continue;
                        run->promise = (struct promise){.test = cases[i].test};
                        run->state = (struct case_state){.promise = &run->promise,
                                                         .method = conformance_methods[m]};
                        snprintf(names[total], sizeof(names[total]), "%s: %s: %s",
                                 conformance_methods[m], cases[i].of, cases[i].behaviour);
                        tests[total] = (struct CMUnitTest){.name = names[total],
                                                           .test_func = run_conformance_case,
                                                           .initial_state = run};
                        total++;
                }
        failed = _cmocka_run_group_tests(group, tests, total, warm_up, NULL);
        if (path) {
                FILE *file = fopen(path, "ae");

                if (!file)
                        return 1;
                write_conformance(file, group, cases, count);
                if (fclose(file))
                        return 1;
        }
        return failed;
}

/* Argument of a target that starts processes itself. */
struct relative {
        void *shared;
        int id;
        char method[16];
};

static inline struct relative relative(const char *method, void *shared, int id)
{
        struct relative own = {.shared = shared, .id = id};

        snprintf(own.method, sizeof(own.method), "%s", method);
        return own;
}

static inline struct mproc_process *start_relative(struct relative *own,
                                                   int (*target)(void *, size_t), const int *fds)
{
        struct mproc_process *process = NULL;

        CHECK(!mproc_process_start(&process,
                                   &(struct mproc_process_options){.start = own->method,
                                                                   .target = target,
                                                                   .arg = own,
                                                                   .arg_size = sizeof(*own),
                                                                   .fds = fds,
                                                                   .fd_count = fds ? 1 : 0},
                                   NULL));
        return process;
}

/* A target that does nothing until it is killed. */
static inline int linger(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        return stay();
}

#endif
