#include "count/noise.h"

#include "base/clock.h"
#include "base/error.h"
#include "count/cgroup.h"
#include "count/noise_internal.h"
#include "count/process_time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OWN_MAX 64
#define STAT_LINE_BYTES 256 /* more than /proc/stat spends on a CPU */

enum { PSI_CPU, PSI_IO, PSI_MEMORY, PSI_COUNT };

struct sample {
        uint64_t at_ns, steal_ns, busy_ns, own_ns, psi_ns[PSI_COUNT], throttled_ns, known;
};

struct noise_reader {
        char root[PATH_MAX];
        struct cpuset watched;
        bool watches_all;
        int64_t tick_ns;
        int64_t debt_ns; /* ≤ 0: CPU time that was ours before the ticks showed it */
        int64_t debt_limit_ns;
        int stat_fd, throttle_fd, psi_fd[PSI_COUNT];
        char *text;
        size_t text_size;
        int own[OWN_MAX];
        size_t own_count;
        struct sample begin;
};

static int open_below(const char *root, const char *path)
{
        char whole[PATH_MAX + 64];

        snprintf(whole, sizeof(whole), "%s%s", root, path);
        return open(whole, O_RDONLY | O_CLOEXEC);
}

/* What the group with the tightest quota counts; −1: there is no quota. */
static int open_throttle(const char *root)
{
        struct cgroup_limits limits;
        char path[sizeof(limits.quota_group) + 16];

        cgroup_read_limits(root, &limits);
        if (!*limits.quota_group)
                return -1;
        snprintf(path, sizeof(path), "%s/cpu.stat", limits.quota_group);
        return open_below(root, path);
}

int noise_reader_new_at(struct noise_reader **ret, const char *root, const struct cpuset *watched,
                        struct mproc_err *err)
{
        static const char *const pressures[] = {"/proc/pressure/cpu", "/proc/pressure/io",
                                                "/proc/pressure/memory"};
        long cpus = sysconf(_SC_NPROCESSORS_CONF), ticks = sysconf(_SC_CLK_TCK);
        size_t text_size = (size_t)(cpus > 0 ? cpus + 2 : 64) * STAT_LINE_BYTES;
        struct noise_reader *reader = calloc(1, sizeof(*reader));
        char *text = malloc(text_size);
        uint32_t count = 0;

        if (!reader || !text) {
                free(reader);
                free(text);
                return error_errno(err, -ENOMEM, "noise", "no memory to watch the machine");
        }
        reader->text = text;
        reader->text_size = text_size;
        snprintf(reader->root, sizeof(reader->root), "%s", root);
        reader->watched = *watched;
        for (size_t i = 0; i < CPUSET_WORDS; i++)
                count += (uint32_t)__builtin_popcountll(watched->bits[i]);
        reader->watches_all = !count;
        reader->tick_ns = (int64_t)NS_PER_S / (ticks > 0 ? ticks : 100);
        reader->debt_limit_ns = reader->tick_ns * ((count      ? (int64_t)count
                                                    : cpus > 0 ? cpus
                                                               : 1) +
                                                   2);
        reader->stat_fd = open_below(root, "/proc/stat");
        reader->throttle_fd = open_throttle(root);
        for (size_t i = 0; i < PSI_COUNT; i++)
                reader->psi_fd[i] = open_below(root, pressures[i]);
        *ret = reader;
        return 0;
}

int noise_reader_new(struct noise_reader **ret, const struct cpuset *watched, struct mproc_err *err)
{
        return noise_reader_new_at(ret, "", watched, err);
}

void noise_reader_free(struct noise_reader *reader)
{
        if (!reader)
                return;
        if (reader->stat_fd >= 0)
                close(reader->stat_fd);
        if (reader->throttle_fd >= 0)
                close(reader->throttle_fd);
        for (size_t i = 0; i < PSI_COUNT; i++)
                if (reader->psi_fd[i] >= 0)
                        close(reader->psi_fd[i]);
        free(reader->text);
        free(reader);
}

void noise_reader_own(struct noise_reader *reader, const int *pids, size_t count)
{
        reader->own_count = count < OWN_MAX ? count : OWN_MAX;
        for (size_t i = 0; i < reader->own_count; i++)
                reader->own[i] = pids[i];
}

/* A file of /proc from its beginning, as it is now. */
static bool reread(int fd, char *text, size_t size)
{
        size_t used = 0;
        ssize_t n;

        if (fd < 0)
                return false;
        while (used + 1 < size && (n = pread(fd, text + used, size - 1 - used, (off_t)used)) > 0)
                used += (size_t)n;
        text[used] = '\0';
        return used > 0;
}

/* Lines "cpuN user nice system idle iowait irq softirq steal …"; guest time is within user. */
static bool read_cpus(struct noise_reader *reader, struct sample *sample)
{
        bool found = false;

        if (!reread(reader->stat_fd, reader->text, reader->text_size))
                return false;
        for (char *line = reader->text; line && !strncmp(line, "cpu", 3);) {
                uint64_t v[8] = {0}, pu;

                if (sscanf(line,
                           "cpu%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                           " %" SCNu64 " %" SCNu64 " %" SCNu64,
                           &pu, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) == 9 &&
                    (reader->watches_all ||
                     (pu < CPUSET_WORDS * 64 && reader->watched.bits[pu / 64] >> pu % 64 & 1))) {
                        sample->busy_ns +=
                                (v[0] + v[1] + v[2] + v[5] + v[6]) * (uint64_t)reader->tick_ns;
                        sample->steal_ns += v[7] * (uint64_t)reader->tick_ns;
                        found = true;
                }
                line = strchr(line, '\n');
                line = line ? line + 1 : NULL;
        }
        return found;
}

static bool read_pressure(int fd, uint64_t *ret_ns)
{
        char text[256];
        const char *total;
        uint64_t us;

        if (!reread(fd, text, sizeof(text)) || strncmp(text, "some ", 5))
                return false;
        total = strstr(text, "total=");
        if (!total || sscanf(total, "total=%" SCNu64, &us) != 1)
                return false;
        *ret_ns = us * NS_PER_US;
        return true;
}

/* Version 2 of control groups has "throttled_usec N", version 1 "throttled_time N" in ns. */
static bool read_throttle(int fd, uint64_t *ret_ns)
{
        static const struct {
                const char *name;
                uint64_t unit_ns;
        } lines[] = {{"throttled_usec ", NS_PER_US}, {"throttled_time ", 1}};
        char text[1024];

        if (!reread(fd, text, sizeof(text)))
                return false;
        for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
                const char *line = strstr(text, lines[i].name);
                uint64_t value;

                if (line && sscanf(line + strlen(lines[i].name), "%" SCNu64, &value) == 1) {
                        *ret_ns = value * lines[i].unit_ns;
                        return true;
                }
        }
        return false;
}

static uint64_t usage_ns(int who)
{
        struct rusage usage;

        if (getrusage(who, &usage))
                return 0;
        return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * NS_PER_S +
               ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * NS_PER_US;
}

static void take_sample(struct noise_reader *reader, struct sample *sample)
{
        bool pressure = true;

        *sample = (struct sample){.at_ns = clock_now_ns()};
        if (read_cpus(reader, sample))
                sample->known |= NOISE_STAT;
        sample->own_ns = usage_ns(RUSAGE_SELF) + usage_ns(RUSAGE_CHILDREN);
        for (size_t i = 0; i < reader->own_count; i++)
                sample->own_ns += process_tree_ns(reader->root, reader->own[i]);
        for (size_t i = 0; i < PSI_COUNT; i++)
                pressure &= read_pressure(reader->psi_fd[i], &sample->psi_ns[i]);
        if (pressure)
                sample->known |= NOISE_PSI;
        if (read_throttle(reader->throttle_fd, &sample->throttled_ns))
                sample->known |= NOISE_THROTTLE;
}

void noise_begin(struct noise_reader *reader)
{
        take_sample(reader, &reader->begin);
}

static uint64_t grown(uint64_t before, uint64_t after)
{
        return after > before ? after - before : 0;
}

/* Busy time comes in ticks, ours is put down when a worker is reaped: over one trial of some ten
 * ms the difference is off by about a tick, either way. What falls below zero is kept and set off
 * against the next trial; if it were dropped, the rest would add up and look like a busy machine
 * (simulated, 12 trials of 30 ms on 2 PUs: one quiet round in four judged disturbed, with the debt
 * kept none in 2,400). */
static uint64_t foreign(struct noise_reader *reader, const struct sample *end)
{
        int64_t ns = (int64_t)(end->busy_ns - reader->begin.busy_ns) -
                     (int64_t)(end->own_ns - reader->begin.own_ns) + reader->debt_ns;

        reader->debt_ns = ns < 0 ? ns : 0;
        if (reader->debt_ns < -reader->debt_limit_ns)
                reader->debt_ns = -reader->debt_limit_ns;
        return ns > 0 ? (uint64_t)ns : 0;
}

void noise_end(struct noise_reader *reader, struct trial_noise *ret)
{
        const struct sample *begin = &reader->begin;
        struct sample end;

        take_sample(reader, &end);
        *ret = (struct trial_noise){
                .duration_ns = end.at_ns - begin->at_ns,
                .known = begin->known & end.known,
        };
        if (ret->known & NOISE_STAT) {
                ret->steal_ns = grown(begin->steal_ns, end.steal_ns);
                ret->foreign_cpu_ns = foreign(reader, &end);
        }
        if (ret->known & NOISE_PSI) {
                ret->psi_cpu_ns = grown(begin->psi_ns[PSI_CPU], end.psi_ns[PSI_CPU]);
                ret->psi_io_ns = grown(begin->psi_ns[PSI_IO], end.psi_ns[PSI_IO]);
                ret->psi_memory_ns = grown(begin->psi_ns[PSI_MEMORY], end.psi_ns[PSI_MEMORY]);
        }
        if (ret->known & NOISE_THROTTLE)
                ret->throttled_ns = grown(begin->throttled_ns, end.throttled_ns);
}

/* More than two ticks, and more than 5 %. */
static bool is_much(uint64_t part_ns, uint64_t whole_ns)
{
        return part_ns > 20 * NS_PER_MS && part_ns > whole_ns / 20;
}

enum noise_judgement noise_judge_round(const struct trial_noise *noises, size_t count, uint32_t pus)
{
        uint64_t taken_ns = 0, watched_ns = 0, waited_ns = 0, pressed_ns = 0;
        bool known = true;

        for (size_t i = 0; i < count; i++) {
                const struct trial_noise *noise = &noises[i];

                if (noise->known & NOISE_STAT) {
                        taken_ns += noise->steal_ns;
                        /* A quota lets the team run in step with the ticks, which then take a few
                         * ms of each period for all of it: that is not foreign. */
                        taken_ns += noise->throttled_ns ? 0 : noise->foreign_cpu_ns;
                        watched_ns += noise->duration_ns * pus;
                } else if (noise->known & NOISE_PSI && !noise->throttled_ns) {
                        waited_ns += noise->psi_cpu_ns;
                        pressed_ns += noise->duration_ns;
                } else {
                        known = false;
                }
        }
        if (is_much(taken_ns, watched_ns) || is_much(waited_ns, pressed_ns))
                return NOISE_DISTURBED;
        return known ? NOISE_CALM : NOISE_NOT_KNOWN;
}
