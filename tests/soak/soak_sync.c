/* Users of locks, semaphores, conditions and barriers are killed, with or without what they hold.
 */
#include "soak/soak.h"

#include <mproc/sync.h>

enum { USERS = 4, PERMITS = 2, ROOM = 3, PARTIES = 3 };

struct tools {
        struct mproc_lock lock;
        struct mproc_rlock rlock;
        struct mproc_semaphore semaphore;
        struct mproc_ledger ledger;
        struct mproc_condition not_full, not_empty;
        struct mproc_barrier barrier;
        /* Under the lock: equal, whenever it is free. */
        uint64_t first, second;
        _Atomic int32_t inside, deep_inside; /* who holds lock and rlock */
        uint64_t stock, made, taken;
        uint32_t leaving; /* the condition's users leave */
        /* Who holds a permit, and who is dead. */
        _Atomic uint32_t holds[SOAK_MEMBERS], dead[SOAK_MEMBERS];
};

static void condemn_member(void *shared, uint32_t member)
{
        struct tools *tools = shared;

        atomic_store(&tools->dead[member], 1);
}

static void bury_member(void *shared, uint32_t member)
{
        struct tools *tools = shared;

        atomic_store(&tools->holds[member], 0);
        atomic_store(&tools->dead[member], 0);
}

/* Locks
 * -------------------------------------------------------------------------------------------- */

/* `holder` is this process's between enter and leave. */
static bool enter(const struct duty *duty, _Atomic int32_t *holder, int r, const char *what)
{
        int32_t other = atomic_exchange(holder, getpid());

        if (other && r != -EOWNERDEAD) {
                soak_complain(duty->board, "%s: process %d is inside, too", what, other);
                return false;
        }
        return true;
}

static int use_lock(const struct duty *duty, struct tools *tools)
{
        struct mproc_err err = {0};
        int r = mproc_lock_acquire(&tools->lock, SOAK_WAIT_NS, &err);

        if (r && r != -EOWNERDEAD)
                return soak_complain(duty->board, "lock: %d: %s", r, err.text);
        if (!enter(duty, &tools->inside, r, "lock"))
                return 1;
        if (r) {
                tools->second = tools->first;
                mproc_lock_consistent(&tools->lock, &err);
        }
        if (tools->first != tools->second)
                return soak_complain(duty->board, "lock: what it guards is half changed");
        tools->first++;
        atomic_signal_fence(memory_order_seq_cst);
        tools->second++;
        atomic_store(&tools->inside, 0);
        r = mproc_lock_release(&tools->lock, &err);
        return r ? soak_complain(duty->board, "release: %d: %s", r, err.text) : 0;
}

static int use_rlock(const struct duty *duty, struct tools *tools)
{
        struct mproc_err err = {0};
        int r = mproc_rlock_acquire(&tools->rlock, SOAK_WAIT_NS, &err), again;

        if (r && r != -EOWNERDEAD)
                return soak_complain(duty->board, "rlock: %d: %s", r, err.text);
        if (!enter(duty, &tools->deep_inside, r, "rlock"))
                return 1;
        if (r)
                mproc_rlock_consistent(&tools->rlock, &err);
        again = mproc_rlock_acquire(&tools->rlock, SOAK_WAIT_NS, &err);
        if (again)
                return soak_complain(duty->board, "rlock again: %d: %s", again, err.text);
        r = mproc_rlock_release(&tools->rlock, &err);
        atomic_store(&tools->deep_inside, 0);
        if (!r)
                r = mproc_rlock_release(&tools->rlock, &err);
        return r ? soak_complain(duty->board, "rlock release: %d: %s", r, err.text) : 0;
}

static int use_semaphore(const struct duty *duty, struct tools *tools)
{
        struct mproc_err err = {0};
        uint32_t held = 0;
        int r = mproc_semaphore_acquire(&tools->semaphore, SOAK_WAIT_NS, &err);

        if (r && r != -EOWNERDEAD)
                return soak_complain(duty->board, "semaphore: %d: %s", r, err.text);
        atomic_store(&tools->holds[duty->member], 1);
        for (uint32_t i = 0; i < USERS; i++)
                held += atomic_load(&tools->holds[i]) && !atomic_load(&tools->dead[i]);
        if (held > PERMITS)
                return soak_complain(duty->board, "%u hold one of %u permits", held, PERMITS);
        atomic_store(&tools->holds[duty->member], 0);
        r = mproc_semaphore_release(&tools->semaphore, &err);
        return r ? soak_complain(duty->board, "semaphore release: %d: %s", r, err.text) : 0;
}

static int use_locks(void *arg, size_t size)
{
        static int (*const uses[])(const struct duty *, struct tools *) = {use_lock, use_rlock,
                                                                           use_semaphore};
        const struct duty *duty = arg;
        uint64_t random = duty->seed;
        int r = 0;

        (void)size;
        while (!r && !atomic_load(&duty->board->stop)) {
                r = uses[roll(&random, 3)](duty, duty->shared);
                soak_beat(duty->board, duty->board->pulse);
        }
        return r;
}

/* Condition
 * ---------------------------------------------------------------------------------------- */

static bool has_room(void *arg)
{
        const struct tools *tools = arg;

        return tools->leaving || tools->stock < ROOM;
}

static bool has_stock(void *arg)
{
        const struct tools *tools = arg;

        return tools->leaving || tools->stock;
}

/* After a death: what is guarded is right again, and a notify that died with it is made good. */
static void repair(struct tools *tools)
{
        tools->stock = tools->made - tools->taken;
        mproc_lock_consistent(&tools->lock, NULL);
        mproc_condition_notify_all(&tools->not_full, NULL);
        mproc_condition_notify_all(&tools->not_empty, NULL);
}

static int acquire(struct tools *tools, struct mproc_err *err)
{
        int r = mproc_lock_acquire(&tools->lock, SOAK_WAIT_NS, err);

        if (r == -EOWNERDEAD) {
                repair(tools);
                r = 0;
        }
        return r;
}

/* Makes when `member` is even, else takes. */
static int use_condition(void *arg, size_t size)
{
        const struct duty *duty = arg;
        struct tools *tools = duty->shared;
        bool makes = duty->member % 2 == 0, leaving = false;
        struct mproc_condition *mine = makes ? &tools->not_full : &tools->not_empty;
        struct mproc_condition *other = makes ? &tools->not_empty : &tools->not_full;

        (void)size;
        while (!leaving) {
                struct mproc_err err = {0};
                int r = acquire(tools, &err);

                if (r)
                        return soak_complain(duty->board, "lock: %d: %s", r, err.text);
                do {
                        r = mproc_condition_wait_for(mine, makes ? has_room : has_stock, tools,
                                                     SOAK_WAIT_NS, &err);
                        if (r == -EOWNERDEAD)
                                repair(tools);
                } while (r == -EOWNERDEAD);
                if (r)
                        return soak_complain(duty->board, "wait of member %u: %d: %s", duty->member,
                                             r, err.text);
                leaving = tools->leaving;
                if (!leaving) {
                        *(makes ? &tools->made : &tools->taken) += 1;
                        tools->stock = tools->made - tools->taken;
                }
                if (tools->stock > ROOM)
                        return soak_complain(duty->board, "%llu are in stock",
                                             (unsigned long long)tools->stock);
                r = mproc_condition_notify(other, 1, &err);
                if (!r)
                        r = mproc_lock_release(&tools->lock, &err);
                if (r)
                        return soak_complain(duty->board, "notify: %d: %s", r, err.text);
                soak_beat(duty->board, duty->board->pulse);
        }
        return 0;
}

/* Barrier
 * ------------------------------------------------------------------------------------------- */

static int use_barrier(void *arg, size_t size)
{
        const struct duty *duty = arg;
        struct tools *tools = duty->shared;

        (void)size;
        while (!atomic_load(&duty->board->stop)) {
                struct mproc_err err = {0};
                uint32_t index = PARTIES;
                int r = mproc_barrier_wait(&tools->barrier, SOAK_WAIT_NS, &index, &err);

                if (r && r != -EOWNERDEAD && r != -ECANCELED)
                        return soak_complain(duty->board, "barrier: %d: %s", r, err.text);
                if (!r && index >= PARTIES)
                        return soak_complain(duty->board, "barrier: index %u", index);
                if (!r)
                        soak_beat(duty->board, duty->board->pulse);
                else if (!atomic_load(&duty->board->stop) && mproc_barrier_broken(&tools->barrier))
                        mproc_barrier_reset(&tools->barrier, NULL);
        }
        return 0;
}

/* Scenes
 * -------------------------------------------------------------------------------------------- */

static void describe(const struct stage *stage)
{
        const struct tools *tools = stage->described;

        fprintf(stderr,
                "  lock: depth %u, damaged %u; rlock: depth %u; permits %x; stock %llu, made %llu, "
                "taken %llu; barrier: arrived %u, round %u, broken %d\n",
                tools->lock.core.depth, tools->lock.core.damaged, tools->rlock.core.depth,
                tools->semaphore.permits, (unsigned long long)tools->stock,
                (unsigned long long)tools->made, (unsigned long long)tools->taken,
                tools->barrier.arrived, tools->barrier.round, tools->barrier.broken);
}

static struct mproc_shm *open_tools(struct stage *stage, struct tools **ret)
{
        struct mproc_err err = {0};
        struct mproc_shm *shm;
        struct tools *tools;
        void *memory;

        shm = soak_memory(stage, &memory, sizeof(*tools));
        tools = memory;
        if (mproc_lock_init(&tools->lock, &err) || mproc_rlock_init(&tools->rlock, &err) ||
            mproc_semaphore_init(&tools->semaphore, PERMITS, 0, &tools->ledger, &err) ||
            mproc_condition_init(&tools->not_full, &tools->lock, &err) ||
            mproc_condition_init(&tools->not_empty, &tools->lock, &err) ||
            mproc_barrier_init(&tools->barrier, PARTIES, &err))
                soak_fail(stage, "init: %s", err.text);
        stage->described = tools;
        stage->describe = describe;
        *ret = tools;
        return shm;
}

static void close_tools(struct stage *stage, struct tools *tools, struct mproc_shm *shm)
{
        stage->tasks += atomic_load(&stage->board->operations);
        mproc_barrier_done(&tools->barrier);
        mproc_condition_done(&tools->not_empty);
        mproc_condition_done(&tools->not_full);
        mproc_semaphore_done(&tools->semaphore);
        mproc_rlock_done(&tools->rlock);
        mproc_lock_done(&tools->lock);
        soak_memory_free(stage, shm);
}

static void run_crew_of(struct stage *stage, int (*target)(void *, size_t), struct tools *tools,
                        uint32_t count, void (*nudge)(void *))
{
        uint64_t end = atomic_load(&stage->kills) + stage->kills_wanted;
        struct crew crew = {.stage = stage,
                            .target = target,
                            .shared = tools,
                            .condemn = condemn_member,
                            .bury = bury_member,
                            .count = count};

        crew_start(&crew);
        while (atomic_load(&stage->kills) < end)
                crew_strike(&crew);
        atomic_store(&stage->board->stop, 1);
        if (nudge)
                nudge(tools);
        crew_end(&crew, nudge);
}

static int run_locks(struct stage *stage)
{
        struct tools *tools;
        struct mproc_shm *shm = open_tools(stage, &tools);
        struct mproc_err err = {0};

        run_crew_of(stage, use_locks, tools, USERS, NULL);
        /* Permits of the dead come back to who asks for them. */
        for (int i = 0; i < PERMITS; i++) {
                int r = mproc_semaphore_acquire(&tools->semaphore, SOAK_WAIT_NS, &err);

                if (r && r != -EOWNERDEAD)
                        soak_fail(stage, "permit %d of %d is lost: %s", i + 1, PERMITS, err.text);
        }
        if (!mproc_semaphore_acquire(&tools->semaphore, 0, NULL))
                soak_fail(stage, "there are more than %d permits", PERMITS);
        for (int i = 0; i < PERMITS; i++)
                mproc_semaphore_release(&tools->semaphore, NULL);
        close_tools(stage, tools, shm);
        return 0;
}

static void dismiss(void *shared)
{
        struct tools *tools = shared;

        if (acquire(tools, NULL))
                return;
        tools->leaving = 1;
        mproc_condition_notify_all(&tools->not_full, NULL);
        mproc_condition_notify_all(&tools->not_empty, NULL);
        mproc_lock_release(&tools->lock, NULL);
}

static int run_condition(struct stage *stage)
{
        struct tools *tools;
        struct mproc_shm *shm = open_tools(stage, &tools);

        run_crew_of(stage, use_condition, tools, USERS, dismiss);
        close_tools(stage, tools, shm);
        return 0;
}

static void abort_barrier(void *shared)
{
        struct tools *tools = shared;

        mproc_barrier_abort(&tools->barrier, NULL);
}

static int run_barrier(struct stage *stage)
{
        struct tools *tools;
        struct mproc_shm *shm = open_tools(stage, &tools);

        run_crew_of(stage, use_barrier, tools, PARTIES, abort_barrier);
        close_tools(stage, tools, shm);
        return 0;
}

const struct scene soak_locks = {"locks",
                                 "users of a lock, a recursive lock and a semaphore are killed",
                                 run_locks, NULL, false};
const struct scene soak_condition = {"condition",
                                     "makers and takers that wait for each other are killed",
                                     run_condition, NULL, false};
const struct scene soak_barrier = {"barrier", "parties of a barrier are killed", run_barrier, NULL,
                                   false};
