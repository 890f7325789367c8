#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count/event.h"
#include "count/metric_table.h"
#include "model/counter.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <math.h>
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

static void a_reading_is_scaled_and_a_missing_one_is_not_a_number(void **state)
{
        struct counter_spec spec = {.status = COUNTER_COUNTED};
        struct counter_reading reading = {.value = 300, .enabled_ns = 900, .running_ns = 900};
        double value, share;

        (void)state;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share), COUNTER_COUNTED);
        assert_true(value == 300 && share == 1);
        reading.running_ns = 300;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share), COUNTER_SCALED);
        assert_true(fabs(value - 900) < 1e-6 && fabs(share - 1.0 / 3) < 1e-9);
        reading.running_ns = 0;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share),
                         COUNTER_NOT_COUNTED);
        assert_true(isnan(value));
        reading.error = -EACCES;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share), COUNTER_DENIED);
        reading = (struct counter_reading){.value = 1, .enabled_ns = 1, .running_ns = 1};
        spec.status = COUNTER_UNSUPPORTED;
        assert_int_equal(event_reading_status(&spec, &reading, &value, &share),
                         COUNTER_UNSUPPORTED);
        assert_true(isnan(value));
}

/* Three trials of two workers; worker w of trial t has counted value[t] in all of its events. */
struct bench {
        struct counter_spec specs[3];
        struct worker_outcome workers[3][2];
        struct trial trials[3];
        const struct trial *pointers[3];
        struct cell cell;
};

static void bench_init(struct bench *bench, uint64_t cycles, uint64_t instructions)
{
        *bench = (struct bench){.specs = {{.name = "cycles"},
                                          {.name = "instructions"},
                                          {.name = "cache-misses",
                                           .status = COUNTER_UNSUPPORTED,
                                           .reason = "no such event"}}};
        for (size_t t = 0; t < 3; t++) {
                for (size_t w = 0; w < 2; w++)
                        for (size_t e = 0; e < 3; e++)
                                bench->workers[t][w].counters[e] = (struct counter_reading){
                                        .value = (t + 1) * (e ? instructions : cycles),
                                        .enabled_ns = 1000,
                                        .running_ns = 1000};
                bench->trials[t].outcome.workers = 2;
                bench->trials[t].outcome.ops = 10;
                bench->trials[t].workers = bench->workers[t];
                bench->pointers[t] = &bench->trials[t];
        }
}

static const struct cell_counter *counter(const struct cell *cell, const char *name)
{
        for (uint32_t i = 0; i < cell->counter_count; i++)
                if (!strcmp(cell->counters[i].name, name))
                        return &cell->counters[i];
        return NULL;
}

static void counters_are_summed_over_workers_and_derived_per_trial(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_true(counter(&bench.cell, "cycles")->value == 400); /* 2 × 200, the middle trial */
        assert_int_equal(counter(&bench.cell, "cycles")->n, 3);
        assert_true(counter(&bench.cell, "cycles/op")->value == 40);
        assert_true(counter(&bench.cell, "instructions/cycle")->value == 2.5);
        assert_int_equal(counter(&bench.cell, "cache-misses")->status, COUNTER_UNSUPPORTED);
        assert_string_equal(counter(&bench.cell, "cache-misses")->reason, "no such event");
        assert_true(isnan(counter(&bench.cell, "cache-misses")->value));
        assert_null(counter(&bench.cell, "cache-misses/op"));
}

static void a_worker_that_could_not_count_voids_its_trial_only(void **state)
{
        static struct bench bench;
        const struct cell_counter *cycles;

        (void)state;
        bench_init(&bench, 100, 250);
        bench.workers[2][1].counters[0].running_ns = 0;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        cycles = counter(&bench.cell, "cycles");
        assert_int_equal(cycles->n, 2);
        assert_true(cycles->value == 300); /* between 200 and 400, not 2 × 100 and a half trial */
        assert_string_equal(cycles->reason, "counted in 2 of 3 trials");

        for (size_t t = 0; t < 3; t++)
                bench.workers[t][0].counters[0].error = -EMFILE;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        cycles = counter(&bench.cell, "cycles");
        assert_int_equal(cycles->n, 0);
        assert_true(isnan(cycles->value));
        assert_int_equal(cycles->status, COUNTER_NOT_COUNTED);
        assert_non_null(strstr(cycles->reason, "EMFILE"));
        assert_int_equal(counter(&bench.cell, "instructions/cycle")->status, COUNTER_NOT_COUNTED);
        assert_true(isnan(counter(&bench.cell, "instructions/cycle")->value));
}

static void a_multiplexed_counter_says_its_running_share(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        for (size_t t = 0; t < 3; t++)
                for (size_t w = 0; w < 2; w++)
                        bench.workers[t][w].counters[0].running_ns = 500;
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_int_equal(counter(&bench.cell, "instructions")->status, COUNTER_COUNTED);
        assert_int_equal(counter(&bench.cell, "cycles")->status, COUNTER_SCALED);
        assert_true(counter(&bench.cell, "cycles")->running_share == 0.5);
        assert_true(counter(&bench.cell, "instructions/cycle")->value == 1.25);
        assert_int_equal(counter(&bench.cell, "instructions/cycle")->status, COUNTER_SCALED);
        assert_true(counter(&bench.cell, "instructions/cycle")->running_share == 0.5);
}

static void a_ratio_does_not_mix_user_mode_with_all_modes(void **state)
{
        static struct bench bench;

        (void)state;
        bench_init(&bench, 100, 250);
        strcpy(bench.specs[1].name, "instructions:u");
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_null(counter(&bench.cell, "instructions/cycle"));
        strcpy(bench.specs[0].name, "cycles:u");
        metric_summarise(bench.specs, 3, bench.pointers, 3, &bench.cell);
        assert_true(counter(&bench.cell, "instructions/cycle")->value == 2.5);
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
                cmocka_unit_test(an_unknown_event_is_refused_with_the_nearest),
                cmocka_unit_test(what_happens_in_the_kernel_is_no_zero_in_user_mode),
                cmocka_unit_test(a_seccomp_filter_is_named_as_what_denies),
                cmocka_unit_test(paranoid_2_counts_user_mode_and_denies_what_would_be_zero),
                cmocka_unit_test(a_reading_is_scaled_and_a_missing_one_is_not_a_number),
                cmocka_unit_test(counters_are_summed_over_workers_and_derived_per_trial),
                cmocka_unit_test(a_worker_that_could_not_count_voids_its_trial_only),
                cmocka_unit_test(a_multiplexed_counter_says_its_running_share),
                cmocka_unit_test(a_ratio_does_not_mix_user_mode_with_all_modes),
                cmocka_unit_test(status_names_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
