#include "count/cgroup.h"

#include "base/clock.h"
#include "base/text.h"
#include "count/small_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES 65536

/* Version 1 writes "no limit" as the largest multiple of a page. */
#define MEMORY_UNLIMITED (INT64_MAX >> 1)

static void tighten(int64_t *limit, int64_t value)
{
        if (value >= 0 && (*limit < 0 || value < *limit))
                *limit = value;
}

static void tighten_quota(struct cgroup_limits *limits, const char *group, int64_t quota_us,
                          int64_t period_us)
{
        double cpus;

        if (quota_us <= 0 || period_us <= 0)
                return;
        cpus = (double)quota_us / (double)period_us;
        if (limits->cpu_quota >= 0 && limits->cpu_quota <= cpus)
                return;
        limits->cpu_quota = cpus;
        limits->quota_period_ns = period_us * (int64_t)NS_PER_US;
        text_copy(limits->quota_group, sizeof(limits->quota_group), group);
}

/* Both versions' files are looked for in every group: a controller is in one hierarchy only, so
 * at most one of them exists. */
static void read_group(const char *root, const char *group, struct cgroup_limits *limits)
{
        long long quota_us, period_us;
        char text[64];

        if (small_file_read(root, text, sizeof(text), "%s/cpu.max", group) > 0 &&
            sscanf(text, "%lld %lld", &quota_us, &period_us) == 2)
                tighten_quota(limits, group, quota_us, period_us);
        tighten_quota(limits, group, small_file_int(root, -1, "%s/cpu.cfs_quota_us", group),
                      small_file_int(root, -1, "%s/cpu.cfs_period_us", group));

        tighten(&limits->memory_max_bytes, small_file_int(root, -1, "%s/memory.max", group));
        quota_us = small_file_int(root, -1, "%s/memory.limit_in_bytes", group);
        if (quota_us < MEMORY_UNLIMITED)
                tighten(&limits->memory_max_bytes, quota_us);
        tighten(&limits->pids_max, small_file_int(root, -1, "%s/pids.max", group));
}

/* From the group up to the mount point. */
static void read_path(const char *root, const char *mount, const char *path,
                      struct cgroup_limits *limits)
{
        char group[PATH_MAX];
        size_t top = strlen(mount);

        snprintf(group, sizeof(group), "%s%s", mount, path);
        for (;;) {
                char *slash;

                read_group(root, group, limits);
                slash = strrchr(group, '/');
                if (!slash || (size_t)(slash - group) < top)
                        break;
                *slash = '\0';
        }
}

/* Is `name` in the comma-separated `list`? */
static bool listed(const char *list, const char *name)
{
        size_t length = strlen(name);

        for (const char *at = list; (at = strstr(at, name)); at += length)
                if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
                        return true;
        return false;
}

/* The path of this process's group in the hierarchy with `controller`, "" for version 2's, from a
 * copy of /proc/self/cgroup: lines "number:controllers:path". */
static bool find_group(const char *table, const char *controller, char *path, size_t size)
{
        for (const char *line = table; line && *line;) {
                const char *names = strchr(line, ':'), *end = strchrnul(line, '\n');
                const char *at = names ? strchr(names + 1, ':') : NULL;
                char list[256];

                if (at && at < end) {
                        snprintf(list, sizeof(list), "%.*s", (int)(at - names - 1), names + 1);
                        if (*controller ? listed(list, controller) : !*list) {
                                snprintf(path, size, "%.*s", (int)(end - at - 1), at + 1);
                                return true;
                        }
                }
                line = *end ? end + 1 : NULL;
        }
        return false;
}

/* One line of mountinfo. What is mounted may be a group below the hierarchy's root, as in a
 * container without a cgroup namespace: the group's path begins with it. */
static void read_mount(const char *root, const char *line, const char *groups,
                       struct cgroup_limits *limits)
{
        static const char *const controllers[] = {"cpu", "memory", "pids"};
        char from[PATH_MAX], mount[PATH_MAX], type[32], options[256], path[PATH_MAX];
        const char *rest = strstr(line, " - ");

        if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", from, mount) != 2 ||
            sscanf(rest, " - %31s %*s %255s", type, options) != 2)
                return;
        for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++) {
                bool version_2 = !strcmp(type, "cgroup2");
                size_t above = strcmp(from, "/") ? strlen(from) : 0;

                if (!version_2 && (strcmp(type, "cgroup") || !listed(options, controllers[i])))
                        continue;
                if (!find_group(groups, version_2 ? "" : controllers[i], path, sizeof(path)))
                        continue;
                if (strncmp(path, from, above) || strstr(path, "/.."))
                        read_path(root, mount, "", limits);
                else
                        read_path(root, mount, strcmp(path, "/") ? path + above : "", limits);
                if (version_2)
                        break;
        }
}

void cgroup_read_limits(const char *root, struct cgroup_limits *ret)
{
        char *mounts = malloc(TABLE_BYTES), *save = NULL;
        char groups[8192];

        *ret = (struct cgroup_limits){-1, -1, -1, -1, ""};
        if (mounts && small_file_read(root, mounts, TABLE_BYTES, "/proc/self/mountinfo") > 0 &&
            small_file_read(root, groups, sizeof(groups), "/proc/self/cgroup") > 0)
                for (char *line = strtok_r(mounts, "\n", &save); line;
                     line = strtok_r(NULL, "\n", &save))
                        read_mount(root, line, groups, ret);
        free(mounts);
}
