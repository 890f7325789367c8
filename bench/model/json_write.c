#include "model/cpuset.h"
#include "model/json_field.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `text` with a '?' for every byte that is not part of UTF-8: names come from command lines, and
 * sentences may have been cut within a character. */
static json_t *write_repaired(const char *text, size_t length)
{
        char *repaired = strndup(text, length);
        json_t *string;

        if (!repaired)
                return NULL;
        for (size_t i = 0; i < length;) {
                size_t bytes = 0;

                for (size_t n = 1; n <= 4 && i + n <= length && !bytes; n++) {
                        string = json_stringn(text + i, n);
                        bytes = string ? n : 0;
                        json_decref(string);
                }
                if (!bytes)
                        repaired[i] = '?';
                i += bytes ? bytes : 1;
        }
        string = json_stringn(repaired, length);
        free(repaired);
        return string;
}

json_t *json_write_text(const char *text, size_t size)
{
        size_t length = strnlen(text, size);
        json_t *string;

        if (!length)
                return json_null();
        string = json_stringn(text, length);
        return string ? string : write_repaired(text, length);
}

json_t *json_write_texts(const char *texts, size_t stride, size_t count)
{
        json_t *array = json_array();

        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(array, json_write_text(texts + i * stride, stride))) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *write_unsigned(uint64_t value)
{
        char text[24];

        if (value <= INT64_MAX)
                return json_integer((json_int_t)value);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
        return json_string(text);
}

static json_t *write_cpuset(const struct cpuset *set)
{
        char text[CPUSET_TEXT_BYTES];

        return json_write_text(cpuset_format(set, text, sizeof(text)), sizeof(text));
}

static json_t *write_name(const struct field *field, uint32_t value)
{
        const char *name = field->names(value);

        return name ? json_string(name) : json_null();
}

static bool is_zero(const char *bytes, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (bytes[i])
                        return false;
        return true;
}

/* Does the value in the struct stand for null? */
static bool is_null(const struct field *field, const char *base)
{
        const void *at = base + field->offset;

        if (field->mask && !(*(const uint64_t *)(base + field->guard) & field->mask))
                return true;
        if (field->type == FIELD_REAL && !isfinite(*(const double *)at))
                return true;
        if (field->type == FIELD_MAYBE)
                return *(const int32_t *)at == -1;
        if (!field->or_null)
                return false;
        switch (field->type) {
        case FIELD_U32:
        case FIELD_NAME:
                return *(const uint32_t *)at == (uint32_t)field->null;
        case FIELD_I32:
                return *(const int32_t *)at == (int32_t)field->null;
        case FIELD_U64:
                return *(const uint64_t *)at == (uint64_t)field->null;
        case FIELD_I64:
                return *(const int64_t *)at == field->null;
        case FIELD_REAL:
                return *(const double *)at == (double)field->null;
        case FIELD_OBJECT:
                return is_zero(at, field->size);
        default:
                return false;
        }
}

static json_t *write_field(const struct result *result, const struct field *field, const char *base)
{
        const void *at = base + field->offset;

        if (is_null(field, base))
                return json_null();
        switch (field->type) {
        case FIELD_TEXT:
                return json_write_text(at, field->size);
        case FIELD_U32:
                return json_integer(*(const uint32_t *)at);
        case FIELD_I32:
                return json_integer(*(const int32_t *)at);
        case FIELD_U64:
                return write_unsigned(*(const uint64_t *)at);
        case FIELD_I64:
                return json_integer(*(const int64_t *)at);
        case FIELD_REAL:
                return json_real(*(const double *)at);
        case FIELD_CPUSET:
                return write_cpuset(at);
        case FIELD_FLAG:
                return json_boolean(*(const uint32_t *)at);
        case FIELD_MAYBE:
                return json_boolean(*(const int32_t *)at);
        case FIELD_NAME:
                return write_name(field, *(const uint32_t *)at);
        case FIELD_TEXTS:
                return json_write_texts(at, field->stride,
                                        *(const uint32_t *)(base + field->guard));
        case FIELD_OBJECT:
                return json_write(result, field->fields, at);
        case FIELD_OTHER:
                return field->write(result, base);
        }
        return NULL;
}

json_t *json_with(json_t *object, const char *key, json_t *value)
{
        if (object && value && !json_object_set(object, key, value)) {
                json_decref(value);
                return object;
        }
        json_decref(object);
        json_decref(value);
        return NULL;
}

json_t *json_write(const struct result *result, const struct field *fields, const void *base)
{
        json_t *object = json_object();

        for (const struct field *field = fields; field->key; field++)
                object = json_with(object, field->key, write_field(result, field, base));
        return object;
}

json_t *json_write_list(const struct result *result, const struct field *fields, const void *first,
                        size_t count, size_t stride)
{
        json_t *array = json_array();

        for (size_t i = 0; i < count; i++) {
                const char *element = (const char *)first + i * stride;

                if (json_array_append_new(array, json_write(result, fields, element))) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}
