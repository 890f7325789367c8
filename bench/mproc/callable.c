#include "mproc/callable.h"

#include "base/error.h"
#include "base/text.h"
#include "mproc/registry.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Looks for the module that holds `address` as code, or that has the identity of `like`. */
struct search {
        uintptr_t address;
        const struct callable *like;
        const char *like_path; /* "": any */
        struct callable found;
        uintptr_t base;
        const char *path;
        bool first_seen; /* the first module of the list is the program */
        bool code;       /* `found` holds code at its offset */
};

static bool holds_code(const struct dl_phdr_info *module, uintptr_t address)
{
        for (int i = 0; i < module->dlpi_phnum; i++) {
                const ElfW(Phdr) *header = &module->dlpi_phdr[i];
                uintptr_t first = module->dlpi_addr + header->p_vaddr;

                if (header->p_type == PT_LOAD && header->p_flags & PF_X && address >= first &&
                    address - first < header->p_memsz)
                        return true;
        }
        return false;
}

static bool read_build_id(const struct dl_phdr_info *module, const ElfW(Phdr) * header,
                          struct callable *ret)
{
        const char *at = (const char *)(module->dlpi_addr + header->p_vaddr);
        const char *end = at + header->p_memsz;
        size_t align = header->p_align == 8 ? 8 : 4;

        while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
                const ElfW(Nhdr) *note = (const void *)at;
                const char *name = at + sizeof(*note);
                const char *content = name + (note->n_namesz + align - 1) / align * align;

                if (content > end || (size_t)(end - content) < note->n_descsz)
                        return false;
                if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof("GNU") &&
                    !memcmp(name, "GNU", sizeof("GNU")) &&
                    note->n_descsz <= sizeof(ret->identity)) {
                        memcpy(ret->identity, content, note->n_descsz);
                        ret->identity_size = note->n_descsz;
                        return true;
                }
                at = content + (note->n_descsz + align - 1) / align * align;
                if (at > end)
                        return false;
        }
        return false;
}

static uint64_t fnv1a(uint64_t hash, uint64_t value)
{
        for (int i = 0; i < 8; i++, value >>= 8)
                hash = (hash ^ (value & 0xff)) * 0x100000001b3;
        return hash;
}

/* Of code and constants, which are the same in every process, save for relocations of code
 * (DT_TEXTREL) and a debugger's breakpoints. By words: a library can be large, and its pages are
 * mapped whole. AddressSanitizer has forbidden zones among them. */
__attribute__((no_sanitize("address"))) static uint64_t
hash_content(uint64_t hash, const struct dl_phdr_info *module, const ElfW(Phdr) * header)
{
        uintptr_t first = module->dlpi_addr + header->p_vaddr, end = first + header->p_filesz;

        for (const uint64_t *word = (const void *)(first & ~(uintptr_t)7); (uintptr_t)word < end;
             word++) {
                hash = (hash ^ *word) * 0x9e3779b97f4a7c15;
                hash ^= hash >> 32;
        }
        return hash;
}

static void identify(const struct dl_phdr_info *module, struct callable *ret)
{
        uint64_t hash = 0xcbf29ce484222325;

        for (int i = 0; i < module->dlpi_phnum; i++)
                if (module->dlpi_phdr[i].p_type == PT_NOTE &&
                    read_build_id(module, &module->dlpi_phdr[i], ret))
                        return;
        for (int i = 0; i < module->dlpi_phnum; i++) {
                const ElfW(Phdr) *header = &module->dlpi_phdr[i];

                hash = fnv1a(hash, header->p_type);
                hash = fnv1a(hash, header->p_flags);
                hash = fnv1a(hash, header->p_vaddr);
                hash = fnv1a(hash, header->p_filesz);
                hash = fnv1a(hash, header->p_memsz);
                /* The program's own file is run anew, so its like is all that there can be. */
                if (!ret->in_program && header->p_type == PT_LOAD &&
                    (header->p_flags & (PF_R | PF_W)) == PF_R)
                        hash = hash_content(hash, module, header);
        }
        memcpy(ret->identity, &hash, sizeof(hash));
        ret->identity_size = sizeof(hash);
        ret->hashed = true;
}

static bool has_path(const struct dl_phdr_info *module, const char *path)
{
        char resolved[PATH_MAX];

        return !path[0] || !strcmp(module->dlpi_name, path) ||
               (realpath(module->dlpi_name, resolved) && !strcmp(resolved, path));
}

static int visit(struct dl_phdr_info *module, size_t size, void *context)
{
        struct search *search = context;
        struct callable seen = {.in_program = !search->first_seen};
        uintptr_t address = search->address;

        (void)size;
        search->first_seen = true;
        if (search->like) {
                if (search->like->in_program != seen.in_program)
                        return 0;
                if (!has_path(module, search->like_path))
                        return 0;
                identify(module, &seen);
                if (seen.hashed != search->like->hashed ||
                    seen.identity_size != search->like->identity_size ||
                    memcmp(seen.identity, search->like->identity, seen.identity_size))
                        return 0;
                address = module->dlpi_addr + search->like->offset;
        } else {
                if (!holds_code(module, address))
                        return 0;
                identify(module, &seen);
        }
        seen.offset = address - module->dlpi_addr;
        search->found = seen;
        search->base = module->dlpi_addr;
        search->path = module->dlpi_name;
        search->code = holds_code(module, address);
        return 1;
}

/* Under the registry's lock, so that no fork catches another thread of mproc's with the loader's
 * lock, which would stay held in the child. */
static bool find(struct search *search)
{
        bool found;

        registry_lock();
        found = dl_iterate_phdr(visit, search);
        registry_unlock();
        return found;
}

int callable_describe(struct callable *ret, char *path, callable_target *target,
                      struct mproc_err *err)
{
        struct search search = {.address = (uintptr_t)target};

        if (!find(&search))
                return error_set(err, -ENOTSUP, "target",
                                 "the target at %p is no code of the program or of a library of "
                                 "it, so another process cannot find it (a nested function that "
                                 "captures variables, generated code?): make it a plain function "
                                 "and pass what it needs as its argument",
                                 (void *)(uintptr_t)target);
        path[0] = '\0';
        if (!search.found.in_program && !realpath(search.path, path)) {
                if (strlen(search.path) >= PATH_MAX)
                        return error_set(err, -ENAMETOOLONG, "target",
                                         "the path of the target's library is too long");
                text_copy(path, PATH_MAX, search.path);
        }
        *ret = search.found;
        return 0;
}

int callable_resolve(callable_target **ret, const struct callable *callable, const char *path,
                     struct mproc_err *err)
{
        /* Two libraries may differ in nothing but their data, where no build-id tells them apart.
         */
        struct search like = {.like = callable, .like_path = callable->hashed ? path : ""};
        struct search search = like;
        bool found = find(&search);

        if (!found && callable->in_program)
                return error_set(err, -ENOEXEC, "target",
                                 "the new process runs another build of the program than its "
                                 "parent: /proc/self/exe does not lead to the same file");
        if (!found) {
                if (!dlopen(path, RTLD_NOW | RTLD_GLOBAL))
                        return error_set(err, -ENOENT, "target",
                                         "the target's library cannot be loaded: %s", dlerror());
                search = like;
                if (!find(&search))
                        return error_set(err, -ENOEXEC, "target",
                                         "%s is another build than the one that the parent has "
                                         "loaded: it was replaced on disk; restart the program",
                                         path);
        }
        if (!search.code)
                return error_set(err, -ENOEXEC, "target", "there is no code at offset 0x%llx of %s",
                                 (unsigned long long)callable->offset,
                                 path[0] ? path : "the program");
        *ret = (callable_target *)(search.base + callable->offset);
        return 0;
}
