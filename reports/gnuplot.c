#include "reports/gnuplot.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_LIMIT_NS (30 * NS_PER_S)

/* What it says goes to `log`; limits on file sizes shall end it rather than cut its pictures. */
static int start(int folder, int log, const char *script, pid_t *ret)
{
        char *argv[] = {"gnuplot", "--default-settings", (char *)script, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, defaults;
        int rc = posix_spawn_file_actions_init(&actions);

        if (rc)
                return -rc;
        rc = posix_spawnattr_init(&attributes);
        if (rc) {
                posix_spawn_file_actions_destroy(&actions);
                return -rc;
        }
        sigemptyset(&none);
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGXFSZ);
        sigaddset(&defaults, SIGPIPE);
        if ((rc = posix_spawn_file_actions_addfchdir_np(&actions, folder)) ||
            (rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) ||
            (rc = posix_spawn_file_actions_adddup2(&actions, log, 1)) ||
            (rc = posix_spawn_file_actions_adddup2(&actions, log, 2)) ||
            (rc = posix_spawnattr_setsigmask(&attributes, &none)) ||
            (rc = posix_spawnattr_setsigdefault(&attributes, &defaults)) ||
            (rc = posix_spawnattr_setflags(&attributes,
                                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)))
                goto out;
        rc = posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
out:
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return -rc;
}

/* Its wait status; `late` is set when it had to be killed. */
static int wait_for(pid_t pid, bool *late)
{
        uint64_t deadline_ns = clock_now_ns() + TIME_LIMIT_NS;
        struct pollfd fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};
        int status = -1, n = 1;

        while (fd.fd >= 0) {
                struct timespec left = clock_left(deadline_ns);

                n = ppoll(&fd, 1, &left, NULL);
                if (n >= 0 || errno != EINTR)
                        break;
        }
        *late = n == 0;
        if (*late)
                kill(pid, SIGKILL);
        if (fd.fd >= 0)
                close(fd.fd);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return status;
}

/* The first line that says something; gnuplot repeats the script's text before it. */
static void first_words(int log, char *buf, size_t size)
{
        char text[2048], *line, *save = NULL;
        ssize_t n = pread(log, text, sizeof(text) - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        line = strstr(text, "line ");
        line = strtok_r(line ? line : text, "\n", &save);
        snprintf(buf, size, "%s", line ? line : "it said nothing");
}

/* gnuplot does not look whether what it writes arrives: a full disk leaves half a picture. */
static bool is_whole(int folder, const char *name, const char *extension, const char *end)
{
        char path[128], tail[16] = "";
        struct stat status;
        bool whole;
        int fd;

        snprintf(path, sizeof(path), "%s.%s", name, extension);
        fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        whole = !fstat(fd, &status) && status.st_size > (off_t)sizeof(tail) &&
                pread(fd, tail, sizeof(tail), status.st_size - (off_t)sizeof(tail)) ==
                        (ssize_t)sizeof(tail) &&
                memmem(tail, sizeof(tail), end, strlen(end));
        close(fd);
        return whole;
}

int gnuplot_draw(int folder, const char *name, struct mproc_err *err)
{
        char script[128], picture[128], words[200];
        bool late = false;
        pid_t pid;
        int log = memfd_create("gnuplot", MFD_CLOEXEC), rc, status;

        if (log < 0)
                return error_errno(err, -ECHILD, "plots", "no memory for what gnuplot says");
        snprintf(script, sizeof(script), "%s.gp", name);
        rc = start(folder, log, script, &pid);
        if (rc == -ENOENT) {
                error_set(err, rc, "plots",
                          "gnuplot is not installed: apt install gnuplot-nox, then mpbench report "
                          "DIR draws the plots");
                goto out;
        }
        if (rc) {
                error_set(err, -ECHILD, "plots", "gnuplot could not be started: %s",
                          strerrordesc_np(-rc));
                rc = -ECHILD;
                goto out;
        }
        status = wait_for(pid, &late);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
            is_whole(folder, name, "svg", "</svg>") && is_whole(folder, name, "png", "IEND"))
                goto out;
        rc = -ECHILD;
        first_words(log, words, sizeof(words));
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                error_set(err, rc, "plots",
                          "%s.svg and .png were not written whole: is there room on the disk?",
                          name);
        else if (late)
                error_set(err, rc, "plots", "gnuplot took more than 30 s for %s and was ended",
                          script);
        else
                error_set(err, rc, "plots", "gnuplot failed on %s: %s", script, words);
        /* Half a picture is none. */
        snprintf(picture, sizeof(picture), "%s.svg", name);
        unlinkat(folder, picture, 0);
        snprintf(picture, sizeof(picture), "%s.png", name);
        unlinkat(folder, picture, 0);
out:
        close(log);
        return rc;
}
