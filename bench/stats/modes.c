#include "stats/modes.h"
#include "stats/describe.h"

#include <math.h>
#include <stdlib.h>

/* The rule: between two modes there is a gap. The widest gap between neighbours is sought among
 * those that leave each side SHARE of the values, and held against the range without the TRIM
 * outermost values of each side. Were the values evenly spread over that range, one of `places`
 * gaps would be wider than 1 − (LEVEL ÷ places)^(1 ÷ (gaps − 1)) of it in at most LEVEL of all
 * cases; values with one centre lie closer there than evenly spread ones. On logs.
 *
 * In simulations one centre is taken for two in 0.6 % of series of uniform values, 0.3 % of normal
 * and 1 % of Cauchy ones, and 1.7 % of those with a long tail to one side (log-normal with σ = 1
 * on the log scale): at 12 values, where it is most. Two normal modes with 40 % to 50 % of the
 * values each and 10 σ apart are found in 75 % of series of 12 values and 95 % of 30; 14 σ apart,
 * in 90 % of 12. */
#define VALUES_MIN 12
#define SHARE 4 /* a quarter */
#define TRIM 10 /* a tenth */
#define LEVEL 0.005
#define GRID_STEPS 3 /* of the finest difference: a narrower gap may be the clock's resolution */

struct modes modes_of(const double *values, size_t n)
{
        struct modes ret = {.low = NAN, .high = NAN};
        double *logs = n ? reallocarray(NULL, n, sizeof(*logs)) : NULL, *sorted;
        double widest = 0, step = INFINITY, range, limit;
        size_t used = 0, split = 0, trim, share, places;

        if (!logs)
                return ret;
        for (size_t i = 0; i < n; i++)
                if (isfinite(values[i]) && values[i] > 0)
                        logs[used++] = log(values[i]);
        sorted = used >= VALUES_MIN ? describe_sorted(logs, used) : NULL;
        free(logs);
        if (!sorted)
                return ret;
        trim = used / TRIM;
        share = (used + SHARE - 1) / SHARE;
        places = used - 2 * share + 1;
        range = sorted[used - 1 - trim] - sorted[trim];
        for (size_t i = 1; i < used; i++) {
                double gap = sorted[i] - sorted[i - 1];

                if (gap > 0 && gap < step)
                        step = gap;
                if (i >= share && i <= used - share && gap > widest) {
                        widest = gap;
                        split = i;
                }
        }
        limit = 1 - pow(LEVEL / (double)places, 1 / (double)(used - 2 * trim - 2));
        if (widest > limit * range && widest > GRID_STEPS * step) {
                ret.two = true;
                ret.low = exp(describe_sorted_quantile(sorted, split, 0.5));
                ret.high = exp(describe_sorted_quantile(sorted + split, used - split, 0.5));
                ret.low_n = split;
                ret.high_n = used - split;
        }
        free(sorted);
        return ret;
}
