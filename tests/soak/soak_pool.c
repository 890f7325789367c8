#include "soak/soak_submit.h"

enum { WORKERS = 4 };

/* Kills -------------------------------------------------------------------------------------------
 */

struct killer {
        struct stage *stage;
        struct mproc_pool *pool;
        uint64_t random, nap_ns;
        uint32_t servers; /* 1 of so many kills is the fork server's; 0: none is */
        _Atomic uint64_t deaths;
        _Atomic bool stop, done;
};

static bool kill_worker(struct killer *killer, size_t worker)
{
        bool killed = soak_kill(killer->stage, &killer->random,
                                mproc_pool_worker_pid(killer->pool, worker),
                                &killer->stage->board->pulse[worker]);

        atomic_fetch_add(&killer->deaths, killed);
        return killed;
}

/* As soon as it was replaced, its successor. */
static void kill_twice(struct killer *killer, size_t worker)
{
        pid_t pid = mproc_pool_worker_pid(killer->pool, worker), next;
        uint64_t deadline = clock_now_ns() + 2 * NS_PER_S;

        if (!kill_worker(killer, worker))
                return;
        do {
                nap(20 * NS_PER_US);
                next = mproc_pool_worker_pid(killer->pool, worker);
        } while ((!next || next == pid) && clock_now_ns() < deadline &&
                 !atomic_load(&killer->stop));
        nap(roll(&killer->random, 400) * NS_PER_US);
        kill_worker(killer, worker);
}

static void strike(struct killer *killer)
{
        size_t workers = mproc_pool_workers(killer->pool);
        size_t worker = roll(&killer->random, (uint32_t)workers);

        if (killer->servers && !roll(&killer->random, killer->servers)) {
                /* Counted before: a task's failure may be seen at once. */
                atomic_fetch_add(&killer->deaths, workers);
                soak_kill_server(killer->stage, &killer->random);
                return;
        }
        switch (roll(&killer->random, 8)) {
        case 0:
                kill_twice(killer, worker);
                break;
        case 1:
                for (size_t i = 0; i < workers; i++)
                        kill_worker(killer, i);
                break;
        default:
                kill_worker(killer, worker);
        }
}

/* Some workers come to work in between: else the pool gives up, as it says that it does. */
static void *kill_on(void *argument)
{
        struct killer *killer = argument;
        uint64_t begin = atomic_load(&killer->stage->kills), seen = 0, deaths = 0;

        while (!atomic_load(&killer->stop) &&
               atomic_load(&killer->stage->kills) - begin < killer->stage->kills_wanted) {
                uint64_t operations = atomic_load(&killer->stage->board->operations);

                nap((int64_t)(next_random(&killer->random) % killer->nap_ns));
                if (operations != seen) {
                        seen = operations;
                        deaths = atomic_load(&killer->deaths);
                }
                if (atomic_load(&killer->deaths) - deaths < 8)
                        strike(killer);
        }
        atomic_store(&killer->done, true);
        return NULL;
}

/* Scenes ------------------------------------------------------------------------------------------
 */

static void describe(const struct stage *stage)
{
        struct mproc_pool *pool = (struct mproc_pool *)stage->described;

        for (size_t i = 0; i < mproc_pool_workers(pool); i++)
                fprintf(stderr, "  worker %zu: process %d\n", i,
                        (int)mproc_pool_worker_pid(pool, i));
        fprintf(stderr, "  replaced: %llu\n", (unsigned long long)mproc_pool_replaced(pool));
}

static struct mproc_pool *open_pool(struct stage *stage, unsigned retries)
{
        struct mproc_pool_options options = {.start = stage->start,
                                             .transport = stage->transport,
                                             .workers = 2 + roll(&stage->random, WORKERS - 1),
                                             .retries = retries,
                                             .tasks_per_worker = roll(&stage->random, 3) ? 0 : 50,
                                             .queue = 1024};
        struct mproc_pool *pool;
        struct mproc_err err = {0};

        if (mproc_pool_new(&pool, &options, &err))
                soak_fail(stage, "a pool: %s", err.text);
        stage->described = pool;
        stage->describe = describe;
        return pool;
}

/* The last kills fall into close and join. */
static void end_pool(struct round *round, struct killer *killer)
{
        struct mproc_err err = {0};
        int r = 0;

        if (!roll(&round->stage->random, 4))
                submit_and_terminate(round);
        soak_step(round->stage, "closes the pool");
        if (!round->terminates)
                r = mproc_pool_close(round->pool, &err);
        if (!r)
                r = mproc_pool_join(round->pool, SOAK_WAIT_NS, &err);
        if (r)
                soak_fail(round->stage, "close and join: %d: %s", r, err.text);
        atomic_store(&killer->stop, true);
}

static int run_pool(struct stage *stage, unsigned retries, uint32_t servers)
{
        struct round *round = calloc(1, sizeof(*round));
        struct killer killer = {.stage = stage, .servers = servers};
        struct mproc_shm *shm;
        uint64_t begin_ns;
        pthread_t thread;
        uint32_t way;
        void *marks;

        shm = soak_memory(stage, &marks, ITEMS * sizeof(struct mark));
        begin_ns = clock_now_ns();
        *round = (struct round){.stage = stage,
                                .pool = open_pool(stage, retries),
                                .marks = marks,
                                .retries = retries};
        submit_one(round);
        killer.pool = round->pool;
        killer.random = (uint64_t)next_random(&stage->random) << 32 | 1;
        killer.nap_ns = 2 * (clock_now_ns() - begin_ns) + 2 * NS_PER_MS;
        if (pthread_create(&thread, NULL, kill_on, &killer))
                soak_fail(stage, "cannot start the thread that kills");
        way = next_random(&stage->random);
        do
                submit_round(round, way++);
        while (!atomic_load(&killer.done));
        submit_round(round, way);
        stage->replaced += mproc_pool_replaced(round->pool);
        end_pool(round, &killer);
        pthread_join(thread, NULL);
        if (round->failed > atomic_load(&killer.deaths))
                soak_fail(stage, "%llu tasks failed of %llu deaths",
                          (unsigned long long)round->failed,
                          (unsigned long long)atomic_load(&killer.deaths));
        stage->failed += round->failed;
        stage->describe = NULL;
        mproc_pool_free(round->pool);
        free(round);
        soak_memory_free(stage, shm);
        return 0;
}

static int run_plain(struct stage *stage)
{
        return run_pool(stage, 0, 0);
}

static int run_retries(struct stage *stage)
{
        return run_pool(stage, 2, 0);
}

static int run_server(struct stage *stage)
{
        return run_pool(stage, roll(&stage->random, 3), 2);
}

const struct scene soak_pool = {
        "pool", "workers of a pool are killed while it maps, applies, streams and idles", run_plain,
        NULL, true};
const struct scene soak_pool_retries = {"pool-retries",
                                        "the same, and what died is run again up to twice",
                                        run_retries, NULL, true};
const struct scene soak_pool_server = {"pool-server", "its fork server is killed, too", run_server,
                                       "forkserver", true};
