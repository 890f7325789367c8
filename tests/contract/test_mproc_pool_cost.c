/* What a pool costs: memory, and the CPU while there is nothing to do. */
#include "contract/pool_rig.h"
#include "mproc/pool_private.h"
#include "mproc/pool_worker.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>

static size_t heap_bytes(void)
{
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

/* What is shared and what is the owner's own, with the handle, for 32 bytes each way. */
static void a_queued_task_takes_less_than_256_bytes(const char *method)
{
        enum { SMALL = 1024, LARGE = 65536 };
        static struct mproc_result *results[LARGE];
        unsigned char arg[32] = {0};
        struct mproc_call call = {
                .function = square, .arg = arg, .arg_size = sizeof(arg), .result_size = 32};
        size_t bytes[2];

        for (int large = 0; large < 2; large++) {
                size_t before = heap_bytes(), tasks = large ? LARGE : SMALL;
                struct mproc_pool *pool = new_pool(&(struct mproc_pool_options){
                        .start = method, .workers = 2, .queue = tasks, .arena_bytes = 65536});

                for (size_t i = 0; i < tasks; i++)
                        assert_int_equal(mproc_pool_apply_async(pool, &results[i], &call, NULL), 0);
                bytes[large] = mproc_shm_size(pool->shm) + heap_bytes() - before;
                for (size_t i = 0; i < tasks; i++)
                        mproc_pool_release(pool, results[i]);
                end_pool(pool);
        }
        if (!UNDER_ASAN && !UNDER_TSAN) /* whose heaps are not the C library's */
                assert_in_range(bytes[1] - bytes[0], 1, (size_t)256 * (LARGE - SMALL));
}

/* Of this process, and of the shared memory that it has touched. */
static size_t resident_bytes(void)
{
        unsigned long pages = 0;
        FILE *file = fopen("/proc/self/statm", "re");

        assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
        fclose(file);
        return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void run_tasks(struct mproc_pool *pool, uint64_t count)
{
        enum { DEPTH = 200 };
        struct mproc_result *results[DEPTH] = {NULL};

        for (uint64_t i = 0; i < count + DEPTH; i++) {
                struct mproc_result **at = &results[i % DEPTH];
                struct mproc_call call = {.function = square,
                                          .arg = &i,
                                          .arg_size = sizeof(i),
                                          .result_size = i % 50 ? 8 : 5000};
                uint64_t value[625] = {0};

                if (*at) {
                        assert_int_equal(mproc_pool_get(pool, *at, value, sizeof(value),
                                                        MPROC_FOREVER, NULL, NULL),
                                         0);
                        assert_int_equal(value[0], (i - DEPTH) * (i - DEPTH));
                        mproc_pool_release(pool, *at);
                        *at = NULL;
                }
                if (i < count)
                        assert_int_equal(mproc_pool_apply_async(pool, at, &call, NULL), 0);
        }
}

static void tasks_leave_no_memory_behind(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        size_t before;

        run_tasks(pool, 20000);
        before = resident_bytes();
        run_tasks(pool, 200000);
        if (!UNDER_ASAN && !UNDER_TSAN) /* these keep what was freed */
                assert_in_range(resident_bytes(), 0, before + (2 << 20));
        end_pool(pool);
}

/* CPU time and switches of a task, by its folder in /proc: they grow whenever it runs. */
struct use {
        unsigned long user, system, switches;
        char state;
};

static void add_use(const char *folder, struct use *sum)
{
        char path[300], line[512] = "";
        unsigned long user, system, switches;
        char state;
        FILE *file;

        snprintf(path, sizeof(path), "%s/stat", folder);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_non_null(fgets(line, sizeof(line), file));
        fclose(file);
        assert_int_equal(sscanf(strrchr(line, ')') + 1,
                                " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state,
                                &user, &system),
                         3);
        sum->user += user;
        sum->system += system;
        if (state != 'S')
                sum->state = state;
        snprintf(path, sizeof(path), "%s/status", folder);
        file = fopen(path, "re");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file))
                if (sscanf(line, "voluntary_ctxt_switches: %lu", &switches) == 1 ||
                    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &switches) == 1)
                        sum->switches += switches;
        fclose(file);
}

/* Of all workers, and of all threads of this process but the caller's. */
static struct use take_use(struct mproc_pool *pool)
{
        DIR *dir = opendir("/proc/self/task");
        struct use sum = {.state = 'S'};
        struct dirent *entry;
        char folder[300];

        while ((entry = readdir(dir))) {
                if (entry->d_name[0] == '.' || atoi(entry->d_name) == gettid())
                        continue;
                snprintf(folder, sizeof(folder), "/proc/self/task/%s", entry->d_name);
                add_use(folder, &sum);
        }
        closedir(dir);
        for (size_t i = 0; i < mproc_pool_workers(pool); i++) {
                snprintf(folder, sizeof(folder), "/proc/%d", (int)mproc_pool_worker_pid(pool, i));
                add_use(folder, &sum);
        }
        return sum;
}

static bool is_still(struct mproc_pool *pool)
{
        struct use before = take_use(pool), after;

        usleep(300000);
        after = take_use(pool);
        return before.state == 'S' && after.state == 'S' && before.user == after.user &&
               before.system == after.system && before.switches == after.switches;
}

/* A worker on its way to sleep, or a start that is not over, is no idle pool yet. The time limit of
 * the test is for a pool that never comes to rest. */
static void an_idle_pool_uses_no_cpu(const char *method)
{
        struct mproc_pool *pool = small_pool(method);

        if (UNDER_TSAN) { /* has a thread of its own in each process, which wakes up */
                end_pool(pool);
                return;
        }
        for (uint64_t i = 0; i < 100; i++)
                square_of(pool, i);
        while (!is_still(pool))
                ;
        end_pool(pool);
}

/* Never more look for work than there are PUs besides one ---------------------------------------
 */

struct looker {
        struct pool_self self;
        pthread_t thread;
};

static void *look_for_work(void *argument)
{
        struct looker *looker = argument;

        pool_idle(&looker->self);
        return NULL;
}

static bool sleeps(struct pool_shared *shared, uint32_t worker)
{
        return atomic_load(&shared->sleeping.word[worker / 64]) >> worker % 64 & 1;
}

/* Each would look for an hour if it were alone. The time limit of the test is for one too many. */
static void no_more_look_than_there_are_pus_to_spare(const char *unused)
{
        enum { WORKERS = 5, SPINNERS = 2 };
        struct pool_shared *shared = aligned_alloc(POOL_LINE, sizeof(*shared));
        struct pool_line *lines = aligned_alloc(POOL_LINE, WORKERS * sizeof(*lines));
        static struct looker lookers[WORKERS];
        uint32_t asleep;

        (void)unused;
        memset(shared, 0, sizeof(*shared));
        memset(lines, 0, WORKERS * sizeof(*lines));
        shared->workers = WORKERS;
        shared->lines = lines;
        shared->spinners_max = SPINNERS;
        for (uint32_t i = 0; i < WORKERS; i++) {
                lookers[i].self = (struct pool_self){.shared = shared,
                                                     .line = &lines[i],
                                                     .number = i,
                                                     .spin_ns = 3600ull * SECOND_NS};
                assert_int_equal(
                        pthread_create(&lookers[i].thread, NULL, look_for_work, &lookers[i]), 0);
        }
        do {
                asleep = 0;
                for (uint32_t i = 0; i < WORKERS; i++)
                        asleep += sleeps(shared, i);
        } while (asleep < WORKERS - SPINNERS);
        atomic_store(&shared->front.stop, 1);
        pool_wake_all(shared);
        for (uint32_t i = 0; i < WORKERS; i++)
                pthread_join(lookers[i].thread, NULL);
        assert_int_equal(pool_bits_count(&shared->looking, WORKERS), 0);
        assert_int_equal(pool_bits_count(&shared->sleeping, WORKERS), 0);
        free(lines);
        free(shared);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_queued_task_takes_less_than_256_bytes, UNDER_CONCURRENT),
                PROMISE(tasks_leave_no_memory_behind, UNDER_CONCURRENT),
                PROMISE(an_idle_pool_uses_no_cpu, UNDER_OWN_PROCESS),
                PROMISE(no_more_look_than_there_are_pus_to_spare, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
