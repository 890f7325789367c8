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
 * whatever the topology has. */
int topology_new(struct topology **ret, const char *synthetic, const struct cpuset *allowed,
                 struct mproc_err *err);
void topology_free(struct topology *topology);

/* Fills packages, numa_nodes, cores, pus, allowed, allowed_pus, smt and the text of `environment`.
 */
void topology_describe(const struct topology *topology, struct environment *environment);

const char *
place_at(size_t index); /* "none" "compact" "scatter" "core" "smt" "numa"; NULL past the end */
const char *place_summary(size_t index);

/* One cpuset of a single PU per worker (`sets` has room for `workers`), for a policy by name or an
 * explicit list of PUs ("0,2,4-7", OS indices). `none` leaves them empty. More workers than PUs
 * wrap around: that is said in `note` (empty: nothing to say), as is a mix of performance and
 * efficiency cores, which no policy makes unless the team does not fit otherwise.
 * -EINVAL: an unknown policy (with the nearest), a PU that does not exist or is not allowed. */
int place_workers(const struct topology *topology, const char *place, uint32_t workers,
                  struct cpuset *sets, char *note, size_t note_size, struct mproc_err *err);

#endif
