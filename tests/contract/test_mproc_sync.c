/* What locks, semaphores, events, conditions and barriers have in common: nobody else about, no
 * system call. */
#include "contract/mproc_crew.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>

struct shared {
        struct mproc_lock lock;
        struct mproc_rlock rlock;
        struct mproc_semaphore signal, resource;
        struct mproc_ledger ledger;
        struct mproc_event event;
        struct mproc_condition condition;
};

/* In seccomp's strict mode any system call but read, write and exit is the end by SIGKILL. */
static bool alone(const char *unused)
{
        struct mproc_shm *shm;
        struct shared *shared;
        int wrong = 0;

        (void)unused;
        CHECK(!mproc_shm_new(&shm, sizeof(*shared), NULL));
        shared = mproc_shm_addr(shm);
        CHECK(!mproc_lock_init(&shared->lock, NULL));
        CHECK(!mproc_rlock_init(&shared->rlock, NULL));
        CHECK(!mproc_semaphore_init(&shared->signal, 0, 0, NULL, NULL));
        CHECK(!mproc_semaphore_init(&shared->resource, 1, 0, &shared->ledger, NULL));
        CHECK(!mproc_event_init(&shared->event, NULL));
        CHECK(!mproc_condition_init(&shared->condition, &shared->lock, NULL));
        CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
        for (int i = 0; i < 10; i++) {
                wrong |= mproc_lock_acquire(&shared->lock, MPROC_FOREVER, NULL);
                wrong |= mproc_condition_notify(&shared->condition, 1, NULL);
                wrong |= mproc_condition_notify_all(&shared->condition, NULL);
                wrong |= mproc_lock_release(&shared->lock, NULL);
                wrong |= mproc_rlock_acquire(&shared->rlock, SECOND_NS, NULL);
                wrong |= mproc_rlock_acquire(&shared->rlock, 0, NULL);
                wrong |= mproc_rlock_release(&shared->rlock, NULL);
                wrong |= mproc_rlock_release(&shared->rlock, NULL);
                wrong |= mproc_semaphore_release(&shared->signal, NULL);
                wrong |= mproc_semaphore_acquire(&shared->signal, MPROC_FOREVER, NULL);
                wrong |= mproc_semaphore_acquire(&shared->resource, MPROC_FOREVER, NULL);
                wrong |= mproc_semaphore_release(&shared->resource, NULL);
                wrong |= mproc_event_set(&shared->event, NULL);
                wrong |= mproc_event_wait(&shared->event, MPROC_FOREVER, NULL);
                wrong |= mproc_event_clear(&shared->event, NULL);
        }
        syscall(SYS_exit, wrong ? 1 : 0);
        return false;
}

static void nobody_else_about_no_system_call(const char *unused)
{
        if (UNDER_ASAN || UNDER_TSAN) {
                print_message("skipped: sanitizers make system calls of their own\n");
                skip();
        }
        assert_true(run_scene(alone, unused));
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(nobody_else_about_no_system_call, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
