/* Clients of a manager that do not keep to what manager_wire.h says: it leaves them, and nobody
 * else notices. */
#include "contract/mproc_manager_scene.h"

#include "mproc/manager_wire.h"
#include <mproc/pipe.h>
#include <sys/socket.h>
#include <sys/un.h>

/* As mproc_manager_connect, without its manners. */
static struct mproc_connection *connect_raw(const struct mproc_manager *manager)
{
        struct mproc_manager_address address = mproc_manager_address(manager);
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
            length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "mproc-%016llx%016llx",
                              (unsigned long long)address.id[0], (unsigned long long)address.id[1]);
        struct mproc_connection *connection;

        assert_int_equal(
                connect(fd, (struct sockaddr *)&name,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)),
                0);
        assert_int_equal(mproc_connection_new(&connection, fd, NULL), 0);
        return connection;
}

static void expect_left(struct mproc_connection *connection)
{
        char bytes[64];
        size_t size;

        assert_int_equal(mproc_connection_recv_into(connection, bytes, sizeof(bytes), &size,
                                                    20 * SECOND_NS, NULL),
                         -ENODATA);
        mproc_connection_free(connection);
}

static void a_client_that_never_receives_is_left(const char *method)
{
        static const char value[20000];
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object root = mproc_manager_root(manager);
        struct mproc_connection *rude = connect_raw(manager);
        struct manager_request request = {
                .magic = MANAGER_MAGIC, .op = MANAGER_DICT_ITEMS, .object = root.id};
        int r;

        assert_int_equal(mproc_dict_set(manager, root, TEXT("k"),
                                        mproc_bytes_of(value, sizeof(value)), NULL),
                         0);
        do {
                r = mproc_connection_send(rude, &request, sizeof(request), MS, NULL);
                assert_int_equal(mproc_dict_add(manager, root, TEXT("n"), 1, NULL, NULL), 0);
        } while (!r || r == -ETIMEDOUT);
        assert_int_equal(r, -EPIPE);
        mproc_connection_free(rude);
        mproc_manager_free(manager);
}

static void what_is_no_request_ends_the_connection(const char *method)
{
        struct mproc_manager *manager = new_manager(method);
        struct mproc_object root = mproc_manager_root(manager), list = new_list(manager);
        struct manager_request wrong[] = {
                {.magic = 1},
                {.magic = MANAGER_MAGIC, .op = MANAGER_OPS},
                {.magic = MANAGER_MAGIC, .op = MANAGER_DICT_SET, .object = root.id, .size = {1}},
                {.magic = MANAGER_MAGIC,
                 .op = MANAGER_DICT_SET,
                 .object = root.id,
                 .size = {UINT64_MAX, 2}},
        };
        struct manager_request extend = {.magic = MANAGER_MAGIC,
                                         .op = MANAGER_LIST_EXTEND,
                                         .object = list.id,
                                         .count = UINT64_MAX};
        struct mproc_connection *rude;
        struct manager_reply reply;
        size_t size;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                rude = connect_raw(manager);
                assert_int_equal(mproc_connection_send(rude, &wrong[i], sizeof(wrong[i]), 0, NULL),
                                 0);
                expect_left(rude);
        }
        rude = connect_raw(manager);
        assert_int_equal(mproc_connection_send(rude, "x", 1, 0, NULL), 0);
        expect_left(rude);
        rude = connect_raw(manager);
        assert_int_equal(
                mproc_connection_send_fds(rude, &extend, sizeof(extend), &(int){1}, 1, 0, NULL), 0);
        expect_left(rude);
        /* This one is a request, and asks for what is not in it. */
        rude = connect_raw(manager);
        assert_int_equal(mproc_connection_send(rude, &extend, sizeof(extend), 0, NULL), 0);
        assert_int_equal(mproc_connection_recv_into(rude, &reply, sizeof(reply), &size,
                                                    20 * SECOND_NS, NULL),
                         0);
        assert_int_equal(reply.code, -EPROTO);
        mproc_connection_free(rude);
        assert_int_equal(mproc_object_size(manager, root, &size, NULL), 0);
        assert_int_equal(size, 0);
        mproc_manager_free(manager);
}

static void expect_to_be_turned_away(const struct mproc_manager *manager)
{
        struct mproc_connection *rude = connect_raw(manager);
        struct manager_reply reply = {0};
        size_t size;

        CHECK(!mproc_connection_recv_into(rude, &reply, sizeof(reply), &size, 20 * SECOND_NS,
                                          NULL));
        CHECK(reply.code == -EACCES);
}

static void a_client_of_another_user_is_turned_away_by_the_server_itself(const char *method)
{
        as_another_user(method, expect_to_be_turned_away);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(a_client_that_never_receives_is_left, UNDER_CONCURRENT),
                PROMISE(what_is_no_request_ends_the_connection, UNDER_CONCURRENT),
                PROMISE(a_client_of_another_user_is_turned_away_by_the_server_itself,
                        UNDER_CONCURRENT),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
