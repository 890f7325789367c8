#include "base/error.h"
#include "base/text.h"
#include "place/pu.h"
#include "place/topology.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A policy is the order in which PUs are taken: by these keys, the first one foremost. */
struct policy {
        const char *name, *summary;
        size_t depth; /* 0: workers are not bound */
        enum pu_key order[5];
};

static const struct policy policies[] = {
        {"none", "not bound: the kernel places and moves workers", 0, {0}},
        {"compact",
         "as close as possible: all PUs of a core, then the next core, package by package",
         3,
         {PU_PACKAGE, PU_CORE, PU_SIBLING}},
        {"scatter",
         "as far apart as possible: packages, NUMA nodes and L3 caches in turn, a core each first",
         5,
         {PU_SIBLING, PU_CORE_IN_CACHE, PU_CACHE_IN_NODE, PU_NODE_IN_PACKAGE, PU_PACKAGE}},
        {"core",
         "one worker per physical core, package by package; siblings when cores run out",
         3,
         {PU_SIBLING, PU_PACKAGE, PU_CORE}},
        {"smt",
         "siblings share a core: cores that have several PUs first, else as compact",
         4,
         {PU_ALONE, PU_PACKAGE, PU_CORE, PU_SIBLING}},
        {"numa",
         "one NUMA node after the other; within a node, one worker per physical core first",
         4,
         {PU_NODE, PU_SIBLING, PU_PACKAGE, PU_CORE}},
};

#define POLICY_COUNT (sizeof(policies) / sizeof(*policies))

const char *place_at(size_t index)
{
        return index < POLICY_COUNT ? policies[index].name : NULL;
}

const char *place_summary(size_t index)
{
        return index < POLICY_COUNT ? policies[index].summary : NULL;
}

static int compare_keys(const struct pu *a, const struct pu *b, const enum pu_key *order,
                        size_t depth)
{
        for (size_t i = 0; i < depth; i++)
                if (a->key[order[i]] != b->key[order[i]])
                        return a->key[order[i]] < b->key[order[i]] ? -1 : 1;
        return 0;
}

static int by_topology(const void *a, const void *b)
{
        static const enum pu_key order[] = {PU_PACKAGE, PU_NODE, PU_CACHE, PU_CORE};
        const struct pu *x = a, *y = b;
        int r = compare_keys(x, y, order, 4);

        return r ? r : (x->os > y->os) - (x->os < y->os);
}

static int by_policy(const void *a, const void *b, void *context)
{
        const struct policy *policy = context;
        const struct pu *x = a, *y = b;
        int r = compare_keys(x, y, (enum pu_key[]){PU_KIND}, 1);

        if (!r)
                r = compare_keys(x, y, policy->order, policy->depth);
        return r ? r : by_topology(a, b);
}

void pu_rank(struct pu *pus, size_t count)
{
        qsort(pus, count, sizeof(*pus), by_topology);
        for (size_t i = 0; i < count; i++) {
                uint32_t *key = pus[i].key, *last = i ? pus[i - 1].key : NULL;
                bool package = !last || key[PU_PACKAGE] != last[PU_PACKAGE];
                bool node = package || key[PU_NODE] != last[PU_NODE];
                bool cache = node || key[PU_CACHE] != last[PU_CACHE];
                bool core = cache || key[PU_CORE] != last[PU_CORE];

                key[PU_NODE_IN_PACKAGE] = package ? 0 : last[PU_NODE_IN_PACKAGE] + node;
                key[PU_CACHE_IN_NODE] = node ? 0 : last[PU_CACHE_IN_NODE] + cache;
                key[PU_CORE_IN_CACHE] = cache ? 0 : last[PU_CORE_IN_CACHE] + core;
                key[PU_SIBLING] = core ? 0 : last[PU_SIBLING] + 1;
                key[PU_ALONE] = core;
                if (!core)
                        last[PU_ALONE] = 0;
        }
}

__attribute__((format(printf, 3, 4))) static void say(char *note, size_t size, const char *format,
                                                      ...)
{
        size_t used;
        va_list args;

        if (!size)
                return;
        used = strlen(note);
        if (used)
                used += (size_t)snprintf(note + used, size - used, "; ");
        if (used >= size)
                return;
        va_start(args, format);
        vsnprintf(note + used, size - used, format, args);
        va_end(args);
}

static bool are_of_kinds(const struct pu *pus, size_t count)
{
        for (size_t i = 1; i < count; i++)
                if (pus[i].key[PU_KIND] != pus[0].key[PU_KIND])
                        return true;
        return false;
}

/* The fastest kind of core that holds the whole team, alone; all PUs, fastest first, when none
 * does. `pus` is sorted by kind. */
static const struct pu *one_kind(const struct pu *pus, size_t *count, uint32_t workers)
{
        for (size_t begin = 0, end; begin < *count; begin = end) {
                end = begin;
                while (end < *count && pus[end].key[PU_KIND] == pus[begin].key[PU_KIND])
                        end++;
                if (end - begin >= workers) {
                        *count = end - begin;
                        return pus + begin;
                }
        }
        return pus;
}

/* What the reader of a figure has to know of `chosen`, the PU of each worker. */
static void describe_choice(const struct pu *const *chosen, uint32_t workers, char *note,
                            size_t size)
{
        struct cpuset used = {0};
        uint32_t distinct = 0, on_fastest = 0, fastest = UINT32_MAX, slowest = 0;

        for (uint32_t i = 0; i < workers; i++) {
                uint32_t kind = chosen[i]->key[PU_KIND];

                distinct += !cpuset_has(&used, chosen[i]->os);
                cpuset_add(&used, chosen[i]->os);
                if (kind < fastest) {
                        fastest = kind;
                        on_fastest = 0;
                }
                on_fastest += kind == fastest;
                slowest = kind > slowest ? kind : slowest;
        }
        if (distinct < workers)
                say(note, size, "oversubscribed: %u workers on %u PU%s", workers, distinct,
                    distinct == 1 ? "" : "s");
        if (slowest > fastest)
                say(note, size,
                    "performance and efficiency cores mixed: %u of %u workers on the fastest kind",
                    on_fastest, workers);
        else if (fastest > 0)
                say(note, size, "all on slower (efficiency) cores");
}

static int place_list(const struct topology *topology, const char *text, const struct pu **chosen,
                      uint32_t workers, struct mproc_err *err)
{
        uint32_t *list = NULL;
        size_t count;
        int r = pu_list_parse(text, &list, &count, err);

        if (r)
                return r;
        for (size_t i = 0; i < count; i++) {
                const struct pu *found = NULL;

                for (size_t k = 0; k < topology->count && !found; k++)
                        if (topology->pus[k].os == list[i])
                                found = &topology->pus[k];
                if (!found) {
                        struct environment environment;
                        char range[256];

                        topology_describe(topology, &environment);
                        r = error_set(err, -EINVAL, "place",
                                      "PU %u does not exist or may not be used here; allowed: %s",
                                      list[i],
                                      pu_list_format(&environment.allowed, range, sizeof(range)));
                        goto out;
                }
                for (size_t k = i; k < workers; k += count)
                        chosen[k] = found;
        }
out:
        free(list);
        return r;
}

static void place_policy(const struct topology *topology, const struct policy *policy,
                         struct pu *sorted, const struct pu **chosen, uint32_t workers, char *note,
                         size_t size)
{
        size_t count = topology->count;
        const struct pu *from;
        bool siblings = false, nodes = false;
        uint32_t second = 0;

        memcpy(sorted, topology->pus, count * sizeof(*sorted));
        qsort_r(sorted, count, sizeof(*sorted), by_policy, (void *)policy);
        from = one_kind(sorted, &count, workers);
        for (uint32_t i = 0; i < workers; i++)
                chosen[i] = &from[i % count];

        for (size_t i = 0; i < count; i++) {
                siblings |= from[i].key[PU_SIBLING] > 0;
                nodes |= from[i].key[PU_NODE] != from[0].key[PU_NODE];
        }
        for (uint32_t i = 0; i < workers && i < count; i++)
                second += chosen[i]->key[PU_SIBLING] > 0;
        if (policy->order[0] == PU_ALONE && !siblings)
                say(note, size, "no core with siblings (no SMT) may be used: as compact");
        if (policy->order[0] == PU_NODE && !nodes)
                say(note, size, "one NUMA node: as core");
        if (second && policy->order[0] == PU_SIBLING)
                say(note, size, "more workers than cores: %u share a core with a sibling", second);
}

static const struct policy *find_policy(const char *name)
{
        for (size_t i = 0; i < POLICY_COUNT; i++)
                if (!strcmp(policies[i].name, name))
                        return &policies[i];
        return NULL;
}

static const char *name_at(size_t index, void *context)
{
        (void)context;
        return place_at(index);
}

static int unknown_policy(const char *place, struct mproc_err *err)
{
        const char *near = text_nearest(place, name_at, NULL);
        char known[120] = "";
        size_t used = 0;

        for (size_t i = 0; i < POLICY_COUNT && used < sizeof(known); i++)
                used += (size_t)snprintf(known + used, sizeof(known) - used, "%s, ",
                                         policies[i].name);
        return error_set(err, -EINVAL, "place",
                         "no placement is called \"%.60s\"%s%s%s; there are: %sand lists of PUs "
                         "such as 0,2,4-7",
                         place, near ? " (meant: " : "", near ? near : "", near ? "?)" : "", known);
}

int place_workers(const struct topology *topology, const char *place, uint32_t workers,
                  struct cpuset *sets, char *note, size_t note_size, struct mproc_err *err)
{
        bool is_list = isdigit((unsigned char)place[0]);
        const struct policy *policy = is_list ? NULL : find_policy(place);
        const struct pu **chosen = NULL;
        struct pu *sorted = NULL;
        char said[480] = "";
        int r = 0;

        if (!is_list && !policy)
                return unknown_policy(place, err);
        if (!workers || workers > WORKERS_MAX)
                return error_set(err, -EINVAL, "place", "%u workers: 1 to %d can be placed",
                                 workers, WORKERS_MAX);
        if (policy && !policy->depth) {
                memset(sets, 0, workers * sizeof(*sets));
                if (workers > topology->count)
                        say(said, sizeof(said), "oversubscribed: %u workers on %zu PU%s", workers,
                            topology->count, topology->count == 1 ? "" : "s");
                if (are_of_kinds(topology->pus, topology->count))
                        say(said, sizeof(said),
                            "performance and efficiency cores may mix: the kernel chooses");
                text_copy(note, note_size, said);
                return 0;
        }

        chosen = calloc(workers, sizeof(*chosen));
        sorted = calloc(topology->count, sizeof(*sorted));
        if (!chosen || !sorted) {
                r = error_errno(err, -ENOMEM, "place", "no memory to place %u workers", workers);
                goto out;
        }
        if (is_list)
                r = place_list(topology, place, chosen, workers, err);
        else
                place_policy(topology, policy, sorted, chosen, workers, said, sizeof(said));
        if (r)
                goto out;

        memset(sets, 0, workers * sizeof(*sets));
        for (uint32_t i = 0; i < workers; i++)
                cpuset_add(&sets[i], chosen[i]->os);
        describe_choice(chosen, workers, said, sizeof(said));
        text_copy(note, note_size, said);
out:
        free(sorted);
        free(chosen);
        return r;
}
