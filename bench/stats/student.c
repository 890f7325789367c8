#include "stats/student.h"

#include <float.h>
#include <math.h>

#define TERMS_MAX 10000
#define TINY 1e-300 /* what a vanishing denominator is replaced by */

static double not_zero(double value)
{
        return fabs(value) < TINY ? TINY : value;
}

/* The continued fraction of the incomplete beta function (NIST's Digital Library of Mathematical
 * Functions, 8.17.22), evaluated forwards by Lentz's method. Fast where x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double x, double a, double b)
{
        double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), value = d;

        for (int m = 1; m < TERMS_MAX; m++) {
                double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                       odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), step;

                d = 1 / not_zero(1 + even * d);
                c = not_zero(1 + even / c);
                value *= c * d;
                d = 1 / not_zero(1 + odd * d);
                c = not_zero(1 + odd / c);
                step = c * d;
                value *= step;
                if (fabs(step - 1) < 4 * DBL_EPSILON)
                        break;
        }
        return value;
}

/* Regularised incomplete beta function; y is 1 − x, which the caller may know better. */
static double beta(double x, double y, double a, double b)
{
        double front;

        if (x <= 0 || y <= 0)
                return x <= 0 ? 0 : 1;
        front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
        if (x < (a + 1) / (a + b + 2))
                return front * beta_fraction(x, a, b) / a;
        return 1 - front * beta_fraction(y, b, a) / b;
}

double student_p(double t, double df)
{
        double square = t * t;

        if (isnan(t) || !(df > 0))
                return NAN;
        if (isinf(square))
                return 0;
        return beta(df / (df + square), square / (df + square), df / 2, 0.5);
}

double student_quantile(double confidence, double df)
{
        double low = 0, high = 1;

        if (!(df > 0) || !(confidence > 0 && confidence < 1))
                return NAN;
        while (student_p(high, df) > 1 - confidence && high < 1e300)
                high *= 2;
        for (int i = 0; i < 100; i++) {
                double middle = low + (high - low) / 2;

                if (student_p(middle, df) > 1 - confidence)
                        low = middle;
                else
                        high = middle;
        }
        return high;
}
