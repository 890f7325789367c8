/* What `ab` compares: plug-ins, builds, commands. Resolves the plan's variants, and tells the
 * session what their hosts are. Driver's main thread only. */
#ifndef RUN_VARIANTS_H
#define RUN_VARIANTS_H

#include "run/session.h"

/* Paths become absolute, a build's path that of its host. Plug-ins are loaded, the first one joins
 * the workloads of this process and of the plan. Two variants become the levels A and B. -EINVAL:
 * they cannot be compared; -ENOENT and others: one cannot be used. */
int variants_resolve(struct plan *plan, struct mproc_err *err);

/* Of a resolved plan; after session_init. */
void variants_install(const struct plan *plan, struct session *session);

#endif
