/* The result of a run: the one input of every report, and what report.json holds whole. */
#ifndef MODEL_RESULT_H
#define MODEL_RESULT_H

#include "model/cell.h"
#include "model/control.h"
#include "model/environment.h"
#include "stats/compare.h"
#include <mproc/err.h>

#define RESULT_SCHEMA "mpbench.report/1"

struct comparison {
        uint32_t metric;         /* enum metric */
        uint32_t baseline, cell; /* indices */
        uint32_t n;
        double ratio, ci_low, ci_high; /* cell ÷ baseline */
        double p, p_holm;
        uint32_t verdict;       /* enum verdict (stats/compare.h); VERDICT_NONE: descriptive only */
        uint32_t rounds_wanted; /* of an inconclusive one: rounds that would do; 0: not foreseeable
                                 */
        double all_rounds_ratio; /* with the disturbed rounds in; NaN: there were none */
};

enum result_end { RESULT_COMPLETE, RESULT_INTERRUPTED, RESULT_BUDGET };

struct result {
        char tool_version[24];
        struct environment environment;
        struct plan plan;
        uint32_t end;                      /* enum result_end */
        uint64_t duration_ns;              /* of the whole run */
        uint32_t rounds, disturbed_rounds; /* rounds done, and how many of them were disturbed */
        uint32_t unjudged_rounds; /* of which it is not known whether they were disturbed */
        uint32_t disturbed_kept;  /* 1: too few rounds were calm, so the disturbed ones count too */
        uint32_t workers_bound; /* why the default has as many workers: 1 affinity, 2 quota, 0 asked
                                   for */
        struct cell_trend trend; /* of the cells' speed in common: it is the machine that changed */
        char no_verdict[256];    /* why there are no verdicts; empty: there are */
        struct cell *cells;
        size_t cell_count;
        struct trial *trials;
        size_t trial_count;
        struct comparison *comparisons;
        size_t comparison_count;
        uint32_t control_count; /* workloads with a control */
        struct control controls[WORKLOADS_MAX];
        char advice[4][480]; /* sentences, in order; empty: none */
};

void result_init(struct result *result);
void result_done(struct result *result); /* frees what it owns; NULL and half-built are fine */

/* About how long a round took, without the load before them; 0: there was none. */
uint64_t result_round_ns(const struct result *result);

/* May the cell replace the baseline, by the plan's threshold? What `ab` shows of a comparison, and
 * what its exit status comes from. */
enum regression result_regression(const struct result *result, const struct comparison *comparison);

/* Room for one more, zeroed; NULL: out of memory. Pointers to earlier ones become invalid. */
struct cell *result_add_cell(struct result *result);
struct trial *result_add_trial(struct result *result, uint32_t workers);
struct comparison *result_add_comparison(struct result *result);
void result_drop_trial(struct result *result); /* the last one */

/* report.json, as docs/report.schema.json describes it. Writing twice gives the same bytes; reading
 * gives back all that was written. Errors: -ENOMEM; reading also -EINVAL, with a sentence that
 * names the place and what was expected there. */

/* `text`: malloc'ed. */
int result_to_json(const struct result *result, char **text, struct mproc_err *err);
/* `result` needs no result_init, and what it held is not freed: it is written whole, or on failure
 * not at all. Members that this version does not know are ignored. */
int result_from_json(const char *text, size_t size, struct result *result, struct mproc_err *err);

#endif
