#include "host/team.h"
#include "host/trial_run.h"

void trial_percentiles(const struct histogram *all, struct trial_latency *ret)
{
        static const uint64_t per_mille[LATENCY_COUNT] = {500, 900, 990, 999, 1000};

        *ret = (struct trial_latency){.count = all->count};
        for (int i = 0; i < LATENCY_COUNT && all->count; i++)
                if (i == LATENCY_MAX ||
                    all->count * (1000 - per_mille[i]) >= LATENCY_ABOVE * UINT64_C(1000))
                        ret->ns[i] = histogram_quantile(all, (double)per_mille[i] / 1000);
}

static void merge(const struct team *team, uint64_t first, struct trial_latency *ret)
{
        struct histogram all = {0};

        if (!first)
                return;
        for (uint32_t i = 0; i < team->trial.workers; i++)
                histogram_merge(&all, team_histogram_at(team, first, i));
        trial_percentiles(&all, ret);
}

void trial_latency(const struct team *team, struct trial_outcome *outcome)
{
        merge(team, team->histograms, &outcome->latency);
        merge(team, team->responses, &outcome->response);
}
