/* mpbench: finds the command and makes sure that what it printed arrived. */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A closed standard descriptor would be given to the next file that is opened, and output meant
 * for the user would end in it. The stand-in fails every write, so that the loss is noticed. */
static void fill_standard_fds(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDONLY); /* must survive exec, as any standard one */
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd > STDERR_FILENO)
                close(fd);
}

static int dispatch(int argc, char **argv)
{
        const struct command *command;

        if (argc < 2) {
                command_show_overview(stdout);
                return CLI_OK;
        }
        if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
                command_show_overview(stdout);
                return CLI_OK;
        }
        if (*argv[1] == '-') {
                command = command_find("run");
                return command->main(command, argc, argv);
        }
        command = command_find(argv[1]);
        if (!command)
                return command_unknown(argv[1]);
        return command->main(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
        int status;

        fill_standard_fds();
        signal(SIGPIPE, SIG_IGN); /* a reader that left is noticed below … */
        signal(SIGXFSZ, SIG_IGN); /* … and so is a limit on the size of files */
        setlocale(LC_CTYPE, "");  /* not LC_NUMERIC: reports have a decimal point everywhere */
        status = dispatch(argc, argv);

        if (!fflush(stdout) && !ferror(stdout))
                return status;
        errno = 0;
        putchar('\n'); /* may have failed long ago: asked again, it says why */
        fflush(stdout);
        fprintf(stderr, "mpbench: stdout could not be written%s%s\n", errno ? ": " : "",
                errno ? strerror(errno) : "");
        return CLI_COULD_NOT_RUN;
}
