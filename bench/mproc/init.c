#include "base/clock.h"
#include "mproc/child.h"
#include "mproc/exec_self.h"
#include "mproc/fork_server.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include <errno.h>
#include <mproc/mproc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Nobody who could be told is there to read it. */
#define BAD_MARK_STATUS 127

static bool parse_pair(const char *text, unsigned *first, unsigned *second)
{
        char tail;

        return sscanf(text, "%u,%u%c", first, second, &tail) == 2;
}

static _Noreturn void run_child(unsigned fd, unsigned size, uint64_t first_ns)
{
        struct ctl *ctl;

        if (size < sizeof(*ctl) || ctl_map(&ctl, (int)fd, size, NULL) || ctl->magic != CTL_MAGIC ||
            ctl->size != size)
                _exit(BAD_MARK_STATUS);
        if (ctl->attempt == 1)
                atomic_store(&ctl->first_ns, first_ns);
        child_run_fresh(ctl, (int)fd);
}

static const char *after(const char *argument, const char *prefix)
{
        size_t length = strlen(prefix);

        return strncmp(argument, prefix, length) ? NULL : argument + length;
}

int mproc_init(int *argc, char ***argv)
{
        uint64_t first_ns = clock_now_ns();
        const char *mark = *argc > 1 ? (*argv)[1] : "";
        const char *child = after(mark, EXEC_SELF_CHILD);
        const char *server = after(mark, EXEC_SELF_SERVER);
        unsigned first, second;

        exec_self_set_name(*argc > 0 ? (*argv)[0] : program_invocation_name);
        if (!child && !server) {
                registry_set_phase(REGISTRY_READY);
                return 0;
        }
        /* Else whoever runs a set-user-ID program could have it call what they like. */
        if (getauxval(AT_SECURE) || !parse_pair(child ? child : server, &first, &second))
                _exit(BAD_MARK_STATUS);
        registry_set_phase(REGISTRY_BOOTING);
        stdio_fds_fill();
        if (child)
                run_child(first, second, first_ns);
        fork_server_run((int)first, (int)second);
}
