/* Several threads of the owner at one pool: who waits for room is told of it by whoever makes some.
 * Callbacks that submit, forks at a bad time, and sizes at the edge of what can be. */
#include "contract/pool_rig.h"
#include "mproc/pool_private.h"

#define STACK_BYTES (1 << 20)

struct submitter {
        struct mproc_pool *pool;
        struct mproc_call call;
        struct mproc_result *result;
        _Atomic uint32_t done;
        pthread_t thread;
};

static void *submit_one(void *argument)
{
        struct submitter *own = argument;

        assert_int_equal(mproc_pool_apply_async(own->pool, &own->result, &own->call, NULL), 0);
        atomic_store(&own->done, 1);
        return NULL;
}

static void begin_to_wait(struct submitter *own)
{
        assert_int_equal(pthread_create(&own->thread, NULL, submit_one, own), 0);
        usleep(50000);
        assert_int_equal(atomic_load(&own->done), 0);
}

static void end_of_waiting(struct submitter *own)
{
        for (int i = 0; i < 10000 && !atomic_load(&own->done); i++)
                usleep(1000);
        assert_int_equal(atomic_load(&own->done), 1);
        pthread_join(own->thread, NULL);
}

/* A worker is busy until the word is set. */
static _Atomic uint32_t *keep_busy(struct mproc_pool *pool, struct mproc_shm *shm)
{
        _Atomic uint32_t *word = mproc_shm_addr(shm);

        mproc_pool_release(pool, submit(pool, wait_for_word, &word, sizeof(word)));
        return word;
}

static void a_stream_that_is_freed_makes_room(const char *method)
{
        struct mproc_map map = {.function = do_nothing, .count = 3, .chunk = 1};
        struct submitter other = {.call = {.function = do_nothing}};
        struct mproc_stream *stream;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        assert_int_equal(mproc_shm_new(&shm, 64, NULL), 0);
        other.pool =
                new_pool(&(struct mproc_pool_options){.start = method, .workers = 1, .queue = 4});
        word = keep_busy(other.pool, shm);
        assert_int_equal(mproc_pool_imap(other.pool, &stream, &map, 3, true, NULL), 0);
        assert_int_equal(mproc_stream_next(stream, NULL, NULL, 0, NULL, NULL), -ETIMEDOUT);
        begin_to_wait(&other);
        mproc_stream_free(stream);
        end_of_waiting(&other);
        atomic_store(word, 1);
        mproc_pool_release(other.pool, other.result);
        end_pool(other.pool);
        mproc_shm_free(shm);
}

static void a_result_that_is_freed_makes_room(const char *method)
{
        struct submitter other = {.call = {.function = do_nothing, .result_size = 6000}};
        struct mproc_result *held;
        _Atomic uint32_t *word;
        struct mproc_shm *shm;

        assert_int_equal(mproc_shm_new(&shm, 64, NULL), 0);
        other.pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 2, .arena_bytes = 8192});
        assert_int_equal(mproc_pool_apply_async(other.pool, &held, &other.call, NULL), 0);
        assert_int_equal(mproc_pool_wait(other.pool, held, MPROC_FOREVER, NULL), 0);
        word = keep_busy(other.pool, shm);
        begin_to_wait(&other);
        mproc_pool_release(other.pool, held);
        end_of_waiting(&other);
        atomic_store(word, 1);
        mproc_pool_release(other.pool, other.result);
        end_pool(other.pool);
        mproc_shm_free(shm);
}

static void a_stream_waits_for_room_no_longer_than_it_is_told(const char *method)
{
        struct mproc_map map = {.function = do_nothing, .count = 3, .chunk = 1};
        struct mproc_result *busy[2];
        struct mproc_stream *stream;
        _Atomic uint32_t *word;
        struct mproc_pool *pool;
        struct mproc_shm *shm;
        uint64_t index;

        word = new_word(&shm);
        pool = new_pool(&(struct mproc_pool_options){.start = method, .workers = 1, .queue = 2});
        assert_int_equal(mproc_pool_imap(pool, &stream, &map, 1, true, NULL), 0);
        assert_int_equal(mproc_stream_next(stream, NULL, &index, MPROC_FOREVER, NULL, NULL), 0);
        busy[0] = submit(pool, do_nothing, NULL, 0); /* behind item 1 */
        assert_int_equal(mproc_pool_wait(pool, busy[0], MPROC_FOREVER, NULL), 0);
        mproc_pool_release(pool, busy[0]);
        for (int i = 0; i < 2; i++)
                busy[i] = submit(pool, wait_for_word, &word, sizeof(word));
        /* Item 1 is there, and nothing is to be waited for; item 2 finds no room. */
        assert_int_equal(mproc_stream_next(stream, NULL, &index, 0, NULL, NULL), 0);
        assert_int_equal(index, 1);
        assert_int_equal(mproc_stream_next(stream, NULL, &index, 0, NULL, NULL), -ETIMEDOUT);
        atomic_store(word, 1);
        assert_int_equal(mproc_stream_next(stream, NULL, &index, MPROC_FOREVER, NULL, NULL), 0);
        assert_int_equal(index, 2);
        mproc_stream_free(stream);
        for (int i = 0; i < 2; i++)
                mproc_pool_release(pool, busy[i]);
        end_pool(pool);
        mproc_shm_free(shm);
}

/* Callbacks ---------------------------------------------------------------------------------- */

enum { CALLBACKS = 12000 }; /* whose word a pipe has room for */

struct chain {
        struct mproc_pool *pool;
        size_t called;
};

static int count_call(struct mproc_result *result, void *context)
{
        struct chain *chain = context;

        (void)result;
        chain->called++;
        return 0;
}

static int submit_again(struct mproc_result *result, void *context)
{
        struct chain *chain = context;
        struct mproc_call call = {
                .function = do_nothing, .callback = count_call, .context = context};

        chain->called++;
        (void)result;
        return mproc_pool_apply_async(chain->pool, NULL, &call, NULL);
}

static size_t count_done(struct pool_shared *shared)
{
        size_t done = 0;

        for (uint32_t i = 0; i < shared->slot_count; i++)
                done += pool_word_state(atomic_load(&shared->slots[i].state)) == POOL_DONE;
        return done;
}

static void *collect_all(void *argument)
{
        struct chain *chain = argument;
        struct mproc_call call = {.function = do_nothing};

        assert_int_equal(mproc_pool_apply(chain->pool, &call, NULL, NULL, NULL), 0);
        return NULL;
}

static void callbacks_that_submit_need_little_stack(const char *method)
{
        struct mproc_pool_options options = {.start = method, .workers = 2, .queue = 2 * CALLBACKS};
        struct chain chain = {.pool = new_pool(&options)};
        struct mproc_call call = {
                .function = do_nothing, .callback = submit_again, .context = &chain};
        pthread_attr_t attributes;
        pthread_t thread;

        for (int i = 0; i < CALLBACKS; i++)
                assert_int_equal(mproc_pool_apply_async(chain.pool, NULL, &call, NULL), 0);
        for (int i = 0; i < 10000 && count_done(chain.pool->shared) < CALLBACKS; i++)
                usleep(1000);
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        assert_int_equal(pthread_create(&thread, &attributes, collect_all, &chain), 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attributes);
        for (int i = 0; i < 20000 && chain.called < 2 * CALLBACKS; i++) {
                collect_all(&chain);
                usleep(1000); /* a worker may have been stopped in its last task */
        }
        assert_int_equal(chain.called, 2 * CALLBACKS);
        end_pool(chain.pool);
}

struct answer {
        struct mproc_pool *pool;
        struct mproc_result *result;
        _Atomic bool called, answer; /* relaxed: they order nothing else */
        int waited;
};

static int answer_late(struct mproc_result *result, void *context)
{
        struct answer *answer = context;

        (void)result;
        atomic_store_explicit(&answer->called, true, memory_order_relaxed);
        while (!atomic_load_explicit(&answer->answer, memory_order_relaxed))
                usleep(100);
        return 5;
}

/* Results that lie in the arena until their callback was called, and nobody has a handle of. */
static void callbacks_that_are_due_make_room(const char *method)
{
        enum { COUNT = 40 };
        struct mproc_pool_options options = {.start = method, .workers = 2, .arena_bytes = 16384};
        struct chain chain = {.pool = new_pool(&options)};
        struct mproc_call call = {.function = do_nothing,
                                  .result_size = 7000,
                                  .callback = count_call,
                                  .context = &chain};
        static char bytes[10000];
        struct mproc_map map = {
                .function = do_nothing, .args = bytes, .arg_size = 10000, .count = 1, .chunk = 1};
        struct mproc_stream *stream;

        for (int i = 0; i < COUNT; i++)
                assert_int_equal(mproc_pool_apply_async(chain.pool, NULL, &call, NULL), 0);
        assert_int_equal(mproc_pool_map(chain.pool, &map, NULL, NULL), 0);
        assert_int_equal(mproc_pool_apply_async(chain.pool, NULL, &call, NULL), 0);
        assert_int_equal(mproc_pool_imap(chain.pool, &stream, &map, 1, true, NULL), 0);
        assert_int_equal(mproc_stream_next(stream, NULL, NULL, MPROC_FOREVER, NULL, NULL), 0);
        mproc_stream_free(stream);
        end_pool(chain.pool);
        assert_int_equal(chain.called, COUNT + 1);
}

static void a_callback_on_another_thread_makes_room(const char *method)
{
        struct submitter other = {.call = {.function = do_nothing, .result_size = 6000}};
        struct answer answer = {0};
        struct mproc_call call = {.function = do_nothing,
                                  .result_size = 6000,
                                  .callback = answer_late,
                                  .context = &answer};
        struct chain chain;
        pthread_t thread;

        other.pool = answer.pool = chain.pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 1, .arena_bytes = 8192});
        assert_int_equal(mproc_pool_apply_async(other.pool, NULL, &call, NULL), 0);
        assert_int_equal(pthread_create(&thread, NULL, collect_all, &chain), 0);
        while (!atomic_load_explicit(&answer.called, memory_order_relaxed))
                usleep(100);
        begin_to_wait(&other);
        atomic_store_explicit(&answer.answer, true, memory_order_relaxed);
        end_of_waiting(&other);
        pthread_join(thread, NULL);
        mproc_pool_release(other.pool, other.result);
        end_pool(other.pool);
}

static void *wait_for_answer(void *argument)
{
        struct answer *answer = argument;

        answer->waited = mproc_pool_wait(answer->pool, answer->result, MPROC_FOREVER, NULL);
        return NULL;
}

static void a_callback_that_runs_is_not_waited_for_by_other_threads(const char *method)
{
        struct answer answer = {.pool = small_pool(method)};
        struct mproc_call call = {
                .function = do_nothing, .callback = answer_late, .context = &answer};
        pthread_t thread;

        assert_int_equal(mproc_pool_apply_async(answer.pool, &answer.result, &call, NULL), 0);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_answer, &answer), 0);
        while (!atomic_load_explicit(&answer.called, memory_order_relaxed))
                usleep(100);
        assert_int_equal(mproc_pool_wait(answer.pool, answer.result, MPROC_FOREVER, NULL), 0);
        atomic_store_explicit(&answer.answer, true, memory_order_relaxed);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(answer.waited, -EBADE);
        assert_int_equal(mproc_pool_wait(answer.pool, answer.result, MPROC_FOREVER, NULL), -EBADE);
        mproc_pool_release(answer.pool, answer.result);
        end_pool(answer.pool);
}

/* Forks -------------------------------------------------------------------------------------- */

/* What other threads do at that moment is over for the fork, half done as it is. */
static void a_fork_while_others_use_it_does_not_wait_for_them(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_err err = {0};
        int status;
        pid_t pid;

        fflush(NULL);
        pool_lock(&pool->lock);
        pid = fork();
        if (!pid) {
                bool fine;

                alarm(10);
                mproc_pool_first_death(pool, &err);
                fine = err.code == -ECHILD && !mproc_pool_worker_pid(pool, 0) &&
                       !mproc_pool_replaced(pool);
                pool->spare[0].stqh_first = (struct mproc_result *)8; /* half written */
                mproc_pool_free(pool);
                _exit(fine ? 0 : 1);
        }
        pool_unlock(&pool->lock);
        waitpid(pid, &status, 0);
        assert_int_equal(status, 0);
        end_pool(pool);
}

/* Sizes -------------------------------------------------------------------------------------- */

static void a_map_without_end_is_cut_into_pieces(const char *method)
{
        struct mproc_pool *pool = small_pool(method);
        struct mproc_map map = {.function = do_nothing, .count = SIZE_MAX, .chunk = 1};

        /* Closed, so that the first piece is the last. */
        assert_int_equal(mproc_pool_close(pool, NULL), 0);
        assert_int_equal(mproc_pool_map(pool, &map, NULL, NULL), -ESHUTDOWN);
        end_pool(pool);
}

/* Both fit by their bytes, but not each into blocks of its own. */
static void what_can_never_fit_is_said_to_be_too_big(const char *method)
{
        static char bytes[100];
        struct mproc_pool *pool = new_pool(
                &(struct mproc_pool_options){.start = method, .workers = 1, .arena_bytes = 16384});
        struct mproc_call call = {.function = do_nothing,
                                  .arg = bytes,
                                  .arg_size = sizeof(bytes),
                                  .result_size = 16384 - sizeof(bytes)};

        assert_int_equal(mproc_pool_apply_async(pool, NULL, &call, NULL), -E2BIG);
        end_pool(pool);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_stream_that_is_freed_makes_room, UNDER_CONCURRENT),
                PROMISE(a_result_that_is_freed_makes_room, UNDER_CONCURRENT),
                PROMISE(a_stream_waits_for_room_no_longer_than_it_is_told, UNDER_CONCURRENT),
                PROMISE(callbacks_that_submit_need_little_stack, UNDER_CONCURRENT),
                PROMISE(callbacks_that_are_due_make_room, UNDER_CONCURRENT),
                PROMISE(a_callback_on_another_thread_makes_room, UNDER_CONCURRENT),
                PROMISE(a_callback_that_runs_is_not_waited_for_by_other_threads, UNDER_CONCURRENT),
                PROMISE(a_fork_while_others_use_it_does_not_wait_for_them, UNDER_OWN_PROCESS),
                PROMISE(a_map_without_end_is_cut_into_pieces, UNDER_CONCURRENT),
                PROMISE(what_can_never_fit_is_said_to_be_too_big, UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_pool_promises(promises, sizeof(promises) / sizeof(*promises));
}
