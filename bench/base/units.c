#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
        const char *name; /* NULL ends a table */
        int64_t factor;
};

#define KILO 1000ll
#define MEGA 1000000ll
#define GIGA 1000000000ll
#define TERA 1000000000000ll
#define KIBI (1ll << 10)
#define MEBI (1ll << 20)
#define GIBI (1ll << 30)
#define TEBI (1ll << 40)

static const struct unit counts[] = {
        {"", 1}, {"k", KILO}, {"K", KILO}, {"M", MEGA}, {"G", GIGA}, {"T", TERA}, {NULL, 0},
};

static const struct unit durations[] = {
        {"", GIGA},  {"ns", 1},        {"us", KILO},       {"µs", KILO},       {"ms", MEGA},
        {"s", GIGA}, {"m", 60 * GIGA}, {"min", 60 * GIGA}, {"h", 3600 * GIGA}, {NULL, 0},
};

static const struct unit sizes[] = {
        {"", 1},     {"B", 1},     {"k", KIBI},   {"K", KIBI}, {"KB", KIBI}, {"KiB", KIBI},
        {"M", MEBI}, {"MB", MEBI}, {"MiB", MEBI}, {"G", GIBI}, {"GB", GIBI}, {"GiB", GIBI},
        {"T", TEBI}, {"TB", TEBI}, {"TiB", TEBI}, {NULL, 0},
};

static const struct unit percents[] = {{"", 10000}, {"%", 10000}, {NULL, 0}};

/* No value that fits has more digits; more than that would overflow the sums below. */
#define DIGITS_MAX 18

/* Reads "[-]digits[.digits]unit" exactly: what is no whole number of the smallest unit is refused
 * rather than rounded. */
static int parse(const char *text, const struct unit *units, bool sign, int64_t *ret)
{
        bool negative = sign && *text == '-';
        const char *p = text + negative;
        __int128 number = 0, divisor = 1;
        int digits = 0;

        for (; *p >= '0' && *p <= '9'; p++, digits++) {
                if (number > INT64_MAX)
                        return -ERANGE;
                number = number * 10 + (*p - '0');
        }
        if (*p == '.') {
                int places = 0;

                for (p++; *p >= '0' && *p <= '9'; p++, places++) {
                        if (places == DIGITS_MAX)
                                return -EINVAL;
                        number = number * 10 + (*p - '0');
                        divisor *= 10;
                }
                if (!places)
                        return -EINVAL;
        }
        if (!digits)
                return -EINVAL;
        for (; units->name; units++)
                if (!strcmp(p, units->name))
                        break;
        if (!units->name)
                return -EINVAL;
        if (number / divisor > INT64_MAX / units->factor)
                return -ERANGE;
        if (__builtin_mul_overflow(number, (__int128)units->factor, &number))
                return -EINVAL;
        if (number % divisor)
                return -EINVAL;
        number /= divisor;
        if (number > INT64_MAX)
                return -ERANGE;
        *ret = (int64_t)(negative ? -number : number);
        return 0;
}

int units_parse_int(const char *text, int64_t *ret)
{
        return parse(text, counts, true, ret);
}

int units_parse_duration(const char *text, int64_t *ret)
{
        return parse(text, durations, false, ret);
}

int units_parse_size(const char *text, int64_t *ret)
{
        return parse(text, sizes, false, ret);
}

int units_parse_percent(const char *text, int64_t *ret)
{
        return parse(text, percents, false, ret);
}

/* A step of a scale: values from `from` on are shown in `factor`s. */
struct step {
        double factor, from;
        const char *name;
};

/* Three significant digits, never in exponents above 1. */
static char *format(double value, const struct step *step, char *buf, size_t size)
{
        const char *space = *step->name ? " " : "";

        if (isnan(value)) {
                snprintf(buf, size, "-");
                return buf;
        }
        value /= step->factor;
        if (fabs(value) >= 99.95)
                snprintf(buf, size, "%.0f%s%s", value, space, step->name);
        else
                snprintf(buf, size, "%.3g%s%s", value, space, step->name);
        return buf;
}

/* The largest step that `value` reaches, once rounded to three digits; the last one for the rest.
 */
static const struct step *find_step(const struct step *steps, double value)
{
        while (steps->from > 0 && fabs(value) < steps->from * 0.9995)
                steps++;
        return steps;
}

char *units_format_count(double value, char *buf, size_t size)
{
        static const struct step steps[] = {
                {1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e3, 1e3, "k"}, {1, 0, ""},
        };

        return format(value, find_step(steps, value), buf, size);
}

/* Tenths of seconds and of milliseconds read better than hundreds of the next smaller unit. */
char *units_format_duration(double ns, char *buf, size_t size)
{
        static const struct step steps[] = {
                {3600e9, 7200e9, "h"}, {60e9, 120e9, "min"}, {1e9, 0.1e9, "s"},
                {1e6, 0.1e6, "ms"},    {1e3, 1e3, "µs"},     {1, 0, "ns"},
        };

        return format(ns, find_step(steps, ns), buf, size);
}

char *units_format_size(double bytes, char *buf, size_t size)
{
        static const struct step steps[] = {
                {TEBI, TEBI, "TiB"}, {GIBI, GIBI, "GiB"}, {MEBI, MEBI, "MiB"},
                {KIBI, KIBI, "KiB"}, {1, 0, "bytes"},
        };

        return format(bytes, find_step(steps, bytes), buf, size);
}
