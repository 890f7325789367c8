/* Results to report.json and back, in tests: each fails the test when something is not right. */
#ifndef SUPPORT_ROUND_TRIP_H
#define SUPPORT_ROUND_TRIP_H

#include "model/result.h"

char *round_trip_write(const struct result *result); /* malloc'ed */
void round_trip_read(const char *text, struct result *ret);

/* Member by member, byte by byte. */
void assert_same_result(const struct result *a, const struct result *b);

/* Written, read, and written again: the same result and the same bytes. */
void assert_survives(const struct result *result);

#endif
