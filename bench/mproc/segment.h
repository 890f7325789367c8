/* The shared memory of a process: which segments there are, and at which addresses. mproc_shm_* is
 * implemented here. Every context.
 *
 * A segment lies at one address in every process that knows it. Addresses come from a window that
 * neither the kernel nor the linker uses of their own accord, so that it is free in a new image. */
#ifndef MPROC_SEGMENT_H
#define MPROC_SEGMENT_H

#include <mproc/mproc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define SEGMENT_FIXED 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SEGMENT_FIXED 0
#endif
#endif
#ifndef SEGMENT_FIXED
#define SEGMENT_FIXED 1 /* 0: the sanitizer claims the window; the kernel chooses addresses */
#endif

struct segment_list {
        size_t count;
        struct mproc_shm *at[MPROC_SHM_MAX];
};

/* All live segments, held: their descriptors stay open until segment_release. */
void segment_hold_all(struct segment_list *ret);
void segment_release(struct segment_list *list);
int segment_fd(const struct mproc_shm *segment);
/* Do these bytes lie in a live segment of this process? */
bool segment_holds(const void *at, size_t size);

/* After fork, in the child, registry locked: nobody else holds anything. */
void segment_forget_holds(void);

/* New process: maps a segment that its parent has at `addr`, and takes `fd` over. -EEXIST:
 * something else lies there, and err says what. */
int segment_adopt(uint64_t addr, uint64_t size, int fd, struct mproc_err *err);

#endif
