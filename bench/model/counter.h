/* Performance counters as data: what was asked for, what was read. Driver and host. */
#ifndef MODEL_COUNTER_H
#define MODEL_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#define COUNTERS_MAX 16

enum counter_status {
        COUNTER_COUNTED,
        COUNTER_SCALED,      /* multiplexed: ran for a share of the time, value is scaled up */
        COUNTER_NOT_COUNTED, /* opened, never ran */
        COUNTER_UNSUPPORTED, /* this machine has no such event */
        COUNTER_DENIED,      /* the kernel forbids it; the reason holds the remedy */
};

const char *counter_status_name(enum counter_status status);
int counter_status_from_name(const char *name);      /* -EINVAL: none of them */
bool counter_is_counted(enum counter_status status); /* there is a value, perhaps scaled */

/* An event to open. status COUNTER_COUNTED: it opened in a trial in the driver; anything else:
 * workers do not try. */
struct counter_spec {
        char name[64];     /* as reports show it: "cycles", "context-switches" */
        char encoding[96]; /* what libpfm4 made of it: "perf::CYCLES:u=1", type and config in hex */
        uint32_t status;   /* enum counter_status */
        uint32_t attr_bytes;
        uint8_t attr[128]; /* struct perf_event_attr, attr_bytes long */
        char reason[192];  /* why it is not counted, or not as asked; ": " and what would help */
        /* Events with the same number are opened as one perf group, led by the first of them: the
         * kernel puts them onto the PMU together or not at all, so a ratio of two is a ratio of the
         * same time. 0: on its own. */
        uint32_t group;
        uint32_t
                rotation_ms; /* how long it takes until all that were asked for have had their turn,
                                where they are multiplexed; 0: it never is, or that is not known */
};

/* What one worker read: differences over its work. */
struct counter_reading {
        uint64_t value, enabled_ns, running_ns; /* raw; scaling is the reader's */
        int32_t error;                          /* negative errno of open or read; 0: it was read */
        uint32_t reserved;
};

#endif
