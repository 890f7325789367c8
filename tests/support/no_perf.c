/* no_perf PROGRAM [ARGS…]: runs a program that may not use perf_event_open, as containers have it:
 * a seccomp filter answers with EPERM. For tests. */
#include "support/forbid.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_NO_FILTER 125

int main(int argc, char **argv)
{
        int r;

        if (argc < 2) {
                fprintf(stderr, "usage: no_perf PROGRAM [ARGS…]\n");
                return EXIT_NO_FILTER;
        }
        r = forbid_syscall(SYS_perf_event_open);
        if (r) {
                fprintf(stderr, "no_perf: no filter: %s\n", strerror(-r));
                return EXIT_NO_FILTER;
        }
        execvp(argv[1], argv + 1);
        fprintf(stderr, "no_perf: %s: %s\n", argv[1], strerror(errno));
        return EXIT_NO_FILTER;
}
