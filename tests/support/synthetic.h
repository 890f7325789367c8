/* Small results laid out by hand, on which statistics and verdicts are tested: the test says what
 * each trial came to. A counter run, whose cells work long enough for a rate. */
#ifndef SUPPORT_SYNTHETIC_H
#define SUPPORT_SYNTHETIC_H

#include "model/result.h"

#define SYNTHETIC_OPS 1000 /* of each of two workers */

/* A measured cell: fork, two workers, increments chosen by calibration. Its index. Ends the test
 * program when memory is out, as the functions below do. */
uint32_t synthetic_cell(struct result *result, const char *share);

/* A cell of process starts, as the strip adds them, with its trials. Its index. */
uint32_t synthetic_start_cell(struct result *result, const char *start, uint32_t rounds,
                              double wall_ns);

/* The comparison of that cell with the baseline; NULL: there is none. */
const struct comparison *synthetic_comparison(const struct result *result, uint32_t cell,
                                              enum metric metric);

/* The cell's trial of that round: OK, verified, with `rate` operations/s over 50 ms. The pointer
 * is valid until the next one is made. */
struct trial *synthetic_trial(struct result *result, uint32_t cell, uint32_t round, double rate);

/* `rounds` rounds of a cell, at `rate` and a few in a thousand around it. */
void synthetic_rounds(struct result *result, uint32_t cell, uint32_t rounds, double rate);

/* Gives a trial another end. A mismatch stays a checked one: the test sets what it came to. */
void synthetic_fail(struct trial *trial, enum trial_status status, const char *reason);

#endif
