/* What was not the same when the runs were measured. */
#include "compare/difference.h"

#include "base/text.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 128

static void put_count(char *buf, uint32_t count, const char *what)
{
        snprintf(buf, TEXT_BYTES, "%u %s%s", count, what, count == 1 ? "" : "s");
}

static void put_arch(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.arch);
}

static void put_cpu(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.cpu);
}

static void put_topology(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.topology);
}

static void put_pus(const struct result *result, char *buf)
{
        if (result->environment.allowed_pus)
                put_count(buf, result->environment.allowed_pus, "PU");
}

static void put_quota(const struct result *result, char *buf)
{
        if (result->environment.cpu_quota > 0)
                snprintf(buf, TEXT_BYTES, "%.3g CPUs", result->environment.cpu_quota);
        else
                text_copy(buf, TEXT_BYTES, "none");
}

static void put_virtualization(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.virtualization);
}

static void put_governor(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.governor);
}

static void put_power(const struct result *result, char *buf)
{
        int32_t on_battery = result->environment.on_battery;

        if (on_battery >= 0)
                text_copy(buf, TEXT_BYTES, on_battery ? "battery" : "mains");
}

static void put_host(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.host);
}

static void put_kernel(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.kernel);
}

static void put_libc(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.libc);
}

static void put_version(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->tool_version);
}

static void put_thp(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->environment.thp);
}

static void put_memory(const struct result *result, char *buf)
{
        if (result->environment.memory_max >= 0)
                units_format_size((double)result->environment.memory_max, buf, TEXT_BYTES);
        else
                text_copy(buf, TEXT_BYTES, "none");
}

/* Reading them costs time, the more the more there are. */
static void put_counters(const struct result *result, char *buf)
{
        uint32_t counted = 0;

        for (uint32_t i = 0; i < result->environment.counter_count; i++)
                counted += result->environment.counters[i].status == COUNTER_COUNTED;
        snprintf(buf, TEXT_BYTES, "%u of %u counted", counted, result->environment.counter_count);
}

static void put_rounds(const struct result *result, char *buf)
{
        char time[32];

        if (result->plan.rounds)
                put_count(buf, result->plan.rounds, "round");
        else
                snprintf(buf, TEXT_BYTES, "a budget of %s",
                         units_format_duration((double)result->plan.budget_ns, time, sizeof(time)));
}

static void put_sustain(const struct result *result, char *buf)
{
        if (result->plan.sustain_ns)
                units_format_duration((double)result->plan.sustain_ns, buf, TEXT_BYTES);
        else
                text_copy(buf, TEXT_BYTES, "none");
}

static void put_input(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, *result->plan.input ? result->plan.input : "none");
}

static void put_commands(const struct result *result, char *buf)
{
        for (uint32_t i = 0; i < result->plan.variant_count; i++) {
                size_t used = strlen(buf);

                snprintf(buf + used, TEXT_BYTES - used, "%s", i ? " -- " : "");
                used = strlen(buf);
                plan_variant_words(&result->plan.variants[i], buf + used, TEXT_BYTES - used);
        }
        if (!result->plan.variant_count)
                text_copy(buf, TEXT_BYTES, "none");
}

static void put_noise(const struct result *result, char *buf)
{
        bool busy = result->disturbed_kept && result->disturbed_rounds;

        text_copy(buf, TEXT_BYTES, busy ? "busy" : "quiet");
}

static void put_end(const struct result *result, char *buf)
{
        text_copy(buf, TEXT_BYTES, result->end == RESULT_INTERRUPTED ? "interrupted" : "complete");
}

/* An empty text: not known, which differs from everything, and forbids nothing. */
static const struct {
        const char *what;
        bool forbids;
        void (*put)(const struct result *result, char *buf);
} settings[] = {
        {"architecture", true, put_arch},
        {"CPU", true, put_cpu},
        {"topology", true, put_topology},
        {"usable PUs", true, put_pus},
        {"CPU quota", true, put_quota},
        {"virtualization", true, put_virtualization},
        {"frequency governor", true, put_governor},
        {"power", true, put_power},
        {"host", false, put_host},
        {"kernel", false, put_kernel},
        {"C library", false, put_libc},
        {"mpbench", false, put_version},
        {"huge pages", false, put_thp},
        {"memory limit", false, put_memory},
        {"counters", false, put_counters},
        {"commands", false, put_commands},
        {"input", false, put_input},
        {"length", false, put_rounds},
        {"load before", false, put_sustain},
        {"noise", false, put_noise},
        {"end", false, put_end},
};

_Static_assert(sizeof(settings) / sizeof(*settings) <= DIFFERENCE_CHANGES_MAX, "no room");

/* Adds a value to a side's list unless it is there. */
static void add_value(char *list, size_t size, const char *value)
{
        size_t length = strlen(value), used = strlen(list);

        if (!length)
                value = "not known", length = strlen(value);
        for (const char *at = list; (at = strstr(at, value)); at++)
                if ((at == list || !strncmp(at - 3, " / ", 3)) &&
                    (!at[length] || !strncmp(at + length, " / ", 3)))
                        return;
        snprintf(list + used, size - used, "%s%s", used ? " / " : "", value);
}

void difference_find_changes(struct difference *difference)
{
        for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
                struct difference_change *change = &difference->changes[difference->change_count];
                char first[TEXT_BYTES] = "", first_known[TEXT_BYTES] = "";
                bool differs = false, known_differ = false;

                *change = (struct difference_change){.forbids = 0};
                text_copy(change->what, sizeof(change->what), settings[i].what);
                for (int side = 0; side < SIDE_COUNT; side++)
                        for (size_t run = 0; run < difference->run_count[side]; run++) {
                                char text[TEXT_BYTES] = "";

                                settings[i].put(difference->runs[side][run].result, text);
                                if (side == SIDE_OLD && !run)
                                        text_copy(first, sizeof(first), text);
                                if (!*first_known)
                                        text_copy(first_known, sizeof(first_known), text);
                                differs |= strcmp(first, text) != 0;
                                known_differ |= *text && strcmp(first_known, text) != 0;
                                add_value(change->text[side], sizeof(change->text[side]), text);
                        }
                if (!differs)
                        continue;
                change->forbids = settings[i].forbids && known_differ;
                difference->forbidden |= change->forbids;
                difference->change_count++;
        }
}
