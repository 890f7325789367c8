/* What wording.h says of `ab`: the two sides, and what became of each pair. */
#include "reports/wording.h"

#include "stats/compare.h"

#include <math.h>
#include <string.h>

char *wording_side(const struct result *result, size_t index, char *buf, size_t size)
{
        static const char *const kinds[] = {
                [VARIANT_COMMAND] = "", [VARIANT_BUILD] = " the host", [VARIANT_PLUGIN] = ""};
        const struct plan_variant *variant = &result->plan.variants[index];
        char words[512];

        *buf = '\0';
        if (!plan_is_ab(&result->plan) || index >= result->plan.variant_count)
                return buf;
        page_append(buf, size, "%c:%s %s", (int)('A' + index),
                    variant->kind <= VARIANT_PLUGIN ? kinds[variant->kind] : "",
                    plan_variant_words(variant, words, sizeof(words)));
        return buf;
}

static void append_verdict(const struct result *result, const struct comparison *c, char *buf,
                           size_t size)
{
        enum regression regression = result_regression(result, c);
        double threshold = (double)result->plan.threshold_ppm / 1e4;
        char text[128];

        if (c->verdict == VERDICT_NONE)
                page_append(buf, size, "too few rounds for a verdict");
        else if (regression == REGRESSION_UNCLEAR)
                page_append(buf, size, "%s",
                            c->verdict == VERDICT_SLOWER ? "slower, but by how much is not clear"
                                                         : "inconclusive");
        else if (regression == REGRESSION_NO && c->verdict == VERDICT_SLOWER)
                page_append(buf, size, "slower, but by less than %.3g %%", threshold);
        else if (c->verdict == VERDICT_INCONCLUSIVE)
                page_append(buf, size, "not slower by %.3g %% or more", threshold);
        else
                page_append(buf, size, "%s", verdict_name(c->verdict));
        if (c->rounds_wanted)
                page_append(buf, size, "; %s",
                            wording_rounds_wanted(result, c->rounds_wanted, text, sizeof(text)));
}

char *wording_pair(const struct view_row *row, char *buf, size_t size)
{
        const struct comparison *c = row->comparison;
        bool higher;
        double ratio;
        int places;

        *buf = '\0';
        if (!c || !plan_is_ab(&row->result->plan))
                return buf;
        higher = metric_higher_is_better(c->metric);
        ratio = higher ? 1 / c->ratio : c->ratio;
        places = wording_ratio_decimals(ratio);
        if (*row->group)
                page_append(buf, size, "%s: ", row->group);
        page_append(buf, size, "B takes %.*f× the time of A", places, ratio);
        if (isfinite(c->ci_low) && isfinite(c->ci_high))
                page_append(buf, size, " [%.*f, %.*f]", places, higher ? 1 / c->ci_high : c->ci_low,
                            places, higher ? 1 / c->ci_low : c->ci_high);
        page_append(buf, size, ": ");
        append_verdict(row->result, c, buf, size);
        return buf;
}
