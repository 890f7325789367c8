/* Workloads out of shared objects. */
#include "base/error.h"
#include "base/text.h"
#include "workload_table.h"

#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#define STAGE "plug-in"
#define NAME_BYTES 32 /* of names as they cross between processes, with their NUL */

static struct {
        const struct mpb_workload *workload; /* NULL: none is in use */
        char path[PLUGIN_PATH_BYTES];
} in_use;

const struct mpb_workload *workload_find(const char *name)
{
        if (in_use.workload && !strcmp(in_use.workload->name, name))
                return in_use.workload;
        return workload_find_built_in(name);
}

const char *plugin_path(void)
{
        return in_use.path;
}

static int has_name(const char *name)
{
        return name && *name && strlen(name) < NAME_BYTES && !strpbrk(name, ",/=");
}

/* NULL, or what about it cannot be. */
static const char *fault_of(const struct mpb_workload *w)
{
        size_t params = 0;

        if (!has_name(w->name))
                return "has no name of 1 to 31 characters without ',', '/' and '='";
        if (!w->summary || !w->operation)
                return "has no summary, or no name for its operation";
        for (; w->params && w->params[params].name; params++)
                if (!has_name(w->params[params].name) || !w->params[params].fallback)
                        return "has a parameter without a name of 1 to 31 characters, or without a "
                               "default (fallback)";
        if (params > MPB_PARAMS_MAX)
                return "has more parameters than a trial has values (MPB_PARAMS_MAX)";
        for (size_t i = 0; w->strategy_at && w->strategy_at(i); i++)
                if (!has_name(w->strategy_at(i)->name))
                        return "has a strategy without a name of 1 to 31 characters";
        if (w->kind == MPB_LIFE_CYCLE ? !w->life : !w->work || !w->verify)
                return "lacks a function: work and verify, or life for a life cycle";
        return NULL;
}

int plugin_load(const char *path, const struct mpb_workload **ret, struct mproc_err *err)
{
        const struct mpb_workload *workload;
        const char *fault;
        void *object;

        if (strlen(path) >= PLUGIN_PATH_BYTES)
                return error_set(err, -ENAMETOOLONG, STAGE,
                                 "the path %.64s... has more than %d characters", path,
                                 PLUGIN_PATH_BYTES - 1);
        if (access(path, R_OK) < 0)
                return error_errno(err, -errno, STAGE, "%s cannot be read", path);
        object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!object)
                return error_set(err, -ENOEXEC, STAGE, "%s", dlerror());
        workload = dlsym(object, MPB_PLUGIN_SYMBOL);
        if (!workload)
                return error_set(err, -ENOEXEC, STAGE,
                                 "%s is no plug-in: it exports no " MPB_PLUGIN_SYMBOL
                                 " (see mpbench/workload.h)",
                                 path);
        if (workload->abi != MPB_ABI)
                return error_set(
                        err, -ENOEXEC, STAGE,
                        "%s is made for ABI %u of mpbench/workload.h, and this mpbench has "
                        "%u: build it against the headers of this one",
                        path, workload->abi, MPB_ABI);
        fault = fault_of(workload);
        if (fault)
                return error_set(err, -EINVAL, STAGE, "the workload of %s %s", path, fault);
        if (workload_find_built_in(workload->name))
                return error_set(err, -EEXIST, STAGE,
                                 "the workload of %s has the name of a built-in one, '%s': give it "
                                 "another",
                                 path, workload->name);
        *ret = workload;
        return 0;
}

static uint32_t fnv1a(uint32_t hash, const char *text)
{
        do
                hash = (hash ^ (unsigned char)*text) * 0x01000193;
        while (*text++);
        return hash;
}

uint32_t workload_params_mark(const struct mpb_workload *workload)
{
        const struct mpb_option *params = workload->params;
        uint32_t hash = 0x811c9dc5;

        for (size_t i = 0; params && params[i].name; i++) {
                const char type[] = {(char)('a' + params[i].type), '\0'};

                hash = fnv1a(fnv1a(hash, params[i].name), type);
                for (size_t c = 0; params[i].choices && params[i].choices[c]; c++)
                        hash = fnv1a(hash, params[i].choices[c]);
        }
        return hash ? hash : 1;
}

int plugin_use(const char *path, const struct mpb_workload **ret, struct mproc_err *err)
{
        const struct mpb_workload *workload;
        int r = plugin_load(path, &workload, err);

        if (r < 0)
                return r;
        in_use.workload = workload;
        text_copy(in_use.path, sizeof(in_use.path), path);
        if (ret)
                *ret = workload;
        return 0;
}
