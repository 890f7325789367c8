#include "run/levels.h"

#include "base/error.h"
#include "base/text.h"
#include "place/topology.h"
#include "run/submission.h"
#include <ctype.h>
#include <errno.h>
#include <mproc/mproc.h>
#include <stdio.h>
#include <string.h>

static const char *start_name_at(size_t index, void *context)
{
        (void)context;
        return mproc_start_at(index) ? mproc_start_name(mproc_start_at(index)) : NULL;
}

const char *levels_share_at(size_t index, void *context)
{
        const struct mpb_workload *workload = context;
        const struct mpb_strategy *strategy =
                workload->strategy_at ? workload->strategy_at(index) : NULL;

        return strategy ? strategy->name : NULL;
}

static const char *place_name_at(size_t index, void *context)
{
        (void)context;
        return place_at(index);
}

static const char *runtime_name_at(size_t index, void *context)
{
        (void)context;
        return index == 0 ? "mproc" : NULL;
}

/* "fork, spawn, …" of what is allowed, for a message. */
static void join_names(levels_name_at *names, void *context, char *buf, size_t size)
{
        FILE *out = fmemopen(buf, size, "w");

        buf[0] = '\0';
        if (!out)
                return;
        for (size_t i = 0; names(i, context); i++)
                fprintf(out, "%s%s", i ? ", " : "", names(i, context));
        fclose(out);
        buf[size - 1] = '\0';
}

int levels_check_name(const char *given, const char *what, levels_name_at *names, void *context,
                      struct mproc_err *err)
{
        char allowed[360];
        const char *near;

        for (size_t i = 0; names(i, context); i++)
                if (!strcmp(names(i, context), given))
                        return 0;
        near = text_nearest(given, names, context);
        join_names(names, context, allowed, sizeof(allowed));
        if (near)
                return error_set(err, -EINVAL, what,
                                 "unknown %s '%s': did you mean '%s'? (there are: %s)", what, given,
                                 near, allowed);
        return error_set(err, -EINVAL, what, "unknown %s '%s': there are: %s", what, given,
                         allowed);
}

void levels_add(struct levels *levels, const char *name)
{
        text_copy(levels->name[levels->count++], LEVEL_BYTES, name);
}

static void set_number(struct levels *levels, uint32_t number)
{
        snprintf(levels->name[levels->count++], LEVEL_BYTES, "%u", number);
}

int levels_check(struct levels *levels, const char *what, levels_name_at *names, void *context,
                 struct mproc_err *err)
{
        int r = 0;

        if (levels->count == 1 && !strcmp(levels->name[0], "all")) {
                levels->count = 0;
                for (size_t i = 0; names(i, context) && levels->count < LEVELS_MAX; i++)
                        levels_add(levels, names(i, context));
        }
        for (uint32_t i = 0; i < levels->count && !r; i++)
                r = levels_check_name(levels->name[i], what, names, context, err);
        return r;
}

/* "compact,0,2-3" arrives split at its commas: neighbouring numbers are one explicit list of PUs,
 * which is checked where workers are placed. */
static int check_places(struct levels *levels, struct mproc_err *err)
{
        struct levels given = *levels;
        bool in_list = false;

        if (given.count == 1 && !strcmp(given.name[0], "all"))
                return levels_check(levels, "place", place_name_at, NULL, err);
        levels->count = 0;
        for (uint32_t i = 0; i < given.count; i++) {
                bool is_number = isdigit((unsigned char)given.name[i][0]);
                char *list = levels->count ? levels->name[levels->count - 1] : NULL;
                size_t used = list ? strlen(list) : 0;
                int r = is_number ? 0
                                  : levels_check_name(given.name[i], "place", place_name_at, NULL,
                                                      err);

                if (r < 0)
                        return r;
                if (!is_number || !in_list)
                        levels_add(levels, given.name[i]);
                else if (used + strlen(given.name[i]) + 2 <= LEVEL_BYTES)
                        snprintf(list + used, LEVEL_BYTES - used, ",%s", given.name[i]);
                else
                        return error_set(err, -EINVAL, "place",
                                         "the list of PUs that begins with '%s' is longer than %d "
                                         "characters: write it with ranges (0-31)",
                                         list, LEVEL_BYTES - 1);
                in_list = is_number;
        }
        return 0;
}

/* ceil(quota) or the affinity, whichever is less: joblib's rule, and what a container really has.
 */
static uint32_t default_workers(const struct environment *env, uint32_t *bound)
{
        uint32_t pus = env->allowed_pus ? env->allowed_pus : 1, quota;

        *bound = 1;
        if (env->cpu_quota > 0 && env->cpu_quota < pus) {
                quota = (uint32_t)env->cpu_quota;
                pus = quota + (env->cpu_quota > quota);
                *bound = 2;
        }
        return pus;
}

static int check_given(const struct mpb_workload *workload, struct levels *levels,
                       struct mproc_err *err)
{
        int r = levels_check(&levels[FACTOR_RUNTIME], "runtime", runtime_name_at, NULL, err);

        if (!r)
                r = levels_check(&levels[FACTOR_START], "start", start_name_at, NULL, err);
        if (!r)
                r = submission_check(workload, levels, err);
        if (!r)
                r = check_places(&levels[FACTOR_PLACE], err);
        if (!r && workload->strategy_at)
                r = levels_check(&levels[FACTOR_SHARE], "share", levels_share_at, (void *)workload,
                                 err);
        if (r < 0)
                return r;
        if (!workload->strategy_at && levels[FACTOR_SHARE].count)
                return error_set(err, -EINVAL, "share",
                                 "%s shares nothing: leave --share out, or choose another workload",
                                 workload->name);
        if (workload->kind == MPB_LIFE_CYCLE &&
            (levels[FACTOR_WORKERS].count || levels[FACTOR_PLACE].count))
                return error_set(err, -EINVAL, "workers",
                                 "%s starts one process at a time: leave --workers and --place out",
                                 workload->name);
        return 0;
}

int levels_resolve(const struct mpb_workload *workload, const struct levels *given, bool references,
                   const struct environment *environment, struct levels *levels,
                   uint32_t *workers_bound, struct mproc_err *err)
{
        bool life = workload->kind == MPB_LIFE_CYCLE;
        const struct mpb_strategy *strategy;
        int r;

        memcpy(levels, given, FACTOR_COUNT * sizeof(*levels));
        r = check_given(workload, levels, err);
        if (r < 0)
                return r;
        if (!levels[FACTOR_RUNTIME].count)
                levels_add(&levels[FACTOR_RUNTIME], "mproc");
        if (!levels[FACTOR_START].count) {
                levels_add(&levels[FACTOR_START], "fork");
                if (life) {
                        levels_add(&levels[FACTOR_START], "forkserver");
                        levels_add(&levels[FACTOR_START], "spawn");
                }
        }
        if (workload->kind == MPB_TASKS)
                submission_complete(levels);
        if (workload->strategy_at && !levels[FACTOR_SHARE].count)
                for (size_t i = 0; (strategy = workload->strategy_at(i)); i++)
                        if (references || !(strategy->flags & MPB_REFERENCE))
                                levels_add(&levels[FACTOR_SHARE], strategy->name);
        if (life) {
                levels_add(&levels[FACTOR_WORKERS], "1");
                levels_add(&levels[FACTOR_PLACE], "none");
        } else if (!levels[FACTOR_WORKERS].count) {
                set_number(&levels[FACTOR_WORKERS], default_workers(environment, workers_bound));
        } else if (!strcmp(levels[FACTOR_WORKERS].name[0], "all")) {
                uint32_t most = default_workers(environment, workers_bound);

                levels[FACTOR_WORKERS].count = 0;
                for (uint32_t n = 1; n < most; n += n < 16 ? 1 : n / 2)
                        set_number(&levels[FACTOR_WORKERS], n);
                set_number(&levels[FACTOR_WORKERS], most);
        }
        /* A child process may have threads and processes of its own: bound to one PU like its
         * worker, it would not be what people run. */
        if (!levels[FACTOR_PLACE].count)
                levels_add(&levels[FACTOR_PLACE], workload->flags & MPB_CHILDREN ? "none" : "core");
        return 0;
}
