#include "model/names.h"
#include "model/cell.h"
#include "model/result.h"

#include <errno.h>
#include <mproc/mproc.h>
#include <string.h>

#define LOOK_UP(names, value) \
        ((size_t)(value) < sizeof(names) / sizeof(*(names)) ? (names)[value] : NULL)

int name_find(name_table *table, const char *name)
{
        for (uint32_t value = 0; table(value); value++)
                if (!strcmp(table(value), name))
                        return (int)value;
        return -EINVAL;
}

const char *factor_name(enum factor factor)
{
        static const char *const names[FACTOR_COUNT] = {
                [FACTOR_RUNTIME] = "runtime", [FACTOR_START] = "start",
                [FACTOR_SUBMIT] = "submit",   [FACTOR_CHUNK] = "chunk",
                [FACTOR_SHARE] = "share",     [FACTOR_TRANSPORT] = "transport",
                [FACTOR_WORKERS] = "workers", [FACTOR_PLACE] = "place",
                [FACTOR_VARIANT] = "variant",
        };

        return LOOK_UP(names, factor);
}

static const struct {
        const char *name, *unit;
        bool higher_is_better;
} metrics[METRIC_COUNT] = {
        [METRIC_THROUGHPUT] = {"throughput", "operations/s", true},
        [METRIC_MAKESPAN] = {"makespan", "ns", false},
        [METRIC_WALL] = {"wall", "ns", false},
        [METRIC_START] = {"start", "ns", false},
        [METRIC_STOP] = {"stop", "ns", false},
};

const char *metric_name(enum metric metric)
{
        return metric < METRIC_COUNT ? metrics[metric].name : NULL;
}

const char *metric_unit(enum metric metric)
{
        return metric < METRIC_COUNT ? metrics[metric].unit : NULL;
}

bool metric_higher_is_better(enum metric metric)
{
        return metric < METRIC_COUNT && metrics[metric].higher_is_better;
}

const char *cell_status_name(enum cell_status status)
{
        static const char *const names[] = {
                [CELL_MEASURED] = "measured",   [CELL_VERIFIED_ONLY] = "verified only",
                [CELL_LOSSY] = "lossy",         [CELL_SKIPPED] = "skipped",
                [CELL_COLLAPSED] = "collapsed", [CELL_FAILED] = "failed",
        };

        return LOOK_UP(names, status);
}

int cell_status_from_name(const char *name)
{
        return name_find(cell_status_name, name);
}

const char *trial_status_name(enum trial_status status)
{
        static const char *const names[] = {
                [TRIAL_OK] = "ok",
                [TRIAL_MISMATCH] = "mismatch",
                [TRIAL_TIMED_OUT] = "timed out",
                [TRIAL_COLLAPSED] = "collapsed",
                [TRIAL_START_FAILED] = "start failed",
                [TRIAL_WORKER_DIED] = "worker died",
                [TRIAL_HOST_DIED] = "host died",
                [TRIAL_UNSUPPORTED] = "unsupported",
                [TRIAL_INTERRUPTED] = "interrupted",
        };

        return LOOK_UP(names, status);
}

int trial_status_from_name(const char *name)
{
        return name_find(trial_status_name, name);
}

const char *latency_name(enum latency latency)
{
        static const char *const names[LATENCY_COUNT] = {"p50", "p90", "p99", "p999", "max"};

        return LOOK_UP(names, latency);
}

const char *kind_name(uint32_t kind)
{
        static const char *const names[] = {
                [MPB_TASKS] = "tasks",
                [MPB_SHARED] = "shared",
                [MPB_LIFE_CYCLE] = "life cycle",
        };

        return LOOK_UP(names, kind);
}

const char *variant_kind_name(uint32_t kind)
{
        static const char *const names[] = {
                [VARIANT_COMMAND] = "command",
                [VARIANT_BUILD] = "build",
                [VARIANT_PLUGIN] = "plug-in",
        };

        return LOOK_UP(names, kind);
}

const char *counter_status_at(uint32_t status)
{
        return status <= COUNTER_DENIED ? counter_status_name(status) : NULL;
}

const char *result_end_name(uint32_t end)
{
        static const char *const names[] = {
                [RESULT_COMPLETE] = "complete",
                [RESULT_INTERRUPTED] = "interrupted",
                [RESULT_BUDGET] = "budget",
        };

        return LOOK_UP(names, end);
}

const char *workers_bound_name(uint32_t bound)
{
        static const char *const names[] = {"asked", "affinity", "quota"};

        return LOOK_UP(names, bound);
}

const char *control_unknown_name(uint32_t why)
{
        static const char *const names[] = {
                [CONTROL_UNKNOWN_NONE] = "none",       [CONTROL_UNKNOWN_SHARED] = "shared",
                [CONTROL_UNKNOWN_CROWDED] = "crowded", [CONTROL_UNKNOWN_QUOTA] = "quota",
                [CONTROL_UNKNOWN_STARTS] = "starts",   [CONTROL_UNKNOWN_AWAY] = "away",
        };

        return LOOK_UP(names, why);
}

const char *process_state_name(uint32_t state)
{
        static const char *const names[] = {
                [MPROC_RUNNING] = "running",   [MPROC_EXITED] = "exited",
                [MPROC_SIGNALED] = "signaled", [MPROC_UNKNOWN] = "unknown",
                [MPROC_FAILED] = "failed",
        };

        return LOOK_UP(names, state);
}
