#include "stats/binomial.h"

#include <math.h>

double binomial_half_cdf(size_t n, size_t k)
{
        /* Coefficients C(n, i) and their sum, in units of 2^exponent. */
        double term = 1, sum = 1;
        int exponent = 0;

        if (k >= n)
                return 1;
        for (size_t i = 0; i < k; i++) {
                term = term * (double)(n - i) / (double)(i + 1);
                sum += term;
                if (sum > 0x1p900) {
                        term *= 0x1p-900;
                        sum *= 0x1p-900;
                        exponent += 900;
                }
        }
        return fmin(1, ldexp(sum, exponent - (int)n));
}
