/* The machine's topology, and where workers go. The only user of hwloc. Driver only, loaded once.
 */
#ifndef PLACE_TOPOLOGY_H
#define PLACE_TOPOLOGY_H

#include "model/environment.h"
#include <mproc/err.h>
#include <stddef.h>

struct topology; /* opaque: an hwloc topology and the PUs that this process may use */

/* `synthetic`: an hwloc synthetic description ("pack:2 core:4 pu:2"), NULL: this machine.
 * `allowed`: NULL: affinity ∩ cgroup (all PUs of a synthetic one). The set is what may be used,
 * whatever the topology has. -EINVAL: no synthetic description, or no PU is left. */
int topology_new(struct topology **ret, const char *synthetic, const struct cpuset *allowed,
                 struct mproc_err *err);
void topology_free(struct topology *topology);

/* Fills packages, numa_nodes, cores, pus, allowed, allowed_pus, smt and the text of `environment`.
 */
void topology_describe(const struct topology *topology, struct environment *environment);

/* The policies: an order in which PUs are taken. NULL past the end.
 *
 *   none     workers are not bound
 *   compact  all PUs of a core, then the next core, package by package
 *   scatter  packages, NUMA nodes and L3 caches in turn; siblings when cores run out
 *   core     a worker per physical core, package by package; siblings when cores run out
 *   smt      as compact, but cores with siblings go before cores without
 *   numa     fills one NUMA node after the other; within it as core. Keeps the team and its memory
 *            on as few nodes as it can; to use all nodes at once, take scatter. */
const char *place_at(size_t index);
const char *place_summary(size_t index);

/* One cpuset of a single PU per worker (`sets` has room for `workers`), for a policy by name or an
 * explicit list of PUs ("0,2,4-7", OS indices, in that order, repeats allowed). `none` leaves them
 * empty. A policy keeps to the fastest kind of core that holds the whole team. `note` gets what the
 * reader of a figure has to know, or "": more workers than PUs (they wrap around), siblings in use,
 * no SMT or a single node where the policy is about them, efficiency cores, a mix of kinds of cores
 * (only when no kind holds the team, or a list asks for it).
 * -EINVAL: an unknown policy (with the nearest), a PU that does not exist or is not allowed. */
int place_workers(const struct topology *topology, const char *place, uint32_t workers,
                  struct cpuset *sets, char *note, size_t note_size, struct mproc_err *err);

#endif
