/* What reaches a started process, under every start method. */
#include "contract/mproc_gate.h"

#include <dlfcn.h>

struct message {
        int32_t number;
        char text[60];
};

static int check_and_spoil_argument(void *arg, size_t size)
{
        struct message *message = arg;

        if (size != sizeof(*message) || (uintptr_t)arg % 64 || message->number != 41 ||
            strcmp(message->text, "by value"))
                return 1;
        message->number = 0;
        return 42;
}

static void the_argument_arrives_by_value(const char *method)
{
        struct message message = {.number = 41, .text = "by value"};

        expect_exit(start_target(method, check_and_spoil_argument, &message, sizeof(message)), 42);
        assert_int_equal(message.number, 41);
        expect_exit(start_target(method, check_and_spoil_argument, NULL, 0), 1);
}

static int sum_bytes(void *arg, size_t size)
{
        unsigned char *bytes = arg;
        unsigned sum = 0;

        for (size_t i = 0; i < size; i++)
                sum += bytes[i];
        return (int)(sum % 251);
}

static void the_largest_argument_arrives_whole(const char *method)
{
        static unsigned char bytes[MPROC_ARG_MAX];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (unsigned char)(i * 7);
        expect_exit(start_target(method, sum_bytes, bytes, sizeof(bytes)),
                    sum_bytes(bytes, sizeof(bytes)));
}

static int write_to_second(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        if (mproc_self_fd(2) != -1)
                return 1;
        return write(mproc_self_fd(1), "here", 4) == 4 && write(mproc_self_fd(0), "x", 1) == 1 ? 0
                                                                                               : 2;
}

static void descriptors_are_handed_over_and_no_others(const char *method)
{
        struct mproc_process *process;
        int first[2], second[2], fds[2];
        char text[8] = "";

        assert_int_equal(pipe(first), 0); /* without O_CLOEXEC: that, too, stays behind in exec */
        assert_int_equal(pipe2(second, O_CLOEXEC), 0);
        fds[0] = first[1];
        fds[1] = second[1];
        process = start_with(&(struct mproc_process_options){
                .start = method, .target = write_to_second, .fds = fds, .fd_count = 2});
        close(first[1]);
        close(second[1]);
        expect_exit(process, 0);
        assert_int_equal(read(first[0], text, sizeof(text)), 1);
        assert_int_equal(read(second[0], text, sizeof(text)), 4);
        assert_memory_equal(text, "here", 4);
        /* No copy of the write ends is left anywhere. */
        assert_int_equal(read(first[0], text, sizeof(text)), 0);
        assert_int_equal(read(second[0], text, sizeof(text)), 0);
        close(first[0]);
        close(second[0]);
}

static int count_own_fds(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        for (int fd = 3; fd < 50; fd++)
                if (fcntl(fd, F_GETFD) >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
                        return 100 + fd;
        return (int)count_fds();
}

static void a_fresh_process_has_only_what_it_needs(const char *method)
{
        int extra = open("/dev/null", O_RDONLY); /* not close-on-exec */
        struct mproc_process *other;

        open_gate();
        other = start_waiting(method, 0);
        /* ".", "..", 0, 1, 2, the open directory, the lifeline. */
        expect_exit(start_target(method, count_own_fds, NULL, 0), 7);
        release_gate();
        expect_exit(other, 0);
        close(extra);
}

struct node {
        struct node *next;
        int value;
};

static int follow_pointer(void *arg, size_t size)
{
        struct node *node = *(struct node **)arg;

        (void)size;
        if (node->value != 1 || node->next->value != 2)
                return 1;
        node->next->value = 3;
        return 0;
}

static void shared_memory_has_one_address_everywhere(const char *method)
{
        struct mproc_shm *a = NULL, *b = NULL;
        struct node *node;

        assert_int_equal(mproc_shm_new(&a, 100, NULL), 0);
        assert_int_equal(mproc_shm_new(&b, 5 << 20, NULL), 0);
        assert_int_equal(mproc_shm_size(a), 100);
        node = mproc_shm_addr(a);
        assert_int_equal(node->value, 0);
        node->value = 1;
        node->next = mproc_shm_addr(b);
        node->next->value = 2;
        expect_exit(start_target(method, follow_pointer, &node, sizeof(node)), 0);
        assert_int_equal(node->next->value, 3);
        mproc_shm_free(a);
        mproc_shm_free(b);
}

struct nested {
        char method[16];
        struct node *shared;
};

static int start_a_grandchild(void *arg, size_t size)
{
        struct nested *nested = arg;
        struct mproc_process *process;
        struct mproc_status status;
        struct mproc_shm *own;
        struct node *node;

        (void)size;
        if (mproc_shm_new(&own, 4096, NULL))
                return 1;
        node = mproc_shm_addr(own);
        *node = (struct node){.next = nested->shared, .value = 1};
        if (mproc_process_start(&process,
                                &(struct mproc_process_options){.start = nested->method,
                                                                .target = follow_pointer,
                                                                .arg = &node,
                                                                .arg_size = sizeof(node)},
                                NULL))
                return 2;
        if (mproc_process_join(process, MPROC_FOREVER, &status, NULL) ||
            status.state != MPROC_EXITED)
                return 3;
        mproc_process_free(process);
        mproc_shm_free(own);
        return status.code;
}

static void a_worker_shares_memory_with_workers_of_its_own(const char *method)
{
        struct mproc_shm *shm = NULL;
        struct nested nested = {0};

        assert_int_equal(mproc_shm_new(&shm, 4096, NULL), 0);
        strcpy(nested.method, method);
        nested.shared = mproc_shm_addr(shm);
        nested.shared->value = 2;
        expect_exit(start_target(method, start_a_grandchild, &nested, sizeof(nested)), 0);
        assert_int_equal(nested.shared->value, 3);
        mproc_shm_free(shm);
}

static int read_comm(void *arg, size_t size)
{
        char comm[17] = "";

        (void)size;
        prctl(PR_GET_NAME, comm);
        return strcmp(comm, arg) != 0;
}

static void the_process_bears_its_name(const char *method)
{
        char program[16] = "";

        strncpy(program, program_invocation_short_name, 15);
        expect_exit(start_with(&(struct mproc_process_options){.start = method,
                                                               .name = "worker-3",
                                                               .target = read_comm,
                                                               .arg = "worker-3",
                                                               .arg_size = 9}),
                    0);
        expect_exit(start_target(method, read_comm, program, sizeof(program)), 0);
}

static void ignore(int sig)
{
        (void)sig;
}

static int check_signals(void *arg, size_t size)
{
        struct sigaction term, pipe_, hup, real_time;
        sigset_t mask;

        (void)arg;
        (void)size;
        sigaction(SIGTERM, NULL, &term);
        sigaction(SIGPIPE, NULL, &pipe_);
        sigaction(SIGHUP, NULL, &hup);
        sigaction(SIGRTMIN + 1, NULL, &real_time);
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        return term.sa_handler != SIG_DFL || pipe_.sa_handler != SIG_DFL ||
               hup.sa_handler != SIG_IGN || real_time.sa_handler != SIG_DFL ||
               sigismember(&mask, SIGUSR1);
}

static void signals_are_as_in_a_new_program(const char *method)
{
        struct sigaction term, pipe_, hup, real_time, handled = {.sa_handler = ignore},
                                                      ignored = {.sa_handler = SIG_IGN};
        sigset_t block, before, after;
        struct mproc_process *process;

        sigemptyset(&block);
        sigaddset(&block, SIGUSR1);
        pthread_sigmask(SIG_BLOCK, &block, &before);
        sigaction(SIGTERM, &handled, &term);
        sigaction(SIGPIPE, &ignored, &pipe_);
        sigaction(SIGRTMIN + 1, &handled, &real_time);
        sigaction(SIGHUP, &ignored, &hup); /* nohup: that stays */
        process = start_target(method, check_signals, NULL, 0);
        sigaction(SIGHUP, &hup, NULL);
        sigaction(SIGRTMIN + 1, &real_time, NULL);
        sigaction(SIGPIPE, &pipe_, NULL);
        sigaction(SIGTERM, &term, NULL);
        pthread_sigmask(SIG_SETMASK, &before, &after);
        assert_false(sigismember(&after, SIGTERM)); /* starts have left the parent's mask alone */
        if (!strcmp(method, "forkserver")) {        /* HUP as it was when the server was started */
                join_forever(process);
                mproc_process_free(process);
        } else {
                expect_exit(process, 0);
        }
}

static void a_library_function_is_a_target_too(const char *method)
{
        char path[4096], *slash;
        int (*twice)(void *, size_t);
        void *plugin;
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
        int number = 21;

        assert_true(n > 0);
        path[n] = '\0';
        slash = strrchr(path, '/');
        strcpy(slash + 1, "mproc_plugin.so");
        plugin = dlopen(path, RTLD_NOW);
        if (!plugin)
                fail_msg("%s", dlerror());
        twice = (int (*)(void *, size_t))dlsym(plugin, "plugin_twice");
        assert_non_null(twice);
        expect_exit(start_target(method, twice, &number, sizeof(number)), 42);
        dlclose(plugin);
}

static void steps_of_a_start_are_in_order(const char *method)
{
        struct mproc_process *process = start_target(method, return_zero, NULL, 0);
        struct mproc_start_steps steps;

        join_forever(process);
        mproc_process_steps(process, &steps);
        assert_true(steps.called_ns > 0 && steps.called_ns <= steps.returned_ns);
        assert_true(steps.called_ns <= steps.first_ns && steps.first_ns <= steps.ready_ns);
        mproc_process_free(process);
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(the_argument_arrives_by_value, UNDER_ALL),
                PROMISE(the_largest_argument_arrives_whole, UNDER_ALL),
                PROMISE(descriptors_are_handed_over_and_no_others, UNDER_ALL),
                PROMISE(a_fresh_process_has_only_what_it_needs, UNDER_EXEC),
                PROMISE(shared_memory_has_one_address_everywhere, UNDER_ALL),
                PROMISE(a_worker_shares_memory_with_workers_of_its_own, UNDER_ALL),
                PROMISE(the_process_bears_its_name, UNDER_OWN_PROCESS),
                PROMISE(signals_are_as_in_a_new_program, UNDER_OWN_PROCESS),
                PROMISE(a_library_function_is_a_target_too, UNDER_ALL),
                PROMISE(steps_of_a_start_are_in_order, UNDER_ALL),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
