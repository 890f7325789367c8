/* Who may use a manager, and how; what stops, and what is refused, is told and hangs nobody. */
#include "contract/mproc_manager_scene.h"

#include <pthread.h>
#include <sys/resource.h>

#define WORKERS 3
#define ADDS 300

static int add_often(void *arg, size_t size)
{
        struct mandate *mandate = arg;
        struct mproc_manager *manager = reach(mandate);

        (void)size;
        for (int i = 0; i < ADDS; i++)
                CHECK(!mproc_dict_add(manager, mandate->object, TEXT("n"), 1, NULL, NULL));
        mproc_manager_free(manager);
        return 0;
}

static void adds_of_several_lose_nothing(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        struct mproc_process *workers[WORKERS];
        int64_t sum;

        for (int i = 0; i < WORKERS; i++)
                workers[i] = start_mandate(method, add_often, manager, dict, NULL, i);
        for (int i = 0; i < WORKERS; i++)
                expect_exit(workers[i], 0);
        assert_int_equal(mproc_dict_add(manager, dict, TEXT("n"), 0, &sum, NULL), 0);
        assert_int_equal(sum, WORKERS * ADDS);
        mproc_manager_free(manager);
}

/* Knows the address alone, and passes an object on. */
static int leave_an_object(void *arg, size_t size)
{
        struct mproc_manager *manager = reach(arg);
        struct mproc_object list;

        (void)size;
        CHECK(!mproc_list_new(manager, &list, NULL));
        CHECK(!mproc_list_append(manager, list, TEXT("hello"), NULL));
        CHECK(!mproc_namespace_set(manager, mproc_manager_root(manager), "list", &list,
                                   sizeof(list), NULL));
        mproc_manager_free(manager);
        return 0;
}

static void objects_cross_as_plain_data_and_outlive_who_made_them(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object none = {0}, list;
        struct mproc_buffer buffer = {.data = &list, .capacity = sizeof(list)};
        char text[16];

        expect_exit(start_mandate(method, leave_an_object, manager, none, NULL, 0), 0);
        assert_int_equal(
                mproc_namespace_get(manager, mproc_manager_root(manager), "list", &buffer, NULL),
                0);
        buffer = (struct mproc_buffer){.data = text, .capacity = sizeof(text)};
        expect_text(mproc_list_get(manager, list, 0, &buffer, NULL), &buffer, "hello");
        mproc_manager_free(manager);
}

struct turns {
        struct mproc_manager *manager;
        struct mproc_object dict;
};

static void *add_in_thread(void *arg)
{
        struct turns *turns = arg;

        for (int i = 0; i < ADDS; i++)
                CHECK(!mproc_dict_add(turns->manager, turns->dict, TEXT("n"), 1, NULL, NULL));
        return NULL;
}

static void threads_take_turns_on_one_connection(const char *method)
{
        struct turns turns = {.manager = new_manager(method)};
        pthread_t threads[WORKERS];
        int64_t sum;

        turns.dict = new_dict(turns.manager);
        for (int i = 0; i < WORKERS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, add_in_thread, &turns), 0);
        for (int i = 0; i < WORKERS; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(mproc_dict_add(turns.manager, turns.dict, TEXT("n"), 0, &sum, NULL), 0);
        assert_int_equal(sum, WORKERS * ADDS);
        mproc_manager_free(turns.manager);
}

static void a_forked_child_connects_anew(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        pid_t pid = fork();
        int status;

        if (!pid) {
                struct mproc_manager_address address = mproc_manager_address(manager);
                struct mproc_manager *own = NULL;
                struct mproc_err err = {0};

                CHECK(mproc_dict_set(manager, dict, TEXT("k"), TEXT("v"), &err) == -ECHILD);
                CHECK(err.code == -ECHILD && mproc_manager_pid(manager) == 0);
                CHECK(!mproc_manager_connect(&own, &address, 20 * SECOND_NS, NULL));
                mproc_manager_free(manager); /* the server is the parent's */
                CHECK(!mproc_dict_set(own, dict, TEXT("k"), TEXT("v"), NULL));
                mproc_manager_free(own);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("k"), NULL, NULL), 0);
        mproc_manager_free(manager);
}

static void options_that_cannot_be_are_refused(const char *unused)
{
        struct mproc_manager_address nobody = {{1, 2}};
        struct mproc_manager *manager = NULL;
        struct mproc_err err = {0};

        (void)unused;
        assert_int_equal(mproc_manager_new(&manager,
                                           &(struct mproc_manager_options){.start = "serial"},
                                           &err),
                         -ENOTSUP);
        assert_int_equal(
                mproc_manager_new(&manager, &(struct mproc_manager_options){.start = "none"}, &err),
                -EINVAL);
        assert_int_equal(mproc_manager_new(
                                 &manager,
                                 &(struct mproc_manager_options){.start = "fork", .timeout_ns = -1},
                                 &err),
                         -EINVAL);
        assert_int_equal(mproc_manager_connect(&manager, &nobody, SECOND_NS, &err), -ECONNREFUSED);
        assert_int_equal(mproc_manager_connect(&manager, &nobody, 0, &err), -EINVAL);
        assert_null(manager);
        mproc_manager_free(NULL);
}

static void expect_refusal(const struct mproc_manager *manager)
{
        struct mproc_manager_address address = mproc_manager_address(manager);
        struct mproc_manager *own = NULL;

        CHECK(mproc_manager_connect(&own, &address, 20 * SECOND_NS, NULL) == -EACCES);
}

static void another_user_is_refused(const char *method)
{
        as_another_user(method, expect_refusal);
}

/* Stops --------------------------------------------------------------------------------------- */

static void stop(pid_t pid)
{
        assert_int_equal(kill(pid, SIGSTOP), 0);
        await_state(pid, 'T');
}

static void a_stopped_server_is_a_timeout_and_no_hang(const char *method)
{
        struct mproc_manager *manager = new_manager(method), *hasty = NULL;
        struct mproc_manager_address address = mproc_manager_address(manager);
        struct mproc_object dict = new_dict(manager);
        int64_t now = 0;

        assert_int_equal(mproc_manager_connect(&hasty, &address, 20 * SECOND_NS, NULL), 0);
        assert_int_equal(mproc_dict_add(hasty, dict, TEXT("n"), 5, NULL, NULL), 0);
        mproc_manager_free(hasty);
        stop(mproc_manager_pid(manager));
        assert_int_equal(mproc_manager_connect(&hasty, &address, 20 * MS, NULL), -ETIMEDOUT);
        assert_int_equal(kill(mproc_manager_pid(manager), SIGCONT), 0);
        /* A timeout that is short on a slow machine may pass before the stop as well. */
        while (mproc_manager_connect(&hasty, &address, 100 * MS, NULL))
                ;
        stop(mproc_manager_pid(manager));
        assert_int_equal(mproc_dict_add(hasty, dict, TEXT("late"), 1, NULL, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_dict_add(hasty, dict, TEXT("late"), 1, NULL, NULL), -ETIMEDOUT);
        assert_int_equal(kill(mproc_manager_pid(manager), SIGCONT), 0);
        /* Answers that come late meet no later question. */
        while (mproc_dict_add(hasty, dict, TEXT("n"), 0, &now, NULL))
                ;
        assert_int_equal(now, 5);
        mproc_manager_free(hasty);
        mproc_manager_free(manager);
}

static int stop_in_the_middle(void *arg, size_t size)
{
        struct mandate *mandate = arg;
        struct mproc_manager *manager = reach(mandate);

        (void)size;
        for (;;) {
                CHECK(!mproc_dict_add(manager, mandate->object, TEXT("n"), 1, NULL, NULL));
                add(mandate->shared, 1);
        }
}

static pid_t asker;

static void *ask_of_a_stopped_server(void *arg)
{
        struct turns *turns = arg;

        __atomic_store_n(&asker, gettid(), __ATOMIC_SEQ_CST);
        mproc_dict_add(turns->manager, turns->dict, TEXT("n"), 1, NULL, NULL);
        return NULL;
}

static void a_cancelled_thread_leaves_the_connection_to_the_others(const char *method)
{
        struct turns turns = {0};
        pthread_t thread;
        pid_t server;
        int64_t sum;

        if (UNDER_ASAN) {
                print_message("skipped: AddressSanitizer does not know that a cancelled thread has "
                              "left its functions\n");
                skip();
        }
        turns.manager = new_manager(method);
        server = mproc_manager_pid(turns.manager);
        turns.dict = new_dict(turns.manager);
        assert_int_equal(mproc_dict_add(turns.manager, turns.dict, TEXT("n"), 1, NULL, NULL), 0);
        stop(server);
        asker = 0;
        assert_int_equal(pthread_create(&thread, NULL, ask_of_a_stopped_server, &turns), 0);
        while (!__atomic_load_n(&asker, __ATOMIC_SEQ_CST))
                nap(MS);
        await_state(asker, 'S');
        assert_int_equal(pthread_cancel(thread), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(kill(server, SIGCONT), 0);
        assert_int_equal(mproc_dict_add(turns.manager, turns.dict, TEXT("n"), 0, &sum, NULL), 0);
        assert_in_range(sum, 1, 2); /* its operation was done once, or never */
        mproc_manager_free(turns.manager);
}

static void a_stopped_client_holds_up_nobody(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        struct place place = take_place(sizeof(int));
        struct mproc_process *worker =
                start_mandate(method, stop_in_the_middle, manager, dict, place.at, 0);

        await(place.at, 1);
        stop(mproc_process_pid(worker));
        for (int i = 0; i < 100; i++)
                assert_int_equal(mproc_dict_add(manager, dict, TEXT("n"), 1, NULL, NULL), 0);
        kill_and_free(worker);
        mproc_manager_free(manager);
        mproc_shm_free(place.shm);
}

static bool too_many_connections(const char *method)
{
        struct rlimit limit, few = {.rlim_cur = 40, .rlim_max = 40};
        struct mproc_manager *manager = NULL, *more[64] = {0};
        struct mproc_manager_address address;
        struct mproc_object dict;
        int r = 0, count = 0;

        CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
        few.rlim_max = limit.rlim_max;
        CHECK(!setrlimit(RLIMIT_NOFILE, &few));
        CHECK(!mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method}, NULL));
        CHECK(!setrlimit(RLIMIT_NOFILE, &limit)); /* the server keeps the lower one */
        address = mproc_manager_address(manager);
        while (count < 64 && !r)
                r = mproc_manager_connect(&more[count++], &address, MPROC_FOREVER, NULL);
        CHECK(r == -EMFILE);
        CHECK(!mproc_dict_new(manager, &dict, NULL));
        mproc_manager_free(more[0]); /* makes room */
        do
                r = mproc_manager_connect(&more[0], &address, MPROC_FOREVER, NULL);
        while (r == -EMFILE);
        CHECK(!r);
        for (int i = 0; i < count; i++)
                mproc_manager_free(more[i]);
        mproc_manager_free(manager);
        return true;
}

static void a_server_without_descriptors_says_so(const char *unused)
{
        (void)unused;
        assert_true(run_scene(too_many_connections, "fork"));
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(adds_of_several_lose_nothing, UNDER_CONCURRENT),
                PROMISE(objects_cross_as_plain_data_and_outlive_who_made_them, UNDER_CONCURRENT),
                PROMISE(threads_take_turns_on_one_connection, UNDER_CONCURRENT),
                PROMISE(a_forked_child_connects_anew, UNDER_CONCURRENT),
                PROMISE(options_that_cannot_be_are_refused, UNDER_NONE),
                PROMISE(another_user_is_refused, UNDER_OWN_PROCESS),
                PROMISE(a_stopped_server_is_a_timeout_and_no_hang, UNDER_OWN_PROCESS),
                PROMISE(a_cancelled_thread_leaves_the_connection_to_the_others, UNDER_OWN_PROCESS),
                PROMISE(a_stopped_client_holds_up_nobody, UNDER_OWN_PROCESS),
                PROMISE(a_server_without_descriptors_says_so, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
