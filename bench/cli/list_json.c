#include "cli/list_json.h"

#include "base/option_table.h"
#include "count/event.h"
#include "model/names.h"
#include "model/submit.h"
#include "place/topology.h"
#include "reports/report.h"
#include "run/submission.h"
#include "workload_table.h"

#include <errno.h>
#include <jansson.h>
#include <mproc/pool.h>
#include <string.h>

/* jansson's _new setters take NULL as a failure, so that whole trees can be built unchecked and
 * only a missing root or member tells of a lack of memory. */

static const char *type_name(enum mpb_type type)
{
        static const char *const names[] = {
                [MPB_FLAG] = "flag", [MPB_INT] = "integer",     [MPB_DURATION] = "duration",
                [MPB_SIZE] = "size", [MPB_PERCENT] = "percent", [MPB_CHOICE] = "choice",
                [MPB_TEXT] = "text",
        };

        return names[type];
}

static json_t *named(const char *name, const char *summary)
{
        return json_pack("{ss ss?}", "name", name, "summary", summary);
}

static json_t *param_json(const struct mpb_option *param)
{
        json_t *row = named(param->name, param->summary);
        bool bounded = param->min || param->max;

        json_object_set_new(row, "type", json_string(type_name(param->type)));
        json_object_set_new(row, "unit", param->unit ? json_string(param->unit) : json_null());
        json_object_set_new(row, "default",
                            param->fallback ? json_string(param->fallback) : json_null());
        json_object_set_new(row, "auto", json_boolean(param->allows_auto));
        json_object_set_new(row, "min", bounded ? json_integer(param->min) : json_null());
        json_object_set_new(row, "max", bounded ? json_integer(param->max) : json_null());
        if (param->type == MPB_CHOICE) {
                json_t *choices = json_array();

                for (size_t i = 0; param->choices[i]; i++)
                        json_array_append_new(choices, json_string(param->choices[i]));
                json_object_set_new(row, "choices", choices);
        }
        return row;
}

static json_t *strategy_json(const struct mpb_strategy *strategy)
{
        json_t *row = named(strategy->name, strategy->summary);

        json_object_set_new(row, "lossy", json_boolean(strategy->flags & MPB_LOSSY));
        json_object_set_new(row, "reference", json_boolean(strategy->flags & MPB_REFERENCE));
        return row;
}

static json_t *workload_json(const struct mpb_workload *workload)
{
        json_t *row = named(workload->name, workload->summary);
        json_t *params = json_array(), *strategies = json_array();
        const struct mpb_strategy *strategy;

        for (const struct mpb_option *p = workload->params; p && p->name; p++)
                json_array_append_new(params, param_json(p));
        for (size_t i = 0; workload->strategy_at && (strategy = workload->strategy_at(i)); i++)
                json_array_append_new(strategies, strategy_json(strategy));
        json_object_set_new(row, "kind", json_string(kind_name(workload->kind)));
        json_object_set_new(row, "operation", json_string(workload->operation));
        json_object_set_new(row, "baseline",
                            workload->baseline ? json_string(workload->baseline) : json_null());
        json_object_set_new(row, "parameters", params);
        json_object_set_new(row, "strategies", strategies);
        return row;
}

static json_t *counter_json(const char *name)
{
        struct counter_spec spec = {0};
        struct mproc_err err = {0};

        if (event_resolve(name, &spec, &err))
                return json_pack("{ss sn ss ss}", "name", name, "encoding", "status", "unsupported",
                                 "reason", err.text);
        return json_pack("{ss ss ss ss}", "name", name, "encoding", spec.encoding, "status",
                         counter_status_name((enum counter_status)spec.status), "reason",
                         spec.reason);
}

int list_json(FILE *out)
{
        json_t *workloads = json_array(), *starts = json_array(), *places = json_array();
        json_t *counters = json_array(), *formats = json_array(), *root;
        json_t *submits = json_array(), *chunks = json_array(), *transports = json_array();
        const struct mpb_workload *workload;
        const struct mproc_start_method *method;
        int rc;

        for (size_t i = 0; (workload = workload_at(i)); i++)
                json_array_append_new(workloads, workload_json(workload));
        for (size_t i = 0; (method = mproc_start_at(i)); i++)
                json_array_append_new(starts,
                                      named(mproc_start_name(method), mproc_start_summary(method)));
        for (uint32_t i = 0; submit_name(i); i++)
                json_array_append_new(submits, named(submit_name(i), submit_summary(i)));
        for (size_t i = 0; submit_chunk_name(i); i++)
                json_array_append_new(chunks, named(submit_chunk_name(i), submit_chunk_summary(i)));
        for (size_t i = 0; submission_transport_at(i, NULL); i++)
                json_array_append_new(transports, named(submission_transport_at(i, NULL),
                                                        mproc_pool_transport_summary(
                                                                mproc_pool_transport_at(i))));
        for (size_t i = 0; place_at(i); i++)
                json_array_append_new(places, named(place_at(i), place_summary(i)));
        for (size_t i = 0; event_default_at(i); i++)
                json_array_append_new(counters, counter_json(event_default_at(i)));
        for (size_t i = 0; report_at(i); i++)
                json_array_append_new(formats, named(report_at(i)->name, report_at(i)->summary));
        root = json_pack("{so so so so so so so so}", "workloads", workloads, "start_methods",
                         starts, "submits", submits, "chunks", chunks, "transports", transports,
                         "places", places, "counters", counters, "formats", formats);
        if (!root)
                return -ENOMEM;
        rc = json_dumpf(root, out, JSON_INDENT(2));
        fputc('\n', out);
        json_decref(root);
        return rc ? -EIO : 0;
}
