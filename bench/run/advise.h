/* What the figures advise. Driver only. */
#ifndef RUN_ADVISE_H
#define RUN_ADVISE_H

#include "model/result.h"

/* Sentences for the reader, from what was measured. */
void advise_result(struct result *result);

/* Which start method is cheapest from which parent, in a sentence; empty: none is clearly so. */
void advise_starts(const struct result *result, char *text, size_t size);

#endif
