/* What a manager holds: dictionaries, lists, namespaces, and how each misuse is told. */
#include "contract/mproc_manager_scene.h"

#define ROOM(name)             \
        char name##_bytes[64]; \
        struct mproc_buffer name = {.data = name##_bytes, .capacity = sizeof(name##_bytes)}

static void a_dictionary_keeps_what_is_set(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        ROOM(room);
        size_t size;
        bool there;

        assert_int_equal(mproc_dict_set(manager, dict, TEXT("a"), TEXT("one"), NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT(""), TEXT("empty key"), NULL), 0);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("b"), TEXT(""), NULL), 0);
        expect_text(mproc_dict_get(manager, dict, TEXT("a"), &room, NULL), &room, "one");
        expect_text(mproc_dict_get(manager, dict, TEXT(""), &room, NULL), &room, "empty key");
        expect_text(mproc_dict_get(manager, dict, TEXT("b"), &room, NULL), &room, "");
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("a"), TEXT("another one"), NULL), 0);
        expect_text(mproc_dict_get(manager, dict, TEXT("a"), &room, NULL), &room, "another one");
        assert_int_equal(mproc_object_size(manager, dict, &size, NULL), 0);
        assert_int_equal(size, 3);
        assert_int_equal(mproc_dict_delete(manager, dict, TEXT("b"), NULL), 0);
        assert_int_equal(mproc_dict_contains(manager, dict, TEXT("b"), &there, NULL), 0);
        assert_false(there);
        assert_int_equal(mproc_dict_contains(manager, dict, TEXT("a"), &there, NULL), 0);
        assert_true(there);
        expect_text(mproc_dict_pop(manager, dict, TEXT("a"), &room, NULL), &room, "another one");
        assert_int_equal(mproc_dict_pop(manager, dict, TEXT("a"), &room, NULL), -ENOENT);
        assert_int_equal(mproc_object_clear(manager, dict, NULL), 0);
        assert_int_equal(mproc_object_size(manager, dict, &size, NULL), 0);
        assert_int_equal(size, 0);
        mproc_manager_free(manager);
}

static void a_key_that_is_missing_is_told(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object dict = new_dict(manager);
        struct mproc_err err = {0};
        ROOM(room);

        (void)unused;
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("x"), &room, &err), -ENOENT);
        assert_int_equal(err.code, -ENOENT);
        assert_int_equal(mproc_dict_delete(manager, dict, TEXT("x"), &err), -ENOENT);
        assert_int_equal(mproc_dict_pop(manager, dict, TEXT("x"), NULL, &err), -ENOENT);
        mproc_manager_free(manager);
}

static void setdefault_and_compare_set_decide_in_one_step(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object dict = new_dict(manager);
        struct mproc_bytes one = TEXT("one"), two = TEXT("two");
        ROOM(room);

        (void)unused;
        expect_text(mproc_dict_setdefault(manager, dict, TEXT("k"), one, &room, NULL), &room,
                    "one");
        expect_text(mproc_dict_setdefault(manager, dict, TEXT("k"), two, &room, NULL), &room,
                    "one");
        assert_int_equal(mproc_dict_compare_set(manager, dict, TEXT("k"), NULL, &two, NULL),
                         -EEXIST);
        assert_int_equal(mproc_dict_compare_set(manager, dict, TEXT("k"), &two, &one, NULL),
                         -EAGAIN);
        assert_int_equal(mproc_dict_compare_set(manager, dict, TEXT("k"), &one, &two, NULL), 0);
        expect_text(mproc_dict_get(manager, dict, TEXT("k"), &room, NULL), &room, "two");
        assert_int_equal(mproc_dict_compare_set(manager, dict, TEXT("k"), &two, NULL, NULL), 0);
        assert_int_equal(mproc_dict_compare_set(manager, dict, TEXT("k"), &two, &one, NULL),
                         -ENOENT);
        assert_int_equal(mproc_dict_compare_set(manager, dict, TEXT("k"), NULL, &one, NULL), 0);
        expect_text(mproc_dict_get(manager, dict, TEXT("k"), &room, NULL), &room, "one");
        mproc_manager_free(manager);
}

static void a_snapshot_has_all_entries_in_the_order_in_which_they_came(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        struct mproc_bytes key, value;
        struct mproc_snapshot snapshot;

        for (int i = 0; i < 3000; i++) {
                char text[16];

                snprintf(text, sizeof(text), "%d", i * 7919 % 3000);
                assert_int_equal(mproc_dict_set(manager, dict, TEXT(text),
                                                mproc_bytes_of(&i, sizeof(i)), NULL),
                                 0);
        }
        assert_int_equal(mproc_dict_items(manager, dict, &snapshot, NULL), 0);
        assert_int_equal(snapshot.count, 3000);
        for (int i = 0; i < 3000; i++) {
                char text[16];

                assert_true(mproc_snapshot_next(&snapshot, &key, &value));
                assert_int_equal(key.size, snprintf(text, sizeof(text), "%d", i * 7919 % 3000));
                assert_memory_equal(key.data, text, key.size);
                assert_int_equal(value.size, sizeof(int));
                assert_int_equal((uintptr_t)value.data % 16, 0);
                assert_int_equal(*(const int *)value.data, i);
        }
        assert_false(mproc_snapshot_next(&snapshot, &key, &value));
        mproc_snapshot_done(&snapshot);
        assert_int_equal(mproc_dict_keys(manager, dict, &snapshot, NULL), 0);
        assert_int_equal(snapshot.count, 3000);
        assert_true(mproc_snapshot_next(&snapshot, NULL, &value));
        assert_int_equal(value.size, 0);
        mproc_snapshot_done(&snapshot);
        mproc_snapshot_done(&snapshot);
        mproc_manager_free(manager);
}

static void a_list_is_changed_at_any_index(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object list = new_list(manager);
        struct mproc_bytes more[] = {TEXT("d"), TEXT(""), TEXT("f")}, value;
        static const char *const expected[] = {"a", "B", "c", "", "f"};
        struct mproc_snapshot snapshot;
        size_t size;
        ROOM(room);

        assert_int_equal(mproc_list_append(manager, list, TEXT("b"), NULL), 0);
        assert_int_equal(mproc_list_insert(manager, list, 0, TEXT("a"), NULL), 0);
        expect_text(mproc_list_get(manager, list, 1, &room, NULL), &room, "b");
        assert_int_equal(mproc_list_insert(manager, list, 99, TEXT("c"), NULL), 0);
        assert_int_equal(mproc_list_extend(manager, list, more, 3, NULL), 0);
        assert_int_equal(mproc_list_set(manager, list, 1, TEXT("B"), NULL), 0);
        expect_text(mproc_list_get(manager, list, -1, &room, NULL), &room, "f");
        expect_text(mproc_list_pop(manager, list, -3, &room, NULL), &room, "d");
        assert_int_equal(mproc_list_slice(manager, list, 0, SIZE_MAX, &snapshot, NULL), 0);
        assert_int_equal(snapshot.count, 5);
        for (int i = 0; i < 5; i++) {
                assert_true(mproc_snapshot_next(&snapshot, NULL, &value));
                assert_int_equal(value.size, strlen(expected[i]));
                assert_memory_equal(value.data, expected[i], value.size);
        }
        mproc_snapshot_done(&snapshot);
        assert_int_equal(mproc_list_slice(manager, list, -2, 1, &snapshot, NULL), 0);
        assert_int_equal(snapshot.count, 1);
        mproc_snapshot_done(&snapshot);
        assert_int_equal(mproc_list_slice(manager, list, 99, 1, &snapshot, NULL), 0);
        assert_int_equal(snapshot.count, 0);
        mproc_snapshot_done(&snapshot);
        assert_int_equal(mproc_list_delete(manager, list, -5, NULL), 0);
        expect_text(mproc_list_get(manager, list, 0, &room, NULL), &room, "B");
        assert_int_equal(mproc_object_size(manager, list, &size, NULL), 0);
        assert_int_equal(size, 4);
        mproc_manager_free(manager);
}

static void an_index_that_is_none_is_told(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object list = new_list(manager);
        struct mproc_err err = {0};
        ROOM(room);

        (void)unused;
        assert_int_equal(mproc_list_pop(manager, list, -1, &room, NULL), -ERANGE);
        assert_int_equal(mproc_list_append(manager, list, TEXT("x"), NULL), 0);
        assert_int_equal(mproc_list_get(manager, list, 1, &room, &err), -ERANGE);
        assert_non_null(strstr(err.text, "index 1"));
        assert_int_equal(mproc_list_get(manager, list, -2, &room, NULL), -ERANGE);
        assert_int_equal(mproc_list_set(manager, list, INT64_MIN, TEXT(""), NULL), -ERANGE);
        assert_int_equal(mproc_list_delete(manager, list, INT64_MAX, NULL), -ERANGE);
        mproc_manager_free(manager);
}

static void what_is_longer_than_the_buffer_stays_and_its_size_is_told(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object dict = new_dict(manager), list = new_list(manager);
        struct mproc_buffer small = {.data = (char[2]){0}, .capacity = 2};
        struct mproc_err err = {0};
        bool there;
        ROOM(room);

        (void)unused;
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"), TEXT("long"), NULL), 0);
        assert_int_equal(mproc_list_append(manager, list, TEXT("longer"), NULL), 0);
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("k"), &small, &err), -EMSGSIZE);
        assert_int_equal(small.size, 4);
        assert_int_equal(mproc_dict_pop(manager, dict, TEXT("k"), &small, &err), -EMSGSIZE);
        assert_int_equal(mproc_list_pop(manager, list, 0, &small, &err), -EMSGSIZE);
        assert_int_equal(small.size, 6);
        assert_int_equal(
                mproc_dict_setdefault(manager, dict, TEXT("new"), TEXT("long"), &small, NULL),
                -EMSGSIZE);
        assert_int_equal(mproc_dict_contains(manager, dict, TEXT("new"), &there, NULL), 0);
        assert_false(there);
        expect_text(mproc_dict_pop(manager, dict, TEXT("k"), &room, NULL), &room, "long");
        expect_text(mproc_list_pop(manager, list, 0, &room, NULL), &room, "longer");
        mproc_manager_free(manager);
}

static void large_values_go_there_and_back(const char *method)
{
        static const size_t sizes[] = {32768 - 200, 32768, 32769, 5000000};
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        struct mproc_snapshot snapshot;
        struct mproc_bytes value;

        for (size_t i = 0; i < 4; i++) {
                unsigned char *data = malloc(sizes[i]), *back = malloc(sizes[i]);
                struct mproc_buffer buffer = {.data = back, .capacity = sizes[i]};

                for (size_t j = 0; j < sizes[i]; j++)
                        data[j] = (unsigned char)(j * 31 + i);
                assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"),
                                                mproc_bytes_of(data, sizes[i]), NULL),
                                 0);
                assert_int_equal(mproc_dict_get(manager, dict, TEXT("k"), &buffer, NULL), 0);
                assert_int_equal(buffer.size, sizes[i]);
                assert_memory_equal(data, back, sizes[i]);
                assert_int_equal(mproc_dict_items(manager, dict, &snapshot, NULL), 0);
                assert_true(mproc_snapshot_next(&snapshot, NULL, &value));
                assert_memory_equal(value.data, data, sizes[i]);
                mproc_snapshot_done(&snapshot);
                free(data);
                free(back);
        }
        mproc_manager_free(manager);
}

static void what_is_too_large_to_send_is_refused(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object dict = new_dict(manager), list = new_list(manager);
        struct mproc_bytes huge = {"", MPROC_MANAGER_BYTES_MAX + 1}, wrong = {NULL, 1};
        struct mproc_err err = {0};

        (void)unused;
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"), huge, &err), -E2BIG);
        assert_int_equal(err.code, -E2BIG);
        assert_int_equal(mproc_list_extend(manager, list, &huge, 1, NULL), -E2BIG);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"), wrong, NULL), -EINVAL);
        assert_int_equal(mproc_list_extend(manager, list, &wrong, 1, NULL), -EINVAL);
        mproc_manager_free(manager);
}

static void an_object_of_the_other_kind_is_told(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object dict = new_dict(manager), list = new_list(manager);

        (void)unused;
        assert_int_equal(mproc_dict_set(manager, list, TEXT("k"), TEXT("v"), NULL), -EPROTOTYPE);
        assert_int_equal(mproc_list_append(manager, dict, TEXT("v"), NULL), -EPROTOTYPE);
        mproc_manager_free(manager);
}

static void an_object_that_was_freed_or_is_anothers_is_told(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork"), *other = new_manager("fork");
        struct mproc_object dict = new_dict(manager), later, nothing = {0};

        (void)unused;
        assert_int_equal(mproc_dict_set(other, dict, TEXT("k"), TEXT("v"), NULL), -ESTALE);
        assert_int_equal(mproc_dict_set(manager, nothing, TEXT("k"), TEXT("v"), NULL), -ESTALE);
        assert_int_equal(mproc_object_free(manager, dict, NULL), 0);
        assert_int_equal(mproc_object_free(manager, dict, NULL), -ESTALE);
        later = new_dict(manager);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"), TEXT("v"), NULL), -ESTALE);
        assert_int_equal(mproc_dict_set(manager, later, TEXT("k"), TEXT("v"), NULL), 0);
        assert_int_equal(mproc_object_free(manager, mproc_manager_root(manager), NULL), -EPERM);
        mproc_manager_free(manager);
        mproc_manager_free(other);
}

static void an_add_is_to_a_number_and_wraps_around(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object dict = new_dict(manager);
        struct mproc_buffer buffer = {.data = &(int64_t){0}, .capacity = sizeof(int64_t)};
        int64_t first = INT64_MAX - 1, now;

        (void)unused;
        assert_int_equal(mproc_dict_add(manager, dict, TEXT("new"), -3, &now, NULL), 0);
        assert_int_equal(now, -3);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("n"),
                                        mproc_bytes_of(&first, sizeof(first)), NULL),
                         0);
        assert_int_equal(mproc_dict_add(manager, dict, TEXT("n"), 2, NULL, NULL), 0);
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("n"), &buffer, NULL), 0);
        assert_true(*(int64_t *)buffer.data == INT64_MIN);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("n"), TEXT("text"), NULL), 0);
        assert_int_equal(mproc_dict_add(manager, dict, TEXT("n"), 2, &now, NULL), -EDOM);
        assert_int_equal(now, -3);
        mproc_manager_free(manager);
}

static void a_namespace_has_attributes_by_name(const char *unused)
{
        struct mproc_manager *manager = new_manager("fork");
        struct mproc_object space;
        int64_t now;
        ROOM(room);

        (void)unused;
        assert_int_equal(mproc_namespace_new(manager, &space, NULL), 0);
        assert_int_equal(mproc_namespace_set(manager, space, "title", "x y", 3, NULL), 0);
        expect_text(mproc_namespace_get(manager, space, "title", &room, NULL), &room, "x y");
        assert_int_equal(mproc_namespace_add(manager, space, "hits", 2, &now, NULL), 0);
        assert_int_equal(mproc_namespace_add(manager, space, "hits", 3, &now, NULL), 0);
        assert_int_equal(now, 5);
        assert_int_equal(mproc_namespace_delete(manager, space, "title", NULL), 0);
        assert_int_equal(mproc_namespace_get(manager, space, "title", &room, NULL), -ENOENT);
        mproc_manager_free(manager);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_dictionary_keeps_what_is_set, UNDER_CONCURRENT),
                PROMISE(a_key_that_is_missing_is_told, UNDER_NONE),
                PROMISE(setdefault_and_compare_set_decide_in_one_step, UNDER_NONE),
                PROMISE(a_snapshot_has_all_entries_in_the_order_in_which_they_came,
                        UNDER_CONCURRENT),
                PROMISE(a_list_is_changed_at_any_index, UNDER_CONCURRENT),
                PROMISE(an_index_that_is_none_is_told, UNDER_NONE),
                PROMISE(what_is_longer_than_the_buffer_stays_and_its_size_is_told, UNDER_NONE),
                PROMISE(large_values_go_there_and_back, UNDER_CONCURRENT),
                PROMISE(what_is_too_large_to_send_is_refused, UNDER_NONE),
                PROMISE(an_object_of_the_other_kind_is_told, UNDER_NONE),
                PROMISE(an_object_that_was_freed_or_is_anothers_is_told, UNDER_NONE),
                PROMISE(an_add_is_to_a_number_and_wraps_around, UNDER_NONE),
                PROMISE(a_namespace_has_attributes_by_name, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
