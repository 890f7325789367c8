/* What fileread promises: right sums, an honest cache, clear refusals, and nothing left behind.
 * Each case runs in a process of its own, since a process makes the file only once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "contract/trial_rig.h"
#include "workload_table.h"

enum { WARM, DROPPED };

#define EXPECT(condition)                                                               \
        do {                                                                            \
                if (!(condition)) {                                                     \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        return 1;                                                       \
                }                                                                       \
        } while (0)

enum { SKIPPED = 77 };

/* Runs `body` with `folder` as TMPDIR; gives its exit status. */
static int in_process(int (*body)(void), const char *folder)
{
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (!pid) {
                setenv("TMPDIR", folder, 1);
                _exit(body());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void in_fresh_folder(int (*body)(void))
{
        char folder[] = "/var/tmp/mpbench-test-XXXXXX";
        int status, left;

        assert_non_null(mkdtemp(folder));
        status = in_process(body, folder);
        left = rmdir(folder); /* fails if anything is in it */
        assert_int_equal(left, 0);
        if (status == SKIPPED)
                skip();
        assert_int_equal(status, 0);
}

static void init(struct rig *rig, uint32_t workers, uint64_t blocks, int64_t block, int cache)
{
        rig_init(rig, workload_find("fileread"));
        rig->trial.workers = workers;
        rig->trial.ops = blocks;
        rig_set(rig, "block", block);
        rig_set(rig, "cache", cache);
        rig_set(rig, "file_size", 1 << 20);
}

static int read_warm(void)
{
        /* whole, odd and more blocks than the file holds; larger after smaller, and back */
        const struct {
                uint64_t blocks;
                int64_t block;
        } cases[] = {{10, 4096}, {16, 65536}, {37, 65536}, {1000, 1000}, {5, 8}, {3, 1 << 20}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct mpb_outcome outcome;
                struct rig rig;

                init(&rig, 3, cases[i].blocks, cases[i].block, WARM);
                EXPECT(!rig.workload->check(&rig.trial, &rig.err));
                EXPECT(!rig_run(&rig, 2, &outcome));
                EXPECT(outcome.final_value == outcome.expected_value);
                EXPECT(outcome.final_value != 0);
        }
        return 0;
}

static void fileread_adds_up_exactly_what_the_file_holds(void **state)
{
        (void)state;
        in_fresh_folder(read_warm);
}

static int read_against_bytes(void)
{
        uint64_t words[64], sum = 0;
        struct mpb_outcome outcome;
        struct mpb_worker worker;
        struct rig rig;

        init(&rig, 1, 4, 512, WARM);
        EXPECT(!rig_prepare(&rig));
        for (int i = 0; i < 4; i++) { /* the file, read in another way */
                EXPECT(pread(rig.trial.fd, words, 512, i * 512) == 512);
                for (int w = 0; w < 64; w++)
                        sum += words[w];
        }
        EXPECT(!rig_work(&rig, 0, 4));
        EXPECT(!rig.workload->verify(&rig.trial, &outcome, &rig.err));
        EXPECT(outcome.final_value == sum && outcome.expected_value == sum);

        words[0] ^= 1; /* one wrong bit in the file is seen */
        EXPECT(pwrite(rig.trial.fd, words, 8, 1024) == 8);
        EXPECT(!rig_work(&rig, 0, 4));
        EXPECT(!rig.workload->verify(&rig.trial, &outcome, &rig.err));
        EXPECT(outcome.final_value != outcome.expected_value);

        worker = rig_worker(&rig, 0);
        EXPECT(!rig.workload->attach(&worker, &rig.err));
        EXPECT(!ftruncate(rig.trial.fd, 1000)); /* and a block that cannot be read is an error */
        rig.workload->work(&worker, 0, 4);
        rig.workload->detach(&worker);
        EXPECT(rig.workload->verify(&rig.trial, &outcome, &rig.err) == -ENODATA);
        EXPECT(strstr(rig.err.text, "worker 0 cannot read block 1"));
        rig_done(&rig);
        return 0;
}

static void fileread_sees_a_wrong_file_and_a_short_one(void **state)
{
        (void)state;
        in_fresh_folder(read_against_bytes);
}

/* Pages of a file that are in the page cache, out of its first `bytes`; −1: cannot be seen. */
static int resident(int fd, size_t bytes)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
        unsigned char seen[1024];
        int count = 0;

        if (map == MAP_FAILED || bytes > sizeof(seen) * page || mincore(map, bytes, seen))
                return -1;
        munmap(map, bytes);
        for (size_t i = 0; i < (bytes + page - 1) / page; i++)
                count += seen[i] & 1;
        return count;
}

/* Whether this very file can be taken out of the page cache at all. */
static int can_drop(int fd, size_t bytes)
{
        return !fdatasync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) &&
               resident(fd, bytes) == 0;
}

static int read_dropped(void)
{
        const size_t bytes = 16 * 65536;
        struct mpb_outcome outcome;
        struct rig rig;

        init(&rig, 1, 16, 65536, WARM);
        EXPECT(!rig_prepare(&rig));
        EXPECT(resident(rig.trial.fd, bytes) == (int)(bytes / (size_t)sysconf(_SC_PAGESIZE)));
        if (!can_drop(rig.trial.fd, bytes)) {
                init(&rig, 1, 16, 65536, DROPPED);
                EXPECT(rig_prepare(&rig) == -EOPNOTSUPP);
                EXPECT(strstr(rig.err.text, "page cache"));
                return 0;
        }
        for (int again = 0; again < 2; again++) { /* the first one warms it for the second */
                init(&rig, 1, 16, 65536, DROPPED);
                EXPECT(!rig_prepare(&rig));
                EXPECT(resident(rig.trial.fd, bytes) == 0);
                EXPECT(!rig_work(&rig, 0, 4));
                EXPECT(!rig.workload->verify(&rig.trial, &outcome, &rig.err));
                EXPECT(outcome.final_value == outcome.expected_value);
                rig_done(&rig);
        }
        return 0;
}

static void dropped_blocks_are_cold_and_read_right_or_the_reason_is_said(void **state)
{
        (void)state;
        in_fresh_folder(read_dropped);
}

static int drop_on_tmpfs(void)
{
        struct mpb_outcome outcome;
        struct rig rig;

        init(&rig, 1, 4, 4096, DROPPED);
        EXPECT(rig_run(&rig, 4, &outcome) == -EOPNOTSUPP);
        EXPECT(strstr(rig.err.text, "tmpfs"));
        EXPECT(strstr(rig.err.text, "TMPDIR"));
        init(&rig, 1, 4, 4096, WARM);
        EXPECT(!rig_run(&rig, 4, &outcome));
        return 0;
}

static void dropping_on_tmpfs_is_refused_with_the_remedy(void **state)
{
        struct statfs system;

        (void)state;
        if (statfs("/dev/shm", &system) || system.f_type != TMPFS_MAGIC) {
                print_message("skipped: /dev/shm is not a tmpfs here\n");
                skip();
        }
        assert_int_equal(in_process(drop_on_tmpfs, "/dev/shm"), 0);
}

static int exceed_the_file_limit(void)
{
        struct rlimit limit = {.rlim_cur = 8192, .rlim_max = 8192};
        struct mpb_outcome outcome;
        struct rig rig;

        init(&rig, 1, 2, 4096, WARM);
        EXPECT(!setrlimit(RLIMIT_FSIZE, &limit));
        EXPECT(!rig_run(&rig, 1, &outcome));
        init(&rig, 1, 3, 4096, WARM);
        EXPECT(rig_run(&rig, 1, &outcome) == -EFBIG);
        EXPECT(strstr(rig.err.text, "RLIMIT_FSIZE"));
        EXPECT(rig.trial.fd == -1);
        return 0;
}

static void a_file_beyond_the_limit_is_refused_before_a_signal_kills(void **state)
{
        (void)state;
        in_fresh_folder(exceed_the_file_limit);
}

static int fill_the_disk(void)
{
        const char *folder = getenv("TMPDIR");
        struct statfs before, after;
        struct mpb_outcome outcome;
        struct rig rig;

        if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("none", folder, "tmpfs", MS_NODEV, "size=256k")) {
                fprintf(stderr, "skipped: mounting a small file system needs root\n");
                return SKIPPED;
        }
        EXPECT(!statfs(folder, &before));
        init(&rig, 1, 8, 65536, WARM);
        EXPECT(rig_run(&rig, 1, &outcome) == -ENOSPC);
        EXPECT(strstr(rig.err.text, folder));
        EXPECT(rig.trial.fd == -1);
        EXPECT(!statfs(folder, &after) && after.f_bfree == before.f_bfree);
        init(&rig, 1, 2, 65536, WARM);
        EXPECT(!rig_run(&rig, 1, &outcome));
        return 0;
}

static void a_full_disk_is_an_error_and_gets_its_space_back(void **state)
{
        (void)state;
        in_fresh_folder(fill_the_disk);
}

static int write_nowhere(void)
{
        struct mpb_outcome outcome;
        struct rig rig;

        init(&rig, 1, 2, 4096, WARM);
        EXPECT(rig_run(&rig, 1, &outcome) == -ENOENT);
        EXPECT(strstr(rig.err.text, "/var/tmp/no/such/folder"));
        EXPECT(strstr(rig.err.text, "TMPDIR"));
        return 0;
}

static void a_folder_that_is_not_there_is_named(void **state)
{
        (void)state;
        assert_int_equal(in_process(write_nowhere, "/var/tmp/no/such/folder"), 0);
}

static void contradicting_parameters_are_refused_with_both_values(void **state)
{
        struct rig rig;

        (void)state;
        init(&rig, 1, 2, 12, WARM);
        assert_int_equal(rig.workload->check(&rig.trial, &rig.err), -EINVAL);
        assert_non_null(strstr(rig.err.text, "multiple of 8"));
        init(&rig, 1, 2, 2 << 20, WARM);
        assert_int_equal(rig.workload->check(&rig.trial, &rig.err), -EINVAL);
        assert_non_null(strstr(rig.err.text, "file_size (1048576)"));
        init(&rig, 1, 17, 65536, DROPPED);
        assert_int_equal(rig.workload->check(&rig.trial, &rig.err), -EOPNOTSUPP);
        assert_non_null(strstr(rig.err.text, "17 blocks of 65536 bytes"));
        init(&rig, 1, 17, 65536, WARM);
        assert_int_equal(rig.workload->check(&rig.trial, &rig.err), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fileread_adds_up_exactly_what_the_file_holds),
                cmocka_unit_test(fileread_sees_a_wrong_file_and_a_short_one),
                cmocka_unit_test(dropped_blocks_are_cold_and_read_right_or_the_reason_is_said),
                cmocka_unit_test(dropping_on_tmpfs_is_refused_with_the_remedy),
                cmocka_unit_test(a_file_beyond_the_limit_is_refused_before_a_signal_kills),
                cmocka_unit_test(a_full_disk_is_an_error_and_gets_its_space_back),
                cmocka_unit_test(a_folder_that_is_not_there_is_named),
                cmocka_unit_test(contradicting_parameters_are_refused_with_both_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
