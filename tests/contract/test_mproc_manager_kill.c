/* Clients of a manager, its server and its owner are killed: some at random instants. */
#include "contract/mproc_manager_scene.h"

#include <mproc/value.h>

#define WORKERS 3
#define CLIENT_KILLS 60
#define SERVER_KILLS 8

static int ask_until_it_is_gone(void *arg, size_t size)
{
        struct mandate *mandate = arg;
        struct mproc_manager *manager = reach(mandate);
        struct mproc_err err = {0};
        int r;

        (void)size;
        add(mandate->shared, 1);
        do
                r = mproc_dict_add(manager, mandate->object, TEXT("n"), 1, NULL, &err);
        while (!r);
        CHECK(r == -ECONNRESET && err.code == r);
        CHECK(mproc_dict_add(manager, mandate->object, TEXT("n"), 1, NULL, NULL) == -ECONNRESET);
        mproc_manager_free(manager);
        return 0;
}

static void a_killed_server_is_told_to_everybody(const char *method)
{
        struct mproc_manager *manager = new_manager(method), *other = NULL;
        struct mproc_manager_address address = mproc_manager_address(manager);
        struct mproc_object dict = new_dict(manager);
        struct place place = take_place(sizeof(int));
        struct mproc_process *workers[WORKERS];
        struct mproc_err err = {0};

        for (int i = 0; i < WORKERS; i++)
                workers[i] =
                        start_mandate(method, ask_until_it_is_gone, manager, dict, place.at, i);
        await(place.at, WORKERS);
        assert_int_equal(kill(mproc_manager_pid(manager), SIGKILL), 0);
        for (int i = 0; i < WORKERS; i++)
                expect_exit(workers[i], 0);
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("n"), NULL, &err), -ECONNRESET);
        assert_non_null(strstr(err.text, "SIGKILL"));
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("n"), NULL, &err), -ECONNRESET);
        assert_int_equal(mproc_manager_connect(&other, &address, SECOND_NS, NULL), -ECONNREFUSED);
        mproc_manager_free(manager);
        mproc_shm_free(place.shm);
}

static void the_end_of_the_manager_is_told_to_clients(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        struct place place = take_place(sizeof(int));
        struct mproc_process *worker =
                start_mandate(method, ask_until_it_is_gone, manager, dict, place.at, 0);

        await(place.at, 1);
        mproc_manager_free(manager);
        expect_exit(worker, 0);
        mproc_shm_free(place.shm);
}

/* The owner dies: nothing of the server is left, neither process nor address. */
static struct mproc_manager_address *orphan;

static bool owner_dies(const char *method)
{
        struct mproc_manager *manager = NULL;

        CHECK(!mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method}, NULL));
        *orphan = mproc_manager_address(manager);
        raise(SIGKILL);
        return false;
}

static void a_server_dies_with_its_owner(const char *method)
{
        size_t children = for_children(getpid(), NULL, NULL);
        struct place place = take_place(sizeof(*orphan));
        struct mproc_manager *manager = NULL;
        int r;

        orphan = place.at;
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        assert_false(run_scene(owner_dies, method));
        /* The kernel's signal may still be on its way; one that never comes ends the test. */
        do {
                r = mproc_manager_connect(&manager, orphan, 10 * SECOND_NS, NULL);
                if (!r)
                        mproc_manager_free(manager);
        } while (!r);
        assert_int_equal(r, -ECONNREFUSED);
        while (for_children(getpid(), NULL, NULL) > children)
                if (waitpid(-1, NULL, WNOHANG) <= 0)
                        nap(MS);
        prctl(PR_SET_CHILD_SUBREAPER, 0);
        mproc_shm_free(place.shm);
}

/* At random --------------------------------------------------------------------------------- */

/* In shared memory: how many adds were begun, and how many answered. */
struct ledger {
        struct mproc_int64 begun, done;
        int stop;
};

static int add_until_stopped(void *arg, size_t size)
{
        struct mandate *mandate = arg;
        struct ledger *ledger = mandate->shared;
        struct mproc_manager *manager = reach(mandate);

        (void)size;
        while (!load(&ledger->stop)) {
                mproc_int64_add(&ledger->begun, 1);
                CHECK(!mproc_dict_add(manager, mandate->object, TEXT("n"), 1, NULL, NULL));
                mproc_int64_add(&ledger->done, 1);
        }
        mproc_manager_free(manager);
        return 0;
}

/* Values of all lengths, inside of a packet and beside it, none of which may be seen half. */
static int set_until_stopped(void *arg, size_t size)
{
        static unsigned char data[100000];
        struct mandate *mandate = arg;
        struct ledger *ledger = mandate->shared;
        struct mproc_manager *manager = reach(mandate);

        (void)size;
        for (unsigned i = 0; !load(&ledger->stop); i++) {
                memset(data, (int)(i % 256), sizeof(data));
                CHECK(!mproc_dict_set(manager, mandate->object, TEXT("long"),
                                      mproc_bytes_of(data, 1 + i * 7919 % sizeof(data)), NULL));
                CHECK(!mproc_list_append(manager, *(struct mproc_object *)(ledger + 1),
                                         mproc_bytes_of(&i, sizeof(i)), NULL));
        }
        mproc_manager_free(manager);
        return 0;
}

static void check_whole(struct mproc_manager *manager, struct mproc_object dict)
{
        static unsigned char data[100000];
        struct mproc_buffer buffer = {.data = data, .capacity = sizeof(data)};
        int r = mproc_dict_get(manager, dict, TEXT("long"), &buffer, NULL);

        if (r == -ENOENT)
                return;
        assert_int_equal(r, 0);
        for (size_t i = 1; i < buffer.size; i++)
                assert_int_equal(data[i], data[0]);
}

static void clients_that_are_killed_leave_whole_operations(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager), list = new_list(manager);
        struct place place = take_place(sizeof(struct ledger) + sizeof(list));
        struct ledger *ledger = place.at;
        struct mproc_process *workers[WORKERS];
        uint64_t random = random_seed();
        struct mproc_snapshot snapshot;
        struct mproc_bytes entry;
        int64_t value;

        *(struct mproc_object *)(ledger + 1) = list;
        for (int i = 0; i < WORKERS; i++)
                workers[i] = start_mandate(method, i ? add_until_stopped : set_until_stopped,
                                           manager, dict, ledger, i);
        for (int i = 0; i < CLIENT_KILLS; i++) {
                int victim = (int)roll(&random, WORKERS);

                nap(roll(&random, 4 * MS));
                kill_and_free(workers[victim]);
                check_whole(manager, dict);
                workers[victim] =
                        start_mandate(method, victim ? add_until_stopped : set_until_stopped,
                                      manager, dict, ledger, victim);
        }
        /* Some work, however slow their start. */
        while (!mproc_int64_get(&ledger->done))
                nap(MS);
        add(&ledger->stop, 1);
        for (int i = 0; i < WORKERS; i++)
                expect_exit(workers[i], 0);
        assert_int_equal(mproc_dict_add(manager, dict, TEXT("n"), 0, &value, NULL), 0);
        print_message("%lld done <= %lld <= %lld begun\n",
                      (long long)mproc_int64_get(&ledger->done), (long long)value,
                      (long long)mproc_int64_get(&ledger->begun));
        assert_true(mproc_int64_get(&ledger->done) <= value);
        assert_true(value <= mproc_int64_get(&ledger->begun));
        assert_int_equal(mproc_list_slice(manager, list, 0, SIZE_MAX, &snapshot, NULL), 0);
        while (mproc_snapshot_next(&snapshot, NULL, &entry))
                assert_int_equal(entry.size, sizeof(unsigned));
        mproc_snapshot_done(&snapshot);
        mproc_manager_free(manager);
        mproc_shm_free(place.shm);
}

static int add_until_it_is_gone(void *arg, size_t size)
{
        struct mandate *mandate = arg;
        struct mproc_manager *manager = NULL;
        struct mproc_err err;
        int r = mproc_manager_connect(&manager, &mandate->address, MPROC_FOREVER, &err);

        (void)size;
        if (r == -ECONNREFUSED)
                return 0;
        while (!r)
                r = mproc_dict_add(manager, mandate->object, TEXT("n"), 1, NULL, &err);
        if (r != -ECONNRESET)
                fprintf(stderr, "%s\n", err.text);
        mproc_manager_free(manager);
        return r == -ECONNRESET ? 0 : 1;
}

static void a_server_that_is_killed_hangs_no_client(const char *method)
{
        uint64_t random = random_seed();

        for (int i = 0; i < SERVER_KILLS; i++) {
                struct mproc_manager *manager = new_manager(method);
                struct mproc_object dict = new_dict(manager);
                struct mproc_process *workers[WORKERS];

                for (int j = 0; j < WORKERS; j++)
                        workers[j] =
                                start_mandate(method, add_until_it_is_gone, manager, dict, NULL, j);
                nap(roll(&random, 6 * MS));
                kill(mproc_manager_pid(manager), SIGKILL);
                for (int j = 0; j < WORKERS; j++)
                        expect_exit(workers[j], 0);
                mproc_manager_free(manager);
        }
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(clients_that_are_killed_leave_whole_operations, UNDER_OWN_PROCESS),
                PROMISE(a_server_that_is_killed_hangs_no_client, UNDER_OWN_PROCESS),
                PROMISE(a_killed_server_is_told_to_everybody, UNDER_OWN_PROCESS),
                PROMISE(the_end_of_the_manager_is_told_to_clients, UNDER_CONCURRENT),
                PROMISE(a_server_dies_with_its_owner, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
