/* How a struct and a JSON object correspond: a table of fields, read in both directions. Driver
 * only.
 *
 * null stands for what is not known: the empty text, NaN and infinities, and where a row says so a
 * certain value (OR_NULL), an unset bit elsewhere (KNOWN_BY), or a struct of zeros. Counts above
 * 2^63 − 1, which few JSON readers can hold, are decimal strings. Members that a table does not
 * name are ignored, missing ones are read as null, and null as false in a flag: reports of 0.1.0
 * lack what was added later. */
#ifndef MODEL_JSON_FIELD_H
#define MODEL_JSON_FIELD_H

#include "model/names.h"
#include "model/result.h"

#include <jansson.h>
#include <stddef.h>

enum field_type {
        FIELD_TEXT, /* char[] */
        FIELD_U32,
        FIELD_I32,
        FIELD_U64,
        FIELD_I64,
        FIELD_REAL,
        FIELD_CPUSET, /* "0-3,8"; null: empty */
        FIELD_FLAG,   /* uint32_t: false, true */
        FIELD_MAYBE,  /* int32_t 0, 1 or −1: false, true, null */
        FIELD_NAME,   /* 32 bits: an enum, by name */
        FIELD_TEXTS,  /* char[][], and the uint32_t of how many are in use */
        FIELD_OBJECT, /* a struct with a table of its own, or part of this one (offset 0) */
        FIELD_OTHER,  /* by functions, on the struct that holds it */
};

struct json_reader;

struct field {
        const char *key;
        enum field_type type;
        size_t offset, size;

        int or_null;        /* 1: `null` stands in the struct for what is null in JSON */
        int64_t null;       /* FIELD_OBJECT: 0, for all of its bytes */
        uint64_t mask;      /* ≠ 0: null unless the uint64_t at `guard` has one of these bits */
        size_t guard;       /* FIELD_TEXTS: offset of the count */
        int sets_guard;     /* reading a value sets the bits */
        name_table *names;  /* FIELD_NAME */
        size_t stride, max; /* FIELD_TEXTS: bytes of one text, and how many fit */
        const struct field *fields; /* FIELD_OBJECT; ends with a NULL key */

        /* FIELD_OTHER. `read` NULL: derived from others, so it is not read back. */
        json_t *(*write)(const struct result *result, const void *base);
        int (*read)(struct json_reader *reader, json_t *value, void *base);
};

#define FIELD_MEMBER(T, member) ((T *)0)->member
#define FIELD_AT(T, key_, type_, member)                               \
        .key = (key_), .type = (type_), .offset = offsetof(T, member), \
        .size = sizeof(FIELD_MEMBER(T, member))
#define FIELD_TYPE(T, member) \
        _Generic(FIELD_MEMBER(T, member),                                                          \
                char *: FIELD_TEXT,                                                                \
                uint32_t: FIELD_U32,                                                               \
                int32_t: FIELD_I32,                                                                \
                uint64_t: FIELD_U64,                                                               \
                int64_t: FIELD_I64,                                                                \
                double: FIELD_REAL,                                                                \
                struct cpuset: FIELD_CPUSET)

/* Rows: { PLAIN(struct cell, "ops", ops) }, { PLAIN(…), OR_NULL(0) } … */
#define PLAIN(T, key, member) FIELD_AT(T, key, FIELD_TYPE(T, member), member)
#define FLAG(T, key, member) FIELD_AT(T, key, FIELD_FLAG, member)
#define MAYBE(T, key, member) FIELD_AT(T, key, FIELD_MAYBE, member)
#define NAME(T, key, member, table) FIELD_AT(T, key, FIELD_NAME, member), .names = (table)
#define TEXTS(T, key, member, count)                                                       \
        FIELD_AT(T, key, FIELD_TEXTS, member),                                             \
                .guard = offsetof(T, count), .stride = sizeof(FIELD_MEMBER(T, member)[0]), \
                .max = sizeof(FIELD_MEMBER(T, member)) / sizeof(FIELD_MEMBER(T, member)[0])
#define OBJECT(T, key, member, table) FIELD_AT(T, key, FIELD_OBJECT, member), .fields = (table)
#define GROUP(key_, table) .key = (key_), .type = FIELD_OBJECT, .fields = (table)
#define OTHER(key_, write_, read_) \
        .key = (key_), .type = FIELD_OTHER, .write = (write_), .read = (read_)
#define OR_NULL(value) .or_null = 1, .null = (value)
#define KNOWN_BY(T, member, bits) .guard = offsetof(T, member), .mask = (bits), .sets_guard = 1
#define KNOWN_UNLESS_ZERO(T, member) .guard = offsetof(T, member), .mask = UINT64_MAX

/* Writing: a new reference, NULL when memory is out. */
json_t *json_write(const struct result *result, const struct field *fields, const void *base);
json_t *json_write_text(const char *text, size_t size);
json_t *json_write_texts(const char *texts, size_t stride, size_t count);
/* `object` with one member more; takes both references. NULL: one of them was, or memory is out. */
json_t *json_with(json_t *object, const char *key, json_t *value);
/* `count` structs of `stride` bytes, as an array of objects. */
json_t *json_write_list(const struct result *result, const struct field *fields, const void *first,
                        size_t count, size_t stride);

/* Reading: 0, or -EINVAL with err naming the place. What was read before a failure stays read. */
struct json_reader {
        struct result *result;
        struct mproc_err *err;
        size_t used;
        char path[128];
};

int json_read(struct json_reader *reader, json_t *object, const struct field *fields, void *base);
int json_read_text(struct json_reader *reader, json_t *value, char *text, size_t size);
int json_read_texts(struct json_reader *reader, json_t *array, char *texts, size_t stride,
                    size_t max, uint32_t *count);
/* An inline array of at most `max` structs; `count` gets how many. */
int json_read_list(struct json_reader *reader, json_t *array, const struct field *fields,
                   void *first, size_t stride, size_t max, uint32_t *count);
/* Is it an array (or null, which is an empty one) of at most `max`? */
int json_need_array(struct json_reader *reader, json_t *value, size_t max, size_t *count);
int json_need_object(struct json_reader *reader, json_t *value);

/* "PATH is VALUE: expected …"; always -EINVAL. */
__attribute__((format(printf, 3, 4))) int json_expected(struct json_reader *reader, json_t *value,
                                                        const char *format, ...);

/* The path while a member or element is read: `json_leave` gets what `json_enter` returned. */
size_t json_enter(struct json_reader *reader, const char *key);
size_t json_enter_index(struct json_reader *reader, size_t index);
void json_leave(struct json_reader *reader, size_t before);

/* The tables. */
extern const struct field json_result_fields[];      /* struct result: the top level */
extern const struct field json_environment_fields[]; /* struct environment */
extern const struct field json_plan_fields[];        /* struct result */
extern const struct field json_cell_fields[];        /* struct cell */
extern const struct field json_trend_fields[];       /* struct cell_trend */
extern const struct field json_trial_fields[];       /* struct trial */

#endif
