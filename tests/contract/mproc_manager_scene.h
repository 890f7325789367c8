/* Managers and what works with them in other processes. */
#ifndef MPROC_MANAGER_SCENE_H
#define MPROC_MANAGER_SCENE_H

#include "contract/mproc_crew.h"

#include <mproc/manager.h>

static inline struct mproc_manager *new_manager(const char *method)
{
        struct mproc_manager *manager = NULL;
        struct mproc_err err = {0};

        if (mproc_manager_new(&manager, &(struct mproc_manager_options){.start = method}, &err))
                fail_msg("a manager by %s: %s", method, err.text);
        return manager;
}

static inline struct mproc_object new_dict(struct mproc_manager *manager)
{
        struct mproc_object dict;

        assert_int_equal(mproc_dict_new(manager, &dict, NULL), 0);
        return dict;
}

static inline struct mproc_object new_list(struct mproc_manager *manager)
{
        struct mproc_object list;

        assert_int_equal(mproc_list_new(manager, &list, NULL), 0);
        return list;
}

/* All that a worker is told. */
struct mandate {
        struct mproc_manager_address address;
        struct mproc_object object;
        void *shared;
        int index;
};

static inline struct mproc_process *start_mandate(const char *method, int (*target)(void *, size_t),
                                                  const struct mproc_manager *manager,
                                                  struct mproc_object object, void *shared,
                                                  int index)
{
        struct mandate mandate = {.address = mproc_manager_address(manager),
                                  .object = object,
                                  .shared = shared,
                                  .index = index};

        return start_target(method, target, &mandate, sizeof(mandate));
}

/* In a worker: a failure ends it, told by its exit status. */
static inline struct mproc_manager *reach(const struct mandate *mandate)
{
        struct mproc_manager *manager = NULL;
        struct mproc_err err;

        if (mproc_manager_connect(&manager, &mandate->address, 20 * SECOND_NS, &err)) {
                fprintf(stderr, "%s\n", err.text);
                _exit(2);
        }
        return manager;
}

#define TEXT(text) mproc_bytes_text(text)

static inline void expect_text(int r, const struct mproc_buffer *buffer, const char *text)
{
        assert_int_equal(r, 0);
        assert_int_equal(buffer->size, strlen(text));
        assert_memory_equal(buffer->data, text, strlen(text));
}

#endif
