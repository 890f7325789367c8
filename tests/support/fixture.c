#include "support/fixture.h"
#include "stats/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ull
#define GIB (1ll << 30)
#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static void *need(void *pointer)
{
        if (!pointer)
                abort();
        return pointer;
}

static void fill_environment(struct environment *environment)
{
        static const struct counter_spec counters[] = {
                {.name = "task-clock",
                 .encoding = "perf::TASK-CLOCK:u=1:k=1",
                 .attr_bytes = 4,
                 .attr = {1, 0, 0, 0xff}},
                {.name = "context-switches", .encoding = "perf::CONTEXT-SWITCHES:u=1:k=1"},
                {.name = "page-faults", .encoding = "perf::PAGE-FAULTS:u=1:k=1"},
                {.name = "cycles",
                 .encoding = "perf::CYCLES:u=1",
                 .rotation_ms = 8,
                 .status = COUNTER_UNSUPPORTED,
                 .reason = "this machine has no PMU, or its virtual machine hides it"},
                {.name = "branch-misses",
                 .encoding = "perf::BRANCH-MISSES:u=1",
                 .status = COUNTER_DENIED,
                 .reason = "kernel.perf_event_paranoid is 4: sysctl kernel.perf_event_paranoid=2"},
                {.name = "cpu-migrations", .encoding = "perf::CPU-MIGRATIONS:u=1:k=1"},
        };

        TEXT(environment->host, "bench-host");
        TEXT(environment->kernel, "Linux 6.1.0-18-amd64");
        TEXT(environment->libc, "glibc 2.36");
        TEXT(environment->cpu, "AMD EPYC 9R14");
        TEXT(environment->arch, "x86_64");
        TEXT(environment->time, "2026-11-22T14:15:00");
        TEXT(environment->topology, "1 package · 2 cores · 2 PUs · 1 NUMA node");
        environment->packages = environment->numa_nodes = 1;
        environment->cores = environment->pus = environment->allowed_pus = 2;
        environment->allowed.bits[0] = 3;
        environment->cpu_quota = 1.5;
        environment->quota_period_ns = 100 * (int64_t)MS;
        environment->memory_max = 8 * GIB;
        environment->pids_max = -1;
        TEXT(environment->virtualization, "kvm");
        environment->on_battery = -1;
        TEXT(environment->thp, "madvise");
        environment->load_avg = 0.25;
        environment->perf_event_paranoid = 4;
        environment->counter_count = sizeof(counters) / sizeof(*counters);
        memcpy(environment->counters, counters, sizeof(counters));
}

static void fill_plan(struct plan *plan)
{
        static const char *const shares[] = {"mutex",  "sharded", "atomic",  "semaphore",
                                             "robust", "cas",     "batched", "racy",
                                             "ticket", "mcs",     "ofdlock"};
        struct levels *levels = &plan->levels[FACTOR_SHARE];

        plan->workload_count = 1;
        TEXT(plan->workloads[0], "counter");
        for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
                TEXT(levels->name[levels->count++], shares[i]);
        plan->param_count = 1;
        TEXT(plan->params[0].key, "increments");
        TEXT(plan->params[0].text, "auto");
        TEXT(plan->baseline, "share=mutex");
        plan->rounds = 12;
        plan->seed = UINT64_MAX;
        plan->asked_share = 1;
}

/* What differs between the cells of the counter. `rate`: median adds/s; 0: none. */
static const struct row {
        const char *share;
        uint32_t status;
        double rate, low, high;
        const char *note, *advice;
} rows[FIXTURE_STRIP] = {
        {"mutex", CELL_MEASURED, 38.9e6, 38.5e6, 39.2e6, "", "A mutex is the plain choice."},
        {"sharded", CELL_MEASURED, 1482e6, 1436e6, 1517e6, "",
         "Give each worker its own slot and add up at the end."},
        {"atomic", CELL_MEASURED, 198.4e6, 190.6e6, 206.2e6, "",
         "If the total must be readable at any time, an atomic add."},
        {"semaphore", CELL_MEASURED, 23.7e6, 22.6e6, 25.7e6, "", ""},
        {"robust", CELL_MEASURED, 38.8e6, 38.4e6, 39.3e6, "", ""},
        {"cas", CELL_MEASURED, 41.2e6, 37.3e6, 45.9e6, "", ""},
        {"batched", CELL_VERIFIED_ONLY, 0, 0, 0,
         "the workers overlapped for 0.2 µs; a rate needs 20 ms", ""},
        {"racy", CELL_LOSSY, 0, 0, 0, "", ""},
        {"ticket", CELL_SKIPPED, 0, 0, 0,
         "a FIFO spinlock collapses with more workers (4) than PUs (2); name it to run it anyway",
         ""},
        {"mcs", CELL_COLLAPSED, 0, 0, 0, "12,899 of 800,000 adds were done after 10 s", ""},
        {"ofdlock", CELL_FAILED, 0, 0, 0, "worker 1 was killed by SIGKILL in every trial", ""},
};

static void fill_counters(struct cell *cell, const struct environment *environment)
{
        static const struct cell_counter values[] = {
                {.name = "task-clock",
                 .n = 12,
                 .value = 52.5e6,
                 .running_share = 1,
                 .error = 0.012},
                {.name = "context-switches",
                 .status = COUNTER_SCALED,
                 .n = 12,
                 .value = 18,
                 .running_share = 0.625,
                 .error = 0.07},
                {.name = "page-faults", .n = 12, .value = 4, .running_share = 1},
                {.name = "cycles", .status = COUNTER_UNSUPPORTED, .value = NAN, .error = NAN},
                {.name = "branch-misses", .status = COUNTER_DENIED, .value = NAN, .error = NAN},
                {.name = "cpu-migrations",
                 .status = COUNTER_NOT_COUNTED,
                 .value = NAN,
                 .error = NAN,
                 .reason = "it never ran: other events held the counters"},
                {.name = "task-clock/op",
                 .n = 12,
                 .value = 51.25,
                 .running_share = 1,
                 .error = 0.012},
        };

        cell->counter_count = sizeof(values) / sizeof(*values);
        memcpy(cell->counters, values, sizeof(values));
        for (uint32_t i = 3; i < 5; i++)
                TEXT(cell->counters[i].reason, environment->counters[i].reason);
}

static void add_counter_cell(struct result *result, const struct row *row)
{
        struct cell *cell = need(result_add_cell(result));
        double wall = 41e6 + 1e5 * cell->id;

        TEXT(cell->workload, "counter");
        TEXT(cell->level[FACTOR_RUNTIME], "mproc");
        TEXT(cell->level[FACTOR_START], "fork");
        TEXT(cell->level[FACTOR_SHARE], row->share);
        TEXT(cell->level[FACTOR_WORKERS], "2");
        TEXT(cell->level[FACTOR_PLACE], "core");
        cell->workers = cell->pus = 2;
        cell->param_count = 2;
        TEXT(cell->param[0], "increments");
        TEXT(cell->param_unit[0], "adds");
        cell->is_auto[0] = 1;
        cell->value[0] = row->status == CELL_VERIFIED_ONLY ? 1000
                         : row->rate > 0                   ? (int64_t)(row->rate / 64)
                                                           : MPB_AUTO;
        if (cell->value[0] == MPB_AUTO)
                TEXT(cell->value_text[0], "auto");
        else
                snprintf(cell->value_text[0], sizeof(cell->value_text[0]), "%lld",
                         (long long)cell->value[0]);
        TEXT(cell->param[1], "hold");
        TEXT(cell->value_text[1], "0");
        TEXT(cell->place_note,
             row->status == CELL_SKIPPED ? "oversubscribed: 4 workers on 2 PUs" : "");
        cell->ops = cell->value[0] > 0 ? (uint64_t)cell->value[0] : 800000;
        cell->status = row->status;
        cell->kind = MPB_SHARED;
        cell->primary = METRIC_THROUGHPUT;
        TEXT(cell->operation, "adds");
        TEXT(cell->shown_work, "empty critical section");
        TEXT(cell->advice, row->advice);
        TEXT(cell->note, row->note);
        cell->placed.bits[0] = 3;
        cell->placed_wrong = cell->id == FIXTURE_CAS;
        cell->verified = row->status <= CELL_VERIFIED_ONLY;
        if (row->status <= CELL_LOSSY)
                cell->final_value = cell->expected_value = 2 * cell->ops;
        if (row->status == CELL_LOSSY) {
                cell->loss = (struct cell_loss){.trials = 13, .lossy = 13, .worst = 0.49};
                cell->final_value = 816000;
        }
        if (row->status > CELL_LOSSY)
                return;
        if (row->rate > 0)
                cell->summary[METRIC_THROUGHPUT] =
                        (struct summary){row->rate, row->low, row->high, 12, 0};
        cell->summary[METRIC_MAKESPAN] = (struct summary){26e6, 25.5e6, 26.4e6, 12, 0};
        cell->summary[METRIC_WALL] = (struct summary){wall, wall - 3e5, wall + 4e5, 12, 0};
        cell->summary[METRIC_START] = (struct summary){0.42e6, 0.4e6, 0.47e6, 12, 0};
        cell->summary[METRIC_STOP] = (struct summary){0.2e6, NAN, NAN, 3, 0};
        cell->trend = (struct cell_trend){12, 0, 0.004, 0.68, 1};
        if (cell->id == FIXTURE_CAS)
                cell->modes = (struct cell_modes){7, 5, 38.1e6, 45.3e6};
        fill_counters(cell, &result->environment);
}

static void add_strip_cell(struct result *result, const char *share, const char *start,
                           int64_t parent_rss, double wall_ns)
{
        struct cell *cell = need(result_add_cell(result));

        TEXT(cell->workload, "start");
        TEXT(cell->level[FACTOR_RUNTIME], "mproc");
        TEXT(cell->level[FACTOR_START], start);
        TEXT(cell->level[FACTOR_SHARE], share);
        TEXT(cell->level[FACTOR_WORKERS], "1");
        TEXT(cell->level[FACTOR_PLACE], "none");
        cell->workers = 1;
        cell->pus = 2;
        cell->param_count = 1;
        TEXT(cell->param[0], "parent_rss");
        TEXT(cell->param_unit[0], "bytes");
        cell->value[0] = parent_rss;
        TEXT(cell->value_text[0], parent_rss ? "1G" : "0");
        cell->kind = MPB_LIFE_CYCLE;
        cell->primary = METRIC_WALL;
        cell->reference = !*start;
        cell->ops = 20;
        TEXT(cell->operation, "starts");
        cell->final_value = cell->expected_value = 20;
        cell->verified = 1;
        cell->summary[METRIC_WALL] =
                (struct summary){wall_ns, 0.97 * wall_ns, 1.04 * wall_ns, 12, 0};
        cell->step[0] = (struct summary){0.3 * wall_ns, 0.29 * wall_ns, 0.31 * wall_ns, 12, 0};
        if (!cell->reference) {
                cell->step[1] =
                        (struct summary){0.6 * wall_ns, 0.5 * wall_ns, 0.7 * wall_ns, 12, 0};
                cell->step[2] =
                        (struct summary){0.7 * wall_ns, 0.6 * wall_ns, 0.8 * wall_ns, 12, 0};
        }
        cell->step[3] = cell->summary[METRIC_WALL];
}

static void add_comparisons(struct result *result)
{
        const double all = 1.0 / 2048; /* 12 of 12 signs agree */
        const struct comparison comparisons[] = {
                {.cell = FIXTURE_SHARDED,
                 .ratio = 38.1,
                 .ci_low = 36.9,
                 .ci_high = 39.0,
                 .p = all,
                 .p_holm = 5 * all,
                 .verdict = VERDICT_FASTER},
                {.cell = FIXTURE_ATOMIC,
                 .ratio = 5.1,
                 .ci_low = 4.9,
                 .ci_high = 5.3,
                 .p = all,
                 .p_holm = 5 * all,
                 .verdict = VERDICT_FASTER},
                {.cell = FIXTURE_SEMAPHORE,
                 .ratio = 0.61,
                 .ci_low = 0.58,
                 .ci_high = 0.66,
                 .p = all,
                 .p_holm = 5 * all,
                 .verdict = VERDICT_SLOWER},
                {.cell = FIXTURE_ROBUST,
                 .ratio = 0.998,
                 .ci_low = 0.989,
                 .ci_high = 1.009,
                 .p = 0.7744140625,
                 .p_holm = 0.7744140625,
                 .verdict = VERDICT_EQUIVALENT},
                {.cell = FIXTURE_CAS,
                 .ratio = 1.06,
                 .ci_low = 0.96,
                 .ci_high = 1.18,
                 .p = 0.14599609375,
                 .p_holm = 0.2919921875,
                 .verdict = VERDICT_INCONCLUSIVE,
                 .rounds_wanted = 40},
                {.metric = METRIC_WALL,
                 .cell = FIXTURE_SHARDED,
                 .ratio = 1.002,
                 .ci_low = 0.994,
                 .ci_high = 1.011,
                 .p = 0.3876953125,
                 .p_holm = NAN,
                 .verdict = VERDICT_NONE},
        };

        for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++) {
                struct comparison *comparison = need(result_add_comparison(result));

                *comparison = comparisons[i];
                comparison->baseline = FIXTURE_MUTEX;
                comparison->n = 12;
                comparison->all_rounds_ratio =
                        comparison->verdict == VERDICT_NONE ? NAN : 0.99 * comparison->ratio;
        }
}

void fixture_result(struct result *result)
{
        static const struct {
                const char *share, *start;
                double small_ns, large_ns;
        } strip[] = {{"mproc", "fork", 0.21e6, 34e6},
                     {"mproc", "forkserver", 0.24e6, 0.24e6},
                     {"mproc", "spawn", 0.61e6, 0.62e6},
                     {"raw-posix_spawn", "", 0.52e6, 0.53e6}};

        result_init(result);
        TEXT(result->tool_version, "0.1.0");
        fill_environment(&result->environment);
        fill_plan(&result->plan);
        result->end = RESULT_COMPLETE;
        result->duration_ns = 9800 * MS;
        result->rounds = FIXTURE_ROUNDS;
        result->disturbed_rounds = 1;
        result->trend = (struct cell_trend){12, 0, -0.003, 0.84, 1};
        result->workers_bound = 1;
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                add_counter_cell(result, &rows[i]);
        for (size_t i = 0; i < sizeof(strip) / sizeof(*strip); i++) {
                add_strip_cell(result, strip[i].share, strip[i].start, 0, strip[i].small_ns);
                add_strip_cell(result, strip[i].share, strip[i].start, GIB, strip[i].large_ns);
        }
        for (uint32_t round = 0; round < FIXTURE_ROUNDS; round++)
                for (size_t i = 0; i < result->cell_count; i++)
                        if (result->cells[i].status != CELL_SKIPPED)
                                fixture_add_trial(result, &result->cells[i], round);
        add_comparisons(result);
        TEXT(result->advice[0],
             "Give each worker its own slot and add up at the end (sharded: 38.1× "
             "mutex); if the total must be readable at any time, an atomic add.");
        TEXT(result->advice[1], "No lock is needed for a plain counter.");
}
