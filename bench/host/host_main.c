/* mpbench-host: the lean process in which teams live. Started by the driver, never by hand:
 *
 *     mpbench-host --fd=N [--ballast=BYTES] [--plugin=PATH] [--book=N]
 *                            answers trial requests on the socket N
 *     mpbench-host --exit    leaves at once: the leanest program that spawn is held against
 *
 * It links the runtime and the plain workloads and nothing else, so that what is measured is not
 * what the driver happens to be. End of file on the socket ends it; the death of the driver does,
 * too. */
#include "base/stream.h"
#include "host/hello.h"
#include "host/trial_run.h"
#include "mproc/limits.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <fcntl.h>
#include <mproc/mproc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Touched page by page, in small pages: page tables are what fork copies. */
static int load_ballast(size_t bytes, struct mproc_err *err)
{
        char *memory;

        if (!bytes)
                return 0;
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return limits_error(err, -errno, "ballast", "its memory cannot be had");
        madvise(memory, bytes, MADV_NOHUGEPAGE);
        for (size_t at = 0; at < bytes; at += 4096)
                memory[at] = 1;
        return 0;
}

static int serve_one(int fd, int book_fd)
{
        struct trial_request request;
        struct trial_outcome outcome;
        struct worker_outcome *workers = NULL;
        struct cpuset *cpus = NULL;
        int r;

        r = stream_receive(fd, &request, sizeof(request), 0, -1);
        if (r < 0)
                return r;
        if (!request.workers || request.workers > WORKERS_MAX)
                return -EPROTO;
        cpus = calloc(request.workers, sizeof(*cpus));
        workers = calloc(request.workers, sizeof(*workers));
        if (!cpus || !workers) {
                r = -ENOMEM;
                goto out;
        }
        r = stream_receive(fd, cpus, request.workers * sizeof(*cpus), 0, -1);
        if (r < 0)
                goto out;
        trial_run(&request, cpus, fd, book_fd, &outcome, workers);
        r = stream_send(fd, &outcome, sizeof(outcome));
        if (r == 0)
                r = stream_send(fd, workers, request.workers * sizeof(*workers));
out:
        free(cpus);
        free(workers);
        return r;
}

int main(int argc, char **argv)
{
        struct host_hello hello = HOST_HELLO;
        const char *plugin = NULL;
        size_t ballast = 0;
        pid_t driver;
        int fd = -1, book_fd = -1;

        if (argc == 2 && !strcmp(argv[1], "--exit"))
                return 0;
        if (mproc_init(&argc, &argv) < 0)
                return 4;
        for (int i = 1; i < argc; i++) {
                if (!strncmp(argv[i], "--fd=", 5))
                        fd = (int)strtol(argv[i] + 5, NULL, 10);
                else if (!strncmp(argv[i], "--ballast=", 10))
                        ballast = strtoull(argv[i] + 10, NULL, 10);
                else if (!strncmp(argv[i], "--book=", 7))
                        book_fd = (int)strtol(argv[i] + 7, NULL, 10);
                else if (!strncmp(argv[i], "--plugin=", 9))
                        plugin = argv[i] + 9;
        }
        if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return 2; /* started by hand: only the driver has a socket to give */
        if (book_fd >= 0 && fcntl(book_fd, F_SETFD, FD_CLOEXEC) < 0)
                return 2;
        signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error with a reason */
        driver = getppid();
        /* The driver starts hosts from its main thread, which lives as long as the driver. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != driver)
                return 4;
        if (!plugin || !plugin_use(plugin, NULL, &hello.err))
                load_ballast(ballast, &hello.err);
        if (stream_send(fd, &hello, sizeof(hello)) < 0 || hello.err.code)
                return 4;
        while (serve_one(fd, book_fd) == 0)
                ;
        return 0;
}
