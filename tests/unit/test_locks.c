/* The table of locks: each excludes, each adds exactly, some survive their holder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "locks/lock.h"
#include "support/lcg.h"
#include "support/reopen.h"

#define WORKERS 2
#define ROUNDS 3000

struct stage {
        struct lock_self self[WORKERS];
        _Alignas(MPB_CACHE_LINE) unsigned char lock[256];
        _Alignas(MPB_CACHE_LINE) volatile uint64_t first, second, broken;
        _Alignas(MPB_CACHE_LINE) uint32_t ready;
};

/* A prepared lock in shared memory, and the file of one that needs it. */
struct scene {
        const struct lock *lock;
        struct stage *stage;
        int fd;
};

/* A FIFO spinlock with more workers than CPUs may take hours. */
static uint32_t workers_for(const struct lock *lock)
{
        cpu_set_t set;

        if (!(lock->strategy.flags & MPB_FIFO_SPIN) || sched_getaffinity(0, sizeof(set), &set))
                return WORKERS;
        return CPU_COUNT(&set) < WORKERS ? 1 : WORKERS;
}

static void scene_init(struct scene *scene, const struct lock *lock)
{
        scene->lock = lock;
        scene->fd = memfd_create("test-lock", MFD_CLOEXEC);
        assert_true(scene->fd >= 0);
        scene->stage = mmap(NULL, sizeof(*scene->stage), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(scene->stage, MAP_FAILED);
        assert_true(lock->bytes <= sizeof(scene->stage->lock));
        if (lock->init)
                assert_int_equal(lock->init(scene->stage->lock, NULL), 0);
}

static void scene_done(struct scene *scene)
{
        if (scene->lock->done)
                scene->lock->done(scene->stage->lock);
        munmap(scene->stage, sizeof(*scene->stage));
        close(scene->fd);
}

/* Runs `part` in a forked worker, which has a lock_self like any. */
static pid_t scene_fork(struct scene *scene, uint32_t index,
                        void (*part)(struct scene *, struct lock_self *))
{
        struct lock_self *self = &scene->stage->self[index];
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid)
                return pid;
        alarm(60);
        self->fd = reopen(scene->fd, O_RDWR, NULL);
        if (self->fd < 0)
                _exit(2);
        part(scene, self);
        _exit(0);
}

static void scene_wait(pid_t pid, int expected)
{
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, expected);
}

static void meet(struct scene *scene)
{
        uint32_t workers = workers_for(scene->lock);

        __atomic_fetch_add(&scene->stage->ready, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&scene->stage->ready, __ATOMIC_SEQ_CST) < workers)
                sched_yield();
}

static void run_team(struct scene *scene, void (*part)(struct scene *, struct lock_self *))
{
        uint32_t workers = workers_for(scene->lock);
        pid_t pids[WORKERS];

        scene->stage->ready = 0;
        for (uint32_t i = 0; i < workers; i++)
                pids[i] = scene_fork(scene, i, part);
        for (uint32_t i = 0; i < workers; i++)
                scene_wait(pids[i], 0);
}

/* `second` follows `first` after a while; whoever sees them differ is not alone. */
static void keep_pair_equal(struct scene *scene, struct lock_self *self)
{
        struct stage *stage = scene->stage;

        meet(scene);
        for (int i = 0; i < ROUNDS; i++) {
                scene->lock->acquire(stage->lock, self);
                if (stage->first != stage->second)
                        stage->broken = 1;
                stage->first = stage->first + 1;
                lcg_run(0, 200);
                stage->second = stage->second + 1;
                scene->lock->release(stage->lock, self);
        }
}

static void every_lock_lets_one_process_in_at_a_time(void **state)
{
        (void)state;
        for (size_t i = 0; lock_at(i); i++) {
                struct scene scene;

                scene_init(&scene, lock_at(i));
                run_team(&scene, keep_pair_equal);
                if (scene.stage->broken)
                        fail_msg("%s let two processes in", scene.lock->strategy.name);
                assert_int_equal(scene.stage->first, workers_for(scene.lock) * ROUNDS);
                assert_int_equal(scene.stage->second, scene.stage->first);
                scene_done(&scene);
        }
}

static void add_empty(struct scene *scene, struct lock_self *self)
{
        struct lock_load load = {0};

        meet(scene);
        scene->lock->add(scene->stage->lock, self, &scene->stage->first, 0, &load);
        scene->lock->add(scene->stage->lock, self, &scene->stage->first, ROUNDS + 1, &load);
}

static void add_loaded(struct scene *scene, struct lock_self *self)
{
        struct lock_load held = {.hold = 30}, spaced = {.gap = 30}, both = {.hold = 5, .gap = 5};

        meet(scene);
        scene->lock->add(scene->stage->lock, self, &scene->stage->first, 7, &held);
        scene->lock->add(scene->stage->lock, self, &scene->stage->first, ROUNDS / 2, &spaced);
        scene->lock->add(scene->stage->lock, self, &scene->stage->first, 1, &both);
}

static void every_lock_loses_no_add_with_and_without_load(void **state)
{
        (void)state;
        for (size_t i = 0; lock_at(i); i++) {
                uint32_t workers = workers_for(lock_at(i));
                struct scene scene;

                scene_init(&scene, lock_at(i));
                run_team(&scene, add_empty);
                assert_int_equal(scene.stage->first, workers * (ROUNDS + 1));
                scene.stage->first = 0;
                run_team(&scene, add_loaded);
                assert_int_equal(scene.stage->first, workers * (ROUNDS / 2 + 8));
                scene_done(&scene);
        }
}

static void die_inside(struct scene *scene, struct lock_self *self)
{
        scene->lock->acquire(scene->stage->lock, self);
        scene->stage->first = 1;
        raise(SIGKILL);
}

static void locks_with_an_owner_survive_its_death(void **state)
{
        const char *const names[] = {"robust", "ofdlock", "value"};

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                struct scene scene;

                scene_init(&scene, lock_find(names[i]));
                scene_wait(scene_fork(&scene, 0, die_inside), SIGKILL);
                assert_int_equal(scene.stage->first, 1);
                scene.stage->first = 0;
                run_team(&scene, add_empty); /* and what is left is a whole lock */
                assert_int_equal(scene.stage->first, WORKERS * (ROUNDS + 1));
                scene_done(&scene);
        }
}

static void locks_are_found_by_name_and_say_what_they_are(void **state)
{
        size_t count = 0;

        (void)state;
        for (; lock_at(count); count++) {
                const struct lock *lock = lock_at(count);

                assert_ptr_equal(lock_find(lock->strategy.name), lock);
                assert_true(strlen(lock->strategy.summary) > 0);
                assert_true(strlen(lock->strategy.advice) > 0);
        }
        assert_true(count >= 8);
        assert_null(lock_find("no such lock"));
        assert_true(lock_find("ticket")->strategy.flags & MPB_FIFO_SPIN);
        assert_true(lock_find("mcs")->strategy.flags & MPB_FIFO_SPIN);
        assert_false(lock_find("spin")->strategy.flags & MPB_FIFO_SPIN);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_lock_lets_one_process_in_at_a_time),
                cmocka_unit_test(every_lock_loses_no_add_with_and_without_load),
                cmocka_unit_test(locks_with_an_owner_survive_its_death),
                cmocka_unit_test(locks_are_found_by_name_and_say_what_they_are),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
