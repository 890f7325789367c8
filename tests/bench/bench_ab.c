/* How often `mpbench ab` is right: a CPU-bound program against itself, and against itself with a
 * little more work, each many times.
 *
 *     bench_ab [--tries=100] [--budget=3s] [--slower=5]    slower: percent of planted work */
#include "base/clock.h"
#include "stats/binomial.h"
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORK_NS (30 * NS_PER_MS)
#define STATUSES 4 /* 0, 1, 3 are answers; everything else ends the benchmark */
#define CONFIDENCE 0.95

struct setting {
        char mpbench[PATH_MAX], steps[PATH_MAX]; /* programs */
        const char *budget;
        unsigned tries, slower;
};

/* Its exit status; ends the program when there is none. */
static int run(const char *const argv[])
{
        posix_spawn_file_actions_t actions;
        int status, r;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        r = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        if (r || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) {
                fprintf(stderr, "bench ab: %s did not run to its end\n", argv[0]);
                exit(4);
        }
        return WEXITSTATUS(status);
}

/* Steps that take WORK_NS, start and end of the program included: the fastest of a few says. */
static uint64_t find_steps(const struct setting *setting)
{
        uint64_t steps = 1000000;
        char text[32];

        for (int i = 0; i < 4; i++) {
                const char *argv[] = {setting->steps, text, NULL};
                uint64_t best_ns = UINT64_MAX;

                snprintf(text, sizeof(text), "%" PRIu64, steps);
                for (int k = 0; k < 5; k++) {
                        uint64_t begin = clock_now_ns(), took_ns;

                        run(argv);
                        took_ns = clock_now_ns() - begin;
                        best_ns = took_ns < best_ns ? took_ns : best_ns;
                }
                steps = steps * WORK_NS / best_ns;
        }
        return steps;
}

static int compare(const struct setting *setting, uint64_t a, uint64_t b, unsigned try)
{
        char seed[32], budget[48], work_a[32], work_b[32];
        const char *argv[] = {setting->mpbench, "ab", "-q",           "--no-save", "-e",
                              "none",           seed, budget,         "--",        setting->steps,
                              work_a,           "--", setting->steps, work_b,      NULL};

        snprintf(seed, sizeof(seed), "--seed=%u", try + 1);
        snprintf(budget, sizeof(budget), "--budget=%s", setting->budget);
        snprintf(work_a, sizeof(work_a), "%" PRIu64, a);
        snprintf(work_b, sizeof(work_b), "%" PRIu64, b);
        return run(argv);
}

static void try_often(const struct setting *setting, const char *name, uint64_t a, uint64_t b)
{
        unsigned counts[STATUSES] = {0};

        for (unsigned i = 0; i < setting->tries; i++) {
                int status = compare(setting, a, b, i);

                if (status != 0 && status != 1 && status != 3) {
                        fprintf(stderr, "bench ab: mpbench ab ended with exit status %d\n", status);
                        exit(4);
                }
                counts[status]++;
        }
        printf("%-22s", name);
        for (int status = 0; status < STATUSES; status++) {
                double low, high;

                if (status == 2)
                        continue;
                binomial_interval(counts[status], setting->tries, CONFIDENCE, &low, &high);
                printf("  %4u [%5.1f, %5.1f] %%", counts[status], 100 * low, 100 * high);
        }
        printf("\n");
}

static unsigned take_number(const char *text)
{
        char *end;
        unsigned long value = strtoul(text, &end, 10);

        if (*end || end == text || !value || value > 100000) {
                fprintf(stderr, "bench ab: '%s' is not a number from 1 to 100000\n", text);
                exit(2);
        }
        return (unsigned)value;
}

int main(int argc, char **argv)
{
        struct setting setting = {.budget = "3s", .tries = 100, .slower = 5};
        char own[PATH_MAX - 32], *slash, name[64];
        ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
        uint64_t steps;

        for (int i = 1; i < argc; i++) {
                if (!strncmp(argv[i], "--tries=", 8)) {
                        setting.tries = take_number(argv[i] + 8);
                } else if (!strncmp(argv[i], "--slower=", 9)) {
                        setting.slower = take_number(argv[i] + 9);
                } else if (!strncmp(argv[i], "--budget=", 9)) {
                        setting.budget = argv[i] + 9;
                } else {
                        fprintf(stderr, "bench ab: unknown option '%s'\n", argv[i]);
                        return 2;
                }
        }
        if (length < 0)
                return 4;
        own[length] = '\0';
        slash = strrchr(own, '/');
        *slash = '\0';
        snprintf(setting.mpbench, sizeof(setting.mpbench), "%s/../mpbench", own);
        snprintf(setting.steps, sizeof(setting.steps), "%s/steps", own);

        steps = find_steps(&setting);
        printf("\nmpbench ab, %s for each of %u tries, a CPU-bound program of %.0f ms\n",
               setting.budget, setting.tries, WORK_NS / 1e6);
        printf("%-22s  %-20s  %-20s  %-20s\n", "exit status", "0 no regression", "1 regression",
               "3 inconclusive");
        try_often(&setting, "itself", steps, steps);
        snprintf(name, sizeof(name), "with %u %% more work", setting.slower);
        try_often(&setting, name, steps, steps * (100 + setting.slower) / 100);
        return 0;
}
