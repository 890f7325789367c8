/* One fixed result that has everything a report must show: a counter run with every cell status and
 * every verdict, a start-cost strip over two parent sizes, counters of every status, noise, a
 * disturbed round. Reports and the JSON are tested on it. */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include "model/result.h"

/* Cells by index. */
enum fixture_cell {
        FIXTURE_MUTEX, /* baseline, measured */
        FIXTURE_SHARDED,
        FIXTURE_ATOMIC,
        FIXTURE_SEMAPHORE,
        FIXTURE_ROBUST,
        FIXTURE_CAS,
        FIXTURE_BATCHED, /* verified only */
        FIXTURE_RACY,    /* lossy */
        FIXTURE_TICKET,  /* skipped */
        FIXTURE_MCS,     /* collapsed */
        FIXTURE_OFDLOCK, /* failed */
        FIXTURE_STRIP,   /* the first cell of the strip: fork, parent of 0 bytes */
        FIXTURE_CELLS = FIXTURE_STRIP + 8,
};

#define FIXTURE_ROUNDS 13 /* of which the fifth was disturbed */

/* Initialises `result`; result_done() frees it. Ends the test program when memory is out. */
void fixture_result(struct result *result);

/* Part of it: one trial of `cell`. */
void fixture_add_trial(struct result *result, const struct cell *cell, uint32_t round);

#endif
