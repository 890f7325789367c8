/* Workers that sleep, or nap since waking them was not worth it, are there when they are needed. */
#include "contract/pool_rig.h"
#include "mproc/pool_private.h"
#include "mproc/pool_worker.h"
#include "support/forbid.h"

#include <pthread.h>
#include <sched.h>

#define WORKERS 3
#define FLOOD 3000
#define DEPTH 64
#define ROUNDS 20

struct scene {
        struct mproc_shm *shm;
        struct mproc_pool *pool;
};

/* Over when as many are there as the pool has workers: each of them has to run one. */
static int meet(struct mproc_task *task)
{
        _Atomic uint32_t *here = *(_Atomic uint32_t *const *)task->arg;

        atomic_fetch_add(here, 1);
        while (atomic_load(here) < WORKERS)
                usleep(100);
        return 0;
}

/* Tasks so short that more than one worker is none too few. */
static void flood(struct mproc_pool *pool)
{
        struct mproc_result *flying[DEPTH] = {NULL};

        for (size_t i = 0; i < FLOOD + DEPTH; i++) {
                struct mproc_result **at = &flying[i % DEPTH];

                if (*at) {
                        assert_int_equal(
                                mproc_pool_get(pool, *at, NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
                        mproc_pool_release(pool, *at);
                        *at = NULL;
                }
                if (i < FLOOD)
                        *at = submit(pool, do_nothing, NULL, 0);
        }
}

static void meet_all(struct mproc_pool *pool, _Atomic uint32_t *here, bool by_map)
{
        _Atomic uint32_t *args[WORKERS] = {here, here, here};
        struct mproc_map map = {.function = meet,
                                .args = args,
                                .arg_size = sizeof(*args),
                                .count = WORKERS,
                                .chunk = 1};
        struct mproc_result *results[WORKERS];

        atomic_store(here, 0);
        if (by_map) {
                assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), 0);
                return;
        }
        for (size_t i = 0; i < WORKERS; i++)
                results[i] = submit(pool, meet, &here, sizeof(here));
        for (size_t i = 0; i < WORKERS; i++) {
                assert_int_equal(
                        mproc_pool_get(pool, results[i], NULL, 0, MPROC_FOREVER, NULL, NULL), 0);
                mproc_pool_release(pool, results[i]);
        }
}

/* Floods of short tasks, after which all workers are needed at once; the time limit of the test is
 * for one that sleeps on. */
static void flood_and_meet(struct scene *scene)
{
        for (int i = 0; i < ROUNDS; i++) {
                flood(scene->pool);
                if (i % 4 == 3)
                        usleep(3000); /* longer than any nap */
                meet_all(scene->pool, mproc_shm_addr(scene->shm), i % 2);
        }
        end_pool(scene->pool);
        mproc_shm_free(scene->shm);
}

static struct scene open_scene(const char *method, int (*initialiser)(void *arg, size_t arg_size))
{
        struct scene scene;

        assert_int_equal(mproc_shm_new(&scene.shm, 64, NULL), 0);
        scene.pool = new_pool(&(struct mproc_pool_options){
                .start = method, .workers = WORKERS, .initialiser = initialiser});
        return scene;
}

static void all_workers_come_when_tasks_need_each_other(const char *method)
{
        struct scene scene = open_scene(method, NULL);

        flood_and_meet(&scene);
}

/* As on a kernel without it. */
static void they_come_without_membarrier(const char *method)
{
        struct scene scene = open_scene(method, NULL);

        atomic_store(&scene.pool->shared->fenced, false);
        flood_and_meet(&scene);
}

static int forbid_membarrier(void *arg, size_t arg_size)
{
        (void)arg;
        (void)arg_size;
        return forbid_syscall(SYS_membarrier);
}

static void they_come_where_workers_may_not_call_it(const char *method)
{
        struct scene scene = open_scene(method, forbid_membarrier);
        _Atomic bool *fenced = &scene.pool->shared->fenced;

        if (!strcmp(pool_transport, "ring"))
                while (atomic_load(fenced)) /* until the first one is about to sleep */
                        usleep(1000);
        flood_and_meet(&scene);
}

/* One worker looks, another one sleeps, and two tasks come: whenever the first finds one of them,
 * somebody has to wake the other. The tasks never run, since the pool's own workers are held; the
 * test is the one that looks, and says of worker 1 that it sleeps. */
#define LOOKS 1000

struct looker {
        struct pool_self self;
        _Atomic uint32_t turn, looked;
};

static void *look_again_and_again(void *argument)
{
        struct looker *looker = argument;

        for (uint32_t i = 1; i <= LOOKS; i++) {
                while (atomic_load(&looker->turn) < i)
                        sched_yield();
                looker->self.worked_ns = NS_PER_MS; /* no nap */
                pool_idle(&looker->self);
                atomic_store(&looker->looked, i);
        }
        return NULL;
}

static void submit_two(struct mproc_pool *pool, struct looker *looker, uint32_t turn)
{
        struct pool_shared *shared = pool->shared;
        struct mproc_result *results[2];

        pool_bit_set(&shared->sleeping, 1);
        atomic_store(&looker->turn, turn);
        for (volatile uint32_t i = turn % 512; i; i--)
                ;
        for (size_t i = 0; i < 2; i++)
                results[i] = submit(pool, do_nothing, NULL, 0);
        while (atomic_load(&looker->looked) < turn)
                sched_yield();
        if (pool_bit_clear(&shared->sleeping, 1))
                fail_msg("turn %u: two tasks, and nobody woke the worker that slept", turn);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(mproc_pool_cancel(pool, results[i], NULL), 0);
                mproc_pool_release(pool, results[i]);
        }
        atomic_store(&shared->head, pool->watch.tail);
}

static bool all_are_held(struct pool_shared *shared)
{
        return atomic_load(&shared->head) == WORKERS && !pool_bits_any(&shared->looking, WORKERS) &&
               !pool_bits_any(&shared->sleeping, WORKERS) &&
               !pool_bits_any(&shared->napping, WORKERS);
}

static void who_ends_its_look_leaves_no_task_behind(const char *method)
{
        struct scene scene = open_scene(method, NULL);
        struct pool_shared *shared = scene.pool->shared;
        _Atomic uint32_t *word = mproc_shm_addr(scene.shm);
        struct looker looker = {.self = {.shared = shared,
                                         .line = shared->lines,
                                         .spin_ns = POOL_SPIN_MAX_NS,
                                         .hurry = true}};
        struct mproc_result *held[WORKERS];
        pthread_t thread;

        if (!strcmp(pool_transport, "ring") && shared->spinners_max) {
                for (size_t i = 0; i < WORKERS; i++)
                        held[i] = submit(scene.pool, wait_for_word, &word, sizeof(word));
                while (!all_are_held(shared))
                        usleep(200);
                assert_int_equal(pthread_create(&thread, NULL, look_again_and_again, &looker), 0);
                for (uint32_t turn = 1; turn <= LOOKS; turn++)
                        submit_two(scene.pool, &looker, turn);
                assert_int_equal(pthread_join(thread, NULL), 0);
                atomic_store(word, 1);
                for (size_t i = 0; i < WORKERS; i++)
                        mproc_pool_release(scene.pool, held[i]);
        }
        end_pool(scene.pool);
        mproc_shm_free(scene.shm);
}

/* Stopped as they sleep; or, as far as the others can see, as they look for tasks. */
static void no_task_waits_for_a_worker_that_is_stopped(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct pool_shared *shared = pool->shared;
        bool ring = !strcmp(pool_transport, "ring");

        for (uint32_t looking = 0; looking <= ring; looking++) {
                square_of(pool, 7);
                while (ring && pool_bits_count(&shared->sleeping, WORKERS) < WORKERS)
                        usleep(200);
                for (uint32_t i = 0; i < WORKERS - 1; i++) {
                        pid_t pid = mproc_pool_worker_pid(pool, i);

                        assert_int_equal(kill(pid, SIGSTOP), 0);
                        await_state(pid, 'T');
                        if (looking && pool_bit_clear(&shared->sleeping, i))
                                pool_bit_set(&shared->looking, i);
                }
                for (uint64_t i = 0; i < 10; i++)
                        assert_int_equal(square_of(pool, i), i * i);
                for (uint32_t i = 0; i < WORKERS - 1; i++) {
                        if (looking && pool_bit_clear(&shared->looking, i))
                                pool_bit_set(&shared->sleeping, i);
                        assert_int_equal(kill(mproc_pool_worker_pid(pool, i), SIGCONT), 0);
                }
        }
        end_pool(pool);
}

static void nor_does_one_that_is_asked_for_and_not_waited_for(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        bool ring = !strcmp(pool_transport, "ring");

        square_of(pool, 7);
        while (ring && pool_bits_count(&pool->shared->sleeping, WORKERS) < WORKERS)
                usleep(200);
        for (uint32_t i = 0; i < WORKERS - 1; i++) {
                assert_int_equal(kill(mproc_pool_worker_pid(pool, i), SIGSTOP), 0);
                await_state(mproc_pool_worker_pid(pool, i), 'T');
        }
        for (int i = 0; i < 10; i++) {
                struct mproc_result *result = submit(pool, do_nothing, NULL, 0);
                int tries = 0;

                while (i % 2 ? mproc_pool_ready(pool, result, NULL) != 1
                             : mproc_pool_wait(pool, result, 0, NULL) != 0) {
                        assert_true(tries++ < 20000);
                        usleep(1000);
                }
                mproc_pool_release(pool, result);
        }
        for (uint32_t i = 0; i < WORKERS - 1; i++)
                assert_int_equal(kill(mproc_pool_worker_pid(pool, i), SIGCONT), 0);
        end_pool(pool);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(all_workers_come_when_tasks_need_each_other, UNDER_CONCURRENT),
                PROMISE(they_come_without_membarrier, UNDER_CONCURRENT),
                PROMISE(they_come_where_workers_may_not_call_it, UNDER_OWN_PROCESS),
                PROMISE(who_ends_its_look_leaves_no_task_behind, UNDER_CONCURRENT),
                PROMISE(no_task_waits_for_a_worker_that_is_stopped, UNDER_OWN_PROCESS),
                PROMISE(nor_does_one_that_is_asked_for_and_not_waited_for, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
