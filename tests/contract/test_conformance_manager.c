/* Managers, held against CPython's: see conformance.h. The server and its users begin by the start
 * method that is looked at. */
#include "contract/conformance.h"

#include <mproc/manager.h>

struct user {
        struct mproc_manager_address address;
        struct mproc_object object;
};

static struct mproc_manager *new_manager(const char *method)
{
        struct mproc_manager *manager = NULL;
        struct mproc_err err = {0};

        if (mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method}, &err))
                fail_msg("a manager by %s: %s", method, err.text);
        return manager;
}

static struct mproc_manager *connect_as(const struct user *user)
{
        struct mproc_manager *manager = NULL;

        CHECK(!mproc_manager_connect(&manager, &user->address, MPROC_FOREVER, NULL));
        return manager;
}

static struct mproc_process *start_user(const char *method, int (*target)(void *, size_t),
                                        const struct mproc_manager *manager,
                                        struct mproc_object object)
{
        struct user user = {.address = mproc_manager_address(manager), .object = object};

        return start_target(method, target, &user, sizeof(user));
}

static struct mproc_bytes text(const char *text)
{
        return mproc_bytes_text(text);
}

/* The entries of a snapshot, each with its key if it has one: "a=1 b=2". */
static void expect_entries(struct mproc_snapshot *snapshot, const char *expected)
{
        struct mproc_bytes key, value;
        char got[256] = "";
        size_t at = 0;

        while (mproc_snapshot_next(snapshot, &key, &value))
                at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%.*s%s%.*s", at ? " " : "",
                                       (int)key.size, key.size ? (const char *)key.data : "",
                                       key.size ? "=" : "", (int)value.size,
                                       value.size ? (const char *)value.data : "");
        mproc_snapshot_done(snapshot);
        assert_string_equal(got, expected);
}

static void expect_list(struct mproc_manager *manager, struct mproc_object list, int64_t first,
                        size_t count, const char *expected)
{
        struct mproc_snapshot snapshot;

        assert_int_equal(mproc_list_slice(manager, list, first, count, &snapshot, NULL), 0);
        expect_entries(&snapshot, expected);
}

static void expect_dict(struct mproc_manager *manager, struct mproc_object dict,
                        const char *expected)
{
        struct mproc_snapshot snapshot;

        assert_int_equal(mproc_dict_items(manager, dict, &snapshot, NULL), 0);
        expect_entries(&snapshot, expected);
}

static int change_list(void *arg, size_t size)
{
        const struct user *user = arg;
        struct mproc_manager *manager = connect_as(user);
        char last[8];
        struct mproc_buffer buffer = {.data = last, .capacity = sizeof(last)};

        (void)size;
        CHECK(!mproc_list_append(manager, user->object, text("hello"), NULL));
        CHECK(!mproc_list_insert(manager, user->object, 0, text("first"), NULL));
        CHECK(!mproc_list_set(manager, user->object, 1, text("zero"), NULL));
        CHECK(!mproc_list_delete(manager, user->object, 2, NULL));
        CHECK(!mproc_list_get(manager, user->object, -1, &buffer, NULL));
        CHECK(buffer.size == 5 && !memcmp(last, "hello", 5));
        CHECK(mproc_list_get(manager, user->object, 9, NULL, NULL) == -ERANGE);
        mproc_manager_free(manager);
        return 0;
}

static void lists_are_shared(const char *method)
{
        const struct mproc_bytes three[] = {text("0"), text("1"), text("2")};
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object list;
        size_t length;

        assert_int_equal(mproc_list_new(manager, &list, NULL), 0);
        expect_list(manager, list, 0, SIZE_MAX, "");
        assert_int_equal(mproc_list_extend(manager, list, three, 3, NULL), 0);
        expect_list(manager, list, 0, SIZE_MAX, "0 1 2");
        expect_list(manager, list, 1, 9, "1 2");
        expect_exit(start_user(method, change_list, manager, list), 0);
        expect_list(manager, list, 0, SIZE_MAX, "first zero 2 hello");
        assert_int_equal(mproc_list_pop(manager, list, -1, NULL, NULL), 0);
        assert_int_equal(mproc_object_size(manager, list, &length, NULL), 0);
        assert_int_equal(length, 3);
        mproc_manager_free(manager);
}

static int change_dict(void *arg, size_t size)
{
        const struct user *user = arg;
        struct mproc_manager *manager = connect_as(user);
        bool there = true;

        (void)size;
        CHECK(!mproc_dict_set(manager, user->object, text("C"), text("67"), NULL));
        CHECK(!mproc_dict_set(manager, user->object, text("A"), text("new"), NULL));
        CHECK(!mproc_dict_delete(manager, user->object, text("B"), NULL));
        CHECK(!mproc_dict_contains(manager, user->object, text("B"), &there, NULL) && !there);
        CHECK(mproc_dict_get(manager, user->object, text("B"), NULL, NULL) == -ENOENT);
        mproc_manager_free(manager);
        return 0;
}

static void dicts_are_shared(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_snapshot keys;
        struct mproc_object dict;

        assert_int_equal(mproc_dict_new(manager, &dict, NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, text("A"), text("65"), NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, text("B"), text("66"), NULL), 0);
        expect_dict(manager, dict, "A=65 B=66");
        expect_exit(start_user(method, change_dict, manager, dict), 0);
        expect_dict(manager, dict, "A=new C=67");
        assert_int_equal(mproc_dict_keys(manager, dict, &keys, NULL), 0);
        expect_entries(&keys, "A= C=");
        mproc_manager_free(manager);
}

static int clear_it(void *arg, size_t size)
{
        const struct user *user = arg;
        struct mproc_manager *manager = connect_as(user);

        (void)size;
        CHECK(!mproc_object_clear(manager, user->object, NULL));
        mproc_manager_free(manager);
        return 0;
}

static void snapshots_do_not_change(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_snapshot items, list_items;
        struct mproc_object dict, list;

        assert_int_equal(mproc_dict_new(manager, &dict, NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, text("A"), text("65"), NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, text("B"), text("66"), NULL), 0);
        assert_int_equal(mproc_list_new(manager, &list, NULL), 0);
        assert_int_equal(mproc_list_append(manager, list, text("0"), NULL), 0);
        assert_int_equal(mproc_dict_items(manager, dict, &items, NULL), 0);
        assert_int_equal(mproc_list_slice(manager, list, 0, SIZE_MAX, &list_items, NULL), 0);
        expect_exit(start_user(method, clear_it, manager, dict), 0);
        expect_exit(start_user(method, clear_it, manager, list), 0);
        expect_entries(&items, "A=65 B=66");
        expect_entries(&list_items, "0");
        expect_dict(manager, dict, "");
        mproc_manager_free(manager);
}

/* Looks up a dictionary by its name in another one. */
static int change_nested(void *arg, size_t size)
{
        const struct user *user = arg;
        struct mproc_manager *manager = connect_as(user);
        struct mproc_object supplies;
        struct mproc_buffer buffer = {.data = &supplies, .capacity = sizeof(supplies)};

        (void)size;
        CHECK(!mproc_dict_get(manager, user->object, text("supplies"), &buffer, NULL));
        CHECK(buffer.size == sizeof(supplies));
        CHECK(!mproc_dict_set(manager, supplies, text("blankets"), text("5"), NULL));
        mproc_manager_free(manager);
        return 0;
}

static void objects_nest(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object outer, supplies;
        struct mproc_bytes handle = mproc_bytes_of(&supplies, sizeof(supplies));

        assert_int_equal(mproc_dict_new(manager, &outer, NULL), 0);
        assert_int_equal(mproc_dict_new(manager, &supplies, NULL), 0);
        assert_int_equal(mproc_dict_set(manager, supplies, text("water"), text("10"), NULL), 0);
        assert_int_equal(mproc_dict_set(manager, outer, text("supplies"), handle, NULL), 0);
        expect_exit(start_user(method, change_nested, manager, outer), 0);
        expect_dict(manager, supplies, "water=10 blankets=5");
        assert_int_equal(mproc_object_free(manager, outer, NULL), 0);
        expect_dict(manager, supplies, "water=10 blankets=5");
        mproc_manager_free(manager);
}

static int use_namespace(void *arg, size_t size)
{
        const struct user *user = arg;
        struct mproc_manager *manager = connect_as(user);
        char job[16];
        struct mproc_buffer buffer = {.data = job, .capacity = sizeof(job)};

        (void)size;
        CHECK(!mproc_namespace_get(manager, user->object, "job", &buffer, NULL));
        CHECK(buffer.size == 7 && !memcmp(job, "Builder", 7));
        CHECK(!mproc_namespace_delete(manager, user->object, "job", NULL));
        CHECK(!mproc_namespace_set(manager, user->object, "name", "Alice", 5, NULL));
        mproc_manager_free(manager);
        return 0;
}

static void namespaces_are_shared(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object space;

        assert_int_equal(mproc_namespace_new(manager, &space, NULL), 0);
        assert_int_equal(mproc_namespace_set(manager, space, "name", "Bob", 3, NULL), 0);
        assert_int_equal(mproc_namespace_set(manager, space, "job", "Builder", 7, NULL), 0);
        expect_exit(start_user(method, use_namespace, manager, space), 0);
        expect_dict(manager, space, "name=Alice");
        assert_int_equal(mproc_namespace_get(manager, space, "job", NULL, NULL), -ENOENT);
        mproc_manager_free(manager);
}

#define ADDERS 3
#define ADDS 100

static int add_often(void *arg, size_t size)
{
        const struct user *user = arg;
        struct mproc_manager *manager = connect_as(user);

        (void)size;
        for (int i = 0; i < ADDS; i++)
                CHECK(!mproc_dict_add(manager, user->object, text("n"), 1, NULL, NULL));
        mproc_manager_free(manager);
        return 0;
}

static void adds_lose_nothing(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_process *crew[ADDERS];
        struct mproc_object dict;
        int64_t sum;

        assert_int_equal(mproc_dict_new(manager, &dict, NULL), 0);
        for (int i = 0; i < ADDERS; i++)
                crew[i] = start_user(method, add_often, manager, dict);
        join_crew(crew, ADDERS);
        assert_int_equal(mproc_dict_add(manager, dict, text("n"), 0, &sum, NULL), 0);
        assert_int_equal(sum, ADDERS * ADDS);
        mproc_manager_free(manager);
}

/* Knows the address alone. */
static int leave_a_message(void *arg, size_t size)
{
        struct mproc_manager *manager = connect_as(arg);

        (void)size;
        CHECK(!mproc_dict_set(manager, mproc_manager_root(manager), text("said"), text("hello"),
                              NULL));
        mproc_manager_free(manager);
        return 0;
}

static void address_is_enough(const char *method)
{
        struct mproc_manager *manager = new_manager(method);

        expect_exit(start_user(method, leave_a_message, manager, (struct mproc_object){0}), 0);
        expect_dict(manager, mproc_manager_root(manager), "said=hello");
        mproc_manager_free(manager);
}

static void managers_follow_each_other(const char *method)
{
        struct mproc_manager_address old = {0};
        struct mproc_manager *late = NULL;

        for (int i = 0; i < 3; i++) {
                struct mproc_manager *manager = new_manager(method);

                address_is_enough(method); /* beside it */
                old = mproc_manager_address(manager);
                mproc_manager_free(manager);
        }
        assert_int_equal(mproc_manager_connect(&late, &old, SECOND_NS, NULL), -ECONNREFUSED);
}

static void freed_objects_are_told(const char *method)
{
        struct mproc_manager *manager = new_manager(method), *other = new_manager(method);
        struct mproc_object dict;

        assert_int_equal(mproc_dict_new(manager, &dict, NULL), 0);
        assert_int_equal(mproc_list_append(manager, dict, text("x"), NULL), -EPROTOTYPE);
        assert_int_equal(mproc_dict_set(other, dict, text("x"), text("y"), NULL), -ESTALE);
        assert_int_equal(mproc_object_free(manager, dict, NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, text("x"), text("y"), NULL), -ESTALE);
        expect_dict(manager, mproc_manager_root(manager), "");
        mproc_manager_free(other);
        mproc_manager_free(manager);
}

static void killed_server_is_told(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict;
        int r;

        assert_int_equal(mproc_dict_new(manager, &dict, NULL), 0);
        assert_int_equal(kill(mproc_manager_pid(manager), SIGKILL), 0);
        do
                r = mproc_dict_set(manager, dict, text("x"), text("y"), NULL);
        while (!r); /* its last moment */
        assert_int_equal(r, -ECONNRESET);
        mproc_manager_free(manager);
}

static const struct conformance_case cases[] = {
        CASE_SAME(lists_are_shared, "_TestContainers.test_list",
                  "a list is changed and read by several processes: append, extend, insert, "
                  "indices from both ends, slices"),
        CASE_SAME(dicts_are_shared, "_TestContainers.test_dict",
                  "so is a dictionary, which keeps the order of its keys"),
        CASE_BETTER(snapshots_do_not_change, "_TestContainers.test_list_iter, test_dict_iter",
                    "a loop over a list sees changes that others make; one over a dictionary fails "
                    "when it does",
                    "a loop goes over what was there at one instant"),
        CASE_SAME(objects_nest, "_TestContainers.test_dict_proxy_nested, test_list_proxy_in_list",
                  "an object is kept in another one, and changed by who finds it there"),
        CASE_SAME(namespaces_are_shared, "_TestContainers.test_namespace",
                  "a namespace has names that are set, read and deleted"),
        CASE_BETTER(adds_lose_nothing, "_TestContainers",
                    "(not tested) `d[k] += 1` is a read and a write: additions are lost",
                    "an addition is one operation"),
        CASE_SAME(address_is_enough, "_TestRemoteManager.test_remote",
                  "who knows the address connects, and finds what others left"),
        CASE_SAME(managers_follow_each_other, "_TestManagerRestart.test_rapid_restart",
                  "a manager begins as soon as another one has ended"),
        CASE_SAME(freed_objects_are_told, "TestManagerExceptions.test_dispatch",
                  "what the server cannot do is an error to who asked, and the server goes on"),
        CASE_SAME(killed_server_is_told, "_TestContainers",
                  "(not tested) calls to a server that was killed are errors"),
        CASE_NOT_APPLICABLE("_TestMyManager, TestInitializers.test_manager_initializer",
                            "objects of the program's own types in the server",
                            "it holds bytes and runs nothing of the program"),
        CASE_NOT_APPLICABLE("TestSyncManagerTypes, _TestContainers.test_nested_queue",
                            "locks, queues and pools in the server",
                            "those in shared memory serve every process"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Managers", cases, sizeof(cases) / sizeof(cases[0]));
}
