/* How tasks reach the workers: the levels of the factors submit and chunk, as text and as numbers.
 * Pure. Driver and host. */
#ifndef MODEL_SUBMIT_H
#define MODEL_SUBMIT_H

#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>

enum submit {
        SUBMIT_STATIC, /* each worker has its share from the start */
        SUBMIT_MAP,    /* all others: through a pool */
        SUBMIT_IMAP,
        SUBMIT_IMAP_UNORDERED,
        SUBMIT_ASYNC,
        SUBMIT_COUNT,
};

const char *submit_name(enum submit submit); /* NULL past the end */
const char *submit_summary(enum submit submit);

#define SUBMIT_IN_FLIGHT_MAX 65536

struct submission {
        enum submit submit;
        uint32_t in_flight; /* tasks at once; 0: it was not named, or the way has none */
};

/* "imap:16" of `level`; -EINVAL: why it is none. */
int submit_parse(const char *level, struct submission *ret, struct mproc_err *err);
/* As it is written in one way only: "imap:016" is "imap:16". */
void submit_format(const struct submission *submission, char *buf, size_t size);
/* Tasks at once with so many workers: a number for each where none was named; 0: the way has no
 * such bound. */
uint32_t submit_in_flight(const struct submission *submission, uint32_t workers);

/* "cpython", "guided" or a number ≥ 1, as mproc_map.chunk takes it. */
int submit_parse_chunk(const char *level, uint32_t *ret, struct mproc_err *err);
const char *submit_chunk_name(size_t index); /* names besides numbers; NULL past the end */
const char *submit_chunk_summary(size_t index);

#endif
