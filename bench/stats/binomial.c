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

/* P(X ≤ k) where k is not above the mean, so that terms fall from k down. */
static double lower_tail(size_t n, size_t k, double p)
{
        double odds = (1 - p) / p, term, sum;
        int sign;

        term = exp(lgamma_r((double)n + 1, &sign) - lgamma_r((double)k + 1, &sign) -
                   lgamma_r((double)(n - k) + 1, &sign) + (double)k * log(p) +
                   (double)(n - k) * log1p(-p));
        sum = term;
        for (size_t i = k; i > 0 && term > sum * 1e-17; i--) {
                term *= (double)i / (double)(n - i + 1) * odds;
                sum += term;
        }
        return sum;
}

double binomial_cdf(size_t n, size_t k, double p)
{
        if (k >= n || p <= 0)
                return 1;
        if (p >= 1)
                return 0;
        if ((double)k <= (double)n * p)
                return lower_tail(n, k, p);
        return 1 - lower_tail(n, n - k - 1, 1 - p); /* seen from the other side */
}

double binomial_upper(size_t k, size_t n, double confidence)
{
        double low = 0, high = 1;

        if (k >= n)
                return 1;
        for (int i = 0; i < 60; i++) {
                double middle = (low + high) / 2;

                if (binomial_cdf(n, k, middle) > 1 - confidence)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

void binomial_interval(size_t k, size_t n, double confidence, double *low, double *high)
{
        *low = 1 - binomial_upper(n - k, n, (1 + confidence) / 2);
        *high = binomial_upper(k, n, (1 + confidence) / 2);
}
