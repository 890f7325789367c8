#include "support/round_trip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char *round_trip_write(const struct result *result)
{
        struct mproc_err err;
        char *text = NULL;

        if (result_to_json(result, &text, &err))
                fail_msg("%s", err.text);
        return text;
}

void round_trip_read(const char *text, struct result *ret)
{
        struct mproc_err err;

        if (result_from_json(text, strlen(text), ret, &err))
                fail_msg("%s", err.text);
}

void assert_same_result(const struct result *a, const struct result *b)
{
        assert_string_equal(a->tool_version, b->tool_version);
        assert_memory_equal(&a->environment, &b->environment, sizeof(a->environment));
        assert_memory_equal(&a->plan, &b->plan, sizeof(a->plan));
        assert_int_equal(a->end, b->end);
        assert_int_equal(a->duration_ns, b->duration_ns);
        assert_int_equal(a->rounds, b->rounds);
        assert_int_equal(a->disturbed_rounds, b->disturbed_rounds);
        assert_int_equal(a->disturbed_kept, b->disturbed_kept);
        assert_int_equal(a->workers_bound, b->workers_bound);
        assert_memory_equal(&a->trend, &b->trend, sizeof(a->trend));
        assert_string_equal(a->no_verdict, b->no_verdict);
        assert_memory_equal(a->advice, b->advice, sizeof(a->advice));
        assert_int_equal(a->cell_count, b->cell_count);
        for (size_t i = 0; i < a->cell_count; i++)
                assert_memory_equal(&a->cells[i], &b->cells[i], sizeof(*a->cells));
        assert_int_equal(a->trial_count, b->trial_count);
        for (size_t i = 0; i < a->trial_count; i++) {
                const struct trial *x = &a->trials[i], *y = &b->trials[i];

                assert_memory_equal(x, y, offsetof(struct trial, workers));
                assert_memory_equal(x->workers, y->workers,
                                    x->outcome.workers * sizeof(*x->workers));
        }
        assert_int_equal(a->comparison_count, b->comparison_count);
        for (size_t i = 0; i < a->comparison_count; i++)
                assert_memory_equal(&a->comparisons[i], &b->comparisons[i],
                                    sizeof(*a->comparisons));
}

void assert_survives(const struct result *result)
{
        char *text = round_trip_write(result), *again;
        struct result read;

        round_trip_read(text, &read);
        assert_same_result(result, &read);
        again = round_trip_write(&read);
        assert_string_equal(text, again);
        free(text);
        free(again);
        result_done(&read);
}
