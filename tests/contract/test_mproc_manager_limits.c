/* Descriptors, memory and file size run out, in a manager's server or in its client: it is told,
 * whose limit it was too, and nothing was changed by what failed. */
#include "contract/mproc_manager_scene.h"

#include <fcntl.h>
#include <sys/resource.h>

#define LONG (1 << 20)

static unsigned char bytes[64 * LONG];

static struct mproc_bytes long_value(void)
{
        return mproc_bytes_of(bytes, LONG);
}

/* Of the server, while it runs; returns what it was. */
static rlim_t limit_server(const struct mproc_manager *manager, enum __rlimit_resource resource,
                           rlim_t soft)
{
        struct rlimit limit, before;

        assert_int_equal(prlimit(mproc_manager_pid(manager), resource, NULL, &before), 0);
        limit = (struct rlimit){.rlim_cur = soft, .rlim_max = before.rlim_max};
        assert_int_equal(prlimit(mproc_manager_pid(manager), resource, &limit, NULL), 0);
        return before.rlim_cur;
}

static void expect_told(int r, int code, struct mproc_err *err)
{
        assert_int_equal(r, code);
        assert_int_equal(err->code, code);
        if (!strstr(err->text, "the manager's server"))
                fail_msg("it does not say where: %s", err->text);
        if (strstr(err->text, "RLIMIT_NOFILE is"))
                fail_msg("it names the limit of this process: %s", err->text);
        *err = (struct mproc_err){0};
}

static void an_answer_that_the_server_cannot_send_changes_nothing(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager), list = new_list(manager);
        struct mproc_buffer buffer = {.data = bytes, .capacity = sizeof(bytes)};
        struct mproc_snapshot snapshot;
        struct mproc_err err;
        rlim_t before;

        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"), long_value(), NULL), 0);
        assert_int_equal(mproc_list_append(manager, list, long_value(), NULL), 0);
        before = limit_server(manager, RLIMIT_FSIZE, LONG / 2);
        expect_told(mproc_dict_get(manager, dict, TEXT("k"), &buffer, &err), -EFBIG, &err);
        expect_told(mproc_dict_pop(manager, dict, TEXT("k"), &buffer, &err), -EFBIG, &err);
        expect_told(mproc_list_pop(manager, list, 0, &buffer, &err), -EFBIG, &err);
        expect_told(mproc_dict_setdefault(manager, dict, TEXT("new"), long_value(), &buffer, &err),
                    -EFBIG, &err);
        expect_told(mproc_dict_items(manager, dict, &snapshot, &err), -EFBIG, &err);
        expect_told(mproc_list_slice(manager, list, 0, SIZE_MAX, &snapshot, &err), -EFBIG, &err);
        limit_server(manager, RLIMIT_FSIZE, before);
        assert_int_equal(mproc_dict_get(manager, dict, TEXT("new"), NULL, NULL), -ENOENT);
        assert_int_equal(mproc_dict_pop(manager, dict, TEXT("k"), &buffer, NULL), 0);
        assert_int_equal(buffer.size, LONG);
        assert_int_equal(mproc_list_pop(manager, list, 0, &buffer, NULL), 0);
        assert_int_equal(buffer.size, LONG);
        mproc_manager_free(manager);
}

static rlim_t server_memory(const struct mproc_manager *manager)
{
        char path[64];
        unsigned long pages;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/statm", (int)mproc_manager_pid(manager));
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%lu", &pages), 1);
        fclose(file);
        return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void a_server_without_memory_says_so_and_goes_on(const char *method)
{
        struct mproc_manager *manager;
        struct mproc_object dict;
        struct mproc_err err;
        rlim_t before;
        size_t size;

        if (UNDER_ASAN || UNDER_TSAN) {
                print_message("skipped: the sanitizer itself needs the address space\n");
                skip();
        }
        manager = new_manager(method);
        dict = new_dict(manager);
        before = limit_server(manager, RLIMIT_AS, server_memory(manager) + sizeof(bytes) / 4);
        expect_told(mproc_dict_set(manager, dict, TEXT("k"), mproc_bytes_of(bytes, sizeof(bytes)),
                                   &err),
                    -ENOMEM, &err);
        assert_int_equal(mproc_object_size(manager, dict, &size, NULL), 0);
        assert_int_equal(size, 0);
        limit_server(manager, RLIMIT_AS, before);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"),
                                        mproc_bytes_of(bytes, sizeof(bytes)), NULL),
                         0);
        mproc_manager_free(manager);
}

static void a_server_without_descriptors_names_itself(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object dict = new_dict(manager);
        struct mproc_err err;
        rlim_t before = limit_server(manager, RLIMIT_NOFILE, 3);

        expect_told(mproc_dict_set(manager, dict, TEXT("k"), long_value(), &err), -EMFILE, &err);
        limit_server(manager, RLIMIT_NOFILE, before);
        assert_int_equal(mproc_dict_set(manager, dict, TEXT("k"), long_value(), NULL), 0);
        mproc_manager_free(manager);
}

/* Until there is no descriptor left. */
static void take_descriptors(void)
{
        while (fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) >= 0)
                ;
}

static bool client_has_none_left(const char *method)
{
        struct rlimit limit;
        struct mproc_manager *manager = NULL;
        struct mproc_object dict;

        CHECK(!mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method}, NULL));
        CHECK(!mproc_dict_new(manager, &dict, NULL));
        CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_cur = 64;
        CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
        take_descriptors();
        CHECK(mproc_dict_set(manager, dict, TEXT("k"), long_value(), NULL) == -EMFILE);
        take_descriptors(); /* others take what is given back */
        CHECK(!mproc_dict_add(manager, dict, TEXT("n"), 1, NULL, NULL));
        mproc_manager_free(manager);
        return true;
}

static void a_request_that_cannot_be_sent_leaves_the_connection(const char *method)
{
        assert_true(run_scene(client_has_none_left, method));
}

/* A server that shares its descriptors with others: as few as a manager can be made with. */
static bool as_few_as_will_do(const char *method)
{
        struct rlimit limit, few;
        struct mproc_manager *manager = NULL, *other = NULL;
        struct mproc_manager_address address;
        int status, r;
        pid_t pid;

        CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
        few = limit;
        few.rlim_cur = 3;
        do {
                few.rlim_cur++;
                CHECK(!setrlimit(RLIMIT_NOFILE, &few));
                r = mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method},
                                      NULL);
        } while (r);
        take_descriptors();
        address = mproc_manager_address(manager);
        pid = fork();
        CHECK(pid >= 0);
        if (!pid) {
                CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
                CHECK(mproc_manager_connect(&other, &address, MPROC_FOREVER, NULL) == -EMFILE);
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && !status);
        mproc_manager_free(manager);
        return true;
}

static void a_server_that_begins_can_turn_away_who_is_too_many(const char *unused)
{
        (void)unused;
        assert_true(run_scene(as_few_as_will_do, "thread"));
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(an_answer_that_the_server_cannot_send_changes_nothing, UNDER_OWN_PROCESS),
                PROMISE(a_server_without_memory_says_so_and_goes_on, UNDER_OWN_PROCESS),
                PROMISE(a_server_without_descriptors_names_itself, UNDER_OWN_PROCESS),
                PROMISE(a_request_that_cannot_be_sent_leaves_the_connection, UNDER_OWN_PROCESS),
                PROMISE(a_server_that_begins_can_turn_away_who_is_too_many, UNDER_NONE),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
