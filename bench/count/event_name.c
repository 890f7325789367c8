#include "base/error.h"
#include "base/text.h"
#include "count/event.h"
#include "count/event_internal.h"

#include <ctype.h>
#include <errno.h>
#include <perfmon/pfmlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name_list {
        char **names;
        size_t count, room;
};

static void lower(char *text)
{
        for (; *text; text++)
                *text = (char)tolower((unsigned char)*text);
}

static void add_name(struct name_list *list, const char *name)
{
        if (list->count == list->room) {
                size_t room = list->room ? 2 * list->room : 256;
                char **names = realloc(list->names, room * sizeof(*names));

                if (!names)
                        return;
                list->names = names;
                list->room = room;
        }
        list->names[list->count] = strdup(name);
        if (list->names[list->count])
                lower(list->names[list->count++]);
}

/* libpfm4 does not mind case, so lower case is both good to compare and right to suggest. */
static void collect(struct name_list *list)
{
        const char *name;
        pfm_pmu_t pmu;

        for (size_t i = 0; (name = event_default_at(i)); i++)
                add_name(list, name);
        pfm_for_all_pmus(pmu)
        {
                pfm_pmu_info_t info = {.size = sizeof(info)};

                if (pfm_get_pmu_info(pmu, &info) != PFM_SUCCESS || !info.is_present)
                        continue;
                for (int i = info.first_event; i != -1; i = pfm_get_event_next(i)) {
                        pfm_event_info_t event = {.size = sizeof(event)};

                        if (pfm_get_event_info(i, PFM_OS_PERF_EVENT_EXT, &event) == PFM_SUCCESS)
                                add_name(list, event.name);
                }
        }
}

static const char *name_at(size_t index, void *context)
{
        const struct name_list *list = context;

        return index < list->count ? list->names[index] : NULL;
}

/* "pmu::NAME:mask:u" → "name" */
static void base_name(const char *name, char *buf, size_t size)
{
        const char *start = strstr(name, "::");

        text_copy(buf, size, start ? start + 2 : name);
        buf[strcspn(buf, ":")] = '\0';
        lower(buf);
}

static int explain_not_found(const char *name, struct mproc_err *err)
{
        struct name_list list = {0};
        const char *near;
        char wanted[128];
        int r;

        collect(&list);
        base_name(name, wanted, sizeof(wanted));
        near = text_nearest(wanted, name_at, &list);
        r = error_set(err, -EINVAL, "counters",
                      "no event is called \"%.100s\"%s%s%s; names are those of perf and libpfm4",
                      name, near ? " (meant: " : "", near ? near : "", near ? "?)" : "");
        for (size_t i = 0; i < list.count; i++)
                free(list.names[i]);
        free(list.names);
        return r;
}

/* The unit masks of an event, as ":A :B :C"; "" when it has none. */
static void list_masks(const char *name, char *buf, size_t size)
{
        pfm_event_info_t event = {.size = sizeof(event)};
        char bare[128], *own;
        size_t used = 0;
        int index;

        buf[0] = '\0';
        text_copy(bare, sizeof(bare), name);
        own = strstr(bare, "::");
        own = own ? own + 2 : bare;
        own[strcspn(own, ":")] = '\0';
        index = pfm_find_event(bare);
        if (index < 0 || pfm_get_event_info(index, PFM_OS_PERF_EVENT_EXT, &event) != PFM_SUCCESS)
                return;
        for (int i = 0; i < event.nattrs; i++) {
                pfm_event_attr_info_t attr = {.size = sizeof(attr)};

                if (pfm_get_event_attr_info(index, i, PFM_OS_PERF_EVENT_EXT, &attr) !=
                            PFM_SUCCESS ||
                    attr.type != PFM_ATTR_UMASK)
                        continue;
                if (used + strlen(attr.name) + 3 > size)
                        break;
                used += (size_t)snprintf(buf + used, size - used, " :%s", attr.name);
        }
}

int event_explain_unknown(const char *name, int code, struct mproc_err *err)
{
        char masks[200];

        if (strchr(name, ','))
                return error_set(err, -EINVAL, "counters",
                                 "\"%.100s\" is no single event: name one at a time, -e A -e B, "
                                 "or those to be counted together in braces, -e '{A,B}'",
                                 name);
        if (code == PFM_ERR_NOTFOUND)
                return explain_not_found(name, err);
        list_masks(name, masks, sizeof(masks));
        return error_set(err, -EINVAL, "counters",
                         "\"%.100s\" cannot be encoded: %s%s%s; modifiers are :u (user) and :k "
                         "(kernel)",
                         name, pfm_strerror(code), *masks ? "; unit masks are" : "", masks);
}
