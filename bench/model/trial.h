/* One trial, as asked of the host and as it came back. These structs cross the boundary between
 * driver and host, so they are plain, fixed-width and padded by hand; sizes are checked
 * below. */
#ifndef MODEL_TRIAL_H
#define MODEL_TRIAL_H

#include "model/counter.h"
#include <mpbench/workload.h>
#include <stdint.h>

#define NAME_MAX_BYTES 32
#define CPUSET_WORDS 16 /* 1024 CPUs */
#define WORKERS_MAX 1024

struct cpuset {
        uint64_t bits[CPUSET_WORDS]; /* by OS index; all zero: not bound */
};

struct trial_request {
        char workload[NAME_MAX_BYTES];
        char strategy[NAME_MAX_BYTES];
        char start[16];
        uint32_t workers;
        uint32_t pus; /* distinct PUs that the team may use */
        uint64_t ops; /* as mpb_trial.ops */
        uint64_t seed;
        uint64_t timeout_ns;  /* of the whole trial */
        uint64_t planted_ppm; /* after each grain of work, idle work for so much of its time */
        int64_t value[MPB_PARAMS_MAX];
        uint32_t counter_count;
        uint32_t params_mark; /* workload_params_mark(): of whom the values are; 0: not said */
        uint32_t timed;       /* 1: each task is timed (MPB_TASKS) */
        uint32_t sample_pss;  /* 1: outcome.pss_bytes is of what the workers start, as sampled */
        uint32_t submit; /* enum submit (model/submit.h); MPB_TASKS alone has others than static */
        uint32_t in_flight;    /* tasks at once, where the way bounds them (submit_in_flight) */
        uint32_t chunk;        /* of map, as mproc_map.chunk */
        uint32_t timed_one_in; /* through a pool: of so many tasks of a worker one is timed, for the
                                  phases; 0: each */
        char transport[16];    /* of a pool, by name */
        struct counter_spec counters[COUNTERS_MAX];
        /* followed on the wire by `workers` struct cpuset */
};

enum trial_status {
        TRIAL_OK,
        TRIAL_MISMATCH, /* verification failed: final ≠ expected, and the strategy is not MPB_LOSSY
                         */
        TRIAL_TIMED_OUT,
        TRIAL_COLLAPSED,    /* timed out, and the strategy is MPB_FIFO_SPIN */
        TRIAL_START_FAILED, /* a worker could not be started or set up */
        TRIAL_WORKER_DIED,
        TRIAL_HOST_DIED,
        TRIAL_UNSUPPORTED, /* the host cannot run this combination */
        TRIAL_INTERRUPTED,
};

const char *trial_status_name(enum trial_status status);
int trial_status_from_name(const char *name);

struct worker_outcome {
        uint32_t index;
        int32_t pid;
        int32_t pu_begin, pu_end;  /* where it ran at begin and end; -1: unknown */
        uint64_t begin_ns, end_ns; /* from the gate's opening */
        uint64_t ops;              /* done in all */
        uint64_t work_ns;          /* within the work function; MPB_TASKS */
        uint64_t noted_ops,
                noted_ns; /* its operations, and the time, when the first worker had finished */
        uint64_t returned_ns, first_ns, ready_ns,
                gate_ns;               /* start steps, from its call; 0: no such step */
        int32_t exit_state, exit_code; /* enum mproc_state, and its code */
        uint64_t user_ns, system_ns, minor_faults, major_faults, voluntary_switches,
                involuntary_switches; /* over the work (rusage, /proc/thread-self) */
        uint64_t run_delay_ns;        /* waiting on a run queue (schedstat) */
        uint64_t tsc_ticks;
        uint64_t has_run_delay; /* 0: schedstat is not there */
        uint64_t max_rss_bytes; /* of the largest process that it waited for; 0: not known */
        struct counter_reading counters[COUNTERS_MAX];
};

enum latency {
        LATENCY_P50,
        LATENCY_P90,
        LATENCY_P99,
        LATENCY_P999,
        LATENCY_MAX,
        LATENCY_COUNT,
};

const char *latency_name(enum latency latency); /* "p50" … "p999", "max" */

/* A percentile with fewer tasks above it than so many is the luck of a few: it is not given. */
#define LATENCY_ABOVE 10

/* How long single tasks took, over the whole team. */
struct trial_latency {
        uint64_t count;             /* tasks timed; 0: none */
        uint64_t ns[LATENCY_COUNT]; /* 0: too few tasks for it */
};

/* Where the time of a trial of tasks went. The last three are sums over the workers, and together
 * the time from the gate's opening to the end of the last task, times workers. Known where the
 * workers ran at the same time. */
struct trial_phases {
        uint64_t known;       /* bits: enum phases_known */
        uint64_t parent_ns;   /* CPU time of the submitting thread, from the gate's opening until
                                 it had all results: what submitting and collecting cost it */
        uint64_t dispatch_ns; /* workers between gate or task and their next task */
        uint64_t work_ns;     /* in the work function */
        uint64_t tail_ns;     /* from a worker's last task to the end of the last one's */
        uint64_t first_result_ns; /* from the gate's opening until the parent had a result */
};

enum phases_known { PHASES_WORKERS = 1, PHASES_PARENT = 2 };

struct trial_outcome {
        uint32_t status; /* enum trial_status */
        uint32_t workers;
        char reason[480];             /* one sentence, empty when OK */
        uint64_t wall_ns;             /* first start called → all joined */
        uint64_t start_ns;            /* first start called → last worker at the gate */
        uint64_t run_ns;              /* makespan: first begin → last end */
        uint64_t stop_ns;             /* last end → all joined */
        uint64_t overlap_ns, skew_ns; /* all of them working; last begin − first begin */
        uint64_t ops;                 /* all workers' */
        uint64_t overlap_ops;         /* of all workers, within the overlap */
        uint64_t final_value, expected_value;
        uint64_t host_rss_bytes, pss_bytes; /* pss: of worker 0 after its work, or see
                                               sample_pss; 0: not known */
        struct mpb_life life; /* MPB_LIFE_CYCLE: medians over the trial's repetitions */
        uint64_t verified;    /* 1: final and expected are meaningful */
        struct trial_latency latency;
        struct trial_latency response; /* of tasks through a pool: from submission (map: from the
                                          gate's opening) until the parent had the result (map:
                                          until the task's end) */
        struct trial_phases phases;    /* MPB_TASKS */
        /* followed on the wire by `workers` struct worker_outcome */
};

/* What happened on the machine during a trial besides it, and what its own quota cost it. Counted
 * by the driver. */
struct trial_noise {
        uint64_t duration_ns;
        uint64_t steal_ns;       /* /proc/stat, of the PUs in use; ticks of 10 ms */
        uint64_t foreign_cpu_ns; /* busy on the PUs in use, not by this program */
        uint64_t psi_cpu_ns;     /* /proc/pressure/cpu "some" total */
        uint64_t psi_io_ns, psi_memory_ns;
        uint64_t throttled_ns; /* held back by the CPU quota of the run's own control group, summed
                                  over its CPUs: a result, not a disturbance */
        uint64_t known;        /* bits: enum noise_known */
};

enum noise_known { NOISE_STAT = 1, NOISE_PSI = 2, NOISE_THROTTLE = 4 };

/* A trial in a result. */
struct trial {
        uint32_t cell, round, position; /* cell: index; position: within the round */
        uint32_t disturbed;             /* 1: its round was judged disturbed */
        uint64_t asked_ops; /* as mpb_trial.ops: calibration may lengthen later trials */
        struct trial_outcome outcome;
        struct trial_noise noise;
        struct worker_outcome *workers; /* outcome.workers of them; owned by the result */
};

/* No padding that could differ between builds hides in what crosses the boundary. */
_Static_assert(sizeof(struct counter_spec) == 496, "counter_spec has hidden padding");
_Static_assert(sizeof(struct counter_reading) == 32, "counter_reading has hidden padding");
_Static_assert(sizeof(struct mproc_err) == 512, "mproc_err has hidden padding");

#endif
