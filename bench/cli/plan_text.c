#include "cli/plan_text.h"

#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define STAGE "option"

int plan_text_level(struct levels *levels, const char *name, const char *text, size_t bytes,
                    struct mproc_err *err)
{
        if (!bytes)
                return error_set(err, -EINVAL, STAGE, "%s: an empty level in the list", name);
        if (bytes >= LEVEL_BYTES)
                return error_set(err, -EINVAL, STAGE, "%s: '%.*s' is longer than %d characters",
                                 name, LEVEL_BYTES, text, LEVEL_BYTES - 1);
        for (uint32_t i = 0; i < levels->count; i++)
                if (!strncmp(levels->name[i], text, bytes) && !levels->name[i][bytes])
                        return 0;
        if (levels->count == LEVELS_MAX)
                return error_set(err, -EINVAL, STAGE, "%s: more than %d levels", name, LEVELS_MAX);
        memcpy(levels->name[levels->count], text, bytes);
        levels->name[levels->count++][bytes] = '\0';
        return 0;
}

/* "fork,spawn" */
static int take_names(struct levels *levels, const char *name, const char *text,
                      struct mproc_err *err)
{
        for (size_t bytes;; text += bytes + 1) {
                bytes = strcspn(text, ",");
                int rc = plan_text_level(levels, name, text, bytes, err);

                if (rc || !text[bytes])
                        return rc;
        }
}

static int take_workers(struct levels *levels, const struct mpb_option *option, const char *text,
                        struct mproc_err *err)
{
        int64_t values[OPTION_VALUES_MAX];
        size_t count;
        char level[LEVEL_BYTES];
        int rc;

        if (!strcmp(text, "all"))
                return plan_text_level(levels, option->name, text, strlen(text), err);
        rc = option_parse_list(option, text, values, &count, err);
        for (size_t i = 0; !rc && i < count; i++) {
                option_format_value(option, values[i], level, sizeof(level));
                rc = plan_text_level(levels, option->name, level, strlen(level), err);
        }
        return rc;
}

int plan_text_factor(struct plan *plan, enum factor factor, const struct mpb_option *option,
                     const char *text, struct mproc_err *err)
{
        struct levels *levels = &plan->levels[factor];
        int rc = factor == FACTOR_WORKERS ? take_workers(levels, option, text, err)
                                          : take_names(levels, option->name, text, err);

        if (rc)
                return rc;
        if (levels->count > 1)
                for (uint32_t i = 0; i < levels->count; i++)
                        if (!strcmp(levels->name[i], "all"))
                                return error_set(err, -EINVAL, STAGE,
                                                 "%s: 'all' stands alone in its list",
                                                 option->name);
        if (factor == FACTOR_SHARE)
                plan->asked_share = strcmp(levels->name[0], "all") != 0;
        return 0;
}

/* A path: the workload's name is not known before it is loaded (run_expand). */
static int take_plugin(struct plan *plan, const char *path, size_t bytes, struct mproc_err *err)
{
        struct plan_variant *variant = &plan->variants[0];

        if (plan->variant_count)
                return error_set(err, -EINVAL, STAGE,
                                 "workload: a plug-in stands alone, without another one and "
                                 "without a command "
                                 "('mpbench ab -- A.so -- B.so' compares two)");
        if (bytes >= sizeof(variant->arguments))
                return error_set(err, -EINVAL, STAGE, "workload: the path '%.64s...' is too long",
                                 path);
        variant->kind = VARIANT_PLUGIN;
        variant->argument_count = 1;
        text_copy(variant->arguments, bytes + 1, path);
        plan->variant_count = 1;
        return 0;
}

int plan_text_workloads(struct plan *plan, const char *text, struct mproc_err *err)
{
        for (size_t bytes;; text += bytes + 1) {
                bytes = strcspn(text, ",");
                if (!bytes)
                        return error_set(err, -EINVAL, STAGE, "workload: an empty name in '%.64s'",
                                         text);
                if (memchr(text, '/', bytes) ||
                    (bytes > 3 && !strncmp(text + bytes - 3, ".so", 3))) {
                        int r = take_plugin(plan, text, bytes, err);

                        if (r < 0 || !text[bytes])
                                return r;
                        continue;
                }
                if (bytes >= NAME_MAX_BYTES)
                        return error_set(err, -EINVAL, STAGE, "workload: unknown '%.*s'",
                                         NAME_MAX_BYTES, text);
                if (plan->workload_count == WORKLOADS_MAX)
                        return error_set(err, -EINVAL, STAGE, "workload: more than %d at once",
                                         WORKLOADS_MAX);
                memcpy(plan->workloads[plan->workload_count], text, bytes);
                plan->workloads[plan->workload_count++][bytes] = '\0';
                if (!text[bytes])
                        return 0;
        }
}

int plan_text_param(struct plan *plan, const char *text, struct mproc_err *err)
{
        const char *equals = strchr(text, '=');
        size_t key_bytes = equals ? (size_t)(equals - text) : 0;
        struct plan_param *param = &plan->params[plan->param_count];

        if (!key_bytes || !equals[1])
                return error_set(err, -EINVAL, STAGE,
                                 "set: '%.64s' is not of the form KEY=VALUE[,VALUE..]", text);
        if (key_bytes >= sizeof(param->key) || strlen(equals + 1) >= sizeof(param->text))
                return error_set(err, -EINVAL, STAGE, "set: '%.64s..' is too long", text);
        for (uint32_t i = 0; i < plan->param_count; i++)
                if (!strncmp(plan->params[i].key, text, key_bytes) &&
                    !plan->params[i].key[key_bytes])
                        return error_set(err, -EINVAL, STAGE,
                                         "set: %s is given twice; several values are a list: "
                                         "%s=V,V",
                                         plan->params[i].key, plan->params[i].key);
        if (plan->param_count == MPB_PARAMS_MAX)
                return error_set(err, -EINVAL, STAGE, "set: more than %d parameters",
                                 MPB_PARAMS_MAX);
        text_copy(param->key, key_bytes + 1, text);
        text_copy(param->text, sizeof(param->text), equals + 1);
        plan->param_count++;
        return 0;
}
