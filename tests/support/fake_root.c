#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fake_root.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void fake_root_init(char *root, size_t size)
{
        const char *tmp = getenv("TMPDIR");

        assert_true(snprintf(root, size, "%s/mpbench-root-XXXXXX", tmp ? tmp : "/tmp") < (int)size);
        assert_non_null(mkdtemp(root));
}

void fake_root_write(const char *root, const char *path, const char *text)
{
        char whole[PATH_MAX];
        FILE *file;

        assert_true(snprintf(whole, sizeof(whole), "%s%s", root, path) < (int)sizeof(whole));
        for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                assert_true(!mkdir(whole, 0755) || errno == EEXIST);
                *slash = '/';
        }
        file = fopen(whole, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
        (void)info, (void)type, (void)ftw;
        return remove(path);
}

void fake_root_done(const char *root)
{
        nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
