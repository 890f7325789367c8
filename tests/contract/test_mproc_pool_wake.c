/* Workers that sleep, or nap since waking them was not worth it, are there when they are needed. */
#include "contract/pool_rig.h"
#include "mproc/pool_private.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

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
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

        (void)arg;
        (void)arg_size;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
                return -errno;
        return 0;
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

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(all_workers_come_when_tasks_need_each_other, UNDER_CONCURRENT),
                PROMISE(they_come_without_membarrier, UNDER_CONCURRENT),
                PROMISE(they_come_where_workers_may_not_call_it, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
