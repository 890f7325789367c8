/* Tasks of all kinds for a pool of which workers are killed, and the account of each. */
#ifndef SOAK_SUBMIT_H
#define SOAK_SUBMIT_H

#include "soak/soak.h"

#include <mproc/pool.h>

enum { ITEMS = 1500 };

/* How often an item's function was begun and came to its end. */
struct mark {
        _Atomic uint32_t begun, ended;
        struct {
                int32_t pid;
                uint32_t worker;
        } by[4]; /* the first who began it */
};

/* The argument of a task; bytes that follow from the key may be behind it. */
struct order {
        struct board *board;
        struct mark *mark;
        uint32_t key, nap_us;
};

struct round {
        struct stage *stage;
        struct mproc_pool *pool;
        struct mark *marks;
        unsigned retries;
        uint64_t failed;
        bool terminates; /* the pool ends under its tasks: they may be cancelled, too */
        struct order orders[ITEMS];
        uint32_t results[ITEMS];
        int32_t codes[ITEMS];
};

/* Submits some tasks, one way or another by `way`, waits for them, and accounts for each. */
void submit_round(struct round *round, uint32_t way);
/* Terminates the pool under some tasks. */
void submit_and_terminate(struct round *round);
/* One small task. */
void submit_one(struct round *round);

#endif
