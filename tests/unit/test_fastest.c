/* The time that a piece of work takes by itself, on a machine that does other things, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fastest.h"

#define OWN_NS 1000

struct machine {
        int runs, quiet_every; /* one run in so many is undisturbed; 0: none is */
};

/* A disturbed run takes half as long again, or many times as long, and no two the same. */
static uint64_t run_ns(void *context)
{
        struct machine *machine = context;
        uint64_t run = (uint64_t)machine->runs++;

        if (machine->quiet_every && run % (uint64_t)machine->quiet_every == 0)
                return OWN_NS;
        return OWN_NS + OWN_NS / 2 + run * 7919 % 20011;
}

static void the_time_by_itself_is_found_among_disturbed_runs(void **unused)
{
        static const int every[] = {1, 2, 30, 900};

        (void)unused;
        for (size_t i = 0; i < sizeof(every) / sizeof(*every); i++) {
                struct machine machine = {.runs = 1, .quiet_every = every[i]};

                assert_int_equal(fastest_ns(run_ns, &machine), OWN_NS);
        }
}

static void where_no_run_is_undisturbed_it_ends_all_the_same(void **unused)
{
        struct machine machine = {0};

        (void)unused;
        assert_true(fastest_ns(run_ns, &machine) > OWN_NS);
        assert_true(machine.runs <= FASTEST_RUNS_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_time_by_itself_is_found_among_disturbed_runs),
                cmocka_unit_test(where_no_run_is_undisturbed_it_ends_all_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
