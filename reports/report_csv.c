/* samples.csv: tidy, one row per trial and worker. What is not known is an empty field. */
#include "reports/report.h"

#include "base/error.h"
#include "count/event.h"
#include "model/names.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Names of parameters over all cells: a column each. */
struct params {
        size_t count;
        const char **name;
};

static void put_text(FILE *out, const char *text)
{
        if (!strpbrk(text, ",\"\r\n")) {
                fputs(text, out);
                return;
        }
        fputc('"', out);
        for (; *text; text++) {
                if (*text == '"')
                        fputc('"', out);
                fputc(*text, out);
        }
        fputc('"', out);
}

static void text_field(FILE *out, const char *text)
{
        fputc(',', out);
        put_text(out, text);
}

static void number_field(FILE *out, bool known, uint64_t value)
{
        fputc(',', out);
        if (known)
                fprintf(out, "%" PRIu64, value);
}

static void signed_field(FILE *out, bool known, int64_t value)
{
        fputc(',', out);
        if (known)
                fprintf(out, "%" PRId64, value);
}

static int find_params(const struct result *result, struct params *ret)
{
        *ret = (struct params){0};
        for (size_t i = 0; i < result->cell_count; i++)
                for (uint32_t j = 0; j < result->cells[i].param_count && j < MPB_PARAMS_MAX; j++) {
                        const char *name = result->cells[i].param[j], **grown;
                        bool known = false;

                        for (size_t k = 0; k < ret->count && !known; k++)
                                known = !strcmp(ret->name[k], name);
                        if (known)
                                continue;
                        grown = reallocarray(ret->name, ret->count + 1, sizeof(*grown));
                        if (!grown)
                                return -ENOMEM;
                        ret->name = grown;
                        ret->name[ret->count++] = name;
                }
        return 0;
}

static void write_heads(const struct result *result, const struct params *params, FILE *out)
{
        const struct environment *machine = &result->environment;

        fputs("cell,workload", out);
        for (int factor = 0; factor < FACTOR_COUNT; factor++)
                text_field(out, factor_name(factor));
        for (size_t i = 0; i < params->count; i++) {
                char name[64];

                snprintf(name, sizeof(name), "param_%s", params->name[i]);
                text_field(out, name);
        }
        fputs(",round,position,disturbed,status,reason,verified,final,expected,ops,overlap_ops,"
              "wall_duration_ns,start_duration_ns,run_duration_ns,stop_duration_ns,overlap_ns,"
              "skew_ns,host_rss_bytes,pss_bytes,life_returned_ns,life_first_ns,life_ready_ns,"
              "life_wall_ns,steal_ns,foreign_cpu_ns,psi_cpu_ns,psi_io_ns,psi_memory_ns,"
              "throttled_ns,parent_ns,dispatch_ns,work_ns,tail_ns,first_result_ns",
              out);
        fputs(",worker,pid,pu_begin,pu_end,begin_ns,end_ns,worker_ops,noted_ops,noted_ns,"
              "returned_ns,first_ns,ready_ns,gate_ns,exit_state,exit_code,user_ns,system_ns,"
              "minor_faults,major_faults,voluntary_switches,involuntary_switches,"
              "run_delay_ns,tsc_ticks,max_rss_bytes,max_rss_at_most,worker_work_ns",
              out);
        for (uint32_t i = 0; i < machine->counter_count && i < COUNTERS_MAX; i++) {
                static const char *const parts[] = {"", "_status", "_running_share"};

                for (size_t part = 0; part < 3; part++) {
                        char name[96];

                        snprintf(name, sizeof(name), "%s%s", machine->counters[i].name,
                                 parts[part]);
                        text_field(out, name);
                }
        }
        fputs(",latency_count", out);
        for (int i = 0; i < LATENCY_COUNT; i++)
                fprintf(out, ",latency_%s_ns", latency_name(i));
        fputs(",response_count", out);
        for (int i = 0; i < LATENCY_COUNT; i++)
                fprintf(out, ",response_%s_ns", latency_name(i));
        fputc('\n', out);
}

/* Numbers in the parameter's unit; a choice by its name. What calibration chose is the trial's own.
 */
static void write_param(const struct cell *cell, const struct trial *trial, uint32_t i, FILE *out)
{
        const char *text = cell->value_text[i];

        if (cell->is_auto[i]) {
                fprintf(out, "%" PRIu64, trial->asked_ops);
        } else if (!*text || strchr("-0123456789", *text)) {
                fprintf(out, "%" PRId64, cell->value[i]);
        } else {
                put_text(out, text);
        }
}

static void write_cell(const struct cell *cell, const struct trial *trial,
                       const struct params *params, FILE *out)
{
        fprintf(out, "%u", cell->id);
        text_field(out, cell->workload);
        for (int factor = 0; factor < FACTOR_COUNT; factor++)
                text_field(out, cell->level[factor]);
        for (size_t i = 0; i < params->count; i++) {
                int param = cell_find_param(cell, params->name[i]);

                fputc(',', out);
                if (param >= 0)
                        write_param(cell, trial, (uint32_t)param, out);
        }
}

static void write_trial(const struct trial *trial, FILE *out)
{
        const struct trial_outcome *outcome = &trial->outcome;
        const struct trial_noise *noise = &trial->noise;
        const struct trial_phases *phases = &outcome->phases;
        bool stat = noise->known & NOISE_STAT, psi = noise->known & NOISE_PSI;
        bool ok = outcome->status == TRIAL_OK || outcome->status == TRIAL_MISMATCH;
        bool ran = ok && outcome->run_ns > 0;

        fprintf(out, ",%u,%u,%u", trial->round, trial->position, trial->disturbed);
        text_field(out, trial_status_name(outcome->status));
        text_field(out, outcome->reason);
        fprintf(out, ",%u", (unsigned)(outcome->verified != 0));
        number_field(out, outcome->verified, outcome->final_value);
        number_field(out, outcome->verified, outcome->expected_value);
        number_field(out, ok, outcome->ops);
        number_field(out, ran, outcome->overlap_ops);
        number_field(out, outcome->wall_ns, outcome->wall_ns);
        number_field(out, outcome->start_ns, outcome->start_ns);
        number_field(out, outcome->run_ns, outcome->run_ns);
        number_field(out, outcome->stop_ns, outcome->stop_ns);
        number_field(out, ran, outcome->overlap_ns);
        number_field(out, ran, outcome->skew_ns);
        number_field(out, outcome->host_rss_bytes, outcome->host_rss_bytes);
        number_field(out, outcome->pss_bytes, outcome->pss_bytes);
        number_field(out, outcome->life.returned_ns, outcome->life.returned_ns);
        number_field(out, outcome->life.first_ns, outcome->life.first_ns);
        number_field(out, outcome->life.ready_ns, outcome->life.ready_ns);
        number_field(out, outcome->life.wall_ns, outcome->life.wall_ns);
        number_field(out, stat, noise->steal_ns);
        number_field(out, stat, noise->foreign_cpu_ns);
        number_field(out, psi, noise->psi_cpu_ns);
        number_field(out, psi, noise->psi_io_ns);
        number_field(out, psi, noise->psi_memory_ns);
        number_field(out, noise->known & NOISE_THROTTLE, noise->throttled_ns);
        number_field(out, phases->known & PHASES_PARENT, phases->parent_ns);
        number_field(out, phases->known & PHASES_WORKERS, phases->dispatch_ns);
        number_field(out, phases->known & PHASES_WORKERS, phases->work_ns);
        number_field(out, phases->known & PHASES_WORKERS, phases->tail_ns);
        number_field(out, phases->known & PHASES_PARENT, phases->first_result_ns);
}

static void write_counter(const struct counter_spec *spec, const struct counter_reading *reading,
                          FILE *out)
{
        enum counter_status status = spec->status;
        double value = NAN, share = NAN;

        if (reading)
                status = event_reading_status(spec, reading, &value, &share);
        if (reading && isfinite(value) && counter_is_counted(status))
                fprintf(out, ",%.17g,%s,%.6g", value, counter_status_name(status), share);
        else
                fprintf(out, ",,%s,", reading ? counter_status_name(status) : "");
}

/* `worker` NULL: nothing is known of any. */
static void write_worker(const struct result *result, const struct cell *cell,
                         const struct worker_outcome *worker, FILE *out)
{
        static const struct worker_outcome nobody;
        const struct environment *machine = &result->environment;
        const struct worker_outcome *w = worker ? worker : &nobody;
        bool done = w->end_ns; /* else it was killed before it could write down what it did */
        const char *state = process_state_name((uint32_t)w->exit_state);

        number_field(out, worker, w->index);
        signed_field(out, w->pid > 0, w->pid);
        signed_field(out, worker && w->pu_begin >= 0, w->pu_begin);
        signed_field(out, worker && w->pu_end >= 0, w->pu_end);
        number_field(out, done, w->begin_ns);
        number_field(out, done, w->end_ns);
        number_field(out, done, w->ops);
        number_field(out, w->noted_ns, w->noted_ops);
        number_field(out, w->noted_ns, w->noted_ns);
        number_field(out, w->returned_ns, w->returned_ns);
        number_field(out, w->first_ns, w->first_ns);
        number_field(out, w->ready_ns, w->ready_ns);
        number_field(out, w->gate_ns, w->gate_ns);
        text_field(out, worker && state ? state : "");
        signed_field(out, worker, w->exit_code);
        number_field(out, done, w->user_ns);
        number_field(out, done, w->system_ns);
        number_field(out, done, w->minor_faults);
        number_field(out, done, w->major_faults);
        number_field(out, done, w->voluntary_switches);
        number_field(out, done, w->involuntary_switches);
        number_field(out, w->has_run_delay, w->run_delay_ns);
        number_field(out, w->tsc_ticks, w->tsc_ticks);
        number_field(out, w->max_rss_bytes, w->max_rss_bytes);
        number_field(out, w->max_rss_bytes, cell->run.max_rss_at_most);
        number_field(out, w->work_ns, w->work_ns);
        for (uint32_t i = 0; i < machine->counter_count && i < COUNTERS_MAX; i++)
                write_counter(&machine->counters[i], worker ? &w->counters[i] : NULL, out);
}

/* Of the team, at the end of each of its workers' rows. */
static void write_latency(const struct trial_latency *latency, FILE *out)
{
        number_field(out, latency->count, latency->count);
        for (int i = 0; i < LATENCY_COUNT; i++)
                number_field(out, latency->ns[i], latency->ns[i]);
}

static int write_csv(const struct result *result, const struct report_style *style, FILE *out,
                     struct mproc_err *err)
{
        struct params params;
        int rc = find_params(result, &params);

        (void)style;
        if (rc) {
                error_set(err, rc, "report", "no memory for the columns of samples.csv");
                goto out;
        }
        write_heads(result, &params, out);
        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial *trial = &result->trials[i];
                uint32_t rows = trial->workers ? trial->outcome.workers : 0;
                const struct cell *cell;

                if (trial->cell >= result->cell_count)
                        continue;
                cell = &result->cells[trial->cell];
                for (uint32_t j = 0; j < (rows ? rows : 1); j++) {
                        write_cell(cell, trial, &params, out);
                        write_trial(trial, out);
                        write_worker(result, cell, rows ? &trial->workers[j] : NULL, out);
                        write_latency(&trial->outcome.latency, out);
                        write_latency(&trial->outcome.response, out);
                        fputc('\n', out);
                }
        }
        rc = report_end(out, err);
out:
        free(params.name);
        return rc;
}

const struct report_format report_csv = {
        .name = "csv",
        .summary = "a row per trial and worker, for spreadsheets and statistics programs",
        .file = "samples.csv",
        .write = write_csv,
};
