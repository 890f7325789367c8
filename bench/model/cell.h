/* A cell of the matrix: one combination, and what came out of it. Plain data. */
#ifndef MODEL_CELL_H
#define MODEL_CELL_H

#include "model/plan.h"

enum cell_status {
        CELL_MEASURED,
        CELL_VERIFIED_ONLY, /* right, but too short for a rate; note says why */
        CELL_LOSSY,         /* meant to lose, and reported as such */
        CELL_SKIPPED,       /* not run; note says why */
        CELL_COLLAPSED,
        CELL_FAILED, /* a verification failed, or no trial succeeded; note says why */
};

const char *cell_status_name(enum cell_status status);
int cell_status_from_name(const char *name);

enum metric {
        METRIC_THROUGHPUT, /* operations/s within the overlap; higher is better */
        METRIC_MAKESPAN,   /* ns; lower */
        METRIC_WALL,       /* ns, call to joined; lower */
        METRIC_START,      /* ns, call to the last worker at the gate; lower */
        METRIC_STOP,       /* ns; lower */
        METRIC_COUNT,
};

const char *metric_name(enum metric metric);
const char *metric_unit(enum metric metric);
bool metric_higher_is_better(enum metric metric);

/* Median over trials with its 95 % interval; n = 0: not known. NaN bounds: too few trials. */
struct summary {
        double median, ci_low, ci_high;
        uint32_t n;
        uint32_t reserved;
};

/* How long single tasks took. Only tasks so long that a clock reading does not disturb them are
 * timed. */
struct cell_latency {
        uint32_t timed;  /* 1: each task of every trial is */
        uint32_t one_in; /* through a pool, too short to be timed: of so many one is, for the
                            phases; else 0 */
        char note[128];  /* why they are not; empty: they are, or there are no
                            tasks */
        struct summary summary[LATENCY_COUNT];  /* ns, over trials; n = 0: not known */
        struct summary response[LATENCY_COUNT]; /* the same of trial_outcome.response */
};

/* Where the time went, over trials; n = 0: not known. */
struct cell_phases {
        struct summary parent; /* CPU time of the submitting thread, of the makespan */
        struct summary dispatch, work, tail; /* of the workers' time, which they share out */
        struct summary first_result_ns;
};

/* Did a figure change over the rounds? Of a cell its primary metric; of a run its speed. */
struct cell_trend {
        uint32_t n;      /* rounds that were looked at; 0: none */
        uint32_t warmup; /* so many of the first ones belong to a warm-up; 0: none seen */
        double change;   /* over all of them, of 1; NaN: too few rounds */
        double p;        /* of no change (Mann-Kendall); NaN as above */
        double p_holm;   /* the same, corrected for all that were looked at in this run */
};

/* Two groups of trials, where one median would tell of neither. */
struct cell_modes {
        uint32_t low_n, high_n; /* trials in each; 0: there is one group */
        double low, high;       /* their medians of the primary metric */
};

/* A counter over the cell's trials: the median of the per-trial sums over workers. */
struct cell_counter {
        char name[64]; /* "cycles"; derived ones too: "instructions/cycle", "cycles/op" */
        uint32_t status;
        uint32_t n;
        double value;         /* NaN unless counted or scaled */
        double running_share; /* 1: never multiplexed */
        double error;         /* how far off `value` may be, relative to it (metric_table.h); NaN:
                                 not known */
        char reason[192];
};

/* Events, the same per operation and per byte, ratios, and what needs no counter. */
#define CELL_COUNTERS_MAX (3 * COUNTERS_MAX + 16)

struct cell_loss {
        uint32_t trials, lossy; /* "lost updates in `lossy` of `trials`" */
        double worst;           /* share of the expected value that was missing, 0…1 */
};

/* What one run of a command took, on average within a trial. */
struct cell_run {
        struct summary time_ns;            /* from its start until it was waited for */
        struct summary user_ns, system_ns; /* with all processes that it waited for, and a little of
                                              the worker's own */
        uint64_t max_rss_bytes; /* of the largest process in any trial, at least that of the worker
                                   which started it; 0: not known */
        uint32_t max_rss_at_most; /* 1: it may be the worker's, and that of the command smaller */
        uint32_t reserved;
        uint64_t pss_bytes; /* of all their processes at once: the most that samples saw in the
                               first pilot trial; 0: none saw a process */
};

struct cell {
        uint32_t id; /* = index */
        char workload[NAME_MAX_BYTES];
        char level[FACTOR_COUNT][LEVEL_BYTES]; /* empty: the factor does not apply */
        uint32_t workers;
        uint32_t pus; /* distinct PUs that the team may use */
        uint32_t param_count;
        char param[MPB_PARAMS_MAX][NAME_MAX_BYTES];
        char param_unit[MPB_PARAMS_MAX][16];
        char value_text[MPB_PARAMS_MAX]
                       [NAME_MAX_BYTES]; /* a choice by name, a size with its unit */
        int64_t value[MPB_PARAMS_MAX];   /* as used: an auto value is what calibration found */
        uint32_t is_auto[MPB_PARAMS_MAX];
        uint32_t status;       /* enum cell_status */
        uint32_t reference;    /* 1: a raw reference (MPB_REFERENCE) */
        uint32_t kind;         /* enum mpb_kind */
        uint32_t primary;      /* enum metric: the one with verdicts */
        uint64_t ops;          /* per trial, as mpb_trial.ops */
        uint64_t bytes_per_op; /* that an operation handles; 0: it is not about bytes */
        uint32_t ops_auto;     /* 1: calibration chose ops */
        uint32_t children;     /* 1: operations run in child processes (MPB_CHILDREN) */
        char operation[NAME_MAX_BYTES];
        char shown_work[64]; /* what the critical section holds: "empty critical section" */
        char advice[192];    /* the strategy's sentence */
        uint64_t final_value, expected_value; /* of the last verified trial */
        uint32_t verified;                    /* every trial was right */
        struct cell_loss loss;
        char note[480];
        char place_note[192]; /* what is to be known of where the workers run; empty: nothing */
        struct summary summary[METRIC_COUNT];
        struct summary step[4]; /* life cycle: returned, first, ready, wall (ns) */
        struct cell_run run;    /* of a command; zero: it is none */
        struct cell_latency latency;
        struct cell_phases phases; /* of tasks through a pool; zero: there is none */
        struct cell_trend trend;
        struct cell_modes modes;
        uint32_t counter_count;
        uint32_t placed_wrong; /* workers seen on a PU that they were not bound to */
        struct cell_counter counters[CELL_COUNTERS_MAX];
        struct cpuset placed; /* PUs that the team was bound to */
};

/* What a cell is measured for. Neither the baseline again (--control) nor that slowed by planted
 * work is an alternative that anybody could choose. */
enum cell_role { CELL_OF_PLAN, CELL_CONTROL, CELL_SLOWED };
#define CONTROL_LEVEL "control" /* of FACTOR_VARIANT */
#define SLOWED_LEVEL "slowed"

enum cell_role cell_role(const struct cell *cell);

/* Its tasks go through a pool. */
bool cell_has_pool(const struct cell *cell);

/* Of the workers' time, together 1: what medians of each over trials come to only nearly. */
struct phase_shares {
        double work, dispatch, tail;
};
struct phase_shares cell_phase_shares(const struct cell *cell);

/* The two, perhaps of different runs, are of one workload, with the same levels and parameters. */
bool cell_same_choice(const struct cell *a, const struct cell *b);
/* Automatic values are the same choice, whatever calibration found for each cell. */
bool cell_same_parameters(const struct cell *a, const struct cell *b);

/* Which of its parameters has that name; −1: none. */
int cell_find_param(const struct cell *cell, const char *name);
/* By name; NULL: the cell has none of it. */
const struct cell_counter *cell_find_counter(const struct cell *cell, const char *name);

/* "sharded", or "sharded · spawn · 4 workers": the levels in which the cells of one workload
 * differ. */
struct result;
void cell_label(const struct result *result, const struct cell *cell, char *buf, size_t size);

#endif
