/* Who has got how many messages of a queue and not said task_done: a slot of the ledger per thread,
 * whose state is the number. That is the truth which mproc_queue_join goes by.
 *
 * All of it with the consumers' lock held. Who dies with that lock in the middle of a change has
 * noted down in queue->get how things were before; the next one to lock begins with
 * ledger_recover. */
#ifndef MPROC_QUEUE_LEDGER_H
#define MPROC_QUEUE_LEDGER_H

#include <mproc/queue.h>

void ledger_recover(struct mproc_queue *queue);
/* The caller is about to get the message at queue->get.position. -ENOSPC: all slots are taken, by
 * the living. */
int ledger_begin_get(struct mproc_queue *queue);
/* The position has moved on. */
void ledger_end_get(struct mproc_queue *queue);
/* One task of the caller's is done. -EPERM: it has none. */
int ledger_task_done(struct mproc_queue *queue);
/* Adds the tasks of the dead to queue->lost. -EAGAIN: others who are alive have some; -EDEADLK: the
 * caller has. */
int ledger_check(struct mproc_queue *queue);

#endif
