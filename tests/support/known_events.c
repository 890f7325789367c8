/* known_events FAULTS SWITCHES: makes so many page faults and voluntary context switches, and says
 * how many mpbench's own counters saw: "page-faults 2003". For tests beside other programs that
 * count. */
#include "known.h"

#include "count/event.h"
#include "host/meter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_NOT_COUNTED 125

int main(int argc, char **argv)
{
        static const char *const asked[] = {"page-faults", "context-switches"};
        struct counter_spec specs[COUNTERS_MAX];
        struct meter_reading before, after;
        struct worker_outcome outcome;
        struct mproc_err err = {0};
        struct meter meter;
        uint32_t count;

        if (argc != 3) {
                fprintf(stderr, "usage: known_events FAULTS SWITCHES\n");
                return EXIT_NOT_COUNTED;
        }
        if (event_resolve_list(asked, 2, specs, &count, &err)) {
                fprintf(stderr, "known_events: %s\n", err.text);
                return EXIT_NOT_COUNTED;
        }
        meter_open(&meter, specs, count, false);
        meter_read(&meter, &before);
        if (known_faults(strtoul(argv[1], NULL, 10)) || known_switches(strtoul(argv[2], NULL, 10)))
                return EXIT_NOT_COUNTED;
        meter_read(&meter, &after);
        meter_difference(&meter, &before, &after, &outcome);
        meter_close(&meter);
        for (uint32_t i = 0; i < count; i++) {
                if (specs[i].status != COUNTER_COUNTED || outcome.counters[i].error) {
                        fprintf(stderr, "known_events: %s: %s\n", specs[i].name, specs[i].reason);
                        return EXIT_NOT_COUNTED;
                }
                printf("%s %" PRIu64 "\n", specs[i].name, outcome.counters[i].value);
        }
        return 0;
}
