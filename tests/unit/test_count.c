#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count/event.h"
#include "model/counter.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct perf_event_attr attr_of(const struct counter_spec *spec)
{
        struct perf_event_attr attr = {0};

        assert_true(spec->attr_bytes > 0 && spec->attr_bytes <= sizeof(attr));
        memcpy(&attr, spec->attr, spec->attr_bytes);
        return attr;
}

static void every_default_event_has_a_status_and_what_is_not_counted_a_reason(void **state)
{
        size_t n = 0;

        (void)state;
        for (const char *name; (name = event_default_at(n)); n++) {
                struct counter_spec spec;
                struct mproc_err err = {0};

                if (event_resolve(name, &spec, &err))
                        fail_msg("%s: %s", name, err.text);
                assert_memory_equal(spec.name, name, strlen(name));
                assert_true(strlen(spec.encoding) > 0);
                if (spec.status != COUNTER_COUNTED)
                        assert_true(strlen(spec.reason) > 0);
        }
        assert_int_equal(n, 8);
}

static void an_attr_is_ready_for_a_worker(void **state)
{
        struct counter_spec spec;
        struct perf_event_attr attr;

        (void)state;
        assert_int_equal(event_resolve("page-faults:u", &spec, NULL), 0);
        attr = attr_of(&spec);
        assert_int_equal(attr.type, PERF_TYPE_SOFTWARE);
        assert_int_equal(attr.config, PERF_COUNT_SW_PAGE_FAULTS);
        assert_int_equal(attr.size, spec.attr_bytes);
        assert_true(attr.disabled && attr.exclude_hv && attr.exclude_kernel);
        assert_false(attr.exclude_user || attr.inherit);
        assert_int_equal(attr.read_format,
                         PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING);
        assert_non_null(strstr(spec.encoding, "PAGE_FAULTS:u=1:k=0 type=0x1 config=0x2"));
}

static void raw_events_and_modifiers_are_those_that_were_written(void **state)
{
        static const struct {
                const char *name, *encoding;
        } cases[] = {
                {"r11a", "perf_raw::r11a:u=1:k=1 type=0x4 config=0x11a"},
                {"r1B:u", "perf_raw::r1b:u=1:k=0 type=0x4 config=0x1b"},
                {"r1b:uk", "perf_raw::r1b:u=1:k=1 type=0x4 config=0x1b"},
                {"cycles:k", "CYCLES:u=0:k=1 type=0x0 config=0x0"},
                {"cycles:ku", "CYCLES:u=1:k=1 type=0x0 config=0x0"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct counter_spec spec;
                char without_kernel[96];

                assert_int_equal(event_resolve(cases[i].name, &spec, NULL), 0);
                assert_memory_equal(spec.name, cases[i].name, strlen(cases[i].name));
                /* Where this user may count user mode only, ":u" says so. */
                snprintf(without_kernel, sizeof(without_kernel), "%s", cases[i].encoding);
                *strstr(without_kernel, ":k=") = '\0';
                if (spec.name[strlen(cases[i].name)])
                        assert_non_null(strstr(spec.encoding, without_kernel));
                else
                        assert_non_null(strstr(spec.encoding, cases[i].encoding));
        }
}

static void list_refused(const char *text, const char *why)
{
        const char *asked[] = {"page-faults", text};
        struct counter_spec specs[COUNTERS_MAX];
        struct mproc_err err = {0};
        uint32_t count = 77;

        assert_int_equal(event_resolve_list(asked, 2, specs, &count, &err), -EINVAL);
        if (!strstr(err.text, why))
                fail_msg("\"%s\" does not say \"%s\"", err.text, why);
        assert_int_equal(count, 77);
}

static void a_list_holds_each_event_once_and_groups_as_they_were_written(void **state)
{
        const char *asked[] = {"page-faults", "default", "{major-faults, context-switches}"};
        struct counter_spec specs[COUNTERS_MAX];
        uint32_t count = 0;

        (void)state;
        assert_int_equal(event_resolve_list(asked, 3, specs, &count, NULL), 0);
        assert_int_equal(count, 9);
        assert_memory_equal(specs[0].name, "page-faults", 11);
        assert_string_equal(specs[8].name, "major-faults");
        if (specs[6].status == COUNTER_COUNTED) {
                assert_true(specs[8].group > 0);
                assert_string_equal(specs[6].name, "context-switches");
                assert_int_equal(specs[6].group, specs[8].group);
        }
        assert_int_equal(specs[0].group, 0);

        list_refused("{page-faults", "no group");
        list_refused("{page-faults}x", "no group");
        list_refused("{}", "no event name");
        list_refused("{cycles,page-fault}", "page-faults");
        asked[1] = "{page-faults,major-faults}"; /* major-faults would be in two */
        assert_int_equal(event_resolve_list(asked, 3, specs, &count, NULL), -EINVAL);
}

static void refused(const char *name, const char *why)
{
        struct counter_spec spec, before;
        struct mproc_err err = {0};

        memset(&spec, 0x5a, sizeof(spec));
        before = spec;
        assert_int_equal(event_resolve(name, &spec, &err), -EINVAL);
        if (!strstr(err.text, why))
                fail_msg("\"%s\" does not say \"%s\"", err.text, why);
        assert_memory_equal(&spec, &before, sizeof(spec));
}

static void an_unknown_event_is_refused_with_the_nearest(void **state)
{
        char longest[200];

        (void)state;
        refused("branch-mises", "branch-misses");
        refused("Page-Fault:u", "page-faults");
        refused("no-such-thing-at-all", "no event is called \"no-such-thing-at-all\"");
        refused("cycles:nonsense", ":u (user)");
        refused("cycles:period=1000", "sampling");
        refused("cycles,instructions", "'{A,B}'");
        refused("", "no event name");
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        refused(longest, "61 characters");
}

static void what_happens_in_the_kernel_is_no_zero_in_user_mode(void **state)
{
        struct counter_spec spec;

        (void)state;
        assert_int_equal(event_resolve("context-switches:u", &spec, NULL), 0);
        assert_int_not_equal(spec.status, COUNTER_COUNTED);
        assert_true(strlen(spec.reason) > 0);
}

/* What a test that cannot be tried here returns from its child. */
static int cannot(const char *reason)
{
        fprintf(stderr, "skipped: %s\n", reason);
        return 77;
}

/* Runs `test` in a child; its exit code 0 means success, 77 that it cannot be tried here. */
static void in_child(int (*test)(void))
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (!pid)
                _exit(test());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

static bool resolves_to(const char *event, enum counter_status status, const char *name,
                        const char *reason)
{
        struct counter_spec spec;

        if (event_resolve(event, &spec, NULL))
                return false;
        if (spec.status == status && !strcmp(spec.name, name) && strstr(spec.reason, reason))
                return true;
        print_error("%s: %s, \"%s\"\n", spec.name, counter_status_name(spec.status), spec.reason);
        return false;
}

static int forbid_with_seccomp(void)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
                return cannot("no seccomp filter may be set here");
        return !resolves_to("page-faults", COUNTER_DENIED, "page-faults", "seccomp");
}

static void a_seccomp_filter_is_named_as_what_denies(void **state)
{
        (void)state;
        in_child(forbid_with_seccomp);
}

static int as_nobody(void)
{
        FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "r");
        int paranoid = 0;

        /* Only level 2 means the same everywhere: user mode, nothing else. */
        if (!file || fscanf(file, "%d", &paranoid) != 1 || paranoid != 2)
                return cannot("perf_event_paranoid is not 2 here");
        fclose(file);
        if (geteuid() == 0 && (setgroups(0, NULL) || setresuid(65534, 65534, 65534)))
                return cannot("root may not become nobody here");
        if (syscall(SYS_perf_event_open,
                    &(struct perf_event_attr){
                            .type = PERF_TYPE_SOFTWARE,
                            .size = sizeof(struct perf_event_attr),
                            .exclude_kernel = 1,
                    },
                    0, -1, -1, 0) < 0)
                return cannot("perf_event_open is forbidden altogether here");
        return !resolves_to("context-switches", COUNTER_DENIED, "context-switches",
                            "sysctl kernel.perf_event_paranoid=1") ||
               !resolves_to("page-faults", COUNTER_COUNTED, "page-faults:u", "user mode only") ||
               !resolves_to("perf::PAGE-FAULTS", COUNTER_COUNTED, "perf::PAGE-FAULTS:u",
                            "user mode only") ||
               !resolves_to("task-clock", COUNTER_COUNTED, "task-clock", "");
}

static void paranoid_2_counts_user_mode_and_denies_what_would_be_zero(void **state)
{
        (void)state;
        in_child(as_nobody);
}

static void status_names_read_back(void **state)
{
        (void)state;
        for (int status = COUNTER_COUNTED; status <= COUNTER_DENIED; status++)
                assert_int_equal(
                        counter_status_from_name(counter_status_name((enum counter_status)status)),
                        status);
        assert_int_equal(counter_status_from_name("zero"), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_default_event_has_a_status_and_what_is_not_counted_a_reason),
                cmocka_unit_test(an_attr_is_ready_for_a_worker),
                cmocka_unit_test(raw_events_and_modifiers_are_those_that_were_written),
                cmocka_unit_test(a_list_holds_each_event_once_and_groups_as_they_were_written),
                cmocka_unit_test(an_unknown_event_is_refused_with_the_nearest),
                cmocka_unit_test(what_happens_in_the_kernel_is_no_zero_in_user_mode),
                cmocka_unit_test(a_seccomp_filter_is_named_as_what_denies),
                cmocka_unit_test(paranoid_2_counts_user_mode_and_denies_what_would_be_zero),
                cmocka_unit_test(status_names_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
