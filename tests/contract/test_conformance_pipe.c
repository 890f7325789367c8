/* Messages between two processes, held against CPython's: see conformance.h. */
#include "contract/conformance.h"
#include "contract/mproc_pipe_scene.h"

/* Ends of a pipe within the test: `mine` receives. */
static struct mproc_connection *its;

static void open_pipe(enum mproc_pipe_kind kind)
{
        assert_int_equal(mproc_pipe_new(&mine, &its, kind, NULL), 0);
}

static void close_pipe(void)
{
        mproc_connection_free(mine);
        mproc_connection_free(its);
        mine = its = NULL;
}

static void messages_of_any_size_come_whole(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, echo, NULL, 0);
        size_t sizes[] = {0, 1, 11, 4096, 65536, 16 << 20}, size;
        char *sent = malloc(16 << 20);
        void *data;

        memset(sent, 'X', 16 << 20);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                assert_int_equal(mproc_connection_send(mine, sent, sizes[i], MPROC_FOREVER, NULL),
                                 0);
                assert_int_equal(mproc_connection_recv(mine, &data, &size, MPROC_FOREVER, NULL), 0);
                assert_int_equal(size, sizes[i]);
                assert_memory_equal(data, sent, size);
                free(data);
        }
        free(sent);
        hang_up(process);
}

static void short_buffer_loses_nothing(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, echo, NULL, 0);
        char buffer[4];
        size_t size = 0;

        send_text(mine, "hello world");
        assert_int_equal(mproc_connection_recv_into(mine, buffer, sizeof(buffer), &size,
                                                    MPROC_FOREVER, NULL),
                         -EMSGSIZE);
        assert_int_equal(size, 11);
        expect_text(mine, "hello world");
        hang_up(process);
}

static void poll_tells_of_a_message(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, echo, NULL, 0);

        assert_int_equal(mproc_connection_poll(mine, 0, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_connection_poll(mine, -1, NULL), -ETIMEDOUT);
        assert_int_equal(mproc_connection_poll(mine, MS, NULL), -ETIMEDOUT);
        send_text(mine, "");
        for (int i = 0; i < 3; i++)
                assert_int_equal(mproc_connection_poll(mine, MPROC_FOREVER, NULL), 0);
        expect_text(mine, "");
        hang_up(process);
}

static int close_at_once(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);

        (void)arg;
        (void)size;
        CHECK(!mproc_connection_send(connection, "bye", 3, MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

static void end_comes_after_all_messages(const char *method)
{
        struct mproc_process *process = start_on_pipe(method, close_at_once, NULL, 0);
        char byte;
        size_t size;

        expect_text(mine, "bye");
        assert_int_equal(mproc_connection_recv_into(mine, &byte, 1, &size, MPROC_FOREVER, NULL),
                         -ENODATA);
        assert_int_equal(mproc_connection_send(mine, "x", 1, MPROC_FOREVER, NULL), -EPIPE);
        hang_up(process);
}

static int say_hello(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);
        char byte;
        size_t got;

        (void)arg;
        (void)size;
        CHECK(mproc_connection_recv_into(connection, &byte, 1, &got, 0, NULL) == -ENOTSUP);
        CHECK(!mproc_connection_send(connection, "hello", 5, MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

static void one_way_is_one_way(const char *method)
{
        struct mproc_process *process;
        int fd;

        open_pipe(MPROC_PIPE_ONE_WAY);
        fd = mproc_connection_fd(its);
        assert_int_equal(mproc_connection_send(mine, "x", 1, 0, NULL), -ENOTSUP);
        process = start_with(&(struct mproc_process_options){
                .start = method, .target = say_hello, .fds = &fd, .fd_count = 1});
        expect_text(mine, "hello");
        expect_exit(process, 0);
        close_pipe();
}

/* Sends a word at a time. */
static int send_words(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);

        for (const char *word = arg, *end = word + size; word < end; word += strlen(word) + 1)
                CHECK(!mproc_connection_send(connection, word, strlen(word), MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

static void messages_are_not_merged(const char *method)
{
        static const char words[] = "hello\0\0a\0b\0\0bye\0\0lop\0cd";
        struct mproc_process *process = start_on_pipe(method, send_words, words, sizeof(words));

        for (const char *word = words; word < words + sizeof(words); word += strlen(word) + 1) {
                assert_int_equal(mproc_connection_poll(mine, MPROC_FOREVER, NULL), 0);
                expect_text(mine, word);
        }
        hang_up(process);
}

static int only_poll(void *arg, size_t size)
{
        struct mproc_connection *connection = self(0);

        (void)arg;
        (void)size;
        CHECK(!mproc_connection_poll(connection, MPROC_FOREVER, NULL));
        mproc_connection_free(connection);
        return 0;
}

static void who_polls_takes_nothing(const char *method)
{
        struct mproc_connection *copy;
        struct mproc_process *process;
        int fd;

        open_pipe(MPROC_PIPE_DUPLEX);
        assert_int_equal(mproc_connection_copy(&copy, its, NULL), 0);
        fd = mproc_connection_fd(copy);
        process = start_with(&(struct mproc_process_options){
                .start = method, .target = only_poll, .fds = &fd, .fd_count = 1});
        send_text(mine, "first");
        send_text(mine, "second");
        expect_exit(process, 0);
        expect_text(its, "first");
        expect_text(its, "second");
        mproc_connection_free(copy);
        close_pipe();
}

static const struct conformance_case cases[] = {
        CASE_SAME(messages_of_any_size_come_whole,
                  "_TestConnection.test_connection, test_sendbytes",
                  "messages from 0 bytes to 16 MB go there and come back whole"),
        CASE_SAME(short_buffer_loses_nothing, "_TestConnection.test_connection",
                  "receiving into a buffer that is too short is an error, which does not lose the "
                  "message"),
        CASE_SAME(poll_tells_of_a_message,
                  "_TestConnection.test_connection, "
                  "_TestPoll.test_empty_string",
                  "`poll` tells of a message, an empty one too, as often as it is asked"),
        CASE_SAME(end_comes_after_all_messages, "_TestConnection.test_connection",
                  "when the other end is closed, what it sent still comes, then its end is an "
                  "error of its own"),
        CASE_SAME(one_way_is_one_way, "_TestConnection.test_duplex_false",
                  "of a one-way pipe one end receives, the other sends; the reverse is an error"),
        CASE_SAME(messages_are_not_merged, "_TestPoll.test_strings, test_dont_merge",
                  "messages come one by one as they were sent, empty ones too"),
        CASE_SAME(who_polls_takes_nothing, "_TestPoll.test_boundaries",
                  "a process that only polls takes no message from who receives later"),
};

int main(int argc, char **argv)
{
        mproc_init(&argc, &argv);
        return run_conformance("Pipes", cases, sizeof(cases) / sizeof(cases[0]));
}
