/* What the owner of a pool and its workers share, who writes what, and why a worker killed at any
 * instruction leaves it consistent. Owner and workers.
 *
 * Who writes what. The owner alone: pool_front (save `event`), functions, jobs (save `next` and the
 * failure), the allocation of the arena. A worker alone, as long as it lives: its pool_line (save
 * `lease` and `wake`). Several: these, `head`, `next`, the state of a slot, the code of an item,
 * the records of long texts, `fenced` and the bit sets, each by single atomic operations. There is
 * no lock that a worker could take to its grave. Within the owner, a lock orders its threads.
 *
 * A single task lies in a slot, whose state says who may change it:
 *
 *    FREE      the owner: fills it → QUEUED
 *    QUEUED    whoever wins the compare-and-swap: a worker → RUNNING, the owner → FREE (cancelled)
 *    RUNNING   the worker that is named in it → DONE; after its death, the owner
 *    DONE      the owner → FREE
 *
 * The slots are the queue: position p is in slot p modulo their number. A position whose slot is
 * not free yet is left out, so a task that takes long holds up nobody. The state names the
 * position, so that a worker that slept over a whole turn of the queue cannot take the wrong task.
 * `head` is no more than a hint: a slot before `tail` that is not QUEUED at its position has been
 * taken, or left out, and whoever sees that moves head on. So at any instruction either nobody has
 * the task, or the slot says who. After a death the owner takes in what is done, then takes every
 * slot that still names the dead worker: RUNNING failed, DONE is done.
 *
 * The result of a task of up to MPROC_POOL_INLINE bytes is written into its slot only when the
 * function has succeeded, over the argument: a slot of two cache lines, of which most tasks use
 * one, is all that moves between the CPUs. Who may run a task again keeps a copy of its argument.
 *
 * A map is a job: items 0 … end − 1, worked through in passes. Worker, in this order:
 *
 *    line.job = pass     "I may hold something of it"; then looks whether that pass still goes on
 *    …                   holds the items first … first + c − 1: the transport says how
 *    line.at = item      before the function is called
 *    codes[item] = code  after the result is written: only now the item is over
 *    line.job = 0        after a chunk, or more of them
 *
 * A dead worker's line stays until the owner has looked at it, and so does its pass. What it held
 * and had not begun is simply pending, and is shared out again. So an item is begun twice only as a
 * retry, and none is lost.
 *
 * How tasks and items reach workers, and word of them the owner, is the transport's business
 * (pool_transport.h). It carries hints: whatever it loses, doubles or delivers late, the states
 * above decide.
 *
 * A task limit needs a word of its own: the owner may end a worker only while it runs the task that
 * took too long. `lease` is set to an odd number when a task begins and to the next even one when
 * it ends, by compare-and-swap; the owner condemns the very number that it saw. A worker that finds
 * itself condemned takes no other task. */
#ifndef MPROC_POOL_SHARED_H
#define MPROC_POOL_SHARED_H

#include "mproc/callable.h"
#include <assert.h>
#include <limits.h>
#include <mproc/pool.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_LINE 128 /* a pair of cache lines: they are fetched together */
#define POOL_UNIT 256 /* of the arena, in bytes */
#define POOL_BIT_WORDS (MPROC_POOL_WORKERS_MAX / 64)
/* In codes: not over. Nobody has begun it, or (transport pipe) worker n has: POOL_BEGUN + n. */
#define POOL_PENDING INT32_MIN
#define POOL_BEGUN (POOL_PENDING + 1)
#define POOL_CODE_MIN (POOL_BEGUN + MPROC_POOL_WORKERS_MAX) /* of what is over */
#define POOL_CONDEMNED (1ull << 63)

enum pool_state { POOL_FREE, POOL_QUEUED, POOL_RUNNING, POOL_DONE };

/* State, worker and position in one word. 54 bits of position: at ten million tasks a second they
 * last for half a century. */
static_assert(MPROC_POOL_WORKERS_MAX <= 1 << 8, "a worker has 8 bits");

static inline uint64_t pool_word(enum pool_state state, uint32_t worker, uint64_t position)
{
        return (uint64_t)state | (uint64_t)worker << 2 | position << 10;
}

static inline enum pool_state pool_word_state(uint64_t word)
{
        return (enum pool_state)(word & 3);
}

static inline uint32_t pool_word_worker(uint64_t word)
{
        return (uint32_t)(word >> 2 & 0xff);
}

static inline uint64_t pool_word_position(uint64_t word)
{
        return word >> 10;
}

#define POOL_SMALL 32 /* bytes that fit into the slot's first cache line */

struct pool_slot {
        _Alignas(64) _Atomic uint64_t state;
        int32_t code;
        uint16_t function;
        uint16_t text;                  /* of a failed task: its record + 1; 0: in `failed` */
        uint32_t arg_size, result_size; /* result_size: the room, then what was written */
        uint32_t arg_unit, result_unit; /* where in the arena, if they are there */
        union {
                struct {
                        unsigned char small[POOL_SMALL];
                        unsigned char large[MPROC_POOL_INLINE];
                };
                struct {
                        char stage[24];
                        char text[72];
                } failed; /* nobody needs argument and result any more */
        };
};
static_assert(sizeof(struct pool_slot) == 128, "a queued task is small");

/* The text of a failed task that does not fit into its slot. */
struct pool_text {
        _Atomic uint32_t slot; /* number + 1; 0: free */
        char text[sizeof(((struct mproc_err *)NULL)->text)];
};

/* The first failure of a job that a worker had words for. */
struct pool_words {
        _Atomic uint32_t taken;
        _Atomic uint32_t ready;
        uint32_t worker;
        pid_t pid; /* a thread's tid */
        uint64_t item;
        struct mproc_err err;
};

struct pool_job {
        _Alignas(POOL_LINE) _Atomic uint64_t pass; /* 0: none; never the same twice */
        uint64_t args, results, codes;             /* addresses */
        uint64_t arg_size, result_size;
        _Atomic uint64_t end; /* items next … end - 1 are in this pass */
        uint64_t first;       /* number of item 0 in the user's array */
        uint32_t function, chunk;
        _Atomic uint32_t again; /* items that are over are passed by: not the first pass, or none
                                 * that has not begun is to begin */
        _Alignas(POOL_LINE) _Atomic uint64_t next;
        _Alignas(POOL_LINE) struct pool_words words;
};

static inline _Atomic int32_t *pool_code_at(const struct pool_job *job, uint64_t item)
{
        return (_Atomic int32_t *)job->codes + item;
}

static inline int32_t pool_code(const struct pool_job *job, uint64_t item)
{
        return atomic_load_explicit(pool_code_at(job, item), memory_order_acquire);
}

/* A chunk of what is left by MPROC_CHUNK_GUIDED. */
static inline uint64_t pool_guided(uint64_t left, uint32_t workers)
{
        uint64_t size = left / (2 * (uint64_t)workers);

        return size ? size : 1;
}

/* Written by the owner, save `event`, and read by all. */
struct pool_front {
        _Alignas(POOL_LINE) _Atomic uint64_t tail;      /* with every task */
        _Alignas(POOL_LINE) _Atomic uint32_t open_jobs; /* a bit each */
        _Atomic uint32_t stop; /* leave when there is nothing to do; 2: leave at once */
        /* Whose end the owner sleeps for: 0 nobody's, POOL_ANY, or a slot's number + 2. */
        _Atomic uint32_t awaited;
        _Atomic uint32_t spinning;                  /* threads of the owner that look for news */
        _Alignas(POOL_LINE) _Atomic uint32_t event; /* the owner's futex: grows */
};

#define POOL_ANY 1u

struct pool_line {
        /* The worker's. */
        _Alignas(POOL_LINE) _Atomic uint64_t job; /* pass */
        _Atomic uint64_t at;                      /* item + 1 */
        _Atomic uint64_t lease, begun_ns;
        _Atomic uint32_t ready; /* 1: initialised; 2: left of its own will */
        /* Set by who wakes it. */
        _Alignas(POOL_LINE) _Atomic uint32_t wake;
        _Alignas(POOL_LINE) struct mproc_err err; /* why it could not be initialised */
};

struct pool_function {
        struct callable callable;
        char path[PATH_MAX];
};

struct pool_bits {
        _Atomic uint64_t word[POOL_BIT_WORDS];
};

struct pool_shared {
        struct pool_front front;
        _Alignas(POOL_LINE) _Atomic uint64_t head;
        _Alignas(POOL_LINE) struct pool_bits looking, sleeping, napping;
        struct pool_job jobs[MPROC_POOL_MAPS];

        /* Constant while there are workers. */
        _Alignas(POOL_LINE) uint32_t workers;
        uint32_t slot_count; /* a power of two */
        uint32_t spinners_max;
        uint32_t timed; /* leases are kept */
        /* A worker that is about to sleep has the owner's CPU execute a barrier (pool_fence_owner):
         * so the owner needs none between the store of a task and the look whether anybody sleeps.
         */
        _Atomic bool fenced;
        uint64_t tasks_per_worker;
        struct pool_line *lines;
        struct pool_slot *slots;
        char *arena;
        struct pool_text *texts;
        uint32_t text_count;
        struct pool_function *functions;
};

static inline struct pool_slot *pool_slot_at(struct pool_shared *shared, uint64_t position)
{
        return &shared->slots[position & (shared->slot_count - 1)];
}

/* Is its task still to be had? */
static inline bool pool_is_queued(struct pool_shared *shared, uint64_t position)
{
        return atomic_load(&pool_slot_at(shared, position)->state) ==
               pool_word(POOL_QUEUED, 0, position);
}

/* pool_slots.c */
/* The first position from `from` on, before `end`, whose slot is in one of the `states` (a bit
 * each); `end`: there is none. Looks through all slots. */
uint64_t pool_first_position(struct pool_shared *shared, uint64_t from, uint64_t end,
                             unsigned states);
/* The one to look at after `position`, which was left out. Mostly its neighbour; but any number may
 * have been left out, so who has gone past as many as there are slots looks through these. */
uint64_t pool_next_position(struct pool_shared *shared, uint64_t position, uint64_t end,
                            unsigned states, uint32_t *left_out);
#define POOL_IS_QUEUED (1u << POOL_QUEUED)
#define POOL_IS_TAKEN (1u << POOL_RUNNING | 1u << POOL_DONE)

/* Where an argument or a result of `size` bytes of this slot is. */
static inline void *pool_payload(const struct pool_shared *shared, struct pool_slot *slot,
                                 uint32_t size, uint32_t unit)
{
        if (size <= POOL_SMALL)
                return slot->small;
        if (size <= MPROC_POOL_INLINE)
                return slot->large;
        return shared->arena + (size_t)unit * POOL_UNIT;
}

/* Bit sets. */
static inline void pool_bit_set(struct pool_bits *bits, uint32_t worker)
{
        atomic_fetch_or(&bits->word[worker / 64], 1ull << worker % 64);
}

/* Was it set? */
static inline int pool_bit_clear(struct pool_bits *bits, uint32_t worker)
{
        uint64_t bit = 1ull << worker % 64;

        return (atomic_fetch_and(&bits->word[worker / 64], ~bit) & bit) != 0;
}

/* membarrier(2); pool_wake.c. Owner: false if there is none. */
bool pool_fence_register(void);
/* Worker: whatever the owner stored before it last looked at the bit sets is visible after this. */
void pool_fence_owner(struct pool_shared *shared);

static inline bool pool_bits_any(struct pool_bits *bits, uint32_t workers)
{
        for (uint32_t i = 0; i * 64 < workers; i++)
                if (atomic_load(&bits->word[i]))
                        return true;
        return false;
}

uint32_t pool_bits_count(struct pool_bits *bits, uint32_t workers);

/* Wakes up to `count` of those in the set. */
void pool_wake(struct pool_shared *shared, struct pool_bits *asleep, uint32_t count);
/* One task was added: wakes a sleeper, unless somebody is looking already. */
void pool_wake_one(struct pool_shared *shared);
void pool_wake_all(struct pool_shared *shared);
/* The owner's threads that sleep on front.event look again. */
void pool_wake_owner(struct pool_shared *shared);
/* Slot `what` − 2 (POOL_ANY: something) is over: wakes the owner if it sleeps for that. */
void pool_tell_owner(struct pool_shared *shared, uint32_t what);

/* The worker's target. */
struct pool_start {
        struct pool_shared *shared;
        uint32_t worker;
        uint32_t initialiser, finaliser; /* function number + 1; 0: none */
        uint32_t arg_size;               /* the argument follows, aligned to 64 */
        uint32_t transport;              /* by its place in the table */
        uint32_t first_fd;               /* of the pool's own descriptors, for mproc_self_fd() */
        unsigned char pad[32];
};
static_assert(sizeof(struct pool_start) == 64, "what follows is aligned");

int pool_worker_run(void *arg, size_t arg_size);
/* Is the calling thread a worker of this pool? */
bool pool_inside(const struct pool_shared *shared);

#endif
