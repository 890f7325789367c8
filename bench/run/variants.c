#include "run/variants.h"

#include "base/error.h"
#include "base/text.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGE "variant"

_Static_assert(sizeof(((struct session_variant *)NULL)->plugin) == PLUGIN_PATH_BYTES,
               "a plug-in's path has one length");

/* The host of a build: it is given itself, or its folder, or the mpbench beside it; the folder is
 * that of a build or of an installation. */
static int find_host_of(const char *given, char path[PATH_MAX], struct mproc_err *err)
{
        static const char *const places[] = {".", MPBENCH_LIBEXEC, "libexec"};
        char folder[PATH_MAX], candidate[PATH_MAX + 64], *slash;
        struct stat status;

        if (!realpath(given, folder))
                return error_errno(err, -errno, STAGE, "%.300s cannot be used as a build", given);
        slash = strrchr(folder, '/');
        if (!strcmp(slash + 1, HOST_PROGRAM)) {
                text_copy(path, PATH_MAX, folder);
                return 0;
        }
        if (!stat(folder, &status) && !S_ISDIR(status.st_mode))
                *slash = '\0';
        for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
                snprintf(candidate, sizeof(candidate), "%s/%s/" HOST_PROGRAM, folder, places[i]);
                if (access(candidate, X_OK) == 0 && realpath(candidate, path))
                        return 0;
        }
        return error_set(err, -ENOENT, STAGE,
                         "%.300s is no build of mpbench: no " HOST_PROGRAM
                         " is there, nor in libexec beside it",
                         given);
}

/* Its path, absolute: workers look for it wherever they run, and a report shows it. */
static int resolve_path(struct plan_variant *variant, struct mproc_err *err)
{
        char path[PATH_MAX];
        int r = 0;

        if (variant->kind == VARIANT_BUILD)
                r = find_host_of(variant->arguments, path, err);
        else if (!realpath(variant->arguments, path))
                r = error_errno(err, -errno, STAGE, "no plug-in %.300s", variant->arguments);
        if (r < 0)
                return r;
        if (strlen(path) >= PLUGIN_PATH_BYTES)
                return error_set(err, -ENAMETOOLONG, STAGE,
                                 "the path %.64s... has more than %d characters", path,
                                 PLUGIN_PATH_BYTES - 1);
        text_copy(variant->arguments, sizeof(variant->arguments), path);
        variant->argument_count = 1;
        return 0;
}

static bool same_strategies(const struct mpb_workload *a, const struct mpb_workload *b)
{
        for (size_t i = 0;; i++) {
                const struct mpb_strategy *x = a->strategy_at ? a->strategy_at(i) : NULL,
                                          *y = b->strategy_at ? b->strategy_at(i) : NULL;

                if (!x || !y)
                        return !x && !y;
                if (strcmp(x->name, y->name))
                        return false;
        }
}

static int add_workload(struct plan *plan, const char *name, struct mproc_err *err)
{
        if (plan_asks_for(plan, name))
                return 0;
        if (plan->workload_count == WORKLOADS_MAX)
                return error_set(err, -EINVAL, STAGE, "more than %d workloads at once",
                                 WORKLOADS_MAX);
        text_copy(plan->workloads[plan->workload_count++], NAME_MAX_BYTES, name);
        return 0;
}

static int load_plugins(struct plan *plan, struct mproc_err *err)
{
        const struct mpb_workload *a, *b;
        int r = plugin_use(plan->variants[0].arguments, &a, err);

        if (!r)
                r = add_workload(plan, a->name, err);
        if (r < 0 || !plan_is_ab(plan))
                return r;
        r = plugin_load(plan->variants[1].arguments, &b, err);
        if (r < 0)
                return r;
        if (strcmp(a->name, b->name))
                return error_set(err, -EINVAL, STAGE,
                                 "A is the workload '%s' and B is '%s': compare two builds of one",
                                 a->name, b->name);
        if (a->kind != b->kind || workload_params_mark(a) != workload_params_mark(b) ||
            !same_strategies(a, b))
                return error_set(err, -EINVAL, STAGE,
                                 "A and B are both the workload '%s', but of another kind, or with "
                                 "other parameters or strategies",
                                 a->name);
        return 0;
}

int variants_resolve(struct plan *plan, struct mproc_err *err)
{
        struct levels *levels = &plan->levels[FACTOR_VARIANT];
        int r = 0;

        for (uint32_t i = 0; i < plan->variant_count && !r; i++) {
                if (plan->variants[i].kind != plan->variants[0].kind)
                        return error_set(err, -EINVAL, STAGE,
                                         "A and B are not of the same kind: two commands, two "
                                         "builds, or two plug-ins are compared");
                if (plan->variants[i].kind != VARIANT_COMMAND)
                        r = resolve_path(&plan->variants[i], err);
        }
        if (!r && plan->variant_count && plan->variants[0].kind == VARIANT_PLUGIN)
                r = load_plugins(plan, err);
        if (!r && plan_is_ab(plan)) {
                levels->count = 2;
                text_copy(levels->name[0], LEVEL_BYTES, "A");
                text_copy(levels->name[1], LEVEL_BYTES, "B");
        }
        return r;
}

void variants_install(const struct plan *plan, struct session *session)
{
        for (uint32_t i = 0; i < plan->variant_count; i++) {
                const struct plan_variant *variant = &plan->variants[i];
                struct session_variant *hosts = &session->variants[i];

                if (variant->kind == VARIANT_BUILD)
                        text_copy(hosts->program, sizeof(hosts->program), variant->arguments);
                if (variant->kind == VARIANT_PLUGIN)
                        text_copy(hosts->plugin, sizeof(hosts->plugin), variant->arguments);
        }
}
