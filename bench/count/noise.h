/* What else the machine did: steal, foreign CPU use, pressure; and how long the run's own CPU quota
 * held it back. Driver only. */
#ifndef COUNT_NOISE_H
#define COUNT_NOISE_H

#include "model/trial.h"
#include <mproc/err.h>
#include <stdbool.h>
#include <stddef.h>

struct noise_reader;
/* Keeps the files open. `watched`: the PUs in use; empty: all. What cannot be read (no
 * /proc/pressure, no /proc) is missing from trial_noise.known; that is no error. -ENOMEM. */
int noise_reader_new(struct noise_reader **ret, const struct cpuset *watched,
                     struct mproc_err *err);
void noise_reader_free(struct noise_reader *reader);
/* The processes whose CPU time is ours, with their living descendants and all that these have
 * reaped: the hosts of the coming trial. The driver and what it has reaped itself count always.
 * Not found, and so taken for foreign: workers whose host was killed, between that and their own
 * end. */
void noise_reader_own(struct noise_reader *reader, const int *pids, size_t count);
void noise_begin(struct noise_reader *reader);
/* Foreign CPU is what the watched PUs were busy with beyond our own time, in ticks of 10 ms; our
 * time on PUs that are not watched makes it smaller than it was. */
void noise_end(struct noise_reader *reader, struct trial_noise *ret);

enum noise_judgement { NOISE_CALM, NOISE_DISTURBED, NOISE_NOT_KNOWN };

/* Judges a round by the sums over its trials: disturbed when steal + foreign CPU exceed 5 % of the
 * watched PUs' time and 20 ms. 20 ms is what two ticks can pretend in a round of few trials; 5 % is
 * above the tick error of longer rounds, and about the size from which makespans show it. `pus` is
 * the number of watched PUs. Of a trial that its own quota throttled the steal alone counts: in
 * step with the quota's periods, ticks tell nothing of others.
 *
 * Where /proc/stat is not known, disturbed when something waited for a CPU (PSI) in 5 % of the time
 * and 20 ms. The caller leaves PSI out of what is known of a team that makes pressure itself, with
 * more workers than PUs; a throttled one does, too. What is known of neither is not known.
 *
 * Blind: it sees no result, and throttling by the own quota is one. */
enum noise_judgement noise_judge_round(const struct trial_noise *noises, size_t count,
                                       uint32_t pus);

#endif
