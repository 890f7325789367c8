#include "mproc/sync_slots.h"

#include <errno.h>

void slots_init(struct mproc_slots *slots)
{
        slots->look_ns = 0;
        word_store(&slots->high, 0);
}

/* A free slot stays free meanwhile, since claims are made under a lock. A participant that died on
 * its way in or out has left one behind that is marked. */
static bool take(struct mproc_slot *slot)
{
        int r = robust_try(&slot->presence);

        if (r == -EOWNERDEAD)
                pthread_mutex_consistent(&slot->presence);
        return !r || r == -EOWNERDEAD;
}

static struct mproc_slot *claim(struct mproc_slots *slots)
{
        struct mproc_slot *fresh;

        SLOTS_EACH(slot, slots)
        if (word_load(&slot->state) == SLOT_FREE && take(slot))
                return slot;
        if (slots->high == MPROC_SYNC_SLOTS)
                return NULL;
        fresh = slots_end(slots);
        robust_init(&fresh->presence);
        word_store(&fresh->state, SLOT_FREE);
        robust_try(&fresh->presence);
        word_store(&slots->high, slots->high + 1);
        return fresh;
}

struct mproc_slot *slots_claim(struct mproc_slots *slots, slots_bury_function *bury, void *object)
{
        struct mproc_slot *slot = claim(slots);

        if (slot)
                return slot;
        slots_bury(slots, bury, object);
        return claim(slots);
}

void slots_leave(struct mproc_slot *slot)
{
        word_store(&slot->state, SLOT_FREE);
        pthread_mutex_unlock(&slot->presence);
}

/* As `order`. A thread of another process may have the same address: the presence decides. */
static uint64_t self(void)
{
        static __thread char mine;

        return (uintptr_t)&mine;
}

struct mproc_slot *slots_find_mine(struct mproc_slots *slots, slots_bury_function *bury,
                                   void *object)
{
        SLOTS_EACH(slot, slots)
        {
                int r;

                if (word_load(&slot->state) == SLOT_FREE || slot->order != self())
                        continue;
                r = robust_try(&slot->presence);
                if (r == -EDEADLK)
                        return slot;
                if (r == -EOWNERDEAD) {
                        pthread_mutex_consistent(&slot->presence);
                        bury(object, slot);
                } else if (!r) {
                        pthread_mutex_unlock(&slot->presence);
                }
        }
        return NULL;
}

struct mproc_slot *slots_claim_mine(struct mproc_slots *slots, slots_bury_function *bury,
                                    void *object)
{
        struct mproc_slot *slot = slots_find_mine(slots, bury, object);

        if (slot)
                return slot;
        slot = slots_claim(slots, bury, object);
        if (slot)
                slot->order = self();
        return slot;
}

bool slots_find_dead(struct mproc_slot *slot)
{
        int r;

        if (word_load(&slot->state) == SLOT_FREE)
                return false;
        r = robust_try(&slot->presence);
        if (!r) /* it has just left */
                pthread_mutex_unlock(&slot->presence);
        if (r != -EOWNERDEAD)
                return false;
        /* From here on the caller's death leaves it marked like its participant's. */
        pthread_mutex_consistent(&slot->presence);
        return true;
}

void slots_bury(struct mproc_slots *slots, slots_bury_function *bury, void *object)
{
        SLOTS_EACH(slot, slots)
        if (slots_find_dead(slot))
                bury(object, slot);
}

bool slots_look_is_due(struct mproc_slots *slots)
{
        uint64_t now = clock_now_ns(), due = __atomic_load_n(&slots->look_ns, __ATOMIC_RELAXED);

        return now >= due &&
               __atomic_compare_exchange_n(&slots->look_ns, &due, now + MPROC_SYNC_LOOK_NS, false,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
