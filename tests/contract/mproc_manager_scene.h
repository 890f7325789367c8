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

/* Calls `attempt` in a process of another user, which needs the right to be one. */
static inline void as_another_user(const char *method,
                                   void (*attempt)(const struct mproc_manager *manager))
{
        struct mproc_manager *manager;
        pid_t pid;
        int status;

        if (geteuid()) {
                print_message("only root can be another user\n");
                skip();
        }
        manager = new_manager(method);
        pid = fork();
        if (!pid) {
                if (setresuid(65534, 65534, 65534))
                        _exit(77);
                attempt(manager);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        new_dict(manager); /* it still serves its own */
        mproc_manager_free(manager);
        if (status == 77 << 8) {
                print_message("this container lets nobody change the user\n");
                skip();
        }
        assert_int_equal(status, 0);
}

#define TEXT(text) mproc_bytes_text(text)

static inline void expect_text(int r, const struct mproc_buffer *buffer, const char *text)
{
        assert_int_equal(r, 0);
        assert_int_equal(buffer->size, strlen(text));
        assert_memory_equal(buffer->data, text, strlen(text));
}

#endif
