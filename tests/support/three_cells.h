/* One result with three strategies of the counter, for tests of verdicts and advice. The baseline,
 * mutex, is not the first; atomic is five times as fast, sharded half as fast. */
#ifndef SUPPORT_THREE_CELLS_H
#define SUPPORT_THREE_CELLS_H

#include "run/judge.h"
#include "stats/compare.h"
#include "support/synthetic.h"

#define RATE 1e7 /* of mutex */

extern struct result result;
extern uint32_t mutex, atomic, sharded; /* cells */

int set_up(void **unused);
int tear_down(void **unused);
void measured(uint32_t rounds);
void judge(void);
enum verdict verdict_of(uint32_t cell);
void set_level(uint32_t cell, enum factor factor, const char *level);

#endif
