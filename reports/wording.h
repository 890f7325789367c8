/* What reports say, in words: one place, so that every format says the same. Each function writes
 * at most `size` bytes, always terminated, and returns `buf`; an empty text means that there is
 * nothing to say. Driver only. */
#ifndef REPORTS_WORDING_H
#define REPORTS_WORDING_H

#include "reports/view.h"

/* `text` as a sentence: a capital in front, a point behind. */
char *wording_sentence(const char *text, char *buf, size_t size);

/* Numbers. "38.9 M adds/s", "0.21 ms"; the interval in the unit of its median: "[38.1, 39.5]". */
char *wording_value(const struct cell *cell, enum metric metric, char *buf, size_t size);
char *wording_value_interval(const struct cell *cell, enum metric metric, char *buf, size_t size);
char *wording_duration(const struct summary *summary, bool interval, char *buf, size_t size);
/* "38.1", "0.61", "1.003": as many digits as tell it from 1. */
int wording_ratio_decimals(double ratio);
/* "about 40 rounds would do (about 31 s)" */
char *wording_rounds_wanted(const struct result *result, uint32_t rounds, char *buf, size_t size);

/* Of a workload: the conditions it was measured under (parts between " · "), and what became of the
 * rounds. Figures stem from the rounds that count. */
char *wording_conditions(const struct view_section *section, char *buf, size_t size);
char *wording_rounds(const struct view_section *section, char *buf, size_t size);
uint32_t wording_rounds_counted(const struct result *result);
/* Of what else the machine did. What disturbed: "other programs 0.42 CPUs, steal 0.05 CPUs", over
 * the disturbed rounds; the warning that the section's figures stem from such rounds, else "";
 * "quiet machine", or that it is not known; what the run's own CPU quota cost it. */
char *wording_disturbance(const struct result *result, char *buf, size_t size);
char *wording_busy(const struct view_section *section, char *buf, size_t size);
char *wording_calm(const struct result *result, char *buf, size_t size);
char *wording_throttled(const struct result *result, char *buf, size_t size);
/* "adds per second, higher is better": what a ratio is of. */
char *wording_metric(const struct view_section *section, char *buf, size_t size);

/* Of a cell: one word ("faster", "WRONG", "skipped"), and why or what else there is to know of it.
 * A note that several cells of the section share is for the caller to say once: conditions leave
 * out the `said_note`. The remark has the absolute value too, where no ratio says it. */
char *wording_verdict(const struct view_row *row, char *buf, size_t size);
char *wording_condition(const struct view_row *row, const char *said_note, char *buf, size_t size);
char *wording_remark(const struct view_row *row, const char *said_note, char *buf, size_t size);
const char *wording_said_note(const struct view_row *row); /* its note, if it is shared, or "" */
/* The `index`-th note that several cells share, as a sentence: "Skipped: …"; "" past the end. */
char *wording_note(const struct view_section *section, size_t index, char *buf, size_t size);

/* Of `ab`. "A: gzip -9 file": a side and what it is. "B takes 1.052× the time of A [1.041, 1.063]:
 * slower": of a row that is compared; the same rule gives the exit status. */
char *wording_side(const struct result *result, size_t index, char *buf, size_t size);
char *wording_pair(const struct view_row *row, char *buf, size_t size);
/* What --control found of the workload, sentence by sentence; "" past the end. */
char *wording_control(const struct view_section *section, size_t index, char *buf, size_t size);

/* "Start and join a worker: fork 0.21 ms · spawn 0.61 ms" under the smallest parent, "with a
 * 1 GiB parent: fork 34.0 ms; spawn as with a small one (± 10 %)" under the largest. */
char *wording_strip(const struct view_section *section, char *buf, size_t size);
char *wording_strip_large(const struct view_section *section, char *buf, size_t size);
/* What the shares of view_phases() are of. */
char *wording_phases(const struct view_section *section, char *buf, size_t size);
/* What start methods cost the team of a workload: "Start the team: fork 0.42 ms · spawn …". */
char *wording_team_start(const struct view_section *section, char *buf, size_t size);

/* Counters that no cell of the result has, with status and reason, and what is to be known of
 * others (":u", counted apart, 0 throughout): line `index`, "" past the end. */
char *wording_counter(const struct result *result, size_t index, char *buf, size_t size);

/* A warm-up, a drift of the machine, or cells that drifted: at most one of these. */
char *wording_steady(const struct result *result, char *buf, size_t size);

/* What the figures do not tell, sentence by sentence; "" past the end. */
char *wording_limit(const struct view *view, size_t index, char *buf, size_t size);

#endif
