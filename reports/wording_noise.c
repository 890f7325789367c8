/* The part of wording.h that speaks of what else the machine did. */
#include "reports/wording.h"

#include "base/units.h"

#define SHOWN 0.005 /* of a CPU, or of the time */

/* Sums over the trials of disturbed rounds. */
struct disturbance {
        double counted_ns, foreign_ns, steal_ns; /* where /proc/stat is known */
        double pressed_ns, waited_ns;            /* where pressure alone is */
};

static struct disturbance find_disturbance(const struct result *result)
{
        struct disturbance ret = {0};

        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial_noise *noise = &result->trials[i].noise;

                if (!result->trials[i].disturbed)
                        continue;
                if (noise->known & NOISE_STAT) {
                        ret.counted_ns += (double)noise->duration_ns;
                        ret.foreign_ns += (double)noise->foreign_cpu_ns;
                        ret.steal_ns += (double)noise->steal_ns;
                } else if (noise->known & NOISE_PSI) {
                        ret.pressed_ns += (double)noise->duration_ns;
                        ret.waited_ns += (double)noise->psi_cpu_ns;
                }
        }
        return ret;
}

char *wording_disturbance(const struct result *result, char *buf, size_t size)
{
        struct disturbance sum = find_disturbance(result);
        const struct {
                const char *what;
                double share;
        } parts[] = {{"other programs", sum.foreign_ns / sum.counted_ns},
                     {"steal", sum.steal_ns / sum.counted_ns}};

        *buf = '\0';
        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
                if (parts[i].share >= SHOWN)
                        page_append(buf, size, "%s%s %.2f CPUs", *buf ? ", " : "", parts[i].what,
                                    parts[i].share);
        if (sum.waited_ns >= SHOWN * sum.pressed_ns && sum.pressed_ns > 0)
                page_append(buf, size, "%ssomething waited for a CPU in %.0f %% of the time",
                            *buf ? ", " : "", 100 * sum.waited_ns / sum.pressed_ns);
        return buf;
}

char *wording_busy(const struct view_section *section, char *buf, size_t size)
{
        const struct result *result = section->result;
        char what[128];

        *buf = '\0';
        if (!result->disturbed_kept || !result->disturbed_rounds || !view_has_figures(section))
                return buf;
        page_append(buf, size, "BUSY MACHINE: its CPUs were used by others in %u of %u rounds",
                    result->disturbed_rounds, result->rounds);
        if (*wording_disturbance(result, what, sizeof(what)))
                page_append(buf, size, " (%s)", what);
        page_append(buf, size,
                    "; these figures may be far from those of a quiet one. See mpbench doctor.");
        return buf;
}

char *wording_calm(const struct result *result, char *buf, size_t size)
{
        bool known = result->trial_count > 0;

        for (size_t i = 0; i < result->trial_count; i++)
                known &= (result->trials[i].noise.known & (NOISE_STAT | NOISE_PSI)) != 0;
        *buf = '\0';
        if (!known)
                page_append(buf, size, "other programs' load not known");
        else if (result->unjudged_rounds)
                page_append(buf, size, "other programs' load not known in %u rounds",
                            result->unjudged_rounds);
        else if (!result->disturbed_rounds)
                page_append(buf, size, "quiet machine");
        return buf;
}

char *wording_throttled(const struct result *result, char *buf, size_t size)
{
        double throttled_ns = 0;
        size_t known = 0;
        char time[32];

        *buf = '\0';
        if (!(result->environment.cpu_quota > 0))
                return buf;
        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial_noise *noise = &result->trials[i].noise;

                if (!(noise->known & NOISE_THROTTLE))
                        continue;
                known++;
                throttled_ns += (double)noise->throttled_ns;
        }
        page_append(buf, size, "The CPU quota of %.3g CPUs ", result->environment.cpu_quota);
        if (!known)
                page_append(buf, size, "throttles the team, and that is part of the figures.");
        else if (!(throttled_ns > 0))
                page_append(buf, size, "never held the team back.");
        else
                page_append(buf, size,
                            "held the team back for %s in all (summed over CPUs), and that is part "
                            "of the figures.",
                            units_format_duration(throttled_ns, time, sizeof(time)));
        return buf;
}
