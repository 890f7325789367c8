/* A typed option: one row of the tables that drive parsing, --help, `mpbench list`, the JSON echo
 * and the manual. Used for a workload's parameters and for the command line alike. Plain constants.
 */
#ifndef MPBENCH_OPTION_H
#define MPBENCH_OPTION_H

#include <stdint.h>

enum mpb_type {
        MPB_FLAG,     /* no value; 0 or 1 */
        MPB_INT,      /* "1000", "10k" (SI), range min…max */
        MPB_DURATION, /* ns: "250us", "1.5s"; a bare number is in seconds */
        MPB_SIZE,     /* bytes: "64K", "1G", "1GiB" (powers of 1024) */
        MPB_PERCENT,  /* parts per million: "2%", "0.5%" */
        MPB_CHOICE,   /* index into `choices` */
        MPB_TEXT,     /* kept as text by its user */
};

#define MPB_AUTO INT64_MIN /* the value of "auto", where the option allows it */

struct mpb_option {
        const char *name;    /* NULL ends a table */
        const char *summary; /* one line for --help */
        enum mpb_type type;
        char letter;          /* short form on the command line, or 0 */
        uint8_t allows_auto;  /* "auto" is allowed, and means MPB_AUTO */
        uint8_t is_list;      /* several values make it a factor: "1,10", "1-8", "1-64:x2" */
        const char *metavar;  /* "TIME", "NAME[,…]": shown in --help */
        const char *fallback; /* the default, as text that the parser reads; NULL: none */
        const char *unit;     /* "ns", "bytes", "increments": shown beside values; NULL: none */
        int64_t min, max;     /* allowed values; both 0: everything the type can hold */
        const char *const *choices; /* of MPB_CHOICE, NULL-terminated */
        const char *group;          /* heading in --help; NULL: as the row before */
};

#endif
