/* Which events are counted together: what users group, what metrics divide, what the PMU can. */
#include "base/error.h"
#include "base/text.h"
#include "count/event.h"
#include "count/event_internal.h"
#include "count/metric_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct event_list {
        struct counter_spec specs[COUNTERS_MAX];
        uint32_t count;
        uint32_t asked; /* groups by users: 1 … asked; higher numbers are this file's */
        uint32_t groups;
};

static int add_event(struct event_list *list, const char *name, uint32_t group,
                     struct mproc_err *err)
{
        struct counter_spec spec = {0};
        uint32_t i = 0;
        int r = event_resolve(name, &spec, err);

        if (r < 0)
                return r;
        /* Under the name that it got: it may have become one of user mode alone. */
        while (i < list->count && strcmp(list->specs[i].name, spec.name))
                i++;
        if (i == COUNTERS_MAX)
                return error_set(err, -EINVAL, "counters", "more than %d counters: %s is too many",
                                 COUNTERS_MAX, name);
        if (i == list->count)
                list->specs[list->count++] = spec;
        if (group && list->specs[i].group && list->specs[i].group != group)
                return error_set(err, -EINVAL, "counters", "%s is in two groups: leave one out",
                                 name);
        if (group)
                list->specs[i].group = group;
        return 0;
}

/* "{cycles,instructions}:u" */
static int add_group(struct event_list *list, const char *text, struct mproc_err *err)
{
        const char *end = strrchr(text, '}');
        uint32_t group = ++list->asked;
        char name[128];
        int r = 0;

        if (!end || (end[1] && end[1] != ':'))
                return error_set(err, -EINVAL, "counters",
                                 "\"%.100s\" is no group: write '{EVENT,EVENT}', in quotes, with "
                                 "modifiers (:u, :k) behind it",
                                 text);
        for (const char *at = text + 1; !r && at <= end; at += strcspn(at, ",}") + 1) {
                at += strspn(at, " ");
                snprintf(name, sizeof(name), "%.*s%s", (int)strcspn(at, " ,}"), at, end + 1);
                r = add_event(list, name, group, err);
        }
        return r;
}

static int add_asked(struct event_list *list, const char *text, struct mproc_err *err)
{
        const char *name;
        int r = 0;

        if (*text == '{')
                return add_group(list, text, err);
        if (strcmp(text, "default"))
                return add_event(list, text, 0, err);
        for (size_t i = 0; (name = event_default_at(i)) && !r; i++)
                r = add_event(list, name, 0, err);
        return r;
}

static void regroup(struct event_list *list, uint32_t from, uint32_t to)
{
        for (uint32_t i = 0; i < list->count; i++)
                if (list->specs[i].group == from)
                        list->specs[i].group = to;
}

/* What users have grouped stays as it is. */
static void group_what_metrics_divide(struct event_list *list)
{
        size_t above, below;

        list->groups = list->asked;
        for (size_t i = 0; metric_pair_at(i, list->specs, list->count, &above, &below); i++) {
                uint32_t *a, *b;

                if (above == list->count || list->specs[above].status != COUNTER_COUNTED ||
                    list->specs[below].status != COUNTER_COUNTED)
                        continue;
                a = &list->specs[above].group;
                b = &list->specs[below].group;
                if ((*a && *a <= list->asked) || (*b && *b <= list->asked))
                        continue;
                if (!*a && !*b)
                        *a = *b = ++list->groups;
                else if (*a && *b)
                        regroup(list, *a, *b);
                else
                        *a = *b = *a ? *a : *b;
        }
}

/* Members of a group that is being filled. */
struct group {
        const struct counter_spec *specs[COUNTERS_MAX];
        struct perf_event_attr attrs[COUNTERS_MAX];
        size_t count;
};

static void group_add(struct group *group, const struct counter_spec *spec)
{
        struct perf_event_attr *attr = &group->attrs[group->count];

        *attr = (struct perf_event_attr){0};
        memcpy(attr, spec->attr,
               spec->attr_bytes < sizeof(*attr) ? spec->attr_bytes : sizeof(*attr));
        group->specs[group->count++] = spec;
}

/* The first `count` and the last of them. */
static int group_try(const struct group *group, size_t count)
{
        const struct perf_event_attr *attrs[COUNTERS_MAX];

        for (size_t i = 0; i < count; i++)
                attrs[i] = &group->attrs[i];
        attrs[count] = &group->attrs[group->count - 1];
        return event_try(attrs, count + 1);
}

static bool has_own_pmu(uint32_t type)
{
        return type != PERF_TYPE_SOFTWARE && type != PERF_TYPE_TRACEPOINT &&
               type != PERF_TYPE_BREAKPOINT;
}

/* Why the last of the group cannot be with the others; `error` is that of the trial. */
static void explain_split(const struct group *group, int error, struct counter_spec *spec)
{
        uint32_t mine = group->attrs[group->count - 1].type, first = group->attrs[0].type;
        const char *name = strerrorname_np(-error);
        char others[64] = "", pmu[64], other_pmu[64], text[256];
        size_t used = 0;

        for (size_t i = 0; i + 1 < group->count && used < sizeof(others); i++)
                used += (size_t)snprintf(others + used, sizeof(others) - used, "%s%s",
                                         i ? ", " : "", group->specs[i]->name);
        if (used >= sizeof(others))
                text_copy(others + sizeof(others) - sizeof("…"), sizeof("…"), "…");
        event_pmu_name(mine, pmu, sizeof(pmu));
        event_pmu_name(first, other_pmu, sizeof(other_pmu));
        used = (size_t)snprintf(text, sizeof(text), "cannot be counted together with %s: ", others);
        if (error != -EINVAL && error != -EBUSY)
                snprintf(text + used, sizeof(text) - used, "the group does not open (%s)",
                         name ? name : "unknown error");
        else if (has_own_pmu(mine) && has_own_pmu(first) && strcmp(pmu, other_pmu))
                snprintf(text + used, sizeof(text) - used, "PMU %s and PMU %s count apart", pmu,
                         other_pmu);
        else if (group->count > 2 && !group_try(group, 1))
                snprintf(text + used, sizeof(text) - used, "the PMU counts %zu of these at once",
                         group->count - 1);
        else
                snprintf(text + used, sizeof(text) - used,
                         "the PMU has one counter for both, or the kernel allows no such group");
        if (*spec->reason) /* it leads: the remedy for what is missing in the figure */
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "; %s", spec->reason);
        text_copy(spec->reason, sizeof(spec->reason), text);
}

/* Splits one group into such as run. Numbers are given from *next on. */
static void split_group(struct event_list *list, uint32_t number, uint32_t *next)
{
        struct group group = {0};
        uint32_t leader = 0;

        for (uint32_t i = 0; i < list->count; i++) {
                struct counter_spec *spec = &list->specs[i];
                int r;

                if (spec->group != number)
                        continue;
                spec->group = 0;
                if (spec->status != COUNTER_COUNTED)
                        continue;
                group_add(&group, spec);
                r = group.count > 1 ? group_try(&group, group.count - 1) : 0;
                if (r) {
                        explain_split(&group, r, spec);
                        group.count = 0;
                        group_add(&group, spec);
                }
                if (group.count == 1) {
                        leader = i;
                } else {
                        if (group.count == 2)
                                list->specs[leader].group = (*next)++;
                        spec->group = list->specs[leader].group;
                }
        }
}

/* Each group, and each event on its own, is a turn in the rotation. */
static void set_rotation(struct event_list *list)
{
        uint32_t turns = 0;

        for (uint32_t i = 0; i < list->count; i++) {
                const struct counter_spec *spec = &list->specs[i];
                bool leads = true;

                for (uint32_t j = 0; j < i; j++)
                        leads &= !spec->group || list->specs[j].group != spec->group;
                turns += leads && spec->status == COUNTER_COUNTED && spec->rotation_ms;
        }
        for (uint32_t i = 0; i < list->count; i++)
                list->specs[i].rotation_ms *= turns;
}

int event_resolve_list(const char *const *asked, size_t count, struct counter_spec *specs,
                       uint32_t *ret_count, struct mproc_err *err)
{
        struct event_list list = {0};
        uint32_t next;
        int r = 0;

        for (size_t i = 0; i < count && !r; i++)
                r = add_asked(&list, asked[i], err);
        if (r)
                return r;
        group_what_metrics_divide(&list);
        next = list.groups + 1; /* beyond those that are still to be split */
        for (uint32_t group = 1; group <= list.groups; group++)
                split_group(&list, group, &next);
        for (uint32_t i = 0; i < list.count; i++)
                if (list.specs[i].group)
                        list.specs[i].group -= list.groups;
        set_rotation(&list);
        memcpy(specs, list.specs, list.count * sizeof(*specs));
        *ret_count = list.count;
        return 0;
}

uint32_t event_counters_at_once(void)
{
        const struct perf_event_attr *attrs[EVENT_TRY_MAX];
        struct perf_event_attr attr;
        struct counter_spec cycles;
        uint32_t count = 0;

        if (event_resolve("cycles", &cycles, NULL) || cycles.status != COUNTER_COUNTED)
                return 0;
        memcpy(&attr, cycles.attr, sizeof(attr));
        while (count < EVENT_TRY_MAX) {
                attrs[count] = &attr;
                if (event_try(attrs, count + 1))
                        break;
                count++;
        }
        return count;
}
