#include "mproc/pool_worker.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <mproc/mproc.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static __thread const struct pool_shared *inside;

bool pool_inside(const struct pool_shared *shared)
{
        return inside == shared;
}

static int find_function(struct pool_self *worker, uint32_t number,
                         int (**ret)(struct mproc_task *), struct mproc_err *err)
{
        const struct pool_function *function = &worker->shared->functions[number];
        callable_target *target;
        int r;

        if (!worker->functions[number]) {
                r = callable_resolve(&target, &function->callable, function->path, err);
                if (r)
                        return r;
                worker->functions[number] = (int (*)(struct mproc_task *))(void (*)(void))target;
        }
        *ret = worker->functions[number];
        return 0;
}

static void begin_lease(struct pool_self *worker)
{
        if (!worker->shared->timed)
                return;
        atomic_store(&worker->line->begun_ns, clock_now_ns());
        atomic_fetch_add(&worker->line->lease, 1);
}

static void end_lease(struct pool_self *worker)
{
        uint64_t lease;

        if (!worker->shared->timed)
                return;
        lease = atomic_load(&worker->line->lease);
        if (lease & POOL_CONDEMNED ||
            !atomic_compare_exchange_strong(&worker->line->lease, &lease, lease + 1))
                for (;;) /* the task took too long, and the end is on its way */
                        pause();
}

/* What the function returned, made whole; `exact`: the result has to fill its room. */
static int judge(int code, const struct mproc_task *task, size_t room, bool exact)
{
        struct mproc_err *err = task->err;

        if (!code && (task->result_size > room || (exact && task->result_size != room)))
                code = error_set(err, -EMSGSIZE, "task",
                                 "the function says that its result has %zu bytes, and there is "
                                 "room for %s%zu",
                                 task->result_size, exact ? "exactly " : "", room);
        if (code) {
                if (code == POOL_PENDING)
                        code++;
                err->code = code;
                if (!err->stage[0])
                        text_copy(err->stage, sizeof(err->stage), "task");
                if (!err->text[0])
                        error_set(err, code, "task", "the function returned %d", code);
        }
        return code;
}

static void reset_err(struct mproc_err *err)
{
        err->code = 0;
        err->stage[0] = err->text[0] = '\0';
}

/* Single tasks ------------------------------------------------------------------------------- */

static void run_slot(struct pool_self *worker, struct pool_slot *slot, uint64_t position)
{
        struct pool_shared *shared = worker->shared;
        uint32_t number = (uint32_t)(slot - shared->slots);
        uint64_t tail = atomic_load_explicit(&worker->line->done_tail, memory_order_relaxed);
        struct mproc_task task = {.arg = slot->arg_size ? (const void *)slot->arg : NULL,
                                  .arg_size = slot->arg_size,
                                  .result = slot->result_size ? (void *)slot->result : NULL,
                                  .result_size = slot->result_size,
                                  .worker = worker->number,
                                  .err = &worker->err};
        int (*function)(struct mproc_task *);
        int code;

        reset_err(&worker->err);
        code = find_function(worker, slot->function, &function, &worker->err);
        if (!code) {
                begin_lease(worker);
                code = judge(function(&task), &task, slot->result_size, false);
                end_lease(worker);
        }
        if (code)
                shared->words[number] = worker->err;
        slot->code = code;
        slot->result_size = task.result_size;
        atomic_store_explicit(&slot->state, pool_word(POOL_DONE, worker->number, position),
                              memory_order_release);
        shared->done[(size_t)worker->number * shared->slot_count +
                     (tail & (shared->slot_count - 1))] = number;
        atomic_store(&worker->line->done_tail, tail + 1);
        worker->tasks++;
        pool_tell_owner(shared, number + 2);
}

/* Takes and runs the first task of the queue; false: there is none. */
static bool take_task(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;

        for (;;) {
                uint64_t head = atomic_load(&shared->head), tail = atomic_load(&shared->front.tail);
                uint64_t queued = pool_word(POOL_QUEUED, 0, head), next = head;
                struct pool_slot *slot;
                bool mine;

                if (head >= tail)
                        return false;
                slot = pool_slot_at(shared, head);
                mine = atomic_compare_exchange_strong(
                        &slot->state, &queued, pool_word(POOL_RUNNING, worker->number, head));
                atomic_compare_exchange_strong(&shared->head, &next, head + 1);
                if (!mine)
                        continue;
                /* Who published more while this worker was still looking woke nobody. */
                if (atomic_load(&shared->front.tail) > head + 1)
                        pool_wake_one(shared);
                run_slot(worker, slot, head);
                return true;
        }
}

/* Maps --------------------------------------------------------------------------------------- */

static void keep_words(struct pool_self *worker, struct pool_job *job, uint64_t item)
{
        struct pool_words *words = &job->words;

        if (atomic_exchange(&words->taken, 1))
                return;
        words->worker = worker->number;
        words->item = item;
        words->err = worker->err;
        atomic_store(&words->ready, 1);
}

static void run_item(struct pool_self *worker, struct pool_job *job, uint64_t item,
                     int (*function)(struct mproc_task *))
{
        int32_t *codes = (int32_t *)job->codes;
        struct mproc_task task = {
                .arg = job->args ? (const char *)job->args + item * job->arg_size : NULL,
                .arg_size = job->args ? job->arg_size : 0,
                .result = job->result_size ? (char *)job->results + item * job->result_size : NULL,
                .result_size = job->result_size,
                .index = job->first + item,
                .worker = worker->number,
                .err = &worker->err};
        int code;

        atomic_store_explicit(&worker->line->at, item + 1, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst); /* noted down before it begins */
        begin_lease(worker);
        code = judge(function(&task), &task, job->result_size, true);
        end_lease(worker);
        if (code) {
                keep_words(worker, job, item);
                reset_err(&worker->err);
        }
        codes[item] = code;
        worker->tasks++;
}

/* Items first … end of the pass; false: none are left. */
static bool claim(struct pool_job *job, uint64_t *first, uint64_t *end, uint32_t workers)
{
        uint64_t all = atomic_load_explicit(&job->end, memory_order_relaxed), size = job->chunk;
        uint64_t next = atomic_load_explicit(&job->next, memory_order_relaxed);

        if (next >= all)
                return false;
        if (job->chunk == MPROC_CHUNK_GUIDED)
                do {
                        size = next < all ? (all - next) / (2 * workers) : 0;
                        if (!size)
                                size = 1;
                } while (next < all &&
                         !atomic_compare_exchange_weak(&job->next, &next, next + size));
        else
                next = atomic_fetch_add(&job->next, size);
        if (next >= all)
                return false;
        *first = next;
        *end = size < all - next ? next + size : all;
        return true;
}

static bool must_leave(const struct pool_self *worker)
{
        const struct pool_shared *shared = worker->shared;

        return atomic_load_explicit(&shared->front.stop, memory_order_relaxed) == 2 ||
               atomic_load_explicit(&worker->line->quit, memory_order_relaxed) ||
               (shared->tasks_per_worker && worker->tasks >= shared->tasks_per_worker);
}

/* Works in a pass until nothing of it is left; the line names the pass already. */
static void run_pass(struct pool_self *worker, struct pool_job *job)
{
        int (*function)(struct mproc_task *) = NULL;
        uint64_t item, end;

        reset_err(&worker->err);
        while (!must_leave(worker) && claim(job, &item, &end, worker->shared->workers)) {
                int32_t *codes = (int32_t *)job->codes;

                for (; item < end; item++) {
                        int code;

                        if (job->again && codes[item] != POOL_PENDING)
                                continue;
                        code = find_function(worker, job->function, &function, &worker->err);
                        if (code) {
                                keep_words(worker, job, item);
                                codes[item] = code;
                                continue;
                        }
                        run_item(worker, job, item, function);
                        if (atomic_load_explicit(&worker->line->quit, memory_order_relaxed))
                                return;
                }
        }
        atomic_store_explicit(&worker->line->at, 0, memory_order_release);
}

static bool take_job(struct pool_self *worker)
{
        struct pool_shared *shared = worker->shared;
        uint32_t open = atomic_load(&shared->front.open_jobs);
        bool took = false;

        for (; open; open &= open - 1) {
                int i = __builtin_ctz(open);
                struct pool_job *job = &shared->jobs[i];
                uint64_t pass = atomic_load(&job->pass);

                if (!pass || pass == worker->exhausted[i])
                        continue;
                atomic_store(&worker->line->job, pass);
                if (atomic_load(&job->pass) == pass) {
                        run_pass(worker, job);
                        took = true;
                        worker->exhausted[i] = pass;
                }
                atomic_store(&worker->line->job, 0);
                pool_tell_owner(shared, POOL_ANY);
                if (must_leave(worker))
                        break;
        }
        return took;
}

/* The whole ---------------------------------------------------------------------------------- */

static int call(struct pool_self *worker, uint32_t number, void *arg, size_t arg_size)
{
        const struct pool_function *function = &worker->shared->functions[number];
        callable_target *target;
        int r = callable_resolve(&target, &function->callable, function->path, &worker->err);

        return r ? r : target(arg, arg_size);
}

int pool_worker_run(void *arg, size_t arg_size)
{
        struct pool_start *start = arg;
        struct pool_shared *shared = start->shared;
        struct pool_self worker = {.shared = shared,
                                   .line = &shared->lines[start->worker],
                                   .number = start->worker,
                                   .spin_ns = POOL_SPIN_MAX_NS};
        void *own_arg = start->arg_size ? start + 1 : NULL;
        const struct pool_shared *outer = inside;
        int r;

        (void)arg_size;
        inside = shared;
        r = start->initialiser ? call(&worker, start->initialiser - 1, own_arg, start->arg_size)
                               : 0;
        if (r) {
                if (!worker.err.code)
                        error_set(&worker.err, -ECANCELED, "initialiser",
                                  "the pool's initialiser returned %d", r);
                worker.line->err = worker.err;
                inside = outer;
                return 1;
        }
        atomic_store(&worker.line->ready, 1);
        while (!must_leave(&worker)) {
                if (take_job(&worker) || take_task(&worker))
                        continue;
                if (atomic_load(&shared->front.stop))
                        break;
                pool_idle(&worker);
        }
        if (start->finaliser)
                call(&worker, start->finaliser - 1, own_arg, start->arg_size);
        atomic_store(&worker.line->ready, 2);
        inside = outer;
        return 0;
}
