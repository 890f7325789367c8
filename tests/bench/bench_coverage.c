/* How often a 95 % interval holds the truth, over simulated noise of known shape, and how wide it
 * is: mpbench's interval of a median beside Student's and a bootstrap's. A row is of one cell alone
 * or of the ratio of two equal cells within rounds. */
#include "bench/peers.h"
#include "stats/describe.h"
#include "stats/interval.h"
#include "stats/student.h"
#include "support/shapes.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define CONFIDENCE 0.95
#define SIMULATIONS 20000
#define RESAMPLES 200
#define ROUNDS_MAX 30

struct limits {
        double low, high;
};

static struct limits by_order(const double *logs, size_t n)
{
        struct interval interval = interval_median(logs, n, CONFIDENCE);

        return (struct limits){interval.low, interval.high};
}

static struct limits by_student(const double *logs, size_t n)
{
        static double limit;
        static size_t limit_n;
        struct moments moments = peers_moments(logs, n);
        double half;

        if (n != limit_n)
                limit = student_quantile(CONFIDENCE, (double)n - 1);
        limit_n = n;
        half = limit * moments.deviation / sqrt((double)n);
        return (struct limits){moments.mean - half, moments.mean + half};
}

static struct limits by_bootstrap(const double *logs, size_t n)
{
        struct limits ret;

        peers_bootstrap(logs, n, RESAMPLES, CONFIDENCE, &ret.low, &ret.high);
        return ret;
}

static const struct {
        const char *name;
        struct limits (*limits)(const double *logs, size_t n);
} methods[] = {{"mpbench", by_order}, {"Student's t", by_student}, {"bootstrap", by_bootstrap}};
enum { METHODS = sizeof(methods) / sizeof(*methods) };

static void draw(const struct shape *shape, bool ratio, double *logs, size_t n)
{
        double baseline[ROUNDS_MAX];

        if (ratio)
                shapes_pair(shape, logs, baseline, n);
        else
                shapes_cell(shape, logs, n);
        for (size_t i = 0; i < n; i++)
                logs[i] = log(ratio ? logs[i] / baseline[i] : logs[i]);
}

static void row(const struct shape *shape, bool ratio, size_t n)
{
        static double widths[METHODS][SIMULATIONS];
        size_t covered[METHODS] = {0};

        for (size_t run = 0; run < SIMULATIONS; run++) {
                double logs[ROUNDS_MAX];

                draw(shape, ratio, logs, n);
                for (int i = 0; i < METHODS; i++) {
                        struct limits limits = methods[i].limits(logs, n);

                        covered[i] += limits.low <= 0 && limits.high >= 0;
                        widths[i][run] = limits.high - limits.low;
                }
        }
        printf("%-22s %-6s %6zu", shape->name, ratio ? "ratio" : "cell", n);
        for (int i = 0; i < METHODS; i++)
                printf("  %6.1f %% %7.3g %%", 100 * (double)covered[i] / SIMULATIONS,
                       100 * describe_median(widths[i], SIMULATIONS));
        printf("\n");
        fflush(stdout);
}

int main(void)
{
        static const size_t rounds[] = {12, 30};
        const struct shape *shape;

        shapes_seed(1);
        printf("\nHow often a 95 %% interval holds the true median, and its median width "
               "(%d simulations a row)\n%-22s %-6s %6s",
               SIMULATIONS, "noise of a trial", "of", "rounds");
        for (int i = 0; i < METHODS; i++)
                printf("  %18s", methods[i].name);
        printf("\n");
        for (size_t i = 0; (shape = shapes_at(i)); i++)
                for (int ratio = 0; ratio < 2; ratio++)
                        for (size_t j = 0; j < sizeof(rounds) / sizeof(*rounds); j++)
                                row(shape, ratio, rounds[j]);
        printf("Student's t is an interval of the mean, which in lopsided noise is not the "
               "median.\n");
        return 0;
}
