/* What differs between stored runs: results in, differences out. Plain data; driver only. */
#ifndef COMPARE_DIFFERENCE_H
#define COMPARE_DIFFERENCE_H

#include "model/result.h"
#include "stats/compare.h"

enum side { SIDE_OLD, SIDE_NEW, SIDE_COUNT };

struct difference_run {
        const struct result *result; /* has to outlive the difference */
        const char *name;            /* as the user gave it */
};

enum difference_kind {
        DIFFERENCE_JUDGED,    /* enough runs of each side: interval, verdict, regression */
        DIFFERENCE_DESCRIBED, /* a ratio, and nothing that tells it from chance */
        DIFFERENCE_FAILS,     /* right in OLD, and a run of NEW fails: a regression of its own */
        DIFFERENCE_LOST,      /* OLD has a figure, NEW none */
        DIFFERENCE_NOT_ASKED, /* a start cost that nobody asked for: a ratio at most */
        DIFFERENCE_NO_FIGURE, /* OLD has none: there is nothing that could have become worse */
        DIFFERENCE_ONE_SIDED, /* the other side was not asked for it */
};

struct difference_figure {
        uint32_t runs;     /* of this side that have the cell */
        uint32_t measured; /* of these, with a figure */
        uint32_t sound;    /* of these, right as far as it is meant to be */
        uint32_t failed;   /* of these, with a failure */
        double median;     /* geometric mean of the runs' medians, in metric_unit(); NaN: none */
};

struct difference_cell {
        uint32_t kind;        /* enum difference_kind */
        uint32_t verdict;     /* enum verdict, of the primary metric; VERDICT_NONE: not judged */
        uint32_t regression;  /* enum regression: what it adds to the outcome */
        uint32_t runs_wanted; /* of each side, to make an unclear one clear; 0: not foreseeable */
        struct difference_figure side[SIDE_COUNT];
        struct effect effect; /* NEW ÷ OLD; bounds and p are NaN where it is not judged */
        double p_holm;
        char note[192]; /* what became of it in a run that has no figure; empty: nothing */
};

/* A condition of measuring that is not the same in all runs. */
struct difference_change {
        char what[32];              /* "kernel" */
        char text[SIDE_COUNT][192]; /* each side's values, " / " between them */
        uint32_t forbids; /* 1: it decides how fast anything runs, so ratios tell of it, too */
};

#define DIFFERENCE_CHANGES_MAX 32

struct difference {
        const struct difference_run *runs[SIDE_COUNT]; /* as given; the caller's */
        size_t run_count[SIDE_COUNT];
        size_t run_used[SIDE_COUNT]; /* a run that is named twice on a side counts once */
        double threshold;
        bool same;      /* both sides are the same runs */
        bool forbidden; /* a change forbids verdicts */
        size_t change_count;
        struct difference_change changes[DIFFERENCE_CHANGES_MAX];
        struct result all; /* every choice of either side once, without figures; environment and
                              version of the newest run. For labels and pictures */
        struct difference_cell *cells; /* one for each of all.cells */
        enum regression regression;    /* of the whole */
        char outcome[480];             /* that, in a sentence */
};

/* Pairs the cells of both sides by workload, levels and parameters, and compares each pair in its
 * primary metric, by figures that are made from the trials anew. `threshold`: 0.02 is 2 %.
 *
 * Of three runs or more a side, the run is the unit (stats/unpaired.h), Holm corrects over the
 * cells of a workload, and compare_regression gives the verdict on each. The whole: the same runs
 * on both sides have no regression; else one regression is one of the whole; else one cell that is
 * unclear makes it unclear, as does a pair of sides without a common figure. Cells of one side do
 * not count.
 *
 * Errors: -ENOMEM; -EINVAL: some runs, but not all of them, stand on both sides. */
int difference_init(struct difference *difference, const struct difference_run *old,
                    size_t old_count, const struct difference_run *new, size_t new_count,
                    double threshold, struct mproc_err *err);
void difference_done(struct difference *difference);

const char *difference_kind_name(uint32_t kind);  /* "judged" … */
const char *regression_name(uint32_t regression); /* "no", "unclear", "yes" */

/* comparison.json, as docs/comparison.schema.json describes it; `text` is malloc'ed. -ENOMEM. */
int difference_to_json(const struct difference *difference, char **text, struct mproc_err *err);

/* "mutex", or "counter: mutex" where there are several workloads. */
void difference_label(const struct difference *difference, size_t index, char *buf, size_t size);

/* The steps of difference_init in files of their own: fills `changes`; regression and outcome. */
void difference_find_changes(struct difference *difference);
void difference_conclude(struct difference *difference);

#endif
