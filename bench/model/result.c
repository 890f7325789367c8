#include "model/result.h"

#include <stdlib.h>
#include <string.h>

void result_init(struct result *result)
{
        memset(result, 0, sizeof(*result));
        plan_init(&result->plan);
}

uint64_t result_round_ns(const struct result *result)
{
        uint64_t sustained_ns = result->plan.sustain_ns;

        if (!result->rounds || result->duration_ns < sustained_ns)
                return 0;
        return (result->duration_ns - sustained_ns) / result->rounds;
}

enum regression result_regression(const struct result *result, const struct comparison *c)
{
        const struct effect effect = {.ratio = c->ratio, .low = c->ci_low, .high = c->ci_high};

        return compare_regression(&effect, c->verdict, metric_higher_is_better(c->metric),
                                  (double)result->plan.threshold_ppm / 1e6);
}

void result_done(struct result *result)
{
        if (!result)
                return;
        for (size_t i = 0; i < result->trial_count; i++)
                free(result->trials[i].workers);
        free(result->cells);
        free(result->trials);
        free(result->comparisons);
        result->cells = NULL;
        result->trials = NULL;
        result->comparisons = NULL;
        result->cell_count = result->trial_count = result->comparison_count = 0;
}

/* `array` of `count` elements with room for one more, which is zeroed. The room doubles whenever it
 * is full, which is at counts that are powers of two. NULL: out of memory, `array` is as it was. */
static void *grown(void *array, size_t count, size_t size)
{
        if (!(count & (count - 1)))
                array = reallocarray(array, count ? 2 * count : 1, size);
        if (array)
                memset((char *)array + count * size, 0, size);
        return array;
}

struct cell *result_add_cell(struct result *result)
{
        struct cell *cells = grown(result->cells, result->cell_count, sizeof(*cells));

        if (!cells)
                return NULL;
        result->cells = cells;
        cells[result->cell_count].id = (uint32_t)result->cell_count;
        return &cells[result->cell_count++];
}

struct trial *result_add_trial(struct result *result, uint32_t workers)
{
        struct trial *trials = grown(result->trials, result->trial_count, sizeof(*trials));
        struct worker_outcome *outcomes;

        if (!trials)
                return NULL;
        result->trials = trials;
        outcomes = calloc(workers ? workers : 1, sizeof(*outcomes));
        if (!outcomes)
                return NULL;
        trials[result->trial_count].workers = outcomes;
        trials[result->trial_count].outcome.workers = workers;
        return &trials[result->trial_count++];
}

void result_drop_trial(struct result *result)
{
        free(result->trials[--result->trial_count].workers);
}

struct comparison *result_add_comparison(struct result *result)
{
        struct comparison *comparisons =
                grown(result->comparisons, result->comparison_count, sizeof(*comparisons));

        if (!comparisons)
                return NULL;
        result->comparisons = comparisons;
        return &comparisons[result->comparison_count++];
}
