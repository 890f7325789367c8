#include "base/error.h"
#include "mproc/sync_slots.h"
#include <errno.h>
#include <limits.h>

/* Under the guard, save what those who sleep look at: `round`, and their slot's state. A death
 * under the guard is a death at the barrier, and breaks it, unless it was open already. */

enum state {
        WAITING = SLOT_FREE + 1,
        OPENED,
        CANCELED,
        BEREFT,
        LEFT, /* timed out without the guard; nobody is there, and it is still counted as come */
};

enum phase {
        FILLING,
        ACTING,  /* all have come; the last one runs its action */
        OPENING, /* nothing can break it any more */
};

int mproc_barrier_init(struct mproc_barrier *barrier, uint32_t parties, struct mproc_err *err)
{
        int r = sync_check_place(barrier, sizeof(*barrier), "barrier", err);

        if (r)
                return r;
        if (!parties || parties > MPROC_SYNC_SLOTS)
                return error_set(err, -EDOM, "barrier", "%u parties, but it takes 1 to %d", parties,
                                 MPROC_SYNC_SLOTS);
        robust_init(&barrier->guard);
        barrier->parties = parties;
        barrier->arrived = barrier->round = barrier->phase = 0;
        barrier->broken = 0;
        slots_init(&barrier->slots);
        word_store(&barrier->magic, SYNC_BARRIER);
        return 0;
}

void mproc_barrier_done(struct mproc_barrier *barrier)
{
        if (barrier)
                word_store(&barrier->magic, 0);
}

/* Tells those who wait, and lets them go. Done twice, it does no harm. Who left at the very moment
 * of opening is not forgotten: it breaks the next round. */
static void let_go(struct mproc_barrier *barrier, enum state outcome)
{
        SLOTS_EACH(slot, &barrier->slots)
        {
                uint32_t seen = WAITING;

                if (!word_swap(&slot->state, &seen, outcome) && seen == LEFT && outcome != OPENED)
                        word_store(&slot->state, SLOT_FREE);
        }
        word_store(&barrier->arrived, 0);
        barrier->phase = FILLING;
        word_store(&barrier->round, barrier->round + 1);
        wait_wake(&barrier->round, INT_MAX);
}

static void break_up(struct mproc_barrier *barrier, int32_t why)
{
        __atomic_store_n(&barrier->broken, why, __ATOMIC_RELEASE);
        let_go(barrier, why == -EOWNERDEAD ? BEREFT : CANCELED);
}

/* What `r` says of taking the guard, once the dead that held it is seen to. */
static int guarded(struct mproc_barrier *barrier, int r)
{
        if (r != -EOWNERDEAD)
                return r;
        if (barrier->phase == OPENING)
                let_go(barrier, OPENED);
        else
                break_up(barrier, -EOWNERDEAD);
        pthread_mutex_consistent(&barrier->guard);
        return 0;
}

static void guard_lock(struct mproc_barrier *barrier)
{
        guarded(barrier, robust_lock(&barrier->guard, UINT64_MAX, NULL, 0));
}

/* Nobody stays under the guard, save who is stopped there (SIGSTOP): -ETIMEDOUT. Or -ESTALE. */
static int guard_lock_short(struct mproc_barrier *barrier)
{
        return guarded(barrier, robust_lock_for(&barrier->guard, MPROC_SYNC_LOOK_NS,
                                                &barrier->magic, SYNC_BARRIER));
}

static void guard_unlock(struct mproc_barrier *barrier)
{
        pthread_mutex_unlock(&barrier->guard);
}

/* Guard held. */
static void bury(void *object, struct mproc_slot *slot)
{
        switch (word_load(&slot->state)) {
        case WAITING:
                break_up(object, -EOWNERDEAD);
                break;
        case LEFT:
                break_up(object, -ECANCELED);
                break;
        }
        slots_leave(slot);
}

/* Breaks it if one who waits is dead or has left, and frees the slots of those. Guard held. */
static void look(struct mproc_barrier *barrier)
{
        SLOTS_EACH(slot, &barrier->slots)
        if (word_load(&slot->state) == LEFT)
                break_up(barrier, -ECANCELED);
        slots_bury(&barrier->slots, bury, barrier);
}

/* Until the round is over. */
static int rest(struct mproc_barrier *barrier, uint32_t round, uint64_t deadline_ns)
{
        for (struct sync_spin spin = sync_spin_begin(); sync_spin_once(&spin);)
                if (word_load(&barrier->round) != round) {
                        sync_spin_won();
                        return 0;
                }
        while (word_load(&barrier->round) == round) {
                if (wait_is_over(deadline_ns))
                        return -ETIMEDOUT;
                if (word_load(&barrier->magic) != SYNC_BARRIER)
                        return -ESTALE;
                sync_sleep(&barrier->round, round, deadline_ns);
                if (word_load(&barrier->round) == round && slots_look_is_due(&barrier->slots) &&
                    !guard_lock_short(barrier)) {
                        look(barrier);
                        guard_unlock(barrier);
                }
        }
        return 0;
}

/* Guard held. -EAGAIN: the round is full. */
static int come(struct mproc_barrier *barrier, int64_t timeout_ns, struct mproc_slot **ret)
{
        bool must_wait = barrier->phase == ACTING || barrier->arrived + 1 < barrier->parties;

        if (!timeout_ns && must_wait) /* who tries again and again is told of the dead as well */
                look(barrier);
        if (barrier->broken)
                return barrier->broken;
        if (!timeout_ns && must_wait)
                return -ETIMEDOUT;
        if (barrier->phase == ACTING)
                return -EAGAIN;
        *ret = slots_claim(&barrier->slots, bury, barrier);
        if (!*ret) /* those of the last round have not all left */
                return -ENOSPC;
        if (barrier->broken) { /* one of the dead that made room was waiting */
                slots_leave(*ret);
                return barrier->broken;
        }
        word_store(&(*ret)->state, WAITING);
        word_store(&barrier->arrived, barrier->arrived + 1);
        return 0;
}

/* Waits out a round that is full, and comes to the next. Guard held after success. */
static int enter(struct mproc_barrier *barrier, int64_t timeout_ns, uint64_t deadline_ns,
                 struct mproc_slot **ret)
{
        for (;;) {
                uint32_t round;
                int r = guard_lock_short(barrier);

                if (!r) {
                        r = come(barrier, timeout_ns, ret);
                        if (!r)
                                return 0;
                        round = barrier->round;
                        guard_unlock(barrier);
                        if (r == -EAGAIN)
                                r = rest(barrier, round, deadline_ns);
                } else if (r == -ETIMEDOUT && !wait_is_over(deadline_ns)) {
                        continue;
                }
                if (r)
                        return r;
        }
}

/* Of one who waited, and has to go for `why`: breaks the barrier. 0: it was let go at the last
 * moment. */
static int give_up(struct mproc_barrier *barrier, struct mproc_slot *slot, int why)
{
        uint32_t seen = WAITING;

        if (guard_lock_short(barrier)) /* then whoever looks next breaks it */
                return word_swap(&slot->state, &seen, LEFT) ? why : 0;
        if (word_load(&slot->state) == WAITING)
                break_up(barrier, -ECANCELED);
        else
                why = 0;
        guard_unlock(barrier);
        return why;
}

/* The last one to come. Guard held, before and after; the slot's state says what became of it. */
static int open_up(struct mproc_barrier *barrier, struct mproc_slot *slot, int (*action)(void *arg),
                   void *arg)
{
        int r = 0;

        look(barrier);
        if (action && word_load(&slot->state) == WAITING) {
                barrier->phase = ACTING;
                guard_unlock(barrier);
                r = action(arg);
                guard_lock(barrier);
                if (word_load(&slot->state) == WAITING)
                        look(barrier);
        }
        if (word_load(&slot->state) != WAITING)
                return r < 0 ? r : 0;
        if (r < 0) {
                break_up(barrier, -ECANCELED);
                return r;
        }
        barrier->phase = OPENING;
        let_go(barrier, OPENED);
        return 0;
}

static void leave(struct mproc_slot *slot)
{
        if (word_load(&slot->state) == LEFT)
                pthread_mutex_unlock(&slot->presence);
        else
                slots_leave(slot);
}

static int outcome(const struct mproc_slot *slot)
{
        switch (word_load(&slot->state)) {
        case OPENED:
                return 0;
        case BEREFT:
                return -EOWNERDEAD;
        default:
                return -ECANCELED;
        }
}

static int explain(const struct mproc_barrier *barrier, int r, int64_t timeout_ns,
                   struct mproc_err *err)
{
        switch (-r) {
        case ETIMEDOUT:
                return sync_timed_out(SYNC_BARRIER, timeout_ns, err);
        case ESTALE:
                return sync_stale(SYNC_BARRIER, err);
        case EOWNERDEAD:
                return error_set(err, r, "barrier",
                                 "one of the %u parties died at the barrier, which is broken until "
                                 "it is reset",
                                 barrier->parties);
        case ECANCELED:
                return error_set(err, r, "barrier",
                                 "the barrier was broken: aborted, reset, timed out for another "
                                 "party, or its action failed");
        default:
                return error_set(err, r, "barrier", "more than %d threads are at the barrier",
                                 MPROC_SYNC_SLOTS);
        }
}

int mproc_barrier_wait_with(struct mproc_barrier *barrier, int64_t timeout_ns,
                            int (*action)(void *arg), void *arg, uint32_t *ret_index,
                            struct mproc_err *err)
{
        struct mproc_slot *slot;
        uint64_t deadline_ns;
        uint32_t index, round;
        int r = sync_check(&barrier->magic, SYNC_BARRIER, timeout_ns, err), failed = 0;

        if (r)
                return r;
        deadline_ns = wait_deadline(timeout_ns);
        r = enter(barrier, timeout_ns, deadline_ns, &slot);
        if (r)
                return explain(barrier, r, timeout_ns, err);
        index = barrier->arrived - 1;
        round = barrier->round;
        if (index + 1 == barrier->parties)
                failed = open_up(barrier, slot, action, arg);
        guard_unlock(barrier);
        if (index + 1 < barrier->parties) {
                r = rest(barrier, round, deadline_ns);
                if (r)
                        r = give_up(barrier, slot, r);
        }
        if (!r)
                r = outcome(slot);
        leave(slot);
        if (failed)
                return error_set(err, failed, "barrier", "the barrier's action failed with %d",
                                 failed);
        if (r)
                return explain(barrier, r, timeout_ns, err);
        if (ret_index)
                *ret_index = index;
        return 0;
}

int mproc_barrier_wait(struct mproc_barrier *barrier, int64_t timeout_ns, uint32_t *ret_index,
                       struct mproc_err *err)
{
        return mproc_barrier_wait_with(barrier, timeout_ns, NULL, NULL, ret_index, err);
}

static int end_round(struct mproc_barrier *barrier, int32_t broken, struct mproc_err *err)
{
        int r = sync_check(&barrier->magic, SYNC_BARRIER, 0, err);

        if (r)
                return r;
        guard_lock(barrier);
        break_up(barrier, -ECANCELED);
        __atomic_store_n(&barrier->broken, broken, __ATOMIC_RELEASE);
        guard_unlock(barrier);
        return 0;
}

int mproc_barrier_abort(struct mproc_barrier *barrier, struct mproc_err *err)
{
        return end_round(barrier, -ECANCELED, err);
}

int mproc_barrier_reset(struct mproc_barrier *barrier, struct mproc_err *err)
{
        return end_round(barrier, 0, err);
}

uint32_t mproc_barrier_waiting(const struct mproc_barrier *barrier)
{
        return word_load(&barrier->arrived);
}

int mproc_barrier_broken(const struct mproc_barrier *barrier)
{
        return __atomic_load_n(&barrier->broken, __ATOMIC_ACQUIRE);
}
