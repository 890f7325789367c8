/* What a pool costs while it does nothing, and while it does much: memory of an idle worker, its
 * page tables, CPU time of an idle pool, bytes of a queued task, memory before and after ten
 * million tasks. No ratios: absolute figures of this machine. */
#include "base/clock.h"
#include "bench/bench.h"
#include <mproc/pool.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 2
#define MANY 8
#define IDLE_S 5
#define TASKS 10000000
#define IN_FLIGHT 512
#define QUEUED 100000

static void must(int r, const struct mproc_err *err)
{
        if (!r)
                return;
        fprintf(stderr, "bench footprint: %s: %s\n", err->stage, err->text);
        exit(4);
}

static int same(struct mproc_task *task)
{
        *(uint64_t *)task->result = *(const uint64_t *)task->arg;
        return 0;
}

/* The number behind `name` in /proc/PID/FILE; 0: there is none. */
static uint64_t proc_number(pid_t pid, const char *file, const char *name)
{
        char path[64], line[256];
        uint64_t number = 0;
        FILE *stream;

        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
        stream = fopen(path, "re");
        while (stream && fgets(line, sizeof(line), stream))
                if (!strncmp(line, name, strlen(name)))
                        number = strtoull(line + strlen(name), NULL, 10);
        if (stream)
                fclose(stream);
        return number;
}

static uint64_t pss_bytes(pid_t pid)
{
        return 1024 * proc_number(pid, "smaps_rollup", "Pss:");
}

/* On the CPU, ns (Documentation/scheduler/sched-stats.rst). */
static uint64_t cpu_ns(pid_t pid)
{
        char path[64];
        unsigned long long ns = 0;
        FILE *stream;

        snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
        stream = fopen(path, "re");
        if (!stream || fscanf(stream, "%llu", &ns) != 1)
                ns = 0;
        if (stream)
                fclose(stream);
        return ns;
}

static uint64_t own_cpu_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct mproc_pool *new_pool(const char *start, size_t workers, size_t queue)
{
        struct mproc_pool_options options = {.start = start, .workers = workers, .queue = queue};
        struct mproc_err err = {0};
        struct mproc_pool *pool;
        uint64_t number = 1, result;
        struct mproc_call call = {.function = same,
                                  .arg = &number,
                                  .arg_size = sizeof(number),
                                  .result_size = sizeof(result)};

        must(mproc_pool_new(&pool, &options, &err), &err);
        for (int i = 0; i < 100; i++)
                must(mproc_pool_apply(pool, &call, &result, NULL, &err), &err);
        return pool;
}

static void print_sizes(const char *name, size_t count, pid_t pid)
{
        printf("%-12s %3zu %8.1f %12.1f %12.1f", name, count, (double)pss_bytes(pid) / 1024,
               (double)proc_number(pid, "smaps_rollup", "Private_Dirty:"),
               (double)proc_number(pid, "status", "VmPTE:"));
}

static void idle(const char *start, size_t workers)
{
        struct mproc_pool *pool = new_pool(start, workers, 0);
        struct timespec rest = {.tv_sec = IDLE_S};
        uint64_t before = 0, after = 0, own = 0;
        pid_t pid = mproc_pool_worker_pid(pool, 0);

        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        for (size_t i = 0; i < workers; i++)
                before += cpu_ns(mproc_pool_worker_pid(pool, i));
        own = own_cpu_ns();
        nanosleep(&rest, NULL);
        own = own_cpu_ns() - own;
        for (size_t i = 0; i < workers; i++)
                after += cpu_ns(mproc_pool_worker_pid(pool, i));
        print_sizes(start, workers, pid);
        printf(" %16.3f %16.3f\n", (double)(after - before) / 1e6, (double)own / 1e6);
        mproc_pool_free(pool);
}

/* What a process takes that has done nothing but begin: dynamically linked against libc, as ours.
 */
static void bare(size_t count)
{
        char *argv[] = {"sleep", "60", NULL};
        pid_t pids[MANY];

        for (size_t i = 0; i < count; i++)
                if (posix_spawnp(&pids[i], argv[0], NULL, NULL, argv, environ))
                        exit(4);
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        print_sizes("sleep(1)", count, pids[0]);
        printf("\n");
        for (size_t i = 0; i < count; i++) {
                kill(pids[i], SIGKILL);
                waitpid(pids[i], NULL, 0);
        }
}

static void show_memory(struct mproc_pool *pool, const char *when)
{
        printf("%-28s %12.1f %12.1f\n", when, (double)pss_bytes(getpid()) / 1024,
               (double)pss_bytes(mproc_pool_worker_pid(pool, 0)) / 1024);
}

static void run_tasks(struct mproc_pool *pool, uint64_t count)
{
        struct mproc_result *flying[IN_FLIGHT];
        struct mproc_err err = {0};
        uint64_t result;

        for (uint64_t i = 0; i < count + IN_FLIGHT; i++) {
                struct mproc_result **place = &flying[i % IN_FLIGHT];
                struct mproc_call call = {.function = same,
                                          .arg = &i,
                                          .arg_size = sizeof(i),
                                          .result_size = sizeof(result)};

                if (i >= IN_FLIGHT) {
                        must(mproc_pool_get(pool, *place, &result, sizeof(result), MPROC_FOREVER,
                                            NULL, &err),
                             &err);
                        mproc_pool_release(pool, *place);
                        if (result != i - IN_FLIGHT)
                                must(-1, &(struct mproc_err){.stage = "task",
                                                             .text = "gave another's result"});
                }
                if (i < count)
                        must(mproc_pool_apply_async(pool, place, &call, &err), &err);
        }
}

static int wait_for_word(struct mproc_task *task)
{
        volatile uint32_t *word = *(uint32_t *const *)task->arg;

        while (!*word)
                usleep(1000);
        return 0;
}

/* All queued behind tasks that wait: what the owner's memory grows by. */
static void queued(void)
{
        struct mproc_err err = {0};
        struct mproc_shm *shm;
        struct mproc_pool *pool;
        uint64_t before, after, number = 1;
        uint32_t *word;

        must(mproc_shm_new(&shm, 4096, &err), &err);
        word = mproc_shm_addr(shm);
        pool = new_pool("fork", WORKERS, QUEUED + WORKERS);
        before = pss_bytes(getpid());
        for (int i = 0; i < WORKERS; i++)
                must(mproc_pool_apply_async(pool, NULL,
                                            &(struct mproc_call){.function = wait_for_word,
                                                                 .arg = &word,
                                                                 .arg_size = sizeof(word)},
                                            &err),
                     &err);
        for (int i = 0; i < QUEUED; i++)
                must(mproc_pool_apply_async(pool, NULL,
                                            &(struct mproc_call){.function = same,
                                                                 .arg = &number,
                                                                 .arg_size = sizeof(number),
                                                                 .result_size = sizeof(number)},
                                            &err),
                     &err);
        after = pss_bytes(getpid());
        printf("\nA queued task: %.0f bytes (%d of them, argument and result of 8)\n",
               (double)(after - before) / QUEUED, QUEUED);
        *word = 1;
        mproc_pool_free(pool);
        mproc_shm_free(shm);
}

int main(int argc, char **argv)
{
        static const size_t sizes[] = {WORKERS, MANY};
        struct mproc_pool *pool;

        mproc_init(&argc, &argv);
        printf("\nAn idle worker, %d s\n%-12s %3s %8s %12s %12s %16s %16s\n", IDLE_S, "start", "of",
               "PSS KiB", "private KiB", "tables KiB", "workers' CPU ms", "owner's CPU ms");
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
                idle("fork", sizes[i]);
                idle("forkserver", sizes[i]);
                idle("spawn", sizes[i]);
                bare(sizes[i]);
        }
        queued();
        pool = new_pool("forkserver", WORKERS, 0);
        printf("\n%-28s %12s %12s\n", "Tasks so far", "owner KiB", "worker KiB");
        run_tasks(pool, TASKS / 10);
        show_memory(pool, "1 million");
        run_tasks(pool, TASKS - TASKS / 10);
        show_memory(pool, "10 million");
        mproc_pool_free(pool);
        return 0;
}
