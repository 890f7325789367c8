#include "model/submit.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/pool.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT 4 /* tasks for each worker, where a level names no depth */

static const struct {
        const char *name, *summary;
        bool has_depth;
} ways[SUBMIT_COUNT] = {
        [SUBMIT_STATIC] = {"static",
                           "each worker has its share from the start: nothing is submitted", false},
        [SUBMIT_MAP] = {"map", "one call for all tasks, which workers take in chunks (--chunk)",
                        false},
        [SUBMIT_IMAP] = {"imap",
                         "one by one, results in order; imap:16: so many in flight "
                         "[4 for each worker]",
                         true},
        [SUBMIT_IMAP_UNORDERED] = {"imap_unordered", "the same, results as they come", true},
        [SUBMIT_ASYNC] = {"async",
                          "a call for each task, and its result fetched by its handle; "
                          "async:16 as imap",
                          true},
};

static const struct {
        const char *name, *summary;
        uint32_t chunk;
} chunks[] = {
        {"cpython", "tasks / (4 x workers), as Python's multiprocessing does it",
         MPROC_CHUNK_CPYTHON},
        {"guided", "ever smaller: a share of what is left", MPROC_CHUNK_GUIDED},
};
#define CHUNKS (sizeof(chunks) / sizeof(*chunks))

const char *submit_name(enum submit submit)
{
        return submit < SUBMIT_COUNT ? ways[submit].name : NULL;
}

const char *submit_summary(enum submit submit)
{
        return submit < SUBMIT_COUNT ? ways[submit].summary : NULL;
}

const char *submit_chunk_name(size_t index)
{
        return index < CHUNKS ? chunks[index].name : NULL;
}

const char *submit_chunk_summary(size_t index)
{
        return index < CHUNKS ? chunks[index].summary : NULL;
}

/* Digits alone, 1 … most; 0: it is no such number. */
static uint32_t number_of(const char *text, uint32_t most)
{
        unsigned long value;

        if (!*text || text[strspn(text, "0123456789")])
                return 0;
        errno = 0;
        value = strtoul(text, NULL, 10);
        return errno || value > most ? 0 : (uint32_t)value;
}

int submit_parse(const char *level, struct submission *ret, struct mproc_err *err)
{
        const char *colon = strchrnul(level, ':');
        size_t bytes = (size_t)(colon - level);
        uint32_t in_flight = 0;
        int way = 0;

        while (way < SUBMIT_COUNT &&
               (strlen(ways[way].name) != bytes || strncmp(ways[way].name, level, bytes)))
                way++;
        if (way == SUBMIT_COUNT)
                return error_set(err, -EINVAL, "submit",
                                 "unknown submit '%s': there are: static, map, imap, "
                                 "imap_unordered, async, and imap:16 for 16 tasks in flight",
                                 level);
        if (*colon && !ways[way].has_depth)
                return error_set(err, -EINVAL, "submit",
                                 "submit '%s': %s has no number of tasks in flight; imap, "
                                 "imap_unordered and async have",
                                 level, ways[way].name);
        if (*colon) {
                in_flight = number_of(colon + 1, SUBMIT_IN_FLIGHT_MAX);
                if (!in_flight)
                        return error_set(err, -EINVAL, "submit",
                                         "submit '%s': tasks in flight are a number from 1 to %d",
                                         level, SUBMIT_IN_FLIGHT_MAX);
        }
        *ret = (struct submission){.submit = (enum submit)way, .in_flight = in_flight};
        return 0;
}

void submit_format(const struct submission *submission, char *buf, size_t size)
{
        if (submission->in_flight)
                snprintf(buf, size, "%s:%u", submit_name(submission->submit),
                         submission->in_flight);
        else
                snprintf(buf, size, "%s", submit_name(submission->submit));
}

uint32_t submit_in_flight(const struct submission *submission, uint32_t workers)
{
        if (!ways[submission->submit].has_depth)
                return 0;
        return submission->in_flight ? submission->in_flight : IN_FLIGHT * workers;
}

int submit_parse_chunk(const char *level, uint32_t *ret, struct mproc_err *err)
{
        uint32_t chunk = number_of(level, MPROC_CHUNK_GUIDED - 1);

        for (size_t i = 0; i < CHUNKS; i++)
                if (!strcmp(level, chunks[i].name))
                        chunk = chunks[i].chunk;
        if (!chunk)
                return error_set(err, -EINVAL, "chunk",
                                 "chunk '%s': it is cpython (tasks / (4 x workers)), guided (ever "
                                 "smaller), or a number of tasks from 1 to %u",
                                 level, MPROC_CHUNK_GUIDED - 1);
        *ret = chunk;
        return 0;
}
