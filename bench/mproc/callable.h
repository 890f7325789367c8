/* A function as data: module, offset, and the module's identity, so that another process of the
 * same program finds it wherever its modules lie. Every context.
 *
 * The identity is the build-id. A library that was linked without one goes by its path and a hash
 * of its program headers, code and constants; the program, of its headers. */
#ifndef MPROC_CALLABLE_H
#define MPROC_CALLABLE_H

#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>

typedef int callable_target(void *arg, size_t arg_size);

struct callable {
        uint64_t offset;             /* from the module's load address */
        uint16_t in_program, hashed; /* bool; hashed: the identity is no build-id */
        uint32_t identity_size;
        uint8_t identity[32];
};

/* `path` (size PATH_MAX) receives the library's path, "" for the program itself. -ENOTSUP: `target`
 * is no code of any module. */
int callable_describe(struct callable *ret, char *path, callable_target *target,
                      struct mproc_err *err);

/* Loads the library if it has to. */
int callable_resolve(callable_target **ret, const struct callable *callable, const char *path,
                     struct mproc_err *err);

#endif
