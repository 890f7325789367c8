#include "base/error.h"
#include "model/cpuset.h"
#include "model/json_field.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t extend(struct json_reader *reader, const char *dot, const char *key)
{
        size_t before = reader->used, room = sizeof(reader->path) - before;
        int length = snprintf(reader->path + before, room, "%s%.40s", dot, key);

        reader->used += (size_t)length < room ? (size_t)length : room - 1;
        for (size_t i = before; i < reader->used; i++)
                if (iscntrl((unsigned char)reader->path[i]))
                        reader->path[i] = '?';
        return before;
}

size_t json_enter(struct json_reader *reader, const char *key)
{
        return extend(reader, reader->used ? "." : "", key);
}

size_t json_enter_index(struct json_reader *reader, size_t index)
{
        char text[32];

        snprintf(text, sizeof(text), "[%zu]", index);
        return extend(reader, "", text);
}

void json_leave(struct json_reader *reader, size_t before)
{
        reader->used = before;
        reader->path[before] = '\0';
}

int json_expected(struct json_reader *reader, json_t *value, const char *format, ...)
{
        const char *place = reader->used ? reader->path : "the report";
        char expected[200], *shown;
        va_list args;

        va_start(args, format);
        vsnprintf(expected, sizeof(expected), format, args);
        va_end(args);
        if (!value)
                return error_set(reader->err, -EINVAL, "report", "%s is missing: expected %s",
                                 place, expected);
        if (json_is_object(value) || json_is_array(value))
                return error_set(reader->err, -EINVAL, "report", "%s is an %s: expected %s", place,
                                 json_is_object(value) ? "object" : "array", expected);
        shown = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        error_set(reader->err, -EINVAL, "report", "%s is %.60s%s: expected %s", place,
                  shown ? shown : "?", shown && strlen(shown) > 60 ? "…" : "", expected);
        free(shown);
        return -EINVAL;
}

int json_need_object(struct json_reader *reader, json_t *value)
{
        return json_is_object(value) ? 0 : json_expected(reader, value, "an object");
}

int json_need_array(struct json_reader *reader, json_t *value, size_t max, size_t *count)
{
        *count = json_array_size(value);
        if (value && !json_is_null(value) && !json_is_array(value))
                return json_expected(reader, value, "an array");
        if (*count > max)
                return json_expected(reader, value, "at most %zu elements, not %zu", max, *count);
        return 0;
}

int json_read_text(struct json_reader *reader, json_t *value, char *text, size_t size)
{
        size_t length = json_string_length(value);

        if (value && !json_is_null(value) && !json_is_string(value))
                return json_expected(reader, value, "a text");
        if (length >= size)
                return json_expected(reader, value, "a text of at most %zu bytes", size - 1);
        memset(text, 0, size);
        if (length)
                memcpy(text, json_string_value(value), length);
        return 0;
}

int json_read_texts(struct json_reader *reader, json_t *array, char *texts, size_t stride,
                    size_t max, uint32_t *count)
{
        size_t n;
        int r = json_need_array(reader, array, max, &n);

        for (size_t i = 0; !r && i < n; i++) {
                size_t before = json_enter_index(reader, i);

                r = json_read_text(reader, json_array_get(array, i), texts + i * stride, stride);
                json_leave(reader, before);
        }
        *count = (uint32_t)n;
        return r;
}

static int read_integer(struct json_reader *reader, json_t *value, int64_t min, int64_t max,
                        int64_t *ret)
{
        if (!json_is_integer(value) || json_integer_value(value) < min ||
            json_integer_value(value) > max)
                return json_expected(reader, value, "an integer from %lld to %lld", (long long)min,
                                     (long long)max);
        *ret = json_integer_value(value);
        return 0;
}

static int read_unsigned(struct json_reader *reader, json_t *value, uint64_t *ret)
{
        const char *text = json_string_value(value);
        unsigned long long number;
        char *end;

        if (json_is_integer(value) && json_integer_value(value) >= 0) {
                *ret = (uint64_t)json_integer_value(value);
                return 0;
        }
        errno = 0;
        if (text && isdigit((unsigned char)*text)) {
                number = strtoull(text, &end, 10);
                if (!*end && !errno) {
                        *ret = number;
                        return 0;
                }
        }
        return json_expected(reader, value, "an integer from 0 to %llu (above %lld as text)",
                             (unsigned long long)UINT64_MAX, (long long)INT64_MAX);
}

static int read_name(struct json_reader *reader, json_t *value, const struct field *field,
                     uint32_t *ret)
{
        char known[160] = "";
        int found = json_is_string(value) ? name_find(field->names, json_string_value(value)) : -1;

        if (found >= 0) {
                *ret = (uint32_t)found;
                return 0;
        }
        for (uint32_t i = 0; field->names(i); i++) {
                size_t used = strlen(known);

                snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
                         field->names(i));
        }
        return json_expected(reader, value, "one of %s", known);
}

static int read_cpuset(struct json_reader *reader, json_t *value, struct cpuset *set)
{
        if (json_is_string(value) && !cpuset_parse(json_string_value(value), set))
                return 0;
        return json_expected(reader, value, "a list of CPUs such as \"0-3,8\"");
}

/* What stands in the struct for null; −ENODATA: null is not allowed here. */
static int read_null(const struct field *field, void *at)
{
        switch (field->type) {
        case FIELD_TEXT:
        case FIELD_CPUSET:
        case FIELD_FLAG:
                memset(at, 0, field->size);
                return 0;
        case FIELD_MAYBE:
                *(int32_t *)at = -1;
                return 0;
        case FIELD_REAL:
                *(double *)at = field->or_null ? (double)field->null : NAN;
                return 0;
        default:
                break;
        }
        if (!field->or_null && !field->mask)
                return -ENODATA;
        switch (field->type) {
        case FIELD_U32:
        case FIELD_NAME:
                *(uint32_t *)at = (uint32_t)field->null;
                return 0;
        case FIELD_I32:
                *(int32_t *)at = (int32_t)field->null;
                return 0;
        case FIELD_U64:
                *(uint64_t *)at = (uint64_t)field->null;
                return 0;
        case FIELD_I64:
                *(int64_t *)at = field->null;
                return 0;
        case FIELD_OBJECT:
                memset(at, 0, field->size);
                return 0;
        default:
                return -ENODATA;
        }
}

static int read_field(struct json_reader *reader, json_t *value, const struct field *field,
                      char *base)
{
        void *at = base + field->offset;
        int64_t integer = 0;
        int r = 0;

        if (field->type == FIELD_OTHER)
                return field->read ? field->read(reader, value, base) : 0;
        if (field->type == FIELD_TEXTS)
                return json_read_texts(reader, value, at, field->stride, field->max,
                                       (uint32_t *)(base + field->guard));
        if ((!value || json_is_null(value)) && !read_null(field, at))
                return 0;
        switch (field->type) {
        case FIELD_TEXT:
                return json_read_text(reader, value, at, field->size);
        case FIELD_U32:
                r = read_integer(reader, value, 0, UINT32_MAX, &integer);
                if (!r)
                        *(uint32_t *)at = (uint32_t)integer;
                break;
        case FIELD_I32:
                r = read_integer(reader, value, INT32_MIN, INT32_MAX, &integer);
                if (!r)
                        *(int32_t *)at = (int32_t)integer;
                break;
        case FIELD_U64:
                r = read_unsigned(reader, value, at);
                break;
        case FIELD_I64:
                r = read_integer(reader, value, INT64_MIN, INT64_MAX, at);
                break;
        case FIELD_REAL:
                if (!json_is_number(value))
                        return json_expected(reader, value, "a number");
                *(double *)at = json_number_value(value);
                break;
        case FIELD_CPUSET:
                return read_cpuset(reader, value, at);
        case FIELD_FLAG:
        case FIELD_MAYBE:
                if (!json_is_boolean(value))
                        return json_expected(reader, value, "true or false");
                *(int32_t *)at = json_is_true(value);
                break;
        case FIELD_NAME:
                return read_name(reader, value, field, at);
        case FIELD_OBJECT:
                return json_read(reader, value, field->fields, at);
        case FIELD_TEXTS:
        case FIELD_OTHER:
                break;
        }
        if (!r && field->sets_guard)
                *(uint64_t *)(base + field->guard) |= field->mask;
        return r;
}

int json_read(struct json_reader *reader, json_t *object, const struct field *fields, void *base)
{
        int r = json_need_object(reader, object);

        for (const struct field *field = fields; !r && field->key; field++) {
                size_t before = json_enter(reader, field->key);

                r = read_field(reader, json_object_get(object, field->key), field, base);
                json_leave(reader, before);
        }
        return r;
}

int json_read_list(struct json_reader *reader, json_t *array, const struct field *fields,
                   void *first, size_t stride, size_t max, uint32_t *count)
{
        size_t n;
        int r = json_need_array(reader, array, max, &n);

        for (size_t i = 0; !r && i < n; i++) {
                size_t before = json_enter_index(reader, i);

                r = json_read(reader, json_array_get(array, i), fields, (char *)first + i * stride);
                json_leave(reader, before);
        }
        *count = (uint32_t)n;
        return r;
}
