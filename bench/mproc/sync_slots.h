/* Who takes part in one object, and how it is seen that one of them is dead.
 *
 * The one mechanism for all objects: a slot's presence is a robust mutex, which its participant
 * holds as long as it takes part. The kernel marks it when the participant ends, in whatever way
 * (robust_futexes in the kernel's documentation), and whoever tries it from then on is told, once.
 * It is exact: per thread, no pid that may be used again, no /proc, dead before the zombie is
 * reaped. It costs a mutex without contention to take part, and one try per slot to look. Nobody is
 * woken by the mark itself, so those who sleep look, at most one of them per MPROC_SYNC_LOOK_NS.
 *
 * Limits: MPROC_SYNC_SLOTS participants per object; a thread's list of robust mutexes is read to
 * 2048 at its death; threads made by a raw clone(2), whose thread id the C library does not know,
 * cannot take part.
 *
 * Slots are claimed under a lock of the object's; the rest goes without. */
#ifndef MPROC_SYNC_SLOTS_H
#define MPROC_SYNC_SLOTS_H

#include "mproc/sync_wait.h"
#include <assert.h>

static_assert(sizeof(struct mproc_slot) == MPROC_SYNC_LINE, "one participant per cache line");

#define SLOT_FREE 0 /* as state; all else is the object's */

void slots_init(struct mproc_slots *slots);

/* What is done with the slot of one who died, which is the caller's as by slots_find_dead: ends in
 * slots_leave. */
typedef void slots_bury_function(void *object, struct mproc_slot *slot);

/* NULL: all are taken by the living. The new one's state is SLOT_FREE until the caller sets it. */
struct mproc_slot *slots_claim(struct mproc_slots *slots, slots_bury_function *bury, void *object);
void slots_leave(struct mproc_slot *slot);

static inline struct mproc_slot *slots_end(struct mproc_slots *slots)
{
        return &slots->at[word_load(&slots->high)];
}

#define SLOTS_EACH(slot, slots) \
        for (struct mproc_slot *slot = (slots)->at; slot < slots_end(slots); slot++)

/* The caller's own slot, where each thread has one at most and `order` tells them apart. NULL: it
 * has none. The lock of claims held. */
struct mproc_slot *slots_find_mine(struct mproc_slots *slots, slots_bury_function *bury,
                                   void *object);
/* The same, or a new one, as by slots_claim. */
struct mproc_slot *slots_claim_mine(struct mproc_slots *slots, slots_bury_function *bury,
                                    void *object);

/* true: the participant is dead, and the slot is the caller's, as it was left, until slots_leave.
 * If the caller dies before that, it is found dead again. */
bool slots_find_dead(struct mproc_slot *slot);
/* Buries all that are. */
void slots_bury(struct mproc_slots *slots, slots_bury_function *bury, void *object);

/* Is it the caller's own turn to look for the dead? */
bool slots_look_is_due(struct mproc_slots *slots);

#endif
