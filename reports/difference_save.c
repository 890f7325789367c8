/* The folder of a comparison. */
#include "reports/difference_formats.h"

#include "base/error.h"
#include "reports/file_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int put_json(const struct difference *difference, int folder, struct mproc_err *err)
{
        char *text = NULL;
        int rc = difference_to_json(difference, &text, err);

        if (!rc)
                rc = file_put(folder, "comparison.json", text, strlen(text), err);
        free(text);
        return rc;
}

static int put_markdown(const struct difference *difference, int folder, struct mproc_err *err)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        int rc;

        if (!out)
                return error_set(err, -ENOMEM, "compare", "no memory for comparison.md");
        rc = difference_write_markdown(difference, out, err);
        if (fclose(out) && !rc)
                rc = error_set(err, -ENOMEM, "compare", "no memory for comparison.md");
        if (!rc)
                rc = file_put(folder, "comparison.md", text, size, err);
        free(text);
        return rc;
}

/* Of a folder that was made here: with all that may be in it. */
static void take_back(const char *path, int folder)
{
        static const char *const endings[] = {"json", "md", "gp", "dat", "svg", "png"};
        char name[32];

        for (size_t i = 0; i < sizeof(endings) / sizeof(*endings) && folder >= 0; i++) {
                snprintf(name, sizeof(name), "comparison.%s", endings[i]);
                unlinkat(folder, name, 0);
        }
        rmdir(path);
}

int difference_save(const struct difference *difference, const char *path, char *plot_note,
                    size_t note_size, struct mproc_err *err)
{
        struct mproc_err unplotted = {0};
        int folder, rc;

        *plot_note = '\0';
        if (mkdir(path, 0777) < 0)
                return error_errno(err, errno == EEXIST ? -EINVAL : -errno, "compare",
                                   "cannot make the folder '%.200s'", path);
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) {
                rc = error_errno(err, -errno, "compare", "cannot open '%.200s'", path);
                goto out;
        }
        rc = put_json(difference, folder, err);
        if (!rc)
                rc = put_markdown(difference, folder, err);
        if (rc)
                goto out;
        rc = difference_plot(difference, folder, &unplotted);
        if (rc == -ENOENT || rc == -ECHILD) {
                snprintf(plot_note, note_size, "%s", unplotted.text);
                rc = 0;
        } else if (rc && err) {
                *err = unplotted;
        }
out:
        if (rc)
                take_back(path, folder);
        if (folder >= 0)
                close(folder);
        return rc;
}
