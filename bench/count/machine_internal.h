/* machine.h on a machine of a test's own: files are read below `root`. */
#ifndef COUNT_MACHINE_INTERNAL_H
#define COUNT_MACHINE_INTERNAL_H

#include "count/machine.h"

void machine_describe_at(const char *root, struct environment *environment);
size_t machine_findings_at(const char *root, const struct environment *environment,
                           struct finding *ret, size_t room);

/* One check: fills level, state and remedy. */
struct finding_check {
        const char *what;
        void (*look)(const char *root, const struct environment *environment,
                     struct finding *finding);
};

extern const struct finding_check finding_ability[], finding_quiet[]; /* end with a NULL what */

__attribute__((format(printf, 3, 4))) void
finding_say(struct finding *finding, enum finding_level level, const char *state, ...);

#endif
