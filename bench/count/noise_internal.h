/* The noise reader on a machine of a test's own. */
#ifndef COUNT_NOISE_INTERNAL_H
#define COUNT_NOISE_INTERNAL_H

#include "count/noise.h"

/* As noise_reader_new, with /proc below `root`. */
int noise_reader_new_at(struct noise_reader **ret, const char *root, const struct cpuset *watched,
                        struct mproc_err *err);

#endif
