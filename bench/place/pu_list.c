#include "base/error.h"
#include "place/pu.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Repeats are allowed, so a length is: enough for every worker to have an entry of its own. */
#define LIST_MAX WORKERS_MAX

static int parse_index(const char **cursor, uint32_t *ret)
{
        unsigned long value;
        char *end;

        if (!isdigit((unsigned char)**cursor))
                return -EINVAL;
        errno = 0;
        value = strtoul(*cursor, &end, 10);
        if (errno || value >= PU_INDEX_MAX)
                return -ERANGE;
        *ret = (uint32_t)value;
        *cursor = end;
        return 0;
}

int pu_list_parse(const char *text, uint32_t **list, size_t *count, struct mproc_err *err)
{
        const char *cursor = text;
        uint32_t *pus, first, last;
        size_t n = 0;
        int r;

        pus = malloc(LIST_MAX * sizeof(*pus));
        if (!pus)
                return error_errno(err, -ENOMEM, "place", "no memory for a list of PUs");

        for (;;) {
                r = parse_index(&cursor, &first);
                last = first;
                if (!r && *cursor == '-') {
                        cursor++;
                        r = parse_index(&cursor, &last);
                }
                if (r || last < first || (*cursor && *cursor != ','))
                        break;
                for (uint32_t pu = first; pu <= last && n < LIST_MAX; pu++)
                        pus[n++] = pu;
                if (!*cursor) {
                        *list = pus;
                        *count = n;
                        return 0;
                }
                cursor++;
        }

        free(pus);
        if (r == -ERANGE)
                return error_set(err, -EINVAL, "place",
                                 "\"%.100s\" names a PU above %d, the last that can be used", text,
                                 PU_INDEX_MAX - 1);
        return error_set(err, -EINVAL, "place",
                         "\"%.100s\" is not a list of PUs: numbers and rising ranges joined by "
                         "commas, as in 0,2,4-7",
                         text);
}

char *pu_list_format(const struct cpuset *set, char *buf, size_t size)
{
        size_t used = 0;
        uint32_t last;

        if (size)
                buf[0] = '\0';
        for (uint32_t pu = 0; pu < PU_INDEX_MAX; pu = last + 1) {
                char item[24];
                int n;

                last = pu;
                if (!cpuset_has(set, pu))
                        continue;
                while (cpuset_has(set, last + 1))
                        last++;
                n = last > pu ? snprintf(item, sizeof(item), "%s%u-%u", used ? "," : "", pu, last)
                              : snprintf(item, sizeof(item), "%s%u", used ? "," : "", pu);
                if (used + (size_t)n + sizeof(",…") > size) {
                        if (size >= used + sizeof(",…"))
                                snprintf(buf + used, size - used, used ? ",…" : "…");
                        break;
                }
                memcpy(buf + used, item, (size_t)n + 1);
                used += (size_t)n;
        }
        return buf;
}
