#include "base/error.h"
#include "mproc/sync_lock.h"
#include "mproc/sync_slots.h"
#include <errno.h>
#include <limits.h>

enum state {
        WAITING = SLOT_FREE + 1,
        NOTIFIED,     /* goes to another if this one dies */
        NOTIFIED_ALL, /* the others know already */
        GONE,         /* timed out: no notify goes there */
};

static int init(struct mproc_condition *condition, struct mproc_mutex *core, struct mproc_err *err)
{
        int r = sync_check_place(condition, sizeof(*condition), "condition", err);

        if (r)
                return r;
        condition->core = core;
        condition->next = 0;
        slots_init(&condition->slots);
        word_store(&condition->magic, SYNC_CONDITION);
        return 0;
}

int mproc_condition_init(struct mproc_condition *condition, struct mproc_lock *lock,
                         struct mproc_err *err)
{
        int r = sync_check(&lock->core.magic, SYNC_LOCK, 0, err);

        return r ? r : init(condition, &lock->core, err);
}

int mproc_condition_init_rlock(struct mproc_condition *condition, struct mproc_rlock *lock,
                               struct mproc_err *err)
{
        int r = sync_check(&lock->core.magic, SYNC_RLOCK, 0, err);

        return r ? r : init(condition, &lock->core, err);
}

void mproc_condition_done(struct mproc_condition *condition)
{
        if (condition)
                word_store(&condition->magic, 0);
}

static int check(struct mproc_condition *condition, int64_t timeout_ns, struct mproc_err *err)
{
        uint32_t magic;
        int r = sync_check(&condition->magic, SYNC_CONDITION, timeout_ns, err);

        if (r)
                return r;
        magic = word_load(&condition->core->magic);
        if (magic != SYNC_LOCK && magic != SYNC_RLOCK)
                return sync_stale(SYNC_LOCK, err);
        if (!mutex_is_mine(condition->core))
                return error_set(
                        err, -ENOLCK, "condition",
                        "the caller does not hold the condition's lock: acquire it before");
        return 0;
}

static struct mproc_slot *oldest_waiter(struct mproc_condition *condition)
{
        struct mproc_slot *oldest = NULL;
        uint64_t least = UINT64_MAX;

        SLOTS_EACH(slot, &condition->slots)
        {
                uint64_t order = __atomic_load_n(&slot->order, __ATOMIC_RELAXED);

                if (word_load(&slot->state) == WAITING && order < least) {
                        oldest = slot;
                        least = order;
                }
        }
        return oldest;
}

static bool notify_one(struct mproc_condition *condition);

/* What was given to the dead goes to the living, and only then is the slot free: the death of who
 * does this here leads to one notify too many, never to one too few. */
static void bury(void *object, struct mproc_slot *slot)
{
        struct mproc_condition *condition = object;
        uint32_t seen = WAITING;

        /* While it says WAITING, somebody else may take it for living and notify it. */
        if (!word_swap(&slot->state, &seen, GONE) && seen == NOTIFIED)
                notify_one(condition);
        slots_leave(slot);
}

/* Notifies the one who has waited longest, if there is one. Needs no lock: a waiter that is timed
 * out at the same time is told by its state, and either leaves or stays. */
static bool notify_one(struct mproc_condition *condition)
{
        struct mproc_slot *oldest;

        while ((oldest = oldest_waiter(condition))) {
                uint32_t seen = WAITING;

                if (slots_find_dead(oldest)) {
                        bury(condition, oldest);
                } else if (word_swap(&oldest->state, &seen, NOTIFIED)) {
                        wait_wake(&oldest->state, 1);
                        return true;
                }
        }
        return false;
}

/* -EOWNERDEAD: an owner of the lock died, and who slept holds it now: with it may have died the
 * notify that was to come. */
static int sleep_until_notified(struct mproc_condition *condition, struct mproc_slot *slot,
                                uint64_t deadline_ns)
{
        uint32_t seen = WAITING;

        while (word_load(&slot->state) == WAITING) {
                if (wait_is_over(deadline_ns))
                        return word_swap(&slot->state, &seen, GONE) ? -ETIMEDOUT : 0;
                if (word_load(&condition->magic) != SYNC_CONDITION)
                        return -ESTALE;
                sync_sleep(&slot->state, WAITING, deadline_ns);
                if (word_load(&slot->state) != WAITING || !slots_look_is_due(&condition->slots))
                        continue;
                slots_bury(&condition->slots, bury, condition);
                if (mutex_take_from_dead(condition->core))
                        return -EOWNERDEAD;
        }
        return 0;
}

static int wait_until(struct mproc_condition *condition, uint64_t deadline_ns, int64_t timeout_ns,
                      struct mproc_err *err)
{
        struct mproc_mutex *core = condition->core;
        struct mproc_slot *slot = slots_claim(&condition->slots, bury, condition);
        uint32_t depth;
        int r, locked;

        if (!slot)
                return error_set(err, -ENOSPC, "condition",
                                 "%d threads wait on this condition already, which is the most",
                                 MPROC_SYNC_SLOTS);
        __atomic_store_n(&slot->order, condition->next++, __ATOMIC_RELAXED);
        word_store(&slot->state, WAITING);
        depth = mutex_let_go(core);
        r = sleep_until_notified(condition, slot, deadline_ns);
        locked = r == -EOWNERDEAD ? r : mutex_take_back(core);
        if (!locked || locked == -EOWNERDEAD)
                word_store(&core->depth, depth);
        slots_leave(slot);
        if (locked == -EOWNERDEAD)
                return mutex_inherited(core, err);
        if (locked)
                return sync_stale(SYNC_LOCK, err);
        if (r == -ESTALE)
                return sync_stale(SYNC_CONDITION, err);
        return r ? sync_timed_out(SYNC_CONDITION, timeout_ns, err) : 0;
}

int mproc_condition_wait(struct mproc_condition *condition, int64_t timeout_ns,
                         struct mproc_err *err)
{
        int r = check(condition, timeout_ns, err);

        if (r)
                return r;
        return wait_until(condition, wait_deadline(timeout_ns), timeout_ns, err);
}

int mproc_condition_wait_for(struct mproc_condition *condition, bool (*predicate)(void *arg),
                             void *arg, int64_t timeout_ns, struct mproc_err *err)
{
        uint64_t deadline_ns;
        int r = check(condition, timeout_ns, err);

        if (r)
                return r;
        deadline_ns = wait_deadline(timeout_ns);
        while (!predicate(arg)) {
                if (r) /* timed out, and nothing has changed */
                        return sync_timed_out(SYNC_CONDITION, timeout_ns, err);
                r = wait_until(condition, deadline_ns, timeout_ns, err);
                if (r && r != -ETIMEDOUT)
                        return r;
        }
        return 0;
}

int mproc_condition_notify(struct mproc_condition *condition, uint32_t count, struct mproc_err *err)
{
        int r = check(condition, 0, err);

        if (r)
                return r;
        while (count-- && notify_one(condition))
                ;
        return 0;
}

int mproc_condition_notify_all(struct mproc_condition *condition, struct mproc_err *err)
{
        int r = check(condition, 0, err);

        if (r)
                return r;
        SLOTS_EACH(slot, &condition->slots)
        {
                uint32_t seen = WAITING;

                if (word_swap(&slot->state, &seen, NOTIFIED_ALL))
                        wait_wake(&slot->state, INT_MAX);
        }
        return 0;
}
