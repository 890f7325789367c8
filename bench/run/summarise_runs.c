#include "run/summarise.h"

#include "stats/interval.h"
#include <stddef.h>

#define NEAR 1.2 /* times the host's size, a peak may be the worker's */

enum { RUN_TIME, RUN_USER, RUN_SYSTEM };

/* Of all workers of a trial. */
static double sum_of(const struct trial *trial, int figure)
{
        double sum = 0;

        for (uint32_t i = 0; i < trial->outcome.workers; i++) {
                const struct worker_outcome *worker = &trial->workers[i];

                sum += figure == RUN_USER     ? (double)worker->user_ns
                       : figure == RUN_SYSTEM ? (double)worker->system_ns
                                              : (double)(worker->end_ns - worker->begin_ns);
        }
        return sum;
}

/* A process begins with the peak of the one that started it, a worker as large as the host: a
 * smaller one of its own is not seen. */
static void note_rss(struct cell_run *run, uint64_t rss_bytes, uint64_t host_rss_bytes)
{
        if (rss_bytes <= run->max_rss_bytes)
                return;
        run->max_rss_bytes = rss_bytes;
        run->max_rss_at_most = (double)rss_bytes < NEAR * (double)host_rss_bytes;
}

void summarise_runs(const struct trial *const *trials, size_t n, double *values, struct cell *cell)
{
        struct summary *figures[] = {[RUN_TIME] = &cell->run.time_ns,
                                     [RUN_USER] = &cell->run.user_ns,
                                     [RUN_SYSTEM] = &cell->run.system_ns};

        cell->run.max_rss_bytes = 0;
        cell->run.max_rss_at_most = 0;
        for (int figure = RUN_TIME; figure <= RUN_SYSTEM; figure++) {
                struct interval interval;
                size_t used = 0;

                for (size_t i = 0; i < n; i++)
                        if (trials[i]->outcome.status == TRIAL_OK && trials[i]->outcome.ops)
                                values[used++] =
                                        sum_of(trials[i], figure) / (double)trials[i]->outcome.ops;
                interval = interval_median(values, used, 0.95);
                *figures[figure] = (struct summary){.median = interval.median,
                                                    .ci_low = interval.low,
                                                    .ci_high = interval.high,
                                                    .n = (uint32_t)used};
        }
        for (size_t i = 0; i < n; i++)
                for (uint32_t w = 0; w < trials[i]->outcome.workers; w++)
                        note_rss(&cell->run, trials[i]->workers[w].max_rss_bytes,
                                 trials[i]->outcome.host_rss_bytes);
}
