#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

static const char *type_wanted(enum mpb_type type)
{
        switch (type) {
        case MPB_FLAG:
                return "0 or 1";
        case MPB_INT:
                return "a whole number such as 1000, 10k or 2M";
        case MPB_DURATION:
                return "a time such as 250us, 20ms, 1.5s or 2m";
        case MPB_SIZE:
                return "a size such as 4096, 64K or 1GiB";
        case MPB_PERCENT:
                return "a percentage such as 2% or 0.5%";
        case MPB_CHOICE:
                return "one of the names below";
        case MPB_TEXT:
                break;
        }
        return "text";
}

static const char *choice_at(size_t index, void *context)
{
        return ((const char *const *)context)[index];
}

static bool is_bounded(const struct mpb_option *option)
{
        return option->min || option->max;
}

/* Appends, and cuts at the end of `buf`. */
__attribute__((format(printf, 3, 4))) static void append(char *buf, size_t size, const char *format,
                                                         ...)
{
        size_t used = strlen(buf);
        va_list args;

        va_start(args, format);
        vsnprintf(buf + used, size - used, format, args);
        va_end(args);
}

char *option_format_allowed(const struct mpb_option *option, char *buf, size_t size)
{
        char low[32], high[32];

        *buf = '\0';
        if (option->type == MPB_CHOICE) {
                for (size_t i = 0; option->choices[i]; i++)
                        append(buf, size, "%s%s", i ? ", " : "", option->choices[i]);
        } else if (is_bounded(option)) {
                option_format_value(option, option->min, low, sizeof(low));
                option_format_value(option, option->max, high, sizeof(high));
                if (option->max == INT64_MAX)
                        append(buf, size, "%s or more", low);
                else
                        append(buf, size, "%s to %s", low, high);
        }
        if (option->allows_auto)
                append(buf, size, "%sauto", *buf ? ", or " : "");
        return buf;
}

static int choose(const struct mpb_option *option, const char *text, int64_t *ret,
                  struct mproc_err *err)
{
        const char *nearest;
        char allowed[256];

        for (size_t i = 0; option->choices[i]; i++)
                if (!strcmp(option->choices[i], text)) {
                        *ret = (int64_t)i;
                        return 0;
                }
        nearest = text_nearest(text, choice_at, (void *)option->choices);
        option_format_allowed(option, allowed, sizeof(allowed));
        return error_set(err, -EINVAL, "option", "%s: unknown '%.64s'%s%s%s (allowed: %s)",
                         option->name, text, nearest ? ", did you mean '" : "",
                         nearest ? nearest : "", nearest ? "'?" : "", allowed);
}

static int parse_number(const struct mpb_option *option, const char *text, int64_t *ret)
{
        switch (option->type) {
        case MPB_FLAG:
        case MPB_INT:
                return units_parse_int(text, ret);
        case MPB_DURATION:
                return units_parse_duration(text, ret);
        case MPB_SIZE:
                return units_parse_size(text, ret);
        case MPB_PERCENT:
                return units_parse_percent(text, ret);
        case MPB_CHOICE:
        case MPB_TEXT:
                break;
        }
        return -EINVAL;
}

int option_parse_value(const struct mpb_option *option, const char *text, int64_t *ret,
                       struct mproc_err *err)
{
        bool has_range = is_bounded(option) || option->allows_auto;
        char allowed[256];
        int64_t value;
        int rc;

        if (option->type == MPB_TEXT) {
                *ret = 0;
                return 0;
        }
        if (option->allows_auto && !strcmp(text, "auto")) {
                *ret = MPB_AUTO;
                return 0;
        }
        if (option->type == MPB_CHOICE)
                return choose(option, text, ret, err);

        rc = parse_number(option, text, &value);
        option_format_allowed(option, allowed, sizeof(allowed));
        if (rc == -EINVAL || (option->type == MPB_FLAG && !rc && value != 0 && value != 1))
                return error_set(err, -EINVAL, "option", "%s: '%.64s' is not %s%s%s%s",
                                 option->name, text, type_wanted(option->type),
                                 has_range ? " (allowed: " : "", allowed, has_range ? ")" : "");
        if (rc == -ERANGE || (is_bounded(option) && (value < option->min || value > option->max)))
                return error_set(err, -EINVAL, "option", "%s: %.64s is out of range (allowed: %s)",
                                 option->name, text, *allowed ? allowed : "what 64 bits can hold");
        *ret = value;
        return 0;
}

/* The largest unit of which `value` is a whole multiple. */
static void format_scaled(int64_t value, const int64_t *factors, const char *const *names,
                          char *buf, size_t size)
{
        size_t i = 0;

        while (factors[i] > 1 && (value == 0 || value % factors[i]))
                i++;
        snprintf(buf, size, "%" PRId64 "%s", value / factors[i], names[i]);
}

char *option_format_value(const struct mpb_option *option, int64_t value, char *buf, size_t size)
{
        static const int64_t times[] = {1000000000, 1000000, 1000, 1};
        static const char *const time_names[] = {"s", "ms", "us", "ns"};
        static const int64_t sizes[] = {1ll << 30, 1ll << 20, 1ll << 10, 1};
        static const char *const size_names[] = {"G", "M", "K", ""};
        static const int64_t percents[] = {10000, 1000, 100, 10, 1};

        if (value == MPB_AUTO) {
                snprintf(buf, size, "auto");
                return buf;
        }
        switch (option->type) {
        case MPB_DURATION:
                format_scaled(value, times, time_names, buf, size);
                break;
        case MPB_SIZE:
                format_scaled(value, sizes, size_names, buf, size);
                break;
        case MPB_PERCENT:
                for (size_t places = 0; places < 5; places++)
                        if (value % percents[places] == 0) {
                                snprintf(buf, size, "%.*f%%", (int)places, (double)value / 1e4);
                                break;
                        }
                break;
        case MPB_CHOICE:
                snprintf(buf, size, "%s", option->choices[value]);
                break;
        case MPB_FLAG:
        case MPB_INT:
        case MPB_TEXT:
                snprintf(buf, size, "%" PRId64, value);
                break;
        }
        return buf;
}
