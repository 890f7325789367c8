#include "support/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void scratch_init(char path[SCRATCH_PATH_BYTES])
{
        const char *base = getenv("TMPDIR");

        snprintf(path, SCRATCH_PATH_BYTES, "%s/mpbench-test-XXXXXX", base ? base : "/tmp");
        assert_non_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
        (void)status, (void)type, (void)ftw;
        return remove(path);
}

void scratch_done(const char *path)
{
        assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *scratch_path(const char *path, const char *name)
{
        static char paths[4][2 * SCRATCH_PATH_BYTES];
        static unsigned next;
        char *buf = paths[next++ % 4];

        snprintf(buf, sizeof(paths[0]), "%s/%s", path, name);
        return buf;
}

size_t scratch_count(const char *path)
{
        DIR *folder = opendir(path);
        size_t count = 0;

        assert_non_null(folder);
        while (readdir(folder))
                count++;
        closedir(folder);
        return count - 2; /* "." and ".." */
}

bool scratch_has(const char *path, const char *name)
{
        return access(scratch_path(path, name), F_OK) == 0;
}

char *scratch_read(const char *path, const char *name, size_t *size)
{
        FILE *file = fopen(scratch_path(path, name), "re");
        char *text = NULL;
        size_t used = 0, n;

        if (!file)
                fail_msg("%s/%s: %s", path, name, strerror(errno));
        do {
                text = realloc(text, used + 65536 + 1);
                assert_non_null(text);
                n = fread(text + used, 1, 65536, file);
                used += n;
        } while (n);
        fclose(file);
        text[used] = '\0';
        if (size)
                *size = used;
        return text;
}

void scratch_write(const char *path, const char *name, const char *text, unsigned mode)
{
        int fd = open(scratch_path(path, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(close(fd), 0);
}

int scratch_child(int (*function)(const char *path), const char *path)
{
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (!pid)
                _exit(function(path));
        while (waitpid(pid, &status, 0) < 0)
                assert_int_equal(errno, EINTR);
        if (!WIFEXITED(status))
                fail_msg("the child died of signal %d", WTERMSIG(status));
        return WEXITSTATUS(status);
}
