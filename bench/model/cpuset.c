#include "model/cpuset.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define CPUS_MAX (CPUSET_WORDS * 64)

static bool has(const struct cpuset *set, unsigned cpu)
{
        return cpu < CPUS_MAX && set->bits[cpu / 64] >> (cpu % 64) & 1;
}

char *cpuset_format(const struct cpuset *set, char *buf, size_t size)
{
        size_t used = 0;

        if (size)
                *buf = '\0';
        for (unsigned first = 0, last; first < CPUS_MAX && used < size; first = last + 1) {
                last = first;
                if (!has(set, first))
                        continue;
                while (has(set, last + 1))
                        last++;
                used += (size_t)snprintf(buf + used, size - used, used ? ",%u" : "%u", first);
                if (last > first && used < size)
                        used += (size_t)snprintf(buf + used, size - used, "-%u", last);
        }
        return buf;
}

static bool parse_cpu(const char **text, unsigned long *ret)
{
        char *end;

        if (!isdigit((unsigned char)**text))
                return false;
        *ret = strtoul(*text, &end, 10);
        *text = end;
        return *ret < CPUS_MAX;
}

int cpuset_parse(const char *text, struct cpuset *set)
{
        struct cpuset read = {0};
        unsigned long next = 0; /* lists are in order */

        while (*text) {
                unsigned long first, last;

                if (next && *text++ != ',')
                        return -EINVAL;
                if (!parse_cpu(&text, &first) || first < next)
                        return -EINVAL;
                last = first;
                if (*text == '-' && (text++, !parse_cpu(&text, &last) || last <= first))
                        return -EINVAL;
                for (next = first; next <= last; next++)
                        read.bits[next / 64] |= 1ull << (next % 64);
        }
        *set = read;
        return 0;
}
