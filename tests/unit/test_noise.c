#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "count/noise.h"
#include "count/noise_internal.h"
#include "support/fake_root.h"

#include <stdio.h>
#include <string.h>

/* The machine of these tests has two PUs and a clock tick of 10 ms; HOST is a host of ours, SERVER
 * its child. The test program's own CPU time counts as ours too, so figures are in seconds and are
 * compared with 200 ms to spare. */
enum { HOST = 100, SERVER = 101 };

static char root[200];

static int setup(void **state)
{
        (void)state;
        fake_root_init(root, sizeof(root));
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        fake_root_done(root);
        return 0;
}

static void write_stat(int user0_s, int steal0_s, int user1_s, int steal1_s)
{
        char text[512];

        snprintf(text, sizeof(text),
                 "cpu  7 0 0 0 0 0 0 0 0 0\ncpu0 %d00 0 0 5 5 0 0 %d00 0 0\n"
                 "cpu1 %d00 0 0 5 5 0 0 %d00 0 0\nintr 1 2 3\n",
                 user0_s, steal0_s, user1_s, steal1_s);
        fake_root_write(root, "/proc/stat", text);
}

static void write_process(int pid, const char *comm, int self_s, int reaped_s, const char *children)
{
        char path[64], text[256];

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        snprintf(text, sizeof(text), "%d (%s) S 1 1 1 0 -1 4194560 1 2 3 4 %d00 0 %d00 0 20 0 1\n",
                 pid, comm, self_s, reaped_s);
        fake_root_write(root, path, text);
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
        fake_root_write(root, path, children);
}

static void write_pressure(int total_us)
{
        static const char *const files[] = {"/proc/pressure/cpu", "/proc/pressure/io",
                                            "/proc/pressure/memory"};
        char text[256];

        for (size_t i = 0; i < 3; i++) {
                snprintf(text, sizeof(text),
                         "some avg10=0.00 avg60=1.00 avg300=0.00 total=%d\n"
                         "full avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
                         total_us * (int)(i + 1));
                fake_root_write(root, files[i], text);
        }
}

static struct noise_reader *reader_of(uint64_t watched)
{
        struct cpuset set = {.bits = {watched}};
        struct noise_reader *reader = NULL;

        assert_int_equal(noise_reader_new_at(&reader, root, &set, NULL), 0);
        return reader;
}

static void about(uint64_t ns, unsigned seconds)
{
        assert_in_range(ns + 200 * NS_PER_MS, seconds * NS_PER_S,
                        seconds * NS_PER_S + 400 * NS_PER_MS);
}

static void foreign_is_what_watched_pus_did_beyond_our_own_time(void **state)
{
        struct noise_reader *reader;
        struct trial_noise noise;

        (void)state;
        write_stat(10, 0, 10, 0);
        write_process(HOST, "host", 1, 1, "101 ");
        write_process(SERVER, "a (server) b", 1, 1, "");
        reader = reader_of(3);
        noise_reader_own(reader, (int[]){HOST}, 1);
        noise_begin(reader);
        /* Both PUs are busy for 10 s: 4 s in the host's reaped workers, 9 s in the server's, 1 s in
         * the server itself; the rest is somebody else's. */
        write_stat(20, 0, 20, 2);
        write_process(HOST, "host", 1, 5, "101 ");
        write_process(SERVER, "a (server) b", 2, 10, "");
        noise_end(reader, &noise);
        assert_true(noise.known & NOISE_STAT);
        about(noise.foreign_cpu_ns, 6);
        about(noise.steal_ns, 2);
        noise_reader_free(reader);
}

static void pus_that_are_not_watched_do_not_disturb(void **state)
{
        struct noise_reader *reader;
        struct trial_noise noise;

        (void)state;
        write_stat(10, 0, 10, 0);
        reader = reader_of(2);
        noise_begin(reader);
        write_stat(20, 5, 13, 1);
        noise_end(reader, &noise);
        about(noise.foreign_cpu_ns, 3);
        about(noise.steal_ns, 1);
        noise_reader_free(reader);

        reader = reader_of(0); /* an empty set stands for all */
        noise_begin(reader);
        write_stat(21, 5, 14, 1);
        noise_end(reader, &noise);
        about(noise.foreign_cpu_ns, 2);
        noise_reader_free(reader);
}

static void time_that_ticks_show_late_is_not_foreign(void **state)
{
        struct noise_reader *reader;
        struct trial_noise noise;

        (void)state;
        write_stat(0, 0, 0, 0);
        write_process(HOST, "host", 0, 0, "");
        reader = reader_of(3);
        noise_reader_own(reader, (int[]){HOST}, 1);
        noise_begin(reader);
        /* Ours by 40 ms, which is the most that two PUs' ticks may owe; busy shows later. */
        fake_root_write(root, "/proc/100/stat", "100 (h) S 1 1 1 0 -1 0 1 2 3 4 4 0 0 0 20\n");
        noise_end(reader, &noise);
        assert_true(noise.foreign_cpu_ns == 0);
        noise_begin(reader);
        fake_root_write(root, "/proc/stat", "cpu0 2 0 0 0 0 0 0 0\ncpu1 2 0 0 0 0 0 0 0\n");
        noise_end(reader, &noise);
        assert_true(noise.foreign_cpu_ns == 0);
        noise_begin(reader);
        fake_root_write(root, "/proc/stat", "cpu0 99 0 0 0 0 0 0 0\ncpu1 5 0 0 0 0 0 0 0\n");
        noise_end(reader, &noise);
        assert_in_range(noise.foreign_cpu_ns, 800 * NS_PER_MS, 1000 * NS_PER_MS);

        /* More than ticks can owe was spent elsewhere, and hides nobody. */
        noise_begin(reader);
        write_process(HOST, "host", 5, 0, "");
        noise_end(reader, &noise);
        noise_begin(reader);
        write_stat(6, 0, 1, 0);
        noise_end(reader, &noise);
        about(noise.foreign_cpu_ns, 6);
        noise_reader_free(reader);
}

static void pressure_is_read_where_the_kernel_has_it(void **state)
{
        struct noise_reader *reader;
        struct trial_noise noise;

        (void)state;
        write_pressure(1000);
        reader = reader_of(3);
        noise_begin(reader);
        write_pressure(1500);
        noise_end(reader, &noise);
        assert_int_equal(noise.known, NOISE_PSI); /* there is no /proc/stat here */
        assert_true(noise.psi_cpu_ns == 500 * NS_PER_US);
        assert_true(noise.psi_io_ns == 1000 * NS_PER_US);
        assert_true(noise.psi_memory_ns == 1500 * NS_PER_US);
        noise_reader_free(reader);
}

/* A quota of the group above, as version 1 and as version 2 of control groups count it. */
static void what_the_own_quota_held_back_is_read_and_is_no_disturbance(void **state)
{
        static const struct {
                const char *mount, *group, *quota, *stat, *before, *after;
        } versions[] = {
                {"32 31 0:29 / /cg rw - cgroup cgroup rw,cpu\n", "1:cpu:/a/b\n",
                 "/cg/a/cpu.cfs_quota_us", "/cg/a/cpu.stat",
                 "nr_periods 9\nnr_throttled 1\nthrottled_time 1000000000\n",
                 "nr_periods 99\nnr_throttled 80\nthrottled_time 9000000000\n"},
                {"30 20 0:26 / /v2 rw - cgroup2 cgroup2 rw\n", "0::/a/b\n", "/v2/a/cpu.max",
                 "/v2/a/cpu.stat", "usage_usec 5\nnr_throttled 1\nthrottled_usec 1000000\n",
                 "usage_usec 6\nnr_throttled 80\nthrottled_usec 9000000\n"},
        };

        (void)state;
        write_stat(10, 0, 10, 0);
        fake_root_write(root, "/cg/a/cpu.cfs_period_us", "100000\n");
        for (size_t i = 0; i < 2; i++) {
                struct noise_reader *reader;
                struct trial_noise noise;

                fake_root_write(root, "/proc/self/mountinfo", versions[i].mount);
                fake_root_write(root, "/proc/self/cgroup", versions[i].group);
                fake_root_write(root, versions[i].quota, i ? "20000 100000\n" : "20000\n");
                fake_root_write(root, versions[i].stat, versions[i].before);
                reader = reader_of(3);
                noise_begin(reader);
                fake_root_write(root, versions[i].stat, versions[i].after);
                noise_end(reader, &noise);
                assert_int_equal(noise.known, NOISE_STAT | NOISE_THROTTLE);
                assert_true(noise.throttled_ns == 8 * NS_PER_S);
                assert_int_equal(noise_judge_round(&noise, 1, 2), NOISE_CALM);
                noise_reader_free(reader);
        }
}

static void a_machine_without_proc_is_not_called_quiet_but_unknown(void **state)
{
        struct noise_reader *reader = reader_of(3);
        struct trial_noise noise;

        (void)state;
        noise_reader_own(reader, (int[]){HOST}, 1);
        noise_begin(reader);
        noise_end(reader, &noise);
        assert_int_equal(noise.known, 0);
        assert_int_equal(noise_judge_round(&noise, 1, 2), NOISE_NOT_KNOWN);
        noise_reader_free(reader);
        noise_reader_free(NULL);
}

static void a_round_is_disturbed_from_5_percent_and_two_ticks_on(void **state)
{
        struct trial_noise noises[2] = {
                {.duration_ns = NS_PER_S, .known = NOISE_STAT},
                {.duration_ns = NS_PER_S, .known = NOISE_STAT},
        };

        (void)state;
        assert_int_equal(noise_judge_round(noises, 2, 2), NOISE_CALM); /* 4 s of watched time */
        noises[0].steal_ns = 120 * NS_PER_MS;
        noises[1].foreign_cpu_ns = 70 * NS_PER_MS;
        assert_int_equal(noise_judge_round(noises, 2, 2), NOISE_CALM);
        noises[1].foreign_cpu_ns = 90 * NS_PER_MS;
        assert_int_equal(noise_judge_round(noises, 2, 2), NOISE_DISTURBED);
        noises[0].throttled_ns = noises[1].throttled_ns = 1; /* ticks in step with our own quota */
        assert_int_equal(noise_judge_round(noises, 2, 2), NOISE_CALM);

        /* A short round: 10 % of it is one tick, which may be no more than rounding. */
        noises[0] = (struct trial_noise){.duration_ns = 50 * NS_PER_MS,
                                         .foreign_cpu_ns = 10 * NS_PER_MS,
                                         .known = NOISE_STAT};
        assert_int_equal(noise_judge_round(noises, 1, 2), NOISE_CALM);
        noises[0].foreign_cpu_ns = 30 * NS_PER_MS;
        assert_int_equal(noise_judge_round(noises, 1, 2), NOISE_DISTURBED);
        noises[0].known = 0;
        assert_int_equal(noise_judge_round(noises, 1, 2), NOISE_NOT_KNOWN);
}

static void pressure_judges_where_proc_stat_does_not(void **state)
{
        struct trial_noise noise = {
                .duration_ns = NS_PER_S, .psi_cpu_ns = 40 * NS_PER_MS, .known = NOISE_PSI};

        (void)state;
        assert_int_equal(noise_judge_round(&noise, 1, 2), NOISE_CALM);
        noise.psi_cpu_ns = 60 * NS_PER_MS;
        assert_int_equal(noise_judge_round(&noise, 1, 2), NOISE_DISTURBED);
        noise.throttled_ns = 1; /* who is held back waits, too */
        assert_int_equal(noise_judge_round(&noise, 1, 2), NOISE_NOT_KNOWN);
        noise.known |= NOISE_STAT; /* which knows better */
        assert_int_equal(noise_judge_round(&noise, 1, 2), NOISE_CALM);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(foreign_is_what_watched_pus_did_beyond_our_own_time,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(pus_that_are_not_watched_do_not_disturb, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(time_that_ticks_show_late_is_not_foreign, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(pressure_is_read_where_the_kernel_has_it, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(
                        a_machine_without_proc_is_not_called_quiet_but_unknown, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_the_own_quota_held_back_is_read_and_is_no_disturbance, setup,
                        teardown),
                cmocka_unit_test(a_round_is_disturbed_from_5_percent_and_two_ticks_on),
                cmocka_unit_test(pressure_judges_where_proc_stat_does_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
