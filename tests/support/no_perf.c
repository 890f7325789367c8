/* no_perf PROGRAM [ARGS…]: runs a program that may not use perf_event_open, as containers have it:
 * a seccomp filter answers with EPERM. For tests. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_NO_FILTER 125

int main(int argc, char **argv)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

        if (argc < 2) {
                fprintf(stderr, "usage: no_perf PROGRAM [ARGS…]\n");
                return EXIT_NO_FILTER;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
                fprintf(stderr, "no_perf: no filter: %s\n", strerror(errno));
                return EXIT_NO_FILTER;
        }
        execvp(argv[1], argv + 1);
        fprintf(stderr, "no_perf: %s: %s\n", argv[1], strerror(errno));
        return EXIT_NO_FILTER;
}
