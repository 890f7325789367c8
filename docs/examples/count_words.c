/* Lines, words and bytes of files, each file counted by one worker of a pool: a parallel map.
 *
 *     cc -O2 -o count_words count_words.c $(pkg-config --cflags --libs mproc)
 *     ./count_words *.c
 *     START=fork ./count_words *.c      # or spawn, forkserver, thread */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <mproc/pool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
        uint64_t lines, words, bytes;
};

/* Runs in a worker, once for each file. Returning anything but 0 fails this task, and no other. */
static int count_file(struct mproc_task *task)
{
        const char *path = task->arg;
        struct counts counts = {0};
        int c, before = ' ';
        FILE *file = fopen(path, "r");

        if (!file)
                return -errno;
        for (; (c = getc(file)) != EOF; before = c) {
                counts.bytes++;
                counts.lines += c == '\n';
                counts.words += isspace(before) && !isspace(c);
        }
        if (ferror(file)) {
                fclose(file);
                return -EIO;
        }
        fclose(file);
        memcpy(task->result, &counts, sizeof(counts));
        return 0;
}

static void print(const struct counts *counts, const char *name)
{
        printf("%8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %s\n", counts->lines, counts->words,
               counts->bytes, name);
}

/* Items of a map are an array, all of one size: as long as the longest path. */
static char *pack(char **paths, size_t count, size_t *ret_size)
{
        char *items;

        *ret_size = 0;
        for (size_t i = 0; i < count; i++)
                if (strlen(paths[i]) >= *ret_size)
                        *ret_size = strlen(paths[i]) + 1;
        items = calloc(count, *ret_size);
        for (size_t i = 0; items && i < count; i++)
                memcpy(items + i * *ret_size, paths[i], strlen(paths[i]));
        return items;
}

int main(int argc, char **argv)
{
        struct mproc_pool_options options = {.start = getenv("START")}; /* a worker for each PU */
        struct mproc_pool *pool = NULL;
        struct counts *counts, total = {0};
        struct mproc_map map;
        struct mproc_err err;
        size_t item_size, files;
        int32_t *codes;
        char *items;
        int r;

        mproc_init(&argc, &argv); /* first: under spawn and forkserver workers begin in main, too */
        files = (size_t)argc - 1;
        if (argc < 2) {
                fprintf(stderr, "usage: count_words FILE…\n");
                return 2;
        }
        items = pack(argv + 1, files, &item_size);
        counts = calloc(files, sizeof(*counts));
        codes = calloc(files, sizeof(*codes));
        if (!items || !counts || !codes)
                abort();

        map = (struct mproc_map){
                .function = count_file,
                .args = items,
                .arg_size = item_size,
                .results = counts,
                .result_size = sizeof(*counts),
                .count = files,
                .chunk = 1, /* files differ in size: whoever is free takes the next */
                .codes = codes,
        };
        r = mproc_pool_new(&pool, &options, &err);
        if (!r)
                r = mproc_pool_map(pool, &map, NULL, &err);
        if (r && r != -EREMOTEIO) /* -EREMOTEIO: some tasks failed, the others have their results */
                fprintf(stderr, "count_words: %s: %s\n", err.stage, err.text);
        for (size_t i = 0; i < files && (!r || r == -EREMOTEIO); i++) {
                if (codes[i]) {
                        fprintf(stderr, "count_words: %s: %s\n", argv[i + 1], strerror(-codes[i]));
                        continue;
                }
                print(&counts[i], argv[i + 1]);
                total.lines += counts[i].lines;
                total.words += counts[i].words;
                total.bytes += counts[i].bytes;
        }
        if (files > 1 && (!r || r == -EREMOTEIO))
                print(&total, "total");
        mproc_pool_free(pool);
        free(items);
        free(counts);
        free(codes);
        return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
