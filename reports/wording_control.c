/* The part of wording.h that says what --control found. */
#include "reports/wording.h"

#include "stats/compare.h"

#include <math.h>
#include <string.h>

static const struct control *control_of(const struct view_section *section)
{
        const struct result *result = section->result;

        for (uint32_t i = 0; i < result->control_count; i++)
                if (!strcmp(result->cells[result->controls[i].baseline].workload,
                            section->workload))
                        return &result->controls[i];
        return NULL;
}

/* Small differences are what this is about. */
static int decimals(double ratio)
{
        return ratio < 2 ? 3 : wording_ratio_decimals(ratio);
}

static void say_ratio(double ratio, double low, double high, char *buf, size_t size)
{
        int places = decimals(ratio);

        page_append(buf, size, "%.*f×", places, ratio);
        if (isfinite(low) && isfinite(high))
                page_append(buf, size, " [%.*f, %.*f]", places, low, places, high);
}

/* Why there is no ratio, or what else there is to know: a trial that failed. */
static void say_note(const struct view_section *section, uint32_t cell, char *buf, size_t size)
{
        const char *note = section->result->cells[cell].note;

        if (*note)
                page_append(buf, size, "; %s", note);
}

static void say_itself(const struct view_section *section, const struct control *control, char *buf,
                       size_t size)
{
        bool called = control->verdict == VERDICT_FASTER || control->verdict == VERDICT_SLOWER;

        page_append(buf, size, "Control: the baseline against itself ");
        if (!(control->ratio > 0)) {
                page_append(buf, size, "was not measured");
                say_note(section, control->control, buf, size);
                return;
        }
        say_ratio(control->ratio, control->ci_low, control->ci_high, buf, size);
        if (control->verdict == VERDICT_NONE)
                page_append(buf, size, "; a verdict needs %u rounds", control->block_rounds);
        else if (called)
                page_append(buf, size,
                            ", and CALLED %s though nothing differs: doubt this run's verdicts",
                            verdict_name(control->verdict));
        else
                page_append(buf, size, ", not called different");
        if (control->blocks > 1)
                page_append(buf, size,
                            "; of its %u blocks of %u rounds %u called different (a rate of at "
                            "most %.0f %%)",
                            control->blocks, control->block_rounds, control->false_calls,
                            100 * control->false_call_upper);
        say_note(section, control->control, buf, size);
}

/* "in 13 rounds": those that were compared. */
static void say_smallest(const struct control *control, char *buf, size_t size)
{
        double percent = 100 * control->smallest_effect;

        if (isfinite(percent))
                page_append(buf, size, "Smallest effect shown in %u rounds: about %.*f %%",
                            control->n, percent < 9.95, percent);
}

static void say_planted(const struct view_section *section, const struct control *control,
                        char *buf, size_t size)
{
        static const char *const reasons[] = {
                [CONTROL_UNKNOWN_NONE] = "",
                [CONTROL_UNKNOWN_SHARED] = ": workers wait for each other, and the extra work is "
                                           "outside of what is shared",
                [CONTROL_UNKNOWN_CROWDED] = ": there are more workers than PUs",
                [CONTROL_UNKNOWN_STARTS] = ": starting a program takes longer after a pause",
                [CONTROL_UNKNOWN_QUOTA] = ": a CPU quota holds the workers back",
                [CONTROL_UNKNOWN_AWAY] = ": workers were not on a CPU all the time, as others had "
                                         "it or they waited",
        };
        double percent = section->result->plan.planted_ppm / 1e4, truth = control->true_ratio;

        if (control->slowed == CONTROL_NO_CELL) {
                if (section->is_life_cycle)
                        page_append(buf, size,
                                    "No slow-down was planted: starting a process is work of the "
                                    "system");
                return;
        }
        page_append(buf, size, "Planted %.3g %%: ", percent);
        if (!(control->slowed_ratio > 0)) {
                page_append(buf, size, "not measured");
                say_note(section, control->slowed, buf, size);
                return;
        }
        if (control->slowed_verdict == VERDICT_SLOWER)
                page_append(buf, size, "found, ");
        else if (control->slowed_verdict == VERDICT_NONE)
                page_append(buf, size, "not judged, ");
        else if (isfinite(truth))
                page_append(buf, size, "NOT FOUND (%s), ", verdict_name(control->slowed_verdict));
        else
                page_append(buf, size, "%s, ", verdict_name(control->slowed_verdict));
        say_ratio(control->slowed_ratio, control->slowed_low, control->slowed_high, buf, size);
        if (!isfinite(truth))
                page_append(buf, size, "; the true effect is not known%s",
                            control->unknown < sizeof(reasons) / sizeof(*reasons)
                                    ? reasons[control->unknown]
                                    : "");
        else if (isfinite(control->slowed_low))
                page_append(buf, size, ", which %s the true %.*f×",
                            control->slowed_low <= truth && truth <= control->slowed_high
                                    ? "holds"
                                    : "misses",
                            decimals(truth), truth);
        say_note(section, control->slowed, buf, size);
}

char *wording_control(const struct view_section *section, size_t index, char *buf, size_t size)
{
        const struct control *control = control_of(section);
        char text[900];

        *buf = '\0';
        for (int which = 0; control && which < 3; which++) {
                *text = '\0';
                if (which == 0)
                        say_itself(section, control, text, sizeof(text));
                else if (which == 1)
                        say_smallest(control, text, sizeof(text));
                else
                        say_planted(section, control, text, sizeof(text));
                if (*text && !index--)
                        return wording_sentence(text, buf, size);
        }
        return buf;
}
