#include "sharing/sharing_add.h"
#include <mproc/manager.h>
#include <signal.h>

#define NAME "count"

static struct mproc_manager *manager; /* the host's */

/* Forked from the host, which is lean: the server, too, starts alike under every start method. */
static int prepare(void *common, struct mproc_err *err)
{
        int r = mproc_manager_new(&manager, &(struct mproc_manager_options){.start = "fork"}, err);

        if (!r)
                *(struct mproc_manager_address *)common = mproc_manager_address(manager);
        return r;
}

static int attach(const void *common, struct sharing_self *self, struct mproc_err *err)
{
        struct mproc_manager *client = NULL;
        int r = mproc_manager_connect(&client, common, MPROC_FOREVER, err);

        self->client = client;
        return r;
}

static void detach(struct sharing_self *self)
{
        mproc_manager_free(self->client);
        self->client = NULL;
}

/* Once an add has failed the trial has, too: what is left of it would only wait for a server that
 * is gone. */
static void add_one(volatile uint64_t *value, struct sharing_self *self)
{
        (void)value;
        if (!self->code)
                self->code = mproc_namespace_add(self->client, mproc_manager_root(self->client),
                                                 NAME, 1, NULL, NULL);
}

static int total(const volatile uint64_t *value, const struct mpb_trial *trial, uint64_t *ret,
                 struct mproc_err *err)
{
        int64_t count = 0;
        int r;

        (void)value;
        (void)trial;
        r = mproc_namespace_add(manager, mproc_manager_root(manager), NAME, 0, &count, err);
        *ret = (uint64_t)count;
        return r;
}

static void stop(void)
{
        pid_t pid = manager ? mproc_manager_pid(manager) : 0;

        if (pid)
                kill(pid, SIGKILL);
}

static void cleanup(void)
{
        mproc_manager_free(manager);
        manager = NULL;
}

SHARING_DEFINE_ADD

const struct sharing sharing_manager = {
        .strategy = {.name = "manager",
                     .summary = "a server process holds it: a message there and back for each add",
                     .advice = "Let a manager's server hold it, where many objects of any size "
                               "change; a plain counter is cheaper in shared memory."},
        .bytes = sizeof(struct mproc_manager_address),
        .prepare = prepare,
        .attach = attach,
        .detach = detach,
        .stop = stop,
        .cleanup = cleanup,
        .add = add,
        .total = total,
};
