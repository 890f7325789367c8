#include "model/json_field.h"

#include <errno.h>
#include <math.h>

/* Counters of one worker, by the names of the environment's. `raw_value` is what was read, `value`
 * what it says about the whole time: scaled up where the counter was multiplexed. What the
 * environment says cannot be counted, and was not, is left out. */

static const struct field reading_fields[] = {
        {PLAIN(struct counter_reading, "raw_value", value),
         KNOWN_UNLESS_ZERO(struct counter_reading, running_ns)},
        {PLAIN(struct counter_reading, "enabled_ns", enabled_ns), OR_NULL(0)},
        {PLAIN(struct counter_reading, "running_ns", running_ns), OR_NULL(0)},
        {PLAIN(struct counter_reading, "error", error), OR_NULL(0)},
        {0},
};

static enum counter_status reading_status(const struct counter_spec *spec,
                                          const struct counter_reading *reading)
{
        if (spec->status != COUNTER_COUNTED)
                return spec->status;
        if (reading->error == -EACCES || reading->error == -EPERM)
                return COUNTER_DENIED;
        if (reading->error || !reading->running_ns)
                return COUNTER_NOT_COUNTED;
        return reading->running_ns < reading->enabled_ns ? COUNTER_SCALED : COUNTER_COUNTED;
}

static json_t *write_value(const struct counter_reading *reading, enum counter_status status)
{
        if (status == COUNTER_SCALED)
                return json_real(round((double)reading->value * (double)reading->enabled_ns /
                                       (double)reading->running_ns));
        if (status != COUNTER_COUNTED)
                return json_null();
        return reading->value <= INT64_MAX ? json_integer((json_int_t)reading->value)
                                           : json_real((double)reading->value);
}

static bool is_left_out(const struct counter_spec *spec, const struct counter_reading *reading)
{
        return spec->status != COUNTER_COUNTED && !reading->value && !reading->enabled_ns &&
               !reading->running_ns;
}

static json_t *write_counters(const struct result *result, const void *base)
{
        const struct worker_outcome *worker = base;
        const struct environment *environment = &result->environment;
        json_t *object = json_object();

        for (uint32_t i = 0; i < environment->counter_count; i++) {
                const struct counter_reading *reading = &worker->counters[i];
                enum counter_status status = reading_status(&environment->counters[i], reading);
                json_t *counter;

                if (is_left_out(&environment->counters[i], reading))
                        continue;
                counter = json_write(result, reading_fields, reading);
                counter = json_with(counter, "status", json_string(counter_status_name(status)));
                counter = json_with(counter, "value", write_value(reading, status));
                object = json_with(object, environment->counters[i].name, counter);
        }
        return object;
}

static int read_counters(struct json_reader *reader, json_t *value, void *base)
{
        struct worker_outcome *worker = base;
        const struct environment *environment = &reader->result->environment;
        int r = json_need_object(reader, value);

        for (uint32_t i = 0; !r && i < environment->counter_count; i++) {
                json_t *counter = json_object_get(value, environment->counters[i].name);
                size_t before;

                if (!counter && environment->counters[i].status != COUNTER_COUNTED)
                        continue;
                before = json_enter(reader, environment->counters[i].name);
                r = json_read(reader, counter, reading_fields, &worker->counters[i]);
                json_leave(reader, before);
        }
        return r;
}

static const struct field worker_step_fields[] = {
        {PLAIN(struct worker_outcome, "returned_ns", returned_ns), OR_NULL(0)},
        {PLAIN(struct worker_outcome, "first_ns", first_ns), OR_NULL(0)},
        {PLAIN(struct worker_outcome, "ready_ns", ready_ns), OR_NULL(0)},
        {PLAIN(struct worker_outcome, "gate_ns", gate_ns), OR_NULL(0)},
        {0},
};

static const struct field exit_fields[] = {
        {NAME(struct worker_outcome, "state", exit_state, process_state_name)},
        {PLAIN(struct worker_outcome, "code", exit_code)},
        {0},
};

static const struct field rusage_fields[] = {
        {PLAIN(struct worker_outcome, "user_ns", user_ns)},
        {PLAIN(struct worker_outcome, "system_ns", system_ns)},
        {PLAIN(struct worker_outcome, "minor_faults", minor_faults)},
        {PLAIN(struct worker_outcome, "major_faults", major_faults)},
        {PLAIN(struct worker_outcome, "voluntary_switches", voluntary_switches)},
        {PLAIN(struct worker_outcome, "involuntary_switches", involuntary_switches)},
        {0},
};

/* Written down by a worker when it has done its work: not by one that was killed before. */
#define OF_WORK KNOWN_UNLESS_ZERO(struct worker_outcome, end_ns)

static const struct field worker_fields[] = {
        {PLAIN(struct worker_outcome, "index", index)},
        {PLAIN(struct worker_outcome, "pid", pid), OR_NULL(0)},
        {PLAIN(struct worker_outcome, "pu", pu_begin), OR_NULL(-1)},
        {PLAIN(struct worker_outcome, "pu_end", pu_end), OR_NULL(-1)},
        {PLAIN(struct worker_outcome, "begin_ns", begin_ns), OF_WORK},
        {PLAIN(struct worker_outcome, "end_ns", end_ns), OF_WORK},
        {PLAIN(struct worker_outcome, "ops", ops), OF_WORK},
        {PLAIN(struct worker_outcome, "work_ns", work_ns), OR_NULL(0)},
        {PLAIN(struct worker_outcome, "overlap_ops", noted_ops), OF_WORK},
        {PLAIN(struct worker_outcome, "overlap_noted_ns", noted_ns), OF_WORK},
        {GROUP("start_steps", worker_step_fields)},
        {GROUP("exit", exit_fields)},
        {GROUP("rusage", rusage_fields), OF_WORK},
        {PLAIN(struct worker_outcome, "run_delay_ns", run_delay_ns),
         KNOWN_BY(struct worker_outcome, has_run_delay, 1)},
        {PLAIN(struct worker_outcome, "tsc_ticks", tsc_ticks), OR_NULL(0)},
        {PLAIN(struct worker_outcome, "max_rss_bytes", max_rss_bytes), OR_NULL(0)},
        {OTHER("counters", write_counters, read_counters)},
        {0},
};

static json_t *write_workers(const struct result *result, const void *base)
{
        const struct trial *trial = base;

        return json_write_list(result, worker_fields, trial->workers, trial->outcome.workers,
                               sizeof(*trial->workers));
}

/* result_add_trial made room for as many as there are. */
static int read_workers(struct json_reader *reader, json_t *value, void *base)
{
        struct trial *trial = base;
        uint32_t count;

        return json_read_list(reader, value, worker_fields, trial->workers, sizeof(*trial->workers),
                              trial->outcome.workers, &count);
}

static const struct field life_fields[] = {
        {PLAIN(struct mpb_life, "returned_ns", returned_ns), OR_NULL(0)},
        {PLAIN(struct mpb_life, "first_ns", first_ns), OR_NULL(0)},
        {PLAIN(struct mpb_life, "ready_ns", ready_ns), OR_NULL(0)},
        {PLAIN(struct mpb_life, "wall_ns", wall_ns), OR_NULL(0)},
        {0},
};

static const struct field latency_fields[] = {
        {PLAIN(struct trial_latency, "count", count)},
        {PLAIN(struct trial_latency, "p50_ns", ns[LATENCY_P50]), OR_NULL(0)},
        {PLAIN(struct trial_latency, "p90_ns", ns[LATENCY_P90]), OR_NULL(0)},
        {PLAIN(struct trial_latency, "p99_ns", ns[LATENCY_P99]), OR_NULL(0)},
        {PLAIN(struct trial_latency, "p999_ns", ns[LATENCY_P999]), OR_NULL(0)},
        {PLAIN(struct trial_latency, "max_ns", ns[LATENCY_MAX]), OR_NULL(0)},
        {0},
};

#define OF_WORKERS KNOWN_BY(struct trial_phases, known, PHASES_WORKERS)
#define OF_PARENT KNOWN_BY(struct trial_phases, known, PHASES_PARENT)

/* Why the parent's part is null. */
static json_t *write_phases_note(const struct result *result, const void *base)
{
        const struct trial_phases *phases = base;

        (void)result;
        return phases->known & PHASES_PARENT
                       ? json_null()
                       : json_string("submit=static: the parent submits nothing, and collects "
                                     "nothing before the end");
}

static const struct field phases_fields[] = {
        {PLAIN(struct trial_phases, "parent_ns", parent_ns), OF_PARENT},
        {PLAIN(struct trial_phases, "dispatch_ns", dispatch_ns), OF_WORKERS},
        {PLAIN(struct trial_phases, "work_ns", work_ns), OF_WORKERS},
        {PLAIN(struct trial_phases, "tail_ns", tail_ns), OF_WORKERS},
        {PLAIN(struct trial_phases, "first_result_ns", first_result_ns), OF_PARENT},
        {OTHER("note", write_phases_note, NULL)},
        {0},
};

#define NOISE(key, member, known_by) \
        PLAIN(struct trial_noise, key, member), KNOWN_BY(struct trial_noise, known, known_by)

static const struct field noise_fields[] = {
        {PLAIN(struct trial_noise, "duration_ns", duration_ns)},
        {NOISE("steal_ns", steal_ns, NOISE_STAT)},
        {NOISE("foreign_cpu_ns", foreign_cpu_ns, NOISE_STAT)},
        {NOISE("psi_cpu_ns", psi_cpu_ns, NOISE_PSI)},
        {NOISE("psi_io_ns", psi_io_ns, NOISE_PSI)},
        {NOISE("psi_memory_ns", psi_memory_ns, NOISE_PSI)},
        {NOISE("throttled_ns", throttled_ns, NOISE_THROTTLE)},
        {0},
};

/* Summed up when a team has come to its end; a trial of process starts has no team. */
#define OF_TEAM KNOWN_UNLESS_ZERO(struct trial, outcome.stop_ns)

const struct field json_trial_fields[] = {
        {PLAIN(struct trial, "cell", cell)},
        {PLAIN(struct trial, "round", round)},
        {PLAIN(struct trial, "position", position)},
        {PLAIN(struct trial, "asked_ops", asked_ops)},
        {NAME(struct trial, "status", outcome.status, trial_status_name)},
        {PLAIN(struct trial, "reason", outcome.reason)},
        {PLAIN(struct trial, "wall_duration_ns", outcome.wall_ns), OR_NULL(0)},
        {PLAIN(struct trial, "start_duration_ns", outcome.start_ns), OR_NULL(0)},
        {PLAIN(struct trial, "run_duration_ns", outcome.run_ns), OR_NULL(0)},
        {PLAIN(struct trial, "stop_duration_ns", outcome.stop_ns), OR_NULL(0)},
        {OBJECT(struct trial, "start_steps", outcome.life, life_fields), OR_NULL(0)},
        {PLAIN(struct trial, "overlap_ns", outcome.overlap_ns), OF_TEAM},
        {PLAIN(struct trial, "skew_ns", outcome.skew_ns), OF_TEAM},
        {PLAIN(struct trial, "ops", outcome.ops), OR_NULL(0)},
        {PLAIN(struct trial, "overlap_ops", outcome.overlap_ops), OF_TEAM},
        {PLAIN(struct trial, "final", outcome.final_value),
         KNOWN_BY(struct trial, outcome.verified, 1)},
        {PLAIN(struct trial, "expected", outcome.expected_value),
         KNOWN_BY(struct trial, outcome.verified, 1)},
        {PLAIN(struct trial, "host_rss_bytes", outcome.host_rss_bytes), OR_NULL(0)},
        {PLAIN(struct trial, "pss_bytes", outcome.pss_bytes), OR_NULL(0)},
        {OBJECT(struct trial, "latency", outcome.latency, latency_fields), OR_NULL(0)},
        {OBJECT(struct trial, "response", outcome.response, latency_fields), OR_NULL(0)},
        {OBJECT(struct trial, "phases", outcome.phases, phases_fields), OR_NULL(0)},
        {FLAG(struct trial, "disturbed", disturbed)},
        {OBJECT(struct trial, "noise", noise, noise_fields)},
        {OTHER("workers", write_workers, read_workers)},
        {0},
};
