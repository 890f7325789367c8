/* Workloads out of shared objects, and hosts of other builds: they do their trials under every
 * start method, and what cannot be is refused with its reason. */
#include "base/clock.h"
#include "base/text.h"
#include "contract/session_scene.h"
#include "run/run.h"
#include "support/scratch.h"
#include "workloads/workload_table.h"

#include <errno.h>
#include <limits.h>
#include <mproc/mproc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 2
#define PLUGIN 1 /* the session's variant with it */

static const struct session_choice with_tally = {.variant = PLUGIN};

/* A file beside this program. */
static const char *beside(const char *name)
{
        static char path[PATH_MAX];
        ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
        char *slash;

        assert_true(length > 0);
        path[length] = '\0';
        slash = strrchr(path, '/');
        assert_true(strlen(name) < sizeof(path) - (size_t)(slash - path) - 1);
        strcpy(slash + 1, name);
        return path;
}

static int set_up_tally(void **state)
{
        struct session *session;
        int r = set_up(state);

        session = *state;
        text_copy(session->variants[PLUGIN].plugin, PLUGIN_PATH_BYTES, beside("tally.so"));
        return r;
}

static struct trial_request tally_request(const char *start)
{
        struct trial_request request = {
                .workload = "tally",
                .workers = WORKERS,
                .pus = WORKERS,
                .ops = 1000,
                .timeout_ns = 30 * NS_PER_S,
                .value = {1000, 10}, /* tasks, steps */
        };

        text_copy(request.start, sizeof(request.start), start);
        return request;
}

static void a_plugins_trial_is_right_under_every_start_method(void **state)
{
        for (size_t s = 0; mproc_start_at(s); s++) {
                const char *start = mproc_start_name(mproc_start_at(s));
                struct trial_request request = tally_request(start);
                struct trial_outcome outcome = run_trial(*state, &with_tally, &request, NULL, NULL);

                if (outcome.status != TRIAL_OK)
                        fail_msg("%s: %s", start, outcome.reason);
                assert_int_equal(outcome.ops, 1000);
                assert_int_equal(outcome.final_value, 500500);
                assert_true(outcome.verified);
        }
}

static void a_worker_that_cannot_load_the_plugin_fails_its_trial_with_the_reason(void **state)
{
        struct session *session = *state;
        char folder[SCRATCH_PATH_BYTES], *path = session->variants[PLUGIN].plugin;
        char command[2 * PATH_MAX];
        struct trial_request request = tally_request("spawn");
        struct trial_outcome outcome;
        struct mproc_err err = {0};

        scratch_init(folder);
        snprintf(command, sizeof(command), "cp '%s' '%s/mine.so'", beside("tally.so"), folder);
        assert_int_equal(system(command), 0);
        snprintf(path, sizeof(session->variants[PLUGIN].plugin), "%s/mine.so", folder);
        if (session_warm(session, &with_tally, &err))
                fail_msg("%s", err.text);
        assert_int_equal(unlink(path), 0);
        outcome = run_trial(session, &with_tally, &request, NULL, NULL);
        assert_int_equal(outcome.status, TRIAL_START_FAILED);
        assert_non_null(strstr(outcome.reason, "/mine.so cannot be read: No such file"));
        /* A forked one has it from its host. */
        request = tally_request("fork");
        assert_int_equal(run_trial(session, &with_tally, &request, NULL, NULL).status, TRIAL_OK);
        scratch_done(folder);
}

static void what_the_host_would_misread_it_refuses(void **state)
{
        struct trial_request request = tally_request("fork");
        struct trial_outcome outcome;

        request.params_mark = 1;
        outcome = run_trial(*state, &with_tally, &request, NULL, NULL);
        assert_int_equal(outcome.status, TRIAL_UNSUPPORTED);
        assert_non_null(strstr(outcome.reason, "other parameters"));
        request.params_mark = 0;
        text_copy(request.strategy, sizeof(request.strategy), "mutex");
        outcome = run_trial(*state, &with_tally, &request, NULL, NULL);
        assert_int_equal(outcome.status, TRIAL_UNSUPPORTED);
        assert_non_null(strstr(outcome.reason, "no strategy 'mutex'"));
}

static void a_host_of_another_protocol_is_refused(void **state)
{
        struct session *session = *state;
        struct session_choice choice = {.variant = 1};
        struct mproc_err err = {0};

        *session->variants[1].plugin = '\0';
        text_copy(session->variants[1].program, sizeof(session->variants[1].program),
                  beside("other_build/mpbench-host"));
        assert_int_equal(session_warm(session, &choice, &err), -EPROTO);
        assert_non_null(strstr(err.text, "other_build/mpbench-host speaks another protocol"));
}

static void what_is_no_plugin_is_refused_with_its_reason(void **unused)
{
        static const struct {
                const char *file;
                int code;
                const char *text;
        } cases[] = {
                {"nothing-here.so", -ENOENT, "cannot be read"},
                {"mproc_plugin.so", -ENOEXEC, "exports no mpb_workload_plugin"},
                {"other_build/mpbench-host", -ENOEXEC, "cannot dynamically load"},
                {"odd_abi.so", -ENOEXEC, "ABI 77 of mpbench/workload.h, and this mpbench has 1"},
                {"odd_name.so", -EEXIST, "name of a built-in one, 'counter'"},
        };

        (void)unused;
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                const struct mpb_workload *workload = NULL;
                struct mproc_err err = {0};

                assert_int_equal(plugin_load(beside(cases[i].file), &workload, &err),
                                 cases[i].code);
                if (!strstr(err.text, cases[i].text))
                        fail_msg("%s: '%s' does not say: %s", cases[i].file, err.text,
                                 cases[i].text);
                assert_null(workload);
        }
}

static int expand(const char *a, const char *b, struct result *result, struct mproc_err *err)
{
        struct plan plan;

        plan_init(&plan);
        plan.counters_off = 1;
        plan.start_strip = 0;
        plan.variant_count = b ? 2 : 1;
        for (uint32_t i = 0; i < plan.variant_count; i++) {
                plan.variants[i].kind = VARIANT_PLUGIN;
                text_copy(plan.variants[i].arguments, VARIANT_BYTES, beside(i ? b : a));
        }
        result_init(result);
        return run_expand(&plan, result, err);
}

static void a_plugin_is_a_workload_of_the_plan(void **unused)
{
        struct mproc_err err = {0};
        struct result result;

        (void)unused;
        if (expand("tally.so", NULL, &result, &err))
                fail_msg("%s", err.text);
        assert_string_equal(result.plan.workloads[0], "tally");
        assert_int_equal(result.cell_count, 1);
        assert_string_equal(result.cells[0].level[FACTOR_VARIANT], "");
        result_done(&result);
}

static void two_builds_of_a_plugin_are_two_cells_and_two_plugins_are_refused(void **unused)
{
        struct mproc_err err = {0};
        struct result result;

        (void)unused;
        if (expand("tally.so", "tally.so", &result, &err))
                fail_msg("%s", err.text);
        assert_int_equal(result.cell_count, 2);
        assert_string_equal(result.cells[0].level[FACTOR_VARIANT], "A");
        assert_string_equal(result.cells[1].level[FACTOR_VARIANT], "B");
        result_done(&result);
        assert_int_equal(expand("tally.so", "odd_tally.so", &result, &err), -EINVAL);
        assert_non_null(strstr(err.text, "other parameters"));
        result_done(&result);
        assert_int_equal(expand("tally.so", "odd_other.so", &result, &err), -EINVAL);
        assert_non_null(strstr(err.text, "A is the workload 'tally' and B is 'odd'"));
        result_done(&result);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_plugins_trial_is_right_under_every_start_method,
                                                set_up_tally, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_worker_that_cannot_load_the_plugin_fails_its_trial_with_the_reason,
                        set_up_tally, tear_down),
                cmocka_unit_test_setup_teardown(what_the_host_would_misread_it_refuses,
                                                set_up_tally, tear_down),
                cmocka_unit_test_setup_teardown(a_host_of_another_protocol_is_refused, set_up_tally,
                                                tear_down),
                cmocka_unit_test(what_is_no_plugin_is_refused_with_its_reason),
                cmocka_unit_test(a_plugin_is_a_workload_of_the_plan),
                cmocka_unit_test(two_builds_of_a_plugin_are_two_cells_and_two_plugins_are_refused),
        };

        if (mproc_init(&argc, &argv) < 0)
                return 4;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
