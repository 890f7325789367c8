#include "mproc/segment.h"

#include "base/error.h"
#include "base/text.h"
#include "mproc/limits.h"
#include "mproc/memfd.h"
#include "mproc/registry.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

struct mproc_shm {
        LIST_ENTRY(mproc_shm) entry; /* in order of address */
        uint64_t addr;
        size_t size;
        size_t mapped; /* whole pages */
        int fd;
        unsigned refs; /* the owner's, and one per start that hands it over */
};

/* Clear of program, heap, libraries and stack in every layout that Linux uses: below the bottom-up
 * base of 47-bit x86 and 48-bit Arm; the second for ASan on Arm, whose shadow covers the first; the
 * third for address spaces of 39 and 42 bits. */
static const struct {
        uint64_t first, end;
} windows[] = {
        {0x200000000000, 0x2a0000000000},
        {0x300000000000, 0x3a0000000000},
        {0x2000000000, 0x3000000000},
};

static LIST_HEAD(, mproc_shm) segments = LIST_HEAD_INITIALIZER(segments);
static size_t segment_count;

static void insert(struct mproc_shm *segment)
{
        struct mproc_shm *before = LIST_FIRST(&segments), *next;

        segment_count++;
        if (!before || before->addr > segment->addr) {
                LIST_INSERT_HEAD(&segments, segment, entry);
                return;
        }
        while ((next = LIST_NEXT(before, entry)) && next->addr < segment->addr)
                before = next;
        LIST_INSERT_AFTER(before, segment, entry);
}

/* Lowest address from `from` on at which `bytes` touch no segment. */
static uint64_t next_gap(uint64_t from, uint64_t bytes)
{
        struct mproc_shm *segment;

        LIST_FOREACH(segment, &segments, entry)
        {
                uint64_t end = segment->addr + segment->mapped;

                if (end > from && segment->addr < from + bytes)
                        from = end;
        }
        return from;
}

static int map_at(uint64_t addr, size_t bytes, int fd)
{
        void *want = (void *)(uintptr_t)addr, *got;

        got = mmap(want, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
        if (got == MAP_FAILED)
                return -errno;
        if (got != want) { /* before Linux 4.17 the flag is unknown and the address a hint */
                munmap(got, bytes);
                return -EEXIST;
        }
        return 0;
}

static int map_in_window(struct mproc_shm *segment, uint64_t first, uint64_t end)
{
        uint64_t guard = (uint64_t)sysconf(_SC_PAGESIZE), bytes = segment->mapped + 2 * guard;
        uint64_t addr = first;
        int r;

        /* Foreign mappings in the window are rare; go past each in steps that grow. */
        for (uint64_t step = 1 << 20;; step *= 4) {
                addr = next_gap(addr, bytes);
                if (bytes > end - first || addr > end - bytes)
                        return -ENOMEM;
                r = map_at(addr + guard, segment->mapped, segment->fd);
                if (!r)
                        segment->addr = addr + guard;
                if (r != -EEXIST)
                        return r;
                addr += step;
        }
}

static int map_somewhere(struct mproc_shm *segment)
{
        int first_r = 0, r;

        if (!SEGMENT_FIXED) {
                void *addr = mmap(NULL, segment->mapped, PROT_READ | PROT_WRITE, MAP_SHARED,
                                  segment->fd, 0);

                segment->addr = (uintptr_t)addr;
                return addr == MAP_FAILED ? -errno : 0;
        }
        for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
                r = map_in_window(segment, windows[i].first, windows[i].end);
                if (!r)
                        return 0;
                if (!first_r)
                        first_r = r;
        }
        return first_r;
}

static int create(struct mproc_shm *segment, struct mproc_err *err)
{
        char what[80];
        int r;

        if (segment_count >= MPROC_SHM_MAX)
                return error_set(err, -ENOSPC, "memory",
                                 "%d segments of shared memory live already: free some, or divide "
                                 "one",
                                 MPROC_SHM_MAX);
        segment->fd = memfd_new("mproc-shm", segment->mapped, err);
        if (segment->fd < 0)
                return segment->fd;
        r = map_somewhere(segment);
        if (r) {
                snprintf(what, sizeof(what), "cannot map %zu bytes of shared memory",
                         segment->size);
                close(segment->fd);
                return limits_error(err, r, "memory", what);
        }
        insert(segment);
        return 0;
}

int mproc_shm_new(struct mproc_shm **ret, size_t size, struct mproc_err *err)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        struct mproc_shm *segment;
        int r;

        if (!size)
                return error_set(err, -EINVAL, "memory", "shared memory of 0 bytes was asked for");
        if (size > PTRDIFF_MAX - page)
                return error_set(err, -ENOMEM, "memory",
                                 "%zu bytes are more than an address space holds", size);
        segment = malloc(sizeof(*segment));
        if (!segment)
                return limits_error(err, -ENOMEM, "memory", "cannot note down a segment");
        *segment = (struct mproc_shm){
                .size = size, .mapped = (size + page - 1) / page * page, .fd = -1, .refs = 1};
        registry_lock();
        r = create(segment, err);
        registry_unlock();
        if (r)
                free(segment);
        else
                *ret = segment;
        return r;
}

void *mproc_shm_addr(const struct mproc_shm *shm)
{
        return (void *)(uintptr_t)shm->addr;
}

size_t mproc_shm_size(const struct mproc_shm *shm)
{
        return shm->size;
}

/* Registry locked. */
static void drop(struct mproc_shm *segment)
{
        if (--segment->refs)
                return;
        close(segment->fd);
        free(segment);
}

void mproc_shm_free(struct mproc_shm *shm)
{
        if (!shm)
                return;
        registry_lock();
        munmap((void *)(uintptr_t)shm->addr, shm->mapped);
        LIST_REMOVE(shm, entry);
        segment_count--;
        drop(shm);
        registry_unlock();
}

void segment_hold_all(struct segment_list *ret)
{
        struct mproc_shm *segment;

        ret->count = 0;
        registry_lock();
        LIST_FOREACH(segment, &segments, entry)
        {
                segment->refs++;
                ret->at[ret->count++] = segment;
        }
        registry_unlock();
}

void segment_release(struct segment_list *list)
{
        registry_lock();
        for (size_t i = 0; i < list->count; i++)
                drop(list->at[i]);
        registry_unlock();
        list->count = 0;
}

void segment_forget_holds(void)
{
        struct mproc_shm *segment;

        LIST_FOREACH(segment, &segments, entry)
        segment->refs = 1;
}

int segment_fd(const struct mproc_shm *segment)
{
        return segment->fd;
}

bool segment_holds(const void *at, size_t size)
{
        uint64_t first = (uintptr_t)at;
        struct mproc_shm *segment;
        bool found = false;

        registry_lock();
        LIST_FOREACH(segment, &segments, entry)
        if (first >= segment->addr && first - segment->addr < segment->mapped &&
            size <= segment->mapped - (first - segment->addr))
                found = true;
        registry_unlock();
        return found;
}

/* The line of /proc/self/maps that overlaps, without its end of line. */
static void describe_occupant(uint64_t addr, uint64_t size, char *text, size_t text_size)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        char line[512];
        unsigned long long first, end;

        snprintf(text, text_size, "something that /proc/self/maps does not show");
        while (maps && fgets(line, sizeof(line), maps))
                if (sscanf(line, "%llx-%llx", &first, &end) == 2 && first < addr + size &&
                    end > addr) {
                        line[strcspn(line, "\n")] = '\0';
                        text_copy(text, text_size, line);
                        break;
                }
        if (maps)
                fclose(maps);
}

int segment_adopt(uint64_t addr, uint64_t size, int fd, struct mproc_err *err)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        struct mproc_shm *segment;
        char text[256];
        int r;

        segment = malloc(sizeof(*segment));
        if (!segment)
                return limits_error(err, -ENOMEM, "memory", "cannot note down a segment");
        *segment = (struct mproc_shm){.addr = addr,
                                      .size = size,
                                      .mapped = (size + page - 1) / page * page,
                                      .fd = fd,
                                      .refs = 1};
        r = map_at(addr, segment->mapped, fd);
        if (r) {
                free(segment);
                if (r == -EEXIST) {
                        describe_occupant(addr, size, text, sizeof(text));
                        return error_set(err, r, "memory",
                                         "shared memory belongs at 0x%llx (%llu bytes), but there "
                                         "lies: %s",
                                         (unsigned long long)addr, (unsigned long long)size, text);
                }
                snprintf(text, sizeof(text), "cannot map %llu bytes of shared memory at 0x%llx",
                         (unsigned long long)size, (unsigned long long)addr);
                return limits_error(err, r, "memory", text);
        }
        registry_lock();
        insert(segment);
        registry_unlock();
        return 0;
}
