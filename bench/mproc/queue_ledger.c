#include "mproc/queue_ledger.h"

#include "mproc/sync_slots.h"
#include <errno.h>

/* A death is seen by others as if all stores before it had been made, in the order of the program:
 * so it is the compiler alone that must not change it. */
static void in_order(void)
{
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* What is noted down counts once `slot` is there, and no more once it is not. */
static void note(struct mproc_queue *queue, struct mproc_slot *slot, uint64_t before)
{
        queue->get.noted_before = before;
        in_order();
        queue->get.noted = slot;
        in_order();
}

static void forget(struct mproc_queue *queue)
{
        in_order();
        queue->get.noted = NULL;
        in_order();
        queue->get.began = MPROC_QUEUE_NOTHING;
}

/* The tasks of a slot's dead owner. */
static void write_off(void *object, struct mproc_slot *slot)
{
        struct mproc_queue *queue = object;

        note(queue, slot, queue->lost);
        __atomic_store_n(&queue->lost, queue->lost + word_load(&slot->state), __ATOMIC_SEQ_CST);
        in_order();
        slots_leave(slot);
        forget(queue);
}

/* true: somebody alive has tasks. */
static bool write_off_all(struct mproc_queue *queue)
{
        struct mproc_slots *slots = &queue->ledger->slots;

        slots_bury(slots, write_off, queue);
        SLOTS_EACH(slot, slots)
        if (word_load(&slot->state) != SLOT_FREE)
                return true;
        return false;
}

void ledger_recover(struct mproc_queue *queue)
{
        struct mproc_queue_side *get = &queue->get;
        struct mproc_slot *slot = get->noted;

        if (slot && get->began == get->position)
                word_store(&slot->state, (uint32_t)get->noted_before);
        else if (slot && get->began == MPROC_QUEUE_NOTHING && word_load(&slot->state) != SLOT_FREE)
                queue->lost = get->noted_before; /* it will be found dead again, and added anew */
        forget(queue);
}

static struct mproc_slot *find_mine(struct mproc_queue *queue)
{
        return slots_find_mine(&queue->ledger->slots, write_off, queue);
}

int ledger_begin_get(struct mproc_queue *queue)
{
        struct mproc_slot *slot = slots_claim_mine(&queue->ledger->slots, write_off, queue);
        uint32_t held;

        if (!slot)
                return -ENOSPC;
        held = word_load(&slot->state);
        queue->get.began = queue->get.position;
        note(queue, slot, held);
        word_store(&slot->state, held + 1);
        in_order();
        return 0;
}

void ledger_end_get(struct mproc_queue *queue)
{
        forget(queue);
}

int ledger_task_done(struct mproc_queue *queue)
{
        struct mproc_slot *mine = find_mine(queue);
        uint32_t left;

        if (!mine)
                return -EPERM;
        left = word_load(&mine->state) - 1;
        if (left)
                word_store(&mine->state, left);
        else
                slots_leave(mine);
        return 0;
}

int ledger_check(struct mproc_queue *queue)
{
        if (!write_off_all(queue))
                return 0;
        return find_mine(queue) ? -EDEADLK : -EAGAIN;
}
