/* What the workload `command` runs: written by the driver into a memfd, read by host and workers.
 * One block of bytes, so that it may be mapped anywhere. Offsets are from its begin. */
#ifndef MODEL_BOOK_H
#define MODEL_BOOK_H

#include <stdint.h>

#define BOOK_MAGIC 0x6b6f6f6250424dull
#define BOOK_PLACE "{}" /* in an argument: where the line of the task goes */

struct book {
        uint64_t magic, bytes;
        uint32_t argument_count, line_count; /* no lines: every run is the same */
        uint32_t keep_output; /* 0: what it writes is dropped, save that the end of its errors may
                                 be told; 1: all of it is written as errors of the host */
        uint32_t reserved;
        uint64_t program;   /* offset of the path of the file to execute, ended by NUL */
        uint64_t arguments; /* offset of the arguments, argv[0] first, each ended by NUL */
        uint64_t lines;     /* offset of line_count + 1 uint64_t: offsets of the lines, each ended
                               by NUL, and of the end */
};

#endif
