/* Names of the model's enums, as reports and JSON show them. Pure; every context. */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include <stdint.h>

/* A table of names: NULL past the end. Every NAME_name() of the model is one. */
typedef const char *name_table(uint32_t value);

/* The value whose name this is; -EINVAL: none has it. */
int name_find(name_table *table, const char *name);

const char *kind_name(uint32_t kind);           /* enum mpb_kind */
const char *result_end_name(uint32_t end);      /* enum result_end */
const char *variant_kind_name(uint32_t kind);   /* enum variant_kind */
const char *workers_bound_name(uint32_t bound); /* result.workers_bound */
const char *control_unknown_name(uint32_t why); /* enum control_unknown */
const char *counter_status_at(uint32_t status); /* counter_status_name, as such a table */
const char *process_state_name(uint32_t state); /* enum mproc_state */

#endif
