/* Somebody's program: one process by each start method that gives a process of its own. */
#include <mproc/mproc.h>
#include <stdio.h>

int error_set(void);
int error_set(void) /* a name of its own, as the library has inside */
{
        return 0;
}

static int answer(void *arg, size_t size)
{
        return size == sizeof(int) ? *(int *)arg : 1;
}

int main(int argc, char **argv)
{
        static const char *const starts[] = {"fork", "spawn", "forkserver"};
        int wanted = 42;

        if (mproc_init(&argc, &argv))
                return 1;
        for (int i = 0; i < 3; i++) {
                struct mproc_process_options options = {.start = starts[i],
                                                        .target = answer,
                                                        .arg = &wanted,
                                                        .arg_size = sizeof(wanted)};
                struct mproc_process *process;
                struct mproc_status status;
                struct mproc_err err;

                if (mproc_process_start(&process, &options, &err) ||
                    mproc_process_join(process, MPROC_FOREVER, &status, &err)) {
                        fprintf(stderr, "%s: %s\n", starts[i], err.text);
                        return 1;
                }
                printf(i ? " %d" : "%d", status.code);
                mproc_process_free(process);
        }
        printf("\n");
        return error_set();
}
