#include "base/text.h"
#include "count/machine_internal.h"

#include <stdarg.h>
#include <stdio.h>

void finding_say(struct finding *finding, enum finding_level level, const char *state, ...)
{
        va_list args;

        finding->level = level;
        va_start(args, state);
        vsnprintf(finding->state, sizeof(finding->state), state, args);
        va_end(args);
}

size_t machine_findings_at(const char *root, const struct environment *environment,
                           struct finding *ret, size_t room)
{
        const struct finding_check *const tables[] = {finding_ability, finding_quiet};
        size_t n = 0;

        for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
                for (const struct finding_check *check = tables[t]; check->what && n < room;
                     check++, n++) {
                        ret[n] = (struct finding){0};
                        text_copy(ret[n].what, sizeof(ret[n].what), check->what);
                        check->look(root, environment, &ret[n]);
                }
        return n;
}

size_t machine_findings(const struct environment *environment, struct finding *ret, size_t room)
{
        return machine_findings_at("", environment, ret, room);
}
