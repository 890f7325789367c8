#include "base/error.h"
#include "mproc/sync_slots.h"
#include <errno.h>
#include <limits.h>

/* In `permits`. Set before somebody sleeps, and by who has slept and takes a permit, since it
 * cannot know whether others do; cleared by a release that finds nobody to wake. */
#define SLEEPERS 0x80000000u
#define COUNT(word) ((word) & ~SLEEPERS)

static bool take(struct mproc_semaphore *semaphore, uint32_t sleepers)
{
        uint32_t seen = word_load(&semaphore->permits);

        while (COUNT(seen))
                if (word_swap(&semaphore->permits, &seen, (seen - 1) | sleepers))
                        return true;
        return false;
}

static void wake(struct mproc_semaphore *semaphore, uint32_t word, int count)
{
        /* A word that is the same since has had nobody go to sleep on it. */
        if (word & SLEEPERS && !wait_wake(&semaphore->permits, count))
                word_swap(&semaphore->permits, &word, COUNT(word));
}

/* false: there are as many as there may be. */
static bool give(struct mproc_semaphore *semaphore)
{
        uint32_t seen = word_load(&semaphore->permits);

        do
                if (COUNT(seen) >= semaphore->max)
                        return false;
        while (!word_swap(&semaphore->permits, &seen, seen + 1));
        wake(semaphore, seen + 1, 1);
        return true;
}

/* The ledger ---------------------------------------------------------------------------------
 *
 * A slot per holder, whose state is how many permits it holds: that is the truth, and `permits` is
 * what it leaves over. Both change under the guard. Who dies in between leaves the guard to the
 * next one, who counts anew. */

/* Guard held. */
static void give_back(void *object, struct mproc_slot *slot)
{
        struct mproc_semaphore *semaphore = object;
        uint32_t held = word_load(&slot->state), inherited = semaphore->inherited + held;

        semaphore->inherited = inherited < semaphore->first ? inherited : semaphore->first;
        slots_leave(slot);
        wake(semaphore, __atomic_add_fetch(&semaphore->permits, held, __ATOMIC_ACQ_REL), (int)held);
}

/* 0, -ESTALE or -ETIMEDOUT. */
static int guard_lock(struct mproc_semaphore *semaphore, int64_t timeout_ns)
{
        struct mproc_ledger *ledger = semaphore->ledger;
        int r = robust_lock_for(&ledger->guard, timeout_ns, &semaphore->magic, SYNC_SEMAPHORE);
        uint32_t held = 0;

        if (r != -EOWNERDEAD)
                return r;
        slots_bury(&ledger->slots, give_back, semaphore);
        SLOTS_EACH(slot, &ledger->slots)
        held += word_load(&slot->state);
        word_store(&semaphore->permits, (semaphore->first - held) | SLEEPERS);
        wait_wake(&semaphore->permits, INT_MAX);
        pthread_mutex_consistent(&ledger->guard);
        return 0;
}

static void guard_unlock(struct mproc_semaphore *semaphore)
{
        pthread_mutex_unlock(&semaphore->ledger->guard);
}

/* Guard held, a permit free. -EOWNERDEAD: it was a dead one's. */
static int note_down(struct mproc_semaphore *semaphore, uint32_t sleepers)
{
        struct mproc_slot *slot = slots_claim_mine(&semaphore->ledger->slots, give_back, semaphore);

        if (!slot)
                return -ENOSPC;
        word_store(&slot->state, word_load(&slot->state) + 1);
        take(semaphore, sleepers);
        if (!semaphore->inherited)
                return 0;
        semaphore->inherited--;
        return -EOWNERDEAD;
}

static int try_owned(struct mproc_semaphore *semaphore, uint32_t sleepers)
{
        int r = -EAGAIN;

        /* Nobody stays under the guard, save who is stopped there: then it counts as no permit. */
        if (guard_lock(semaphore, MPROC_SYNC_LOOK_NS))
                return r;
        if (!COUNT(word_load(&semaphore->permits)))
                slots_bury(&semaphore->ledger->slots, give_back, semaphore);
        if (COUNT(word_load(&semaphore->permits)))
                r = note_down(semaphore, sleepers);
        guard_unlock(semaphore);
        return r;
}

static int release_owned(struct mproc_semaphore *semaphore, struct mproc_err *err)
{
        struct mproc_slot *mine;
        uint32_t left, word;
        bool excess;

        if (guard_lock(semaphore, MPROC_FOREVER))
                return sync_stale(SYNC_SEMAPHORE, err);
        mine = slots_find_mine(&semaphore->ledger->slots, give_back, semaphore);
        if (!mine) {
                excess = COUNT(word_load(&semaphore->permits)) == semaphore->first;
                guard_unlock(semaphore);
                if (excess)
                        return error_set(err, -EOVERFLOW, "semaphore",
                                         "a permit is released once too often: nobody holds one");
                return error_set(err, -EPERM, "semaphore",
                                 "the caller holds no permit: by the ledger, only who acquired one "
                                 "can release it");
        }
        left = word_load(&mine->state) - 1;
        word_store(&mine->state, left);
        word = __atomic_add_fetch(&semaphore->permits, 1, __ATOMIC_ACQ_REL);
        if (!left)
                slots_leave(mine);
        guard_unlock(semaphore);
        wake(semaphore, word, 1);
        return 0;
}

/* Public ------------------------------------------------------------------------------------- */

int mproc_semaphore_init(struct mproc_semaphore *semaphore, uint32_t permits, unsigned flags,
                         struct mproc_ledger *ledger, struct mproc_err *err)
{
        bool bounded = ledger || flags & MPROC_SEMAPHORE_BOUNDED;
        int r = sync_check_place(semaphore, sizeof(*semaphore), "semaphore", err);

        if (!r && ledger)
                r = sync_check_place(ledger, sizeof(*ledger), "ledger", err);
        if (r)
                return r;
        if (flags & ~(unsigned)MPROC_SEMAPHORE_BOUNDED)
                return error_set(err, -ENOTSUP, "semaphore",
                                 "flags are 0x%x, of which only MPROC_SEMAPHORE_BOUNDED is known",
                                 flags);
        if (permits > MPROC_SEMAPHORE_MAX)
                return error_set(err, -EDOM, "semaphore", "%u permits are more than %u", permits,
                                 MPROC_SEMAPHORE_MAX);
        if (bounded && !permits)
                return error_set(err, -EDOM, "semaphore",
                                 "a semaphore that never has more permits than at first needs one "
                                 "to begin with");
        semaphore->permits = semaphore->first = permits;
        semaphore->max = bounded ? permits : MPROC_SEMAPHORE_MAX;
        semaphore->inherited = 0;
        semaphore->ledger = ledger;
        if (ledger) {
                robust_init(&ledger->guard);
                slots_init(&ledger->slots);
        }
        word_store(&semaphore->magic, SYNC_SEMAPHORE);
        return 0;
}

void mproc_semaphore_done(struct mproc_semaphore *semaphore)
{
        if (semaphore)
                word_store(&semaphore->magic, 0);
}

/* -EAGAIN: there is none. */
static int try_once(struct mproc_semaphore *semaphore, uint32_t sleepers)
{
        if (semaphore->ledger)
                return try_owned(semaphore, sleepers);
        return take(semaphore, sleepers) ? 0 : -EAGAIN;
}

static int acquire_slowly(struct mproc_semaphore *semaphore, uint64_t deadline_ns)
{
        uint32_t sleepers = 0;
        int r;

        for (struct sync_spin spin = sync_spin_begin(); sync_spin_once(&spin);)
                if (COUNT(word_load(&semaphore->permits))) {
                        r = try_once(semaphore, 0);
                        if (r != -EAGAIN) {
                                sync_spin_won();
                                return r;
                        }
                        if (wait_is_over(deadline_ns))
                                return -ETIMEDOUT;
                }
        while ((r = try_once(semaphore, sleepers)) == -EAGAIN) {
                uint32_t seen = word_load(&semaphore->permits);

                if (wait_is_over(deadline_ns))
                        return -ETIMEDOUT;
                if (word_load(&semaphore->magic) != SYNC_SEMAPHORE)
                        return -ESTALE;
                if (COUNT(seen))
                        continue;
                if (seen & SLEEPERS || word_swap(&semaphore->permits, &seen, SLEEPERS)) {
                        sync_sleep(&semaphore->permits, SLEEPERS, deadline_ns);
                        sleepers = SLEEPERS;
                }
        }
        return r;
}

int mproc_semaphore_acquire(struct mproc_semaphore *semaphore, int64_t timeout_ns,
                            struct mproc_err *err)
{
        int r = sync_check(&semaphore->magic, SYNC_SEMAPHORE, timeout_ns, err);

        if (r)
                return r;
        r = try_once(semaphore, 0);
        if (r == -EAGAIN && timeout_ns)
                r = acquire_slowly(semaphore, wait_deadline(timeout_ns));
        switch (-r) {
        case 0:
                return 0;
        case EOWNERDEAD:
                return error_set(err, r, "semaphore",
                                 "the caller has a permit that came back from one who died with "
                                 "it: look after what it stands for");
        case ENOSPC:
                return error_set(err, r, "semaphore",
                                 "%d threads hold permits already, which is the most for a ledger",
                                 MPROC_SYNC_SLOTS);
        case ESTALE:
                return sync_stale(SYNC_SEMAPHORE, err);
        default:
                return sync_timed_out(SYNC_SEMAPHORE, timeout_ns, err);
        }
}

int mproc_semaphore_release(struct mproc_semaphore *semaphore, struct mproc_err *err)
{
        int r = sync_check(&semaphore->magic, SYNC_SEMAPHORE, 0, err);

        if (r)
                return r;
        if (semaphore->ledger)
                return release_owned(semaphore, err);
        if (give(semaphore))
                return 0;
        return error_set(err, -EOVERFLOW, "semaphore",
                         "a permit is released once too often: %u are free, which is the most",
                         semaphore->max);
}

uint32_t mproc_semaphore_value(const struct mproc_semaphore *semaphore)
{
        return COUNT(word_load(&semaphore->permits));
}
