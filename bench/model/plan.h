/* What is to be measured: factors with their levels, parameters with their values, and how long.
 * Plain data. */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "model/trial.h"
#include <stdbool.h>

enum factor {
        FACTOR_RUNTIME, /* mproc */
        FACTOR_START,
        FACTOR_SUBMIT,    /* static; else through a pool (model/submit.h) */
        FACTOR_CHUNK,     /* of submit=map */
        FACTOR_TRANSPORT, /* of a pool: ring · pipe */
        FACTOR_SHARE,
        FACTOR_WORKERS,
        FACTOR_PLACE,
        FACTOR_VARIANT, /* A · B of `ab`; control · slowed of --control; no option of its own */
        FACTOR_COUNT,
};

const char *factor_name(enum factor factor); /* "runtime" …; also the option and the JSON key */

#define LEVEL_BYTES 64
#define LEVELS_MAX 64
#define WORKLOADS_MAX 8
#define PARAM_VALUES_MAX 16

struct levels {
        uint32_t count;                     /* 0: not asked for; the workload's default is taken */
        char name[LEVELS_MAX][LEVEL_BYTES]; /* as text, workers too */
};

/* A parameter set by the user: `key=V[,V…]`, for every workload that has the key. */
struct plan_param {
        char key[NAME_MAX_BYTES];
        char text[256];
};

/* What `ab` compares, or the one command of `run -- CMD`. */
#define VARIANTS_MAX 2
#define VARIANT_BYTES 4096

enum variant_kind {
        VARIANT_COMMAND, /* a command, for the workload `command` */
        VARIANT_BUILD,   /* another build of mpbench: the path of its host */
        VARIANT_PLUGIN,  /* a workload in a shared object: its path */
};

struct plan_variant {
        uint32_t kind; /* enum variant_kind */
        uint32_t argument_count;
        char arguments[VARIANT_BYTES]; /* of a command, each ended by NUL; else one path */
};

/* As a shell would take it: "gzip -kf {}". What does not fit is cut off. Returns `buf`. */
char *plan_variant_words(const struct plan_variant *variant, char *buf, size_t size);

struct plan {
        uint32_t workload_count;
        char workloads[WORKLOADS_MAX][NAME_MAX_BYTES];
        struct levels levels[FACTOR_COUNT];
        uint32_t param_count;
        struct plan_param params[MPB_PARAMS_MAX];
        char baseline[128];     /* "share=mutex" or "mutex"; empty: the workload's */
        uint32_t rounds;        /* 0: as the budget allows */
        uint32_t control;       /* 1: the baseline runs as two cells more, one of them slowed */
        uint64_t budget_ns;     /* 0: no limit but rounds */
        uint64_t precision_ppm; /* wanted half width of intervals; 0: none */
        uint64_t threshold_ppm; /* of "equivalent" */
        uint64_t seed;
        uint64_t timeout_ns;   /* of one trial */
        uint32_t counters_off; /* --counters=none */
        uint32_t counter_count;
        char counters[COUNTERS_MAX][256]; /* as event_resolve_list takes them */
        uint32_t variant_count; /* 0: the workloads that are built in, in this build's host */
        struct plan_variant variants[VARIANTS_MAX];
        uint32_t keep_output; /* 1: what commands write goes on to stderr; 0: it is dropped */
        uint64_t planted_ppm; /* of extra work in the slowed one; 0: there is none */
        uint64_t sustain_ns;  /* of the same load before the first round; 0: none */
        char input[256];      /* where a command's tasks came from, "-" is stdin; empty: none */
        uint64_t input_lines; /* tasks in it; trials take whole multiples of them; 0: no input */
        uint32_t start_strip; /* 1: add the start-cost strip to a shared-state workload */
        uint32_t asked_share; /* 1: strategies were named, so a FIFO spinlock runs even when it may
                                 collapse */
};

/* Defaults of every field: 10 s of budget and per trial, a threshold of 2 %, the default counters,
 * the start-cost strip, and seed 1, so that a run can be repeated without asking for it. */
void plan_init(struct plan *plan);

/* `ab` compares A and B, and nothing else: each B with the A of the same levels and parameters. */
bool plan_is_ab(const struct plan *plan);

/* The workload is named in the plan: it is not of the strip of start costs, which is measured
 * beside. */
bool plan_asks_for(const struct plan *plan, const char *workload);

#endif
