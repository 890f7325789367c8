#include "run/submission.h"

#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"
#include "model/submit.h"
#include "run/levels.h"
#include <ctype.h>
#include <errno.h>
#include <mproc/pool.h>
#include <stdio.h>
#include <string.h>

#define TRANSPORT_DEFAULT "ring" /* the pool's own */

/* "16k" and "1-64:x4" become the numbers that they stand for; all else is left to the check. */
static int expand_numbers(struct levels *levels, struct mproc_err *err)
{
        static const struct mpb_option number = {
                .name = "chunk", .type = MPB_INT, .min = 1, .max = MPROC_CHUNK_GUIDED - 1};
        struct levels given = *levels;

        levels->count = 0;
        for (uint32_t i = 0; i < given.count; i++) {
                const char *name = given.name[i];
                int64_t values[OPTION_VALUES_MAX];
                size_t count = 0;
                int r;

                if (!isdigit((unsigned char)*name) || !name[strspn(name, "0123456789")]) {
                        levels_add(levels, name);
                        continue;
                }
                r = option_parse_list(&number, name, values, &count, err);
                if (r)
                        return r;
                if (levels->count + count + (given.count - i - 1) > LEVELS_MAX)
                        return error_set(err, -EINVAL, "chunk", "chunk: more than %d values",
                                         LEVELS_MAX);
                for (size_t j = 0; j < count; j++) {
                        char text[LEVEL_BYTES];

                        snprintf(text, sizeof(text), "%u", (unsigned)values[j]);
                        levels_add(levels, text);
                }
        }
        return 0;
}

static const char *submit_name_at(size_t index, void *context)
{
        (void)context;
        return submit_name((enum submit)index);
}

static const char *chunk_name_at(size_t index, void *context)
{
        (void)context;
        return submit_chunk_name(index);
}

const char *submission_transport_at(size_t index, void *context)
{
        (void)context;
        return mproc_pool_transport_at(index)
                       ? mproc_pool_transport_name(mproc_pool_transport_at(index))
                       : NULL;
}

/* Each level in its one way of writing, and once: "imap:016" is "imap:16". */
static int normalise(struct levels *levels, int (*rewrite)(char *level, struct mproc_err *err),
                     levels_name_at *names, struct mproc_err *err)
{
        struct levels given = *levels;
        int r = 0;

        if (given.count == 1 && !strcmp(given.name[0], "all"))
                return levels_check(levels, "", names, NULL, err);
        levels->count = 0;
        for (uint32_t i = 0; i < given.count && !r; i++) {
                uint32_t known = 0;

                r = rewrite(given.name[i], err);
                while (known < levels->count && strcmp(levels->name[known], given.name[i]))
                        known++;
                if (!r && known == levels->count)
                        levels_add(levels, given.name[i]);
        }
        return r;
}

static int rewrite_submit(char *level, struct mproc_err *err)
{
        struct submission submission;
        int r = strchr(level, ':') ? 0
                                   : levels_check_name(level, "submit", submit_name_at, NULL, err);

        if (!r)
                r = submit_parse(level, &submission, err);
        if (!r)
                submit_format(&submission, level, LEVEL_BYTES);
        return r;
}

static int rewrite_chunk(char *level, struct mproc_err *err)
{
        uint32_t chunk;
        int r = submit_parse_chunk(level, &chunk, err);

        if (!r && isdigit((unsigned char)*level))
                snprintf(level, LEVEL_BYTES, "%u", chunk);
        return r;
}

static bool submits_by(const struct levels *levels, enum submit least, enum submit most)
{
        struct submission submission;

        for (uint32_t i = 0; i < levels->count; i++)
                if (!submit_parse(levels->name[i], &submission, NULL) &&
                    submission.submit >= least && submission.submit <= most)
                        return true;
        return false;
}

int submission_check(const struct mpb_workload *workload, struct levels *levels,
                     struct mproc_err *err)
{
        static const enum factor factors[] = {FACTOR_SUBMIT, FACTOR_CHUNK, FACTOR_TRANSPORT};
        struct levels *submit = &levels[FACTOR_SUBMIT];
        int r;

        for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++)
                if (workload->kind != MPB_TASKS && levels[factors[i]].count)
                        return error_set(err, -EINVAL, factor_name(factors[i]),
                                         "%s has no tasks to submit: leave --%s out",
                                         workload->name, factor_name(factors[i]));
        r = normalise(submit, rewrite_submit, submit_name_at, err);
        if (!r)
                r = expand_numbers(&levels[FACTOR_CHUNK], err);
        if (!r)
                r = normalise(&levels[FACTOR_CHUNK], rewrite_chunk, chunk_name_at, err);
        if (!r)
                r = levels_check(&levels[FACTOR_TRANSPORT], "transport", submission_transport_at,
                                 NULL, err);
        if (r < 0)
                return r;
        if (workload->flags & MPB_CHILDREN && submits_by(submit, SUBMIT_MAP, SUBMIT_ASYNC))
                return error_set(err, -EINVAL, "submit",
                                 "the tasks of %s are programs that its workers start by "
                                 "themselves: --submit=static is all there is",
                                 workload->name);
        if (levels[FACTOR_CHUNK].count && !submits_by(submit, SUBMIT_MAP, SUBMIT_MAP))
                return error_set(err, -EINVAL, "chunk",
                                 "--chunk means something to --submit=map alone: add that, or "
                                 "leave it out");
        if (levels[FACTOR_TRANSPORT].count && !submits_by(submit, SUBMIT_MAP, SUBMIT_ASYNC))
                return error_set(err, -EINVAL, "transport",
                                 "--transport means nothing to --submit=static: add another way "
                                 "to submit, such as map, or leave it out");
        return 0;
}

void submission_complete(struct levels *levels)
{
        if (!levels[FACTOR_SUBMIT].count)
                levels_add(&levels[FACTOR_SUBMIT], submit_name(SUBMIT_STATIC));
        if (submits_by(&levels[FACTOR_SUBMIT], SUBMIT_MAP, SUBMIT_MAP) &&
            !levels[FACTOR_CHUNK].count)
                levels_add(&levels[FACTOR_CHUNK], submit_chunk_name(0));
        if (submits_by(&levels[FACTOR_SUBMIT], SUBMIT_MAP, SUBMIT_ASYNC) &&
            !levels[FACTOR_TRANSPORT].count)
                levels_add(&levels[FACTOR_TRANSPORT], TRANSPORT_DEFAULT);
}

bool submission_take(const struct levels *given, const uint32_t at[FACTOR_COUNT],
                     char level[FACTOR_COUNT][LEVEL_BYTES], uint32_t workers)
{
        const struct levels *levels = &given[FACTOR_SUBMIT];
        struct submission own, other;

        if (!levels->count)
                return true;
        submit_parse(levels->name[at[FACTOR_SUBMIT]], &own, NULL);
        for (uint32_t i = 0; i < at[FACTOR_SUBMIT]; i++) { /* "imap:8" is "imap" for two workers */
                submit_parse(levels->name[i], &other, NULL);
                if (other.submit == own.submit &&
                    submit_in_flight(&other, workers) == submit_in_flight(&own, workers))
                        return false;
        }
        if (own.submit != SUBMIT_MAP)
                level[FACTOR_CHUNK][0] = '\0';
        if (own.submit == SUBMIT_STATIC)
                level[FACTOR_TRANSPORT][0] = '\0';
        return (own.submit == SUBMIT_MAP || !at[FACTOR_CHUNK]) &&
               (own.submit != SUBMIT_STATIC || !at[FACTOR_TRANSPORT]);
}

int submission_check_cell(const struct cell *cell, struct mproc_err *err)
{
        const struct mproc_start_method *start = mproc_start_find(cell->level[FACTOR_START]);

        if (!cell_has_pool(cell))
                return 0;
        if (start && !(mproc_start_flags(start) & MPROC_START_CONCURRENT))
                return error_set(err, -EOPNOTSUPP, "check",
                                 "%s runs one worker after the other: nothing can be submitted "
                                 "to them",
                                 cell->level[FACTOR_START]);
        if (cell->workers > MPROC_POOL_WORKERS_MAX)
                return error_set(err, -EOPNOTSUPP, "check",
                                 "a pool has at most %d workers, and not %u",
                                 MPROC_POOL_WORKERS_MAX, cell->workers);
        return 0;
}

/* Levels were checked when the cell was made. */
void submission_ask(const struct cell *cell, struct trial_request *request)
{
        struct submission submission;

        if (!*cell->level[FACTOR_SUBMIT])
                return;
        submit_parse(cell->level[FACTOR_SUBMIT], &submission, NULL);
        request->submit = submission.submit;
        request->in_flight = submit_in_flight(&submission, cell->workers);
        request->timed_one_in = cell->latency.one_in;
        if (*cell->level[FACTOR_CHUNK])
                submit_parse_chunk(cell->level[FACTOR_CHUNK], &request->chunk, NULL);
        text_copy(request->transport, sizeof(request->transport), cell->level[FACTOR_TRANSPORT]);
}
