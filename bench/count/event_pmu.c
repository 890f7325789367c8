/* What /sys/bus/event_source/devices says about the PMU of an event. */
#include "base/text.h"
#include "count/event.h"
#include "count/event_internal.h"
#include "count/small_file.h"

#include <stdio.h>
#include <string.h>

#define DEVICES "/sys/bus/event_source/devices"

static bool is_cpu_pmu(const char *name, void *context)
{
        static const char *const prefixes[] = {"cpu", "armv", "apple_"};
        char *found = context;

        for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
                if (!strncmp(name, prefixes[i], strlen(prefixes[i]))) {
                        text_copy(found, 64, name);
                        return true;
                }
        return false;
}

bool event_has_cpu_pmu(void)
{
        char name[64];

        return small_file_each("", DEVICES, is_cpu_pmu, name);
}

struct sought {
        int64_t type;
        char name[64];
};

static bool has_type(const char *name, void *context)
{
        struct sought *sought = context;

        if (small_file_int("", -1, DEVICES "/%s/type", name) != sought->type)
                return false;
        text_copy(sought->name, sizeof(sought->name), name);
        return true;
}

void event_pmu_name(uint32_t type, char *buf, size_t size)
{
        struct sought sought = {.type = type};

        if (type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE || type == PERF_TYPE_RAW)
                small_file_each("", DEVICES, is_cpu_pmu, sought.name);
        else
                small_file_each("", DEVICES, has_type, &sought);
        text_copy(buf, size, sought.name);
}

bool event_pmu_is_cpu_wide(uint32_t type)
{
        char name[64];

        event_pmu_name(type, name, sizeof(name));
        return *name && type >= PERF_TYPE_MAX &&
               small_file_int("", -1, DEVICES "/%s/cpumask", name) >= 0;
}

uint32_t event_pmu_mux_interval_ms(uint32_t type)
{
        char name[64];

        if (type == PERF_TYPE_SOFTWARE || type == PERF_TYPE_TRACEPOINT)
                return 0;
        event_pmu_name(type, name, sizeof(name));
        return *name ? (uint32_t)small_file_int("", 0, DEVICES "/%s/perf_event_mux_interval_ms",
                                                name)
                     : 0;
}

uint32_t event_mux_interval_ms(void)
{
        return event_pmu_mux_interval_ms(PERF_TYPE_HARDWARE);
}
