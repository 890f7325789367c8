/* A lock from inside: what struct mproc_lock and struct mproc_rlock share, for who sleeps with one
 * released (sync_condition.c). Every context. */
#ifndef MPROC_SYNC_LOCK_H
#define MPROC_SYNC_LOCK_H

#include "mproc/sync_wait.h"

bool mutex_is_mine(struct mproc_mutex *core);
/* How a release by one who does not hold it is refused. */
int mutex_refuse(struct mproc_mutex *core, struct mproc_err *err);
/* Releases wholly; returns the depth, for the caller to set when it has the lock again. */
uint32_t mutex_let_go(struct mproc_mutex *core);
/* 0 and -EOWNERDEAD: held; -ESTALE: there is no lock any more. */
int mutex_take_back(struct mproc_mutex *core);
/* true: its owner had died, and the caller holds it now. */
bool mutex_take_from_dead(struct mproc_mutex *core);
/* The sentence of -EOWNERDEAD. */
int mutex_inherited(struct mproc_mutex *core, struct mproc_err *err);

#endif
