#include "mproc/pool_worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "mproc/pool_transport.h"
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
                if (code < POOL_CODE_MIN) /* has a meaning of its own here */
                        code = POOL_CODE_MIN;
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

/* Where the owner finds what the worker says of a task that failed: short texts in the slot. */
static void tell_failure(struct pool_self *worker, struct pool_slot *slot, int code)
{
        struct pool_shared *shared = worker->shared;
        uint32_t number = (uint32_t)(slot - shared->slots);
        const struct mproc_err *err = &worker->err;

        slot->code = code; /* from here on the argument is not whole: it cannot be tried again */
        atomic_signal_fence(memory_order_seq_cst);
        text_copy(slot->failed.stage, sizeof(slot->failed.stage), err->stage);
        text_copy(slot->failed.text, sizeof(slot->failed.text), err->text);
        if (strnlen(err->text, sizeof(err->text)) < sizeof(slot->failed.text))
                return;
        for (uint32_t i = 0; i < shared->text_count; i++) {
                struct pool_text *text = &shared->texts[(number + i) % shared->text_count];
                uint32_t free_one = 0;

                if (!atomic_compare_exchange_strong(&text->slot, &free_one, number + 1))
                        continue;
                text_copy(text->text, sizeof(text->text), err->text);
                slot->text = (uint16_t)(text - shared->texts) + 1;
                return;
        }
}

bool pool_worker_claim(const struct pool_self *worker, struct pool_slot *slot, uint64_t position)
{
        uint64_t queued = pool_word(POOL_QUEUED, 0, position);

        return atomic_load_explicit(&slot->state, memory_order_relaxed) == queued &&
               atomic_compare_exchange_strong(&slot->state, &queued,
                                              pool_word(POOL_RUNNING, worker->number, position));
}

void pool_worker_run_task(struct pool_self *worker, struct pool_slot *slot, uint64_t position)
{
        const struct pool_shared *shared = worker->shared;
        uint32_t room = slot->result_size;
        void *result = pool_payload(shared, slot, room, slot->result_unit);
        bool in_slot = room <= MPROC_POOL_INLINE;
        struct mproc_task task = {.arg_size = slot->arg_size,
                                  .result_size = room,
                                  .worker = worker->number,
                                  .err = &worker->err};
        int (*function)(struct mproc_task *);
        int code;

        if (slot->arg_size)
                task.arg = pool_payload(shared, slot, slot->arg_size, slot->arg_unit);
        if (room)
                task.result = in_slot ? worker->result : result;
        reset_err(&worker->err);
        code = find_function(worker, slot->function, &function, &worker->err);
        if (!code) {
                begin_lease(worker);
                code = judge(function(&task), &task, room, false);
                end_lease(worker);
        }
        if (code)
                tell_failure(worker, slot, code);
        else if (in_slot)
                memcpy(result, worker->result, task.result_size);
        slot->result_size = (uint32_t)task.result_size;
        worker->tasks++;
        /* Before front.awaited is read. */
        atomic_store(&slot->state, pool_word(POOL_DONE, worker->number, position));
}

/* Maps --------------------------------------------------------------------------------------- */

static void keep_words(struct pool_self *worker, struct pool_job *job, uint64_t item)
{
        struct pool_words *words = &job->words;

        if (atomic_exchange(&words->taken, 1))
                return;
        words->worker = worker->number;
        words->pid = gettid();
        words->item = item;
        words->err = worker->err;
        atomic_store(&words->ready, 1);
}

void pool_worker_begin_job(struct pool_self *worker)
{
        reset_err(&worker->err);
}

void pool_worker_run_item(struct pool_self *worker, struct pool_job *job, uint64_t item)
{
        struct mproc_task task = {
                .arg = job->args ? (const char *)job->args + item * job->arg_size : NULL,
                .arg_size = job->args ? job->arg_size : 0,
                .result = job->result_size ? (char *)job->results + item * job->result_size : NULL,
                .result_size = job->result_size,
                .index = job->first + item,
                .worker = worker->number,
                .err = &worker->err};
        int (*function)(struct mproc_task *);
        int code;

        code = find_function(worker, job->function, &function, &worker->err);
        if (!code) {
                atomic_store_explicit(&worker->line->at, item + 1, memory_order_release);
                atomic_signal_fence(memory_order_seq_cst); /* noted down before it begins */
                begin_lease(worker);
                code = judge(function(&task), &task, job->result_size, true);
                end_lease(worker);
                worker->tasks++;
        }
        if (code) {
                keep_words(worker, job, item);
                reset_err(&worker->err);
        }
        atomic_store_explicit(pool_code_at(job, item), code, memory_order_release);
}

bool pool_worker_must_leave(const struct pool_self *worker)
{
        const struct pool_shared *shared = worker->shared;

        return atomic_load_explicit(&shared->front.stop, memory_order_relaxed) == 2 ||
               (shared->tasks_per_worker && worker->tasks >= shared->tasks_per_worker);
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
                                   .first_fd = start->first_fd,
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
        pool_transport_at(start->transport)->work(&worker);
        if (worker.cut_off)
                worker.line->err = worker.err;
        if (start->finaliser)
                call(&worker, start->finaliser - 1, own_arg, start->arg_size);
        atomic_store(&worker.line->ready, worker.cut_off ? 0 : 2);
        inside = outer;
        return worker.cut_off;
}
