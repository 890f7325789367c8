/* The topology as placement sees it: one row per PU that may be used, hwloc left behind. Driver
 * only. Room-internal; tests build rows by hand where no synthetic topology can (kinds of cores).
 */
#ifndef PLACE_PU_H
#define PLACE_PU_H

#include "model/trial.h"
#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>

#define PU_INDEX_MAX (CPUSET_WORDS * 64)

/* Where a PU stands. The first five number the objects over the whole machine, in hwloc's order;
 * the others are ranks within the parent, counted over PUs that may be used. */
enum pu_key {
        PU_KIND, /* 0: the fastest kind of core */
        PU_PACKAGE,
        PU_NODE,
        PU_CACHE, /* cores behind one L3; the node's where there is none */
        PU_CORE,
        PU_NODE_IN_PACKAGE,
        PU_CACHE_IN_NODE,
        PU_CORE_IN_CACHE,
        PU_SIBLING, /* 0: the first of its core */
        PU_ALONE,   /* 1: no other PU of its core may be used */
        PU_KEY_COUNT,
};

struct pu {
        uint32_t os; /* the kernel's number */
        uint32_t key[PU_KEY_COUNT];
};

struct topology {
        struct pu *pus; /* in topology order */
        size_t count;
        uint32_t packages, numa_nodes, cores, machine_pus; /* of the machine; 0: not known */
        int32_t smt;                                       /* −1: not known */
};

/* Sorts the rows into topology order and fills the ranks. */
void pu_rank(struct pu *pus, size_t count);

static inline void cpuset_add(struct cpuset *set, uint32_t pu)
{
        set->bits[pu / 64] |= UINT64_C(1) << pu % 64;
}

static inline int cpuset_has(const struct cpuset *set, uint32_t pu)
{
        return pu < PU_INDEX_MAX && (set->bits[pu / 64] >> pu % 64 & 1);
}

/* "0,2,4-7" into PUs in the given order, repeats kept; `*list` is malloc'ed. -EINVAL: not of that
 * form. */
int pu_list_parse(const char *text, uint32_t **list, size_t *count, struct mproc_err *err);

/* A set as text: "0-3,8"; "" when it is empty, ",…" at the end when `buf` is too small. */
char *pu_list_format(const struct cpuset *set, char *buf, size_t size);

#endif
