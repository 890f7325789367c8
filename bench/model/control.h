/* What --control found of one workload: its baseline held against itself, and against itself slowed
 * by planted work. Plain data. */
#ifndef MODEL_CONTROL_H
#define MODEL_CONTROL_H

#include <stdint.h>

#define CONTROL_NO_CELL UINT32_MAX

/* Why the true effect of planted work is not known. */
enum control_unknown {
        CONTROL_UNKNOWN_NONE,    /* it is known, nothing was planted, or an older version judged */
        CONTROL_UNKNOWN_SHARED,  /* workers wait for each other */
        CONTROL_UNKNOWN_CROWDED, /* more workers than PUs: they wait for their turn */
        CONTROL_UNKNOWN_QUOTA,   /* a CPU quota holds them back */
        CONTROL_UNKNOWN_STARTS,  /* operations start programs, which takes longer after a spin */
        CONTROL_UNKNOWN_AWAY,    /* they were not on a CPU all the time */
};

struct control {
        uint32_t baseline, control; /* cells: indices */
        uint32_t slowed;            /* CONTROL_NO_CELL: no work was planted */
        uint32_t n;                 /* rounds in which baseline and control were measured */
        uint32_t verdict; /* enum verdict, as strict as on any cell of the plan: faster and slower
                             are false calls */
        uint32_t block_rounds; /* that a verdict needs */
        uint32_t blocks;       /* of so many consecutive rounds, each judged by itself */
        uint32_t false_calls;  /* of these */
        uint32_t slowed_n, slowed_verdict; /* slower: the planted work was found */
        double ratio, ci_low, ci_high;     /* control ÷ baseline */
        double false_call_upper;           /* 95 % bound of their rate; NaN: no blocks */
        double smallest_effect;            /* found in four of five such runs, of 1; NaN */
        double slowed_ratio, slowed_low, slowed_high; /* slowed ÷ baseline */
        double true_ratio; /* what slowed_ratio should be; NaN: not known */
        uint32_t unknown;  /* enum control_unknown: why not */
};

#endif
