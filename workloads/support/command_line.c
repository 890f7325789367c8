#include "support/command_line.h"

#include "base/error.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char *at(const struct book *book, uint64_t offset)
{
        return (const char *)book + offset;
}

static const char *line_at(const struct book *book, uint64_t index)
{
        const uint64_t *offsets = (const uint64_t *)(const void *)at(book, book->lines);

        return at(book, offsets[index]);
}

static int map_book(struct command_line *line, int fd, struct mproc_err *err)
{
        struct stat info;
        void *book;

        if (fstat(fd, &info) || (size_t)info.st_size < sizeof(struct book))
                return error_set(err, -EPROTO, "attach", "the book of the command is not whole");
        book = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (book == MAP_FAILED)
                return error_errno(err, -errno, "attach", "no memory for the book of the command");
        line->book = book;
        line->book_bytes = (size_t)info.st_size;
        if (line->book->magic != BOOK_MAGIC || line->book->bytes != line->book_bytes)
                return error_set(err, -EPROTO, "attach",
                                 "the book of the command is of another build");
        return 0;
}

int command_line_count(int book_fd, uint32_t *lines, struct mproc_err *err)
{
        struct command_line line = {0};
        int r = map_book(&line, book_fd, err);

        if (!r)
                *lines = line.book->line_count;
        command_line_done(&line);
        return r;
}

int command_line_init(struct command_line *line, int book_fd, struct mproc_err *err)
{
        size_t longest = 0, bytes = 0;
        const struct book *book;
        const char *argument;
        int r;

        *line = (struct command_line){0};
        r = map_book(line, book_fd, err);
        if (r)
                return r;
        book = line->book;
        for (uint32_t i = 0; i < book->line_count; i++) {
                size_t length = strlen(line_at(book, i));

                longest = length > longest ? length : longest;
        }
        argument = at(book, book->arguments);
        for (uint32_t i = 0; i < book->argument_count; i++) {
                size_t length = strlen(argument);

                bytes += length + 1 + length / strlen(BOOK_PLACE) * longest;
                argument += length + 1;
        }
        line->argv = calloc(book->argument_count + 1, sizeof(*line->argv));
        line->text = malloc(bytes);
        if (!line->argv || !line->text)
                return error_errno(err, -ENOMEM, "attach", "no memory for the arguments");
        return 0;
}

void command_line_done(struct command_line *line)
{
        if (line->book)
                munmap((void *)line->book, line->book_bytes);
        free(line->argv);
        free(line->text);
        *line = (struct command_line){0};
}

const char *command_line_program(const struct command_line *line)
{
        return at(line->book, line->book->program);
}

/* All runs of a line follow one another: a piece of the trial (mpb_trial), and so one worker's. Two
 * runs of one line at a time could be in each other's way. */
static const char *line_of(const struct book *book, uint64_t run, uint64_t runs)
{
        return line_at(book, runs > book->line_count ? run * book->line_count / runs : run);
}

void command_line_fill(struct command_line *line, uint64_t run, uint64_t runs)
{
        const struct book *book = line->book;
        const char *argument = at(book, book->arguments), *input = "", *place;
        char *to = line->text;
        size_t input_bytes;

        if (book->line_count)
                input = line_of(book, run, runs);
        input_bytes = strlen(input);
        for (uint32_t i = 0; i < book->argument_count; i++) {
                line->argv[i] = to;
                while (book->line_count && (place = strstr(argument, BOOK_PLACE))) {
                        to = mempcpy(to, argument, (size_t)(place - argument));
                        to = mempcpy(to, input, input_bytes);
                        argument = place + strlen(BOOK_PLACE);
                }
                to = mempcpy(to, argument, strlen(argument) + 1);
                argument += strlen(argument) + 1;
        }
}
