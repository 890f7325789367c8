/* The workload `start`: every start method and every raw reference, from call to join. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mproc/mproc.h>

#include "contract/trial_rig.h"
#include "workload_table.h"

static void start_measures_every_method_and_every_reference(void **state)
{
        const struct mpb_workload *w = workload_find("start");
        const struct mproc_start_method *method;

        (void)state;
        for (size_t s = 0; w->strategy_at(s); s++) {
                int once = w->strategy_at(s)->flags & MPB_ONE_START;

                for (size_t m = 0; (method = mproc_start_at(once ? 0 : m)) && (!once || !m); m++) {
                        struct mpb_life life = {0};
                        struct rig rig;

                        rig_init(&rig, w);
                        rig.trial.strategy = (uint32_t)s;
                        text_copy(rig.trial.start, sizeof(rig.trial.start),
                                  mproc_start_name(method));
                        assert_int_equal(w->check(&rig.trial, &rig.err), 0);
                        if (w->life(&rig.trial, &life, &rig.err))
                                fail_msg("%s, %s: %s", w->strategy_at(s)->name, rig.trial.start,
                                         rig.err.text);
                        assert_true(life.returned_ns > 0 && life.returned_ns <= life.wall_ns);
                        assert_true(life.first_ns <= life.wall_ns);
                        assert_true(life.ready_ns <= life.wall_ns);
                }
        }
}

static void start_says_that_a_method_does_not_exist_and_that_workers_is_one(void **state)
{
        const struct mpb_workload *w = workload_find("start");
        struct mpb_life life = {.wall_ns = 7};
        struct rig rig;

        (void)state;
        rig_init(&rig, w);
        rig_strategy(&rig, "mproc");
        text_copy(rig.trial.start, sizeof(rig.trial.start), "teleport");
        assert_true(w->life(&rig.trial, &life, &rig.err) < 0);
        assert_true(strlen(rig.err.text) > 0);
        assert_int_equal(life.wall_ns, 7);
        rig.trial.workers = 2;
        assert_int_equal(w->check(&rig.trial, &rig.err), -EOPNOTSUPP);
        assert_non_null(strstr(rig.err.text, "workers must be 1"));
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(start_measures_every_method_and_every_reference),
                cmocka_unit_test(start_says_that_a_method_does_not_exist_and_that_workers_is_one),
        };

        if (argc == 2 && !strcmp(argv[1], "--exit"))
                return 0; /* what raw-posix_spawn runs */
        mproc_init(&argc, &argv);
        if (argc != 1)
                return 2; /* else a wrong argument would start these tests within these tests */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
