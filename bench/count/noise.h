/* What else the machine did: steal, foreign CPU use, pressure. Driver only. */
#ifndef COUNT_NOISE_H
#define COUNT_NOISE_H

#include "model/trial.h"
#include <mproc/err.h>
#include <stdbool.h>
#include <stddef.h>

struct noise_reader;
/* Keeps the files open. `watched`: the PUs in use. `own`: pids of processes whose CPU time is ours:
 * the driver itself counts always. */
int noise_reader_new(struct noise_reader **ret, const struct cpuset *watched,
                     struct mproc_err *err);
void noise_reader_free(struct noise_reader *reader);
/* Host processes come and go; their CPU time, and that of the children they have reaped, is ours.
 */
void noise_reader_own(struct noise_reader *reader, const int *pids, size_t count);
void noise_begin(struct noise_reader *reader);
void noise_end(struct noise_reader *reader, struct trial_noise *ret);

/* Judges a round by the sums over its trials: disturbed when steal + foreign CPU exceed 5 % of the
 * watched PUs' time and 20 ms (two ticks). Blind: it sees no result. */
bool noise_round_disturbed(const struct trial_noise *noises, size_t count, uint32_t pus);

#endif
