#include "model/json_field.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static json_t *write_attr(const struct result *result, const void *base)
{
        const struct counter_spec *spec = base;
        char hex[2 * sizeof(spec->attr) + 1] = "";

        (void)result;
        for (uint32_t i = 0; i < spec->attr_bytes && i < sizeof(spec->attr); i++)
                snprintf(hex + 2 * i, 3, "%02x", spec->attr[i]);
        return json_write_text(hex, sizeof(hex));
}

static int hex_digit(char digit)
{
        static const char digits[] = "0123456789abcdef";
        const char *found = digit ? strchr(digits, digit) : NULL;

        return found ? (int)(found - digits) : -1;
}

static int read_attr(struct json_reader *reader, json_t *value, void *base)
{
        struct counter_spec *spec = base;
        char hex[2 * sizeof(spec->attr) + 1];
        int r = json_read_text(reader, value, hex, sizeof(hex));

        if (r)
                return r;
        for (size_t i = 0; hex[2 * i]; i++) {
                int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

                if (high < 0 || low < 0)
                        return json_expected(reader, value, "pairs of hexadecimal digits");
                spec->attr[i] = (uint8_t)(16 * high + low);
        }
        spec->attr_bytes = (uint32_t)strlen(hex) / 2;
        return 0;
}

static const struct field counter_fields[] = {
        {PLAIN(struct counter_spec, "name", name)},
        {PLAIN(struct counter_spec, "encoding", encoding)},
        {NAME(struct counter_spec, "status", status, counter_status_at)},
        {PLAIN(struct counter_spec, "reason", reason)},
        {PLAIN(struct counter_spec, "group", group), OR_NULL(0)},
        {PLAIN(struct counter_spec, "rotation_ms", rotation_ms), OR_NULL(0)},
        {OTHER("attr", write_attr, read_attr)},
        {0},
};

static json_t *write_counters(const struct result *result, const void *base)
{
        const struct environment *environment = base;

        return json_write_list(result, counter_fields, environment->counters,
                               environment->counter_count, sizeof(*environment->counters));
}

static int read_counters(struct json_reader *reader, json_t *value, void *base)
{
        struct environment *environment = base;

        return json_read_list(reader, value, counter_fields, environment->counters,
                              sizeof(*environment->counters), COUNTERS_MAX,
                              &environment->counter_count);
}

static const struct field topology_fields[] = {
        {PLAIN(struct environment, "text", topology)},
        {PLAIN(struct environment, "packages", packages), OR_NULL(0)},
        {PLAIN(struct environment, "numa_nodes", numa_nodes), OR_NULL(0)},
        {PLAIN(struct environment, "cores", cores), OR_NULL(0)},
        {PLAIN(struct environment, "pus", pus), OR_NULL(0)},
        {0},
};

const struct field json_environment_fields[] = {
        {PLAIN(struct environment, "host", host)},
        {PLAIN(struct environment, "time", time)},
        {PLAIN(struct environment, "kernel", kernel)},
        {PLAIN(struct environment, "libc", libc)},
        {PLAIN(struct environment, "cpu", cpu)},
        {PLAIN(struct environment, "arch", arch)},
        {GROUP("topology", topology_fields)},
        {PLAIN(struct environment, "allowed_pus", allowed_pus), OR_NULL(0)},
        {PLAIN(struct environment, "allowed_pu_list", allowed)},
        {PLAIN(struct environment, "cpu_quota", cpu_quota), OR_NULL(-1)},
        {PLAIN(struct environment, "quota_period_ns", quota_period_ns), OR_NULL(-1)},
        {PLAIN(struct environment, "memory_max", memory_max), OR_NULL(-1)},
        {PLAIN(struct environment, "pids_max", pids_max), OR_NULL(-1)},
        {PLAIN(struct environment, "virtualization", virtualization)},
        {PLAIN(struct environment, "governor", governor)},
        {MAYBE(struct environment, "on_battery", on_battery)},
        {MAYBE(struct environment, "smt", smt)},
        {PLAIN(struct environment, "thp", thp)},
        {PLAIN(struct environment, "load_avg", load_avg), OR_NULL(-1)},
        {PLAIN(struct environment, "perf_event_paranoid", perf_event_paranoid), OR_NULL(INT32_MIN)},
        {OTHER("counters", write_counters, read_counters)},
        {0},
};
