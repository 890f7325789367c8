/* CPU sets as lists: "0-3,8". Pure; every context. */
#ifndef MODEL_CPUSET_H
#define MODEL_CPUSET_H

#include "model/trial.h"

/* Room for every set. */
#define CPUSET_TEXT_BYTES 4096

/* Writes the list, in order, ranges joined; "" when empty. Returns `buf`. */
char *cpuset_format(const struct cpuset *set, char *buf, size_t size);

/* 0, or −EINVAL for what cpuset_format does not write: `set` is then untouched. */
int cpuset_parse(const char *text, struct cpuset *set);

#endif
