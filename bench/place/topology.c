#include "place/topology.h"

#include "base/error.h"
#include "place/pu.h"

#include <errno.h>
#include <hwloc.h>
#include <hwloc/linux.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int load(hwloc_topology_t *ret, const char *synthetic, struct mproc_err *err)
{
        /* Disallowed PUs stay in, so that the machine is described whole; nothing here asks for
         * distances or memory attributes, which cost time to find. */
        unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
                              HWLOC_TOPOLOGY_FLAG_NO_DISTANCES | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS;
        hwloc_topology_t hwloc = NULL;
        int r;

        if (hwloc_topology_init(&hwloc) < 0)
                return error_errno(err, -errno, "place", "hwloc cannot be initialised");
        if (synthetic && hwloc_topology_set_synthetic(hwloc, synthetic) < 0) {
                r = error_set(err, -EINVAL, "place", "\"%.200s\" is no synthetic topology",
                              synthetic);
                goto out;
        }
        if (hwloc_topology_set_flags(hwloc, flags) < 0 || hwloc_topology_load(hwloc) < 0) {
                r = error_errno(err, -errno, "place", "hwloc cannot load the topology");
                goto out;
        }
        *ret = hwloc;
        hwloc = NULL;
        r = 0;
out:
        if (hwloc)
                hwloc_topology_destroy(hwloc);
        return r;
}

/* The PUs to use, as a bitmap that the caller frees. The affinity mask is enough for this machine:
 * the kernel keeps it within the cgroup's cpuset and the CPUs that are online. */
static hwloc_bitmap_t usable(hwloc_topology_t hwloc, const char *synthetic,
                             const struct cpuset *allowed)
{
        hwloc_bitmap_t set = hwloc_bitmap_alloc();

        if (!set)
                return NULL;
        if (allowed) {
                for (unsigned pu = 0; pu < PU_INDEX_MAX; pu++)
                        if (cpuset_has(allowed, pu))
                                hwloc_bitmap_set(set, pu);
        } else if (synthetic || hwloc_linux_get_tid_cpubind(hwloc, 0, set) < 0) {
                hwloc_bitmap_copy(set, hwloc_topology_get_allowed_cpuset(hwloc));
        }
        return set;
}

static uint32_t ancestor_index(hwloc_topology_t hwloc, hwloc_obj_t obj, hwloc_obj_type_t type,
                               uint32_t fallback)
{
        hwloc_obj_t parent = hwloc_get_ancestor_obj_by_type(hwloc, type, obj);

        return parent ? parent->logical_index : fallback;
}

static uint32_t node_index(hwloc_topology_t hwloc, uint32_t os)
{
        hwloc_obj_t node = NULL;

        /* Where several nodes are local (fast and slow memory), the first one stands for them. */
        while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)))
                if (hwloc_bitmap_isset(node->cpuset, os))
                        return node->logical_index;
        return 0;
}

static uint32_t kind_index(hwloc_topology_t hwloc, hwloc_obj_t pu)
{
        int kinds = hwloc_cpukinds_get_nr(hwloc, 0);
        int kind = kinds > 1 ? hwloc_cpukinds_get_by_cpuset(hwloc, pu->cpuset, 0) : -1;

        /* hwloc ranks the most capable kind last. */
        return kind < 0 ? 0 : (uint32_t)(kinds - 1 - kind);
}

static void fill(hwloc_topology_t hwloc, uint32_t os, struct pu *pu)
{
        hwloc_obj_t obj = hwloc_get_pu_obj_by_os_index(hwloc, os);

        *pu = (struct pu){.os = os};
        if (!obj) {
                /* The kernel lets us run there, though hwloc was not shown it (no /sys): a core
                 * of its own. */
                pu->key[PU_CORE] = PU_INDEX_MAX + os;
                return;
        }
        pu->key[PU_KIND] = kind_index(hwloc, obj);
        pu->key[PU_PACKAGE] = ancestor_index(hwloc, obj, HWLOC_OBJ_PACKAGE, 0);
        pu->key[PU_NODE] = node_index(hwloc, os);
        pu->key[PU_CACHE] = ancestor_index(hwloc, obj, HWLOC_OBJ_L3CACHE, 0);
        pu->key[PU_CORE] = ancestor_index(hwloc, obj, HWLOC_OBJ_CORE, obj->logical_index);
}

static uint32_t count_of(hwloc_topology_t hwloc, hwloc_obj_type_t type)
{
        int n = hwloc_get_nbobjs_by_type(hwloc, type);

        return n > 0 ? (uint32_t)n : 0;
}

/* hwloc complains aloud when /sys is missing; what it then finds is usable all the same. */
static int load_quietly(hwloc_topology_t *ret, const char *synthetic, struct mproc_err *err)
{
        bool is_set = getenv("HWLOC_HIDE_ERRORS");
        int r;

        setenv("HWLOC_HIDE_ERRORS", "2", 0);
        r = load(ret, synthetic, err);
        if (!is_set)
                unsetenv("HWLOC_HIDE_ERRORS");
        return r;
}

int topology_new(struct topology **ret, const char *synthetic, const struct cpuset *allowed,
                 struct mproc_err *err)
{
        struct topology *topology = NULL;
        hwloc_topology_t hwloc = NULL;
        hwloc_bitmap_t set = NULL;
        unsigned os;
        int r;

        r = load_quietly(&hwloc, synthetic, err);
        if (r)
                return r;
        topology = calloc(1, sizeof(*topology));
        if (topology)
                topology->pus = calloc(PU_INDEX_MAX, sizeof(*topology->pus));
        set = usable(hwloc, synthetic, allowed);
        if (!topology || !topology->pus || !set) {
                r = error_errno(err, -ENOMEM, "place", "no memory for the topology");
                goto out;
        }

        hwloc_bitmap_foreach_begin(os, set)
        {
                if (os >= PU_INDEX_MAX)
                        break;
                if (!synthetic || hwloc_get_pu_obj_by_os_index(hwloc, os))
                        fill(hwloc, os, &topology->pus[topology->count++]);
        }
        hwloc_bitmap_foreach_end();
        if (!topology->count) {
                r = error_set(err, -EINVAL, "place",
                              "none of the PUs that may be used is in the topology (PUs 0 to %d "
                              "are looked at)",
                              PU_INDEX_MAX - 1);
                goto out;
        }
        pu_rank(topology->pus, topology->count);

        topology->packages = count_of(hwloc, HWLOC_OBJ_PACKAGE);
        topology->numa_nodes = count_of(hwloc, HWLOC_OBJ_NUMANODE);
        topology->cores = count_of(hwloc, HWLOC_OBJ_CORE);
        topology->machine_pus = count_of(hwloc, HWLOC_OBJ_PU);
        topology->smt = topology->cores ? topology->machine_pus > topology->cores : -1;
        *ret = topology;
        topology = NULL;
out:
        hwloc_bitmap_free(set);
        hwloc_topology_destroy(hwloc);
        topology_free(topology);
        return r;
}

void topology_free(struct topology *topology)
{
        if (!topology)
                return;
        free(topology->pus);
        free(topology);
}

static size_t add_count(char *buf, size_t size, size_t used, uint32_t n, const char *what)
{
        int added;

        if (!n || used >= size)
                return used;
        added = snprintf(buf + used, size - used, "%s%u %s%s", used ? " · " : "", n, what,
                         n == 1 ? "" : "s");
        return used + (size_t)added;
}

void topology_describe(const struct topology *topology, struct environment *environment)
{
        char *text = environment->topology;
        size_t size = sizeof(environment->topology), used = 0;

        environment->packages = topology->packages;
        environment->numa_nodes = topology->numa_nodes;
        environment->cores = topology->cores;
        environment->pus = topology->machine_pus;
        environment->smt = topology->smt;
        environment->allowed_pus = (uint32_t)topology->count;
        environment->allowed = (struct cpuset){0};
        for (size_t i = 0; i < topology->count; i++)
                cpuset_add(&environment->allowed, topology->pus[i].os);

        text[0] = '\0';
        used = add_count(text, size, used, topology->packages, "package");
        used = add_count(text, size, used, topology->cores, "core");
        used = add_count(text, size, used, topology->machine_pus, "PU");
        add_count(text, size, used, topology->numa_nodes, "NUMA node");
}
