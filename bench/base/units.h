/* Numbers with units, to and from text. Pure. Every context. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Each reads the whole of `text` or returns -EINVAL (not of the form), -ERANGE (does not fit). */
int units_parse_int(const char *text, int64_t *ret); /* "1000", "10k", "2M", "-3" */
int units_parse_duration(const char *text,
                         int64_t *ret);               /* ns: "250us", "1.5s", "2m", "3" = seconds */
int units_parse_size(const char *text, int64_t *ret); /* bytes: "64K", "1GiB", "4096" */
int units_parse_percent(const char *text, int64_t *ret); /* parts per million: "2%", "0.5%", "2" */

/* Each writes a short text for people and returns `buf`: up to three significant
 * digits (zeros at the end are left out), SI prefix. */
char *units_format_count(double value, char *buf, size_t size); /* "38.9 M", "812" */
char *units_format_duration(double ns, char *buf, size_t size); /* "0.182 ms", "9.8 s" */
char *units_format_size(double bytes, char *buf, size_t size);  /* "1 GiB", "64 KiB" */

#endif
