/* The soak: scenes in which processes are killed at random instants, over and over, in one process.
 *
 * soak.c runs the scenes and keeps the table; a scene (soak_pool.c, soak_process.c, soak_queue.c,
 * soak_sync.c) makes its objects, has its processes killed, accounts for every task, and cleans up.
 * soak_kill.c does the killing, soak_crew.c keeps processes of which each is replaced when it was
 * killed, soak_watch.c looks for what is left behind and for what hangs.
 *
 * Nothing waits for ever: every wait has SOAK_WAIT_NS, and a thread watches the rest. A failure
 * says what every process is doing, kills them and ends the program. */
#ifndef SOAK_H
#define SOAK_H

#include "base/clock.h"
#include "contract/mproc_random.h"

#include <pthread.h>
#include <stdatomic.h>

#define SOAK_WAIT_NS (30 * SECOND_NS)
#define SOAK_HUNG_S 60 /* a step that waits more than once */
#define SOAK_MEMBERS 8

/* Of one member: when it was killed, for the time until its successor does something. */
struct pulse {
        _Atomic uint64_t killed_ns;
        _Atomic int32_t killed_pid;
};

/* Shared with the processes of a scene, which write it. */
struct board {
        _Atomic uint64_t operations; /* that succeeded */
        _Atomic uint64_t worst_ns;   /* from a kill to the next operation */
        _Atomic uint32_t stop;
        _Atomic uint32_t complaints;
        char complaint[256]; /* the first */
        struct pulse pulse[SOAK_MEMBERS];
};

struct stage; /* below */

struct scene {
        const char *name, *summary;
        int (*run)(struct stage *stage); /* returns 0, or has called soak_fail */
        const char *only;                /* start method; NULL: all three */
        bool transports;
};

/* One scene under one start method and transport, and what came of it so far. */
struct stage {
        const struct scene *scene;
        const char *start, *transport;
        _Atomic uint64_t kills, server_kills; /* server_kills are among the kills */
        uint64_t tasks, failed, replaced, worst_ns;

        /* Of the run that is under way. */
        uint64_t random; /* state of roll */
        unsigned kills_wanted;
        struct board *board;
        void (*describe)(const struct stage *stage); /* prints state words */
        const void *described;
};

extern const struct scene soak_pool, soak_pool_retries, soak_pool_server, soak_processes,
        soak_queue, soak_locks, soak_condition, soak_barrier, soak_manager;

/* soak_watch.c: the program's own. */

/* Prints what failed, in which scene, and what every process does; ends the program with 1. */
__attribute__((format(printf, 2, 3))) _Noreturn void soak_fail(const struct stage *stage,
                                                               const char *format, ...);
/* What the stage does now; it must do something else within SOAK_HUNG_S. */
void soak_step(const struct stage *stage, const char *what);
/* `hold`: after a failure leaves everything as it is, for a debugger. */
void soak_watch_start(uint64_t seed, bool hold);
/* Takes stock before the first scene, and compares after each: descriptors (the fork server's too),
 * shared memory, descendants. Orphans of a killed fork server are reaped. */
void soak_stock_take(void);
void soak_stock_compare(const struct stage *stage);
uint64_t soak_pss_bytes(void);

/* soak_kill.c */

/* Kills a process that is a child, or a fork server's child, of this one; stops it first now and
 * then. False: it is no such process (any more). `pulse` may be NULL. */
bool soak_kill(struct stage *stage, uint64_t *random, pid_t pid, struct pulse *pulse);
bool soak_kill_server(struct stage *stage, uint64_t *random);
/* Was such a process ever killed? Any thread. */
bool soak_was_killed(pid_t pid);

/* In processes of a scene. */

/* An operation is done: `member` is at work. */
static inline void soak_beat(struct board *board, struct pulse *pulse)
{
        uint64_t killed = atomic_load_explicit(&pulse->killed_ns, memory_order_relaxed), worst, now;

        atomic_fetch_add_explicit(&board->operations, 1, memory_order_relaxed);
        if (!killed || atomic_load(&pulse->killed_pid) == getpid() ||
            !atomic_compare_exchange_strong(&pulse->killed_ns, &killed, 0))
                return;
        now = clock_now_ns();
        worst = atomic_load(&board->worst_ns);
        while (now - killed > worst &&
               !atomic_compare_exchange_weak(&board->worst_ns, &worst, now - killed))
                ;
}

/* Something is wrong; the first one to say so is heard. Returns 1, an exit status. */
__attribute__((format(printf, 2, 3))) int soak_complain(struct board *board, const char *format,
                                                        ...);
void soak_expect_no_complaint(const struct stage *stage);

/* soak_crew.c: some processes of one target, called with a struct duty. */

struct duty {
        struct board *board;
        void *shared;
        uint64_t seed;
        uint32_t member, life; /* life: of all members, counted from 0 */
};

struct crew {
        struct stage *stage;
        int (*target)(void *duty, size_t size);
        void *shared;
        /* A member will be killed; it is dead, and not yet replaced. May be NULL. */
        void (*condemn)(void *shared, uint32_t member);
        void (*bury)(void *shared, uint32_t member);
        /* All who were killed are replaced; may be NULL. */
        void (*settle)(void *context);
        void *context;
        uint32_t count, lives;
        struct mproc_process *at[SOAK_MEMBERS];
};

void crew_start(struct crew *crew);
/* Kills one or several at a random instant, or their fork server, and replaces them. */
void crew_strike(struct crew *crew);
/* Waits until all have left with 0; calls `nudge` (may be NULL) again and again meanwhile. */
void crew_end(struct crew *crew, void (*nudge)(void *shared));

/* Zeroed shared memory with a board in front; what is behind it is in `ret`. */
struct mproc_shm *soak_memory(struct stage *stage, void **ret, size_t size);
void soak_memory_free(struct stage *stage, struct mproc_shm *shm);

#endif
