#include "mproc/sync_lock.h"

#include "base/error.h"
#include <errno.h>

static const char *stage_of(const struct mproc_mutex *core)
{
        return sync_name(word_load(&core->magic));
}

static int init(struct mproc_mutex *core, enum sync_magic magic, struct mproc_err *err)
{
        int r = sync_check_place(core, sizeof(*core), "lock", err);

        if (r)
                return r;
        robust_init(&core->mutex);
        core->depth = core->damaged = 0;
        word_store(&core->magic, magic);
        return 0;
}

static void done(struct mproc_mutex *core)
{
        word_store(&core->magic, 0);
}

/* The caller has got the mutex, perhaps from a dead owner. The mark comes before the mutex is made
 * consistent: who dies in between leaves it to the next one to be told by the mutex. */
static int got(struct mproc_mutex *core, int r)
{
        if (r == -EOWNERDEAD) {
                core->damaged = 1;
                pthread_mutex_consistent(&core->mutex);
        }
        word_store(&core->depth, 1);
        return core->damaged ? -EOWNERDEAD : 0;
}

int mutex_inherited(struct mproc_mutex *core, struct mproc_err *err)
{
        return error_set(err, -EOWNERDEAD, stage_of(core),
                         "the %s is held by the caller, but an owner of it died holding it: what "
                         "it guards may be half changed; repair that and declare it consistent",
                         stage_of(core));
}

static int acquire(struct mproc_mutex *core, enum sync_magic magic, int64_t timeout_ns,
                   struct mproc_err *err)
{
        int r = sync_check(&core->magic, magic, timeout_ns, err);

        if (r)
                return r;
        r = robust_try(&core->mutex);
        if (r == -EBUSY && timeout_ns)
                r = robust_lock(&core->mutex, wait_deadline(timeout_ns), &core->magic, magic);
        switch (-r) {
        case 0:
        case EOWNERDEAD:
                return got(core, r) ? mutex_inherited(core, err) : 0;
        case EDEADLK:
                if (magic != SYNC_RLOCK)
                        return error_set(err, r, "lock",
                                         "the caller holds the lock already, and would wait for "
                                         "itself: release it, or use a recursive one");
                if (core->depth == UINT32_MAX)
                        return error_set(err, -EAGAIN, "recursive lock",
                                         "it was acquired %u times over", core->depth);
                word_store(&core->depth, core->depth + 1);
                return core->damaged ? mutex_inherited(core, err) : 0;
        case ESTALE:
                return sync_stale(magic, err);
        case EBUSY:
        case ETIMEDOUT:
                return sync_timed_out(magic, timeout_ns, err);
        default:
                return error_errno(err, r, stage_of(core), "cannot acquire");
        }
}

/* The same as the owner's: a look, by which a free mutex is held for a moment. */
static int look(struct mproc_mutex *core)
{
        int r = robust_try(&core->mutex);

        if (!r || r == -EOWNERDEAD) {
                got(core, r);
                pthread_mutex_unlock(&core->mutex);
                return 0;
        }
        return r;
}

bool mutex_is_mine(struct mproc_mutex *core)
{
        return look(core) == -EDEADLK;
}

int mutex_refuse(struct mproc_mutex *core, struct mproc_err *err)
{
        if (!look(core))
                return error_set(err, -EOVERFLOW, stage_of(core),
                                 "the %s is released once too often: nobody holds it",
                                 stage_of(core));
        return error_set(err, -EPERM, stage_of(core),
                         "the %s is held by another thread, which alone can release it",
                         stage_of(core));
}

static int consistent(struct mproc_mutex *core, enum sync_magic magic, struct mproc_err *err)
{
        int r = sync_check(&core->magic, magic, 0, err);

        if (r)
                return r;
        if (!mutex_is_mine(core))
                return error_set(err, -EPERM, stage_of(core),
                                 "only who holds the %s can say that what it guards is in order",
                                 stage_of(core));
        core->damaged = 0;
        return 0;
}

uint32_t mutex_let_go(struct mproc_mutex *core)
{
        uint32_t depth = core->depth;

        pthread_mutex_unlock(&core->mutex);
        return depth;
}

int mutex_take_back(struct mproc_mutex *core)
{
        uint32_t magic = word_load(&core->magic);
        int r;

        if (magic != SYNC_LOCK && magic != SYNC_RLOCK)
                return -ESTALE;
        r = robust_lock(&core->mutex, UINT64_MAX, &core->magic, magic);
        return r && r != -EOWNERDEAD ? r : got(core, r);
}

bool mutex_take_from_dead(struct mproc_mutex *core)
{
        int r = robust_try(&core->mutex);

        if (!r)
                pthread_mutex_unlock(&core->mutex);
        return r == -EOWNERDEAD && got(core, r);
}

/* Public ------------------------------------------------------------------------------------- */

int mproc_lock_init(struct mproc_lock *lock, struct mproc_err *err)
{
        /* Not &lock->core: what is not aligned is not to be looked into. */
        return init((void *)lock, SYNC_LOCK, err);
}

void mproc_lock_done(struct mproc_lock *lock)
{
        if (lock)
                done(&lock->core);
}

int mproc_lock_acquire(struct mproc_lock *lock, int64_t timeout_ns, struct mproc_err *err)
{
        return acquire(&lock->core, SYNC_LOCK, timeout_ns, err);
}

int mproc_lock_release(struct mproc_lock *lock, struct mproc_err *err)
{
        int r = sync_check(&lock->core.magic, SYNC_LOCK, 0, err);

        if (r)
                return r;
        return pthread_mutex_unlock(&lock->core.mutex) ? mutex_refuse(&lock->core, err) : 0;
}

int mproc_lock_consistent(struct mproc_lock *lock, struct mproc_err *err)
{
        return consistent(&lock->core, SYNC_LOCK, err);
}

int mproc_rlock_init(struct mproc_rlock *lock, struct mproc_err *err)
{
        return init((void *)lock, SYNC_RLOCK, err);
}

void mproc_rlock_done(struct mproc_rlock *lock)
{
        if (lock)
                done(&lock->core);
}

int mproc_rlock_acquire(struct mproc_rlock *lock, int64_t timeout_ns, struct mproc_err *err)
{
        return acquire(&lock->core, SYNC_RLOCK, timeout_ns, err);
}

int mproc_rlock_release(struct mproc_rlock *lock, struct mproc_err *err)
{
        struct mproc_mutex *core = &lock->core;
        int r = sync_check(&core->magic, SYNC_RLOCK, 0, err);
        uint32_t depth;

        if (r)
                return r;
        /* Another's may change at any time, but only the owner gets beyond the mutex's own look. */
        depth = word_load(&core->depth);
        if (depth == 1)
                return pthread_mutex_unlock(&core->mutex) ? mutex_refuse(core, err) : 0;
        if (!mutex_is_mine(core))
                return mutex_refuse(core, err);
        word_store(&core->depth, depth - 1);
        return 0;
}

int mproc_rlock_consistent(struct mproc_rlock *lock, struct mproc_err *err)
{
        return consistent(&lock->core, SYNC_RLOCK, err);
}
