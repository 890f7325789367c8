/* counter: every worker adds 1 to one counter, many times. The right answer is workers ×
 * increments, whatever the strategy: those of sharing/ first, then the locks of locks/. */
#include "base/error.h"
#include "locks/lock.h"
#include "sharing/sharing.h"
#include "support/reopen.h"

#include <sys/mman.h>
#include <unistd.h>

enum { INCREMENTS, HOLD, GAP, BATCH };

static const struct mpb_option params[] = {
        [INCREMENTS] = {.name = "increments",
                        .summary = "adds by each worker",
                        .type = MPB_INT,
                        .allows_auto = 1,
                        .is_list = 1,
                        .fallback = "auto",
                        .unit = "increments",
                        .min = 1,
                        .max = 1000000000000},
        [HOLD] = {.name = "hold",
                  .summary = "work inside the critical section, in dependent multiply-adds",
                  .type = MPB_INT,
                  .is_list = 1,
                  .fallback = "0",
                  .unit = "steps",
                  .min = 0,
                  .max = 1000000000},
        [GAP] = {.name = "gap",
                 .summary = "work between two adds, in the same steps",
                 .type = MPB_INT,
                 .is_list = 1,
                 .fallback = "0",
                 .unit = "steps",
                 .min = 0,
                 .max = 1000000000},
        [BATCH] = {.name = "batch",
                   .summary = "adds that `batched` keeps before it delivers them",
                   .type = MPB_INT,
                   .is_list = 1,
                   .fallback = "1000",
                   .unit = "increments",
                   .min = 1,
                   .max = 1000000000000},
        {0},
};

/* A worker's slot: what the strategy writes, and on further lines what its loop only reads. */
struct counter_slot {
        union {
                struct sharing_self sharing;
                struct lock_self lock;
        } self;
        const struct sharing *sharing; /* one of the two, as found in the worker's process */
        const struct lock *lock;
        volatile uint64_t *value;
        struct lock_load load;
};

static size_t sharing_count(void)
{
        size_t count = 0;

        while (sharing_at(count))
                count++;
        return count;
}

static const struct lock *lock_of(uint32_t strategy)
{
        size_t first = sharing_count();

        return strategy < first ? NULL : lock_at(strategy - first);
}

static const struct mpb_strategy *strategy_at(size_t index)
{
        const struct sharing *sharing = sharing_at(index);
        const struct lock *lock = sharing ? NULL : lock_at(index - sharing_count());

        return sharing ? &sharing->strategy : lock ? &lock->strategy : NULL;
}

static const char *shown_work(const struct mpb_trial *trial)
{
        if (!trial->value[HOLD] && !trial->value[GAP])
                return "empty critical section";
        return trial->value[HOLD] ? "work inside the critical section"
                                  : "empty critical section, work between";
}

static int check(const struct mpb_trial *trial, struct mproc_err *err)
{
        const struct mpb_strategy *strategy = strategy_at(trial->strategy);

        if (!strategy)
                return error_set(err, -EINVAL, "check", "counter has no strategy number %u",
                                 trial->strategy);
        if (trial->value[HOLD] && !lock_of(trial->strategy))
                return error_set(
                        err, -EOPNOTSUPP, "check",
                        "without a critical section there is nothing to hold: hold must be 0");
        if (strategy->flags & MPB_FIFO_SPIN && trial->workers > trial->pus)
                return error_set(err, -EDEADLK, "check",
                                 "a FIFO spinlock with %u workers on %u PUs: the next in line is "
                                 "often not running, and all wait for it",
                                 trial->workers, trial->pus);
        return 0;
}

/* The value lies right behind its lock, as in the struct that a program would write. */
static size_t value_offset(const struct mpb_trial *trial)
{
        const struct lock *lock = lock_of(trial->strategy);

        return lock ? (lock->bytes + 7) / 8 * 8 : sharing_at(trial->strategy)->bytes;
}

static volatile uint64_t *value_of(const struct mpb_trial *trial)
{
        return (uint64_t *)((char *)mpb_shared(trial) + value_offset(trial));
}

static void sizes(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes)
{
        *shared_bytes = value_offset(trial) + sizeof(uint64_t);
        *slot_bytes = sizeof(struct counter_slot);
}

static int prepare(struct mpb_trial *trial, struct mproc_err *err)
{
        const struct sharing *sharing = sharing_at(trial->strategy);
        const struct lock *lock = lock_of(trial->strategy);

        if (sharing) {
                if (sharing->reset)
                        sharing->reset();
                return sharing->prepare ? sharing->prepare(mpb_shared(trial), err) : 0;
        }
        if (lock->strategy.flags & MPB_NEEDS_FD) {
                trial->fd = memfd_create("mpbench-lock", MFD_CLOEXEC);
                if (trial->fd < 0)
                        return error_errno(err, -errno, "prepare", "cannot make a file to lock");
        }
        return lock->init ? lock->init(mpb_shared(trial), err) : 0;
}

static int attach(struct mpb_worker *worker, struct mproc_err *err)
{
        const struct mpb_trial *trial = worker->trial;
        struct counter_slot *slot = worker->slot;

        slot->lock = lock_of(trial->strategy);
        slot->value = value_of(trial);
        slot->load.hold = (uint64_t)trial->value[HOLD];
        slot->load.gap = (uint64_t)trial->value[GAP];
        if (!slot->lock) {
                slot->sharing = sharing_at(trial->strategy);
                slot->self.sharing.count = 0;
                slot->self.sharing.code = 0;
                slot->self.sharing.batch = (uint64_t)trial->value[BATCH];
                return slot->sharing->attach
                               ? slot->sharing->attach(mpb_shared(trial), &slot->self.sharing, err)
                               : 0;
        }
        slot->self.lock.fd = -1;
        if (slot->lock->strategy.flags & MPB_NEEDS_FD) {
                slot->self.lock.fd = reopen(worker->fd, O_RDWR, err);
                return slot->self.lock.fd < 0 ? slot->self.lock.fd : 0;
        }
        return 0;
}

static void work(struct mpb_worker *worker, uint64_t first, uint64_t count)
{
        struct counter_slot *slot = worker->slot;

        (void)first;
        if (slot->lock)
                slot->lock->add(mpb_shared(worker->trial), &slot->self.lock, slot->value, count,
                                &slot->load);
        else
                slot->sharing->add(slot->value, &slot->self.sharing, count, slot->load.gap);
}

static void stop(const struct mpb_trial *trial)
{
        const struct sharing *sharing = sharing_at(trial->strategy);

        if (sharing && sharing->stop)
                sharing->stop();
}

static void flush(struct mpb_worker *worker)
{
        struct counter_slot *slot = worker->slot;

        if (slot->sharing && slot->sharing->flush)
                slot->sharing->flush(slot->value, &slot->self.sharing);
}

static void detach(struct mpb_worker *worker)
{
        struct counter_slot *slot = worker->slot;

        if (slot->sharing && slot->sharing->detach)
                slot->sharing->detach(&slot->self.sharing);
        if (slot->lock && slot->self.lock.fd >= 0)
                close(slot->self.lock.fd);
}

static int verify(const struct mpb_trial *trial, struct mpb_outcome *ret, struct mproc_err *err)
{
        const struct sharing *sharing = sharing_at(trial->strategy);
        volatile uint64_t *value = value_of(trial);
        uint64_t total = *value;
        int r = sharing && sharing->total ? sharing->total(value, trial, &total, err) : 0;

        for (uint32_t i = 0; i < trial->workers && sharing && !r; i++) {
                const struct counter_slot *slot = mpb_slot(trial, i);

                r = slot->self.sharing.code;
                if (r)
                        error_errno(err, r, "add", "an add of worker %u failed", i);
        }
        ret->final_value = total;
        ret->expected_value = trial->workers * trial->ops;
        return r;
}

static void cleanup(struct mpb_trial *trial)
{
        const struct sharing *sharing = sharing_at(trial->strategy);
        const struct lock *lock = lock_of(trial->strategy);

        if (lock && lock->done)
                lock->done(mpb_shared(trial));
        if (sharing && sharing->cleanup)
                sharing->cleanup();
        if (trial->fd >= 0)
                close(trial->fd);
        trial->fd = -1;
}

const struct mpb_workload workload_counter = {
        .name = "counter",
        .summary = "every worker adds to one shared counter",
        .abi = MPB_ABI,
        .kind = MPB_SHARED,
        .operation = "adds",
        .params = params,
        .ops_param = "increments",
        .baseline = "mutex",
        .strategy_at = strategy_at,
        .shown_work = shown_work,
        .check = check,
        .sizes = sizes,
        .prepare = prepare,
        .attach = attach,
        .work = work,
        .stop = stop,
        .flush = flush,
        .detach = detach,
        .verify = verify,
        .cleanup = cleanup,
};
