#include "base/error.h"
#include "mproc/connection.h"
#include "mproc/limits.h"
#include "mproc/manager_store.h"
#include "mproc/registry.h"
#include "mproc/stdio_fds.h"
#include "mproc/sync_wait.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64

struct client {
        LIST_ENTRY(client) entry;
        struct mproc_connection *connection;
};

struct server {
        struct mproc_manager_address address;
        struct mproc_connection *listener, *leash;
        struct connection_loan epoll;
        struct connection_loan spare; /* given up for a moment: to turn somebody away, for … */
        struct connection_loan rest;  /* … what of a long reply does not fit into its packet */
        LIST_HEAD(, client) clients;
        struct manager_store store;
        struct manager_buffer in, out;
};

static int watch(struct server *server, struct mproc_connection *connection, void *what)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

        return epoll_ctl(server->epoll.fd, EPOLL_CTL_ADD, mproc_connection_fd(connection), &event)
                       ? -errno
                       : 0;
}

static int lend_spare(struct server *server)
{
        int fd;

        if (server->spare.fd >= 0)
                return 0;
        registry_lock();
        fd = fcntl(server->epoll.fd, F_DUPFD_CLOEXEC, 3);
        if (fd >= 0)
                connection_lend(&server->spare, fd);
        else
                fd = -errno;
        registry_unlock();
        return fd < 0 ? fd : 0;
}

/* Clients ------------------------------------------------------------------------------------ */

static int send_reply(struct mproc_connection *connection, const struct manager_reply *reply)
{
        return mproc_connection_send(connection, reply, sizeof(*reply), 0, NULL);
}

static void leave(struct server *server, struct client *client)
{
        /* A process that is forked right now has a copy of the descriptor: closing is not enough
         * for epoll to forget it. */
        epoll_ctl(server->epoll.fd, EPOLL_CTL_DEL, mproc_connection_fd(client->connection), NULL);
        mproc_connection_free(client->connection);
        LIST_REMOVE(client, entry);
        free(client);
        lend_spare(server); /* if others of this process took it when it was given up */
}

/* -EAGAIN: there is none any more. */
static int accept_one(const struct server *server, struct mproc_connection **ret)
{
        int r;

        registry_lock();
        r = connection_adopt(ret, stdio_fds_avoid(accept4(mproc_connection_fd(server->listener),
                                                          NULL, NULL, SOCK_CLOEXEC)));
        registry_unlock();
        return r;
}

static void turn_away(struct mproc_connection *connection, int code)
{
        send_reply(connection, &(struct manager_reply){.magic = MANAGER_MAGIC, .code = code});
        mproc_connection_free(connection);
}

static void welcome(struct server *server)
{
        struct mproc_connection *connection = NULL;
        struct ucred peer = {.uid = (uid_t)-1};
        socklen_t size = sizeof(peer);
        struct client *client;
        int r = accept_one(server, &connection);

        if (r == -EMFILE || r == -ENFILE) {
                connection_close_loan(&server->spare);
                if (!accept_one(server, &connection))
                        turn_away(connection, -EMFILE);
                lend_spare(server);
                return;
        }
        if (r)
                return;
        if (getsockopt(mproc_connection_fd(connection), SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
            peer.uid != geteuid()) {
                turn_away(connection, -EACCES);
                return;
        }
        client = calloc(1, sizeof(*client));
        r = client ? watch(server, connection, client) : -ENOMEM;
        if (r) {
                free(client);
                turn_away(connection, r);
                return;
        }
        client->connection = connection;
        LIST_INSERT_HEAD(&server->clients, client, entry);
}

/* One request ---------------------------------------------------------------------------------- */

static int parse(const struct manager_buffer *in, struct manager_call *call)
{
        const struct manager_request *request = (const void *)in->data;
        size_t left = in->size;
        const unsigned char *at;

        if (left < sizeof(*request) || request->magic != MANAGER_MAGIC ||
            request->op >= MANAGER_OPS)
                return -EPROTO;
        at = in->data + sizeof(*request);
        left -= sizeof(*request);
        for (int i = 0; i < MANAGER_PARTS; i++) {
                if (request->size[i] > left)
                        return -EPROTO;
                call->part[i] = mproc_bytes_of(at, request->size[i]);
                at += request->size[i];
                left -= request->size[i];
        }
        call->request = request;
        return 0;
}

static int decline(struct client *client, int code)
{
        return send_reply(client->connection,
                          &(struct manager_reply){.magic = MANAGER_MAGIC, .code = code});
}

/* A long reply takes memory and a descriptor. */
static int prepare(struct manager_call *call)
{
        struct server *server = call->context;

        if (call->out->size <= CONNECTION_INLINE_MAX)
                return 0;
        connection_close_loan(&server->spare);
        return connection_lend_rest(&server->rest, call->out->data, call->out->size, NULL);
}

static int answer(struct server *server, struct client *client)
{
        struct manager_call call = {.reply.magic = MANAGER_MAGIC,
                                    .out = &server->out,
                                    .prepare = prepare,
                                    .context = server};
        int r = manager_buffer_receive(&server->in, client->connection, 0);

        if (r == -ETIMEDOUT)
                return 0; /* there was nothing */
        /* There was no room for a request; who sent it waits for an answer all the same. One whose
         * descriptor found none is out of the kernel. */
        if (r == -EMFILE || (r == -ENOMEM && connection_drop_kept(client->connection)))
                return decline(client, r);
        if (r == -ENOMEM)
                decline(client, r);
        if (!r)
                r = parse(&server->in, &call);
        if (r)
                return r;
        if (!manager_buffer_extend(&server->out, sizeof(call.reply)))
                return decline(client, -ENOMEM);
        if (call.request->op == MANAGER_HELLO)
                call.reply.number = (int64_t)server->address.id[0];
        else
                manager_store_run(&server->store, &call);
        memcpy(server->out.data, &call.reply, sizeof(call.reply));
        r = connection_send_lent(client->connection, server->out.data, server->out.size,
                                 &server->rest, 0, NULL);
        connection_close_loan(&server->rest);
        lend_spare(server);
        return r;
}

static void serve(struct server *server, struct client *client)
{
        /* Gone, out of its mind, or with replies that it does not receive. */
        if (answer(server, client))
                leave(server, client);
        manager_buffer_reset(&server->in);
        manager_buffer_reset(&server->out);
}

/* The loop ----------------------------------------------------------------------------------- */

/* Looks for the next request for a while: to be woken costs more than most. */
static int await(const struct server *server, struct epoll_event *events)
{
        int n = epoll_wait(server->epoll.fd, events, EVENTS, 0);

        for (struct sync_spin spin = sync_spin_begin(); !n && sync_spin_once(&spin);) {
                n = epoll_wait(server->epoll.fd, events, EVENTS, 0);
                if (n > 0)
                        sync_spin_won();
        }
        return n ? n : epoll_wait(server->epoll.fd, events, EVENTS, -1);
}

static int loop(struct server *server)
{
        struct epoll_event events[EVENTS];

        for (;;) {
                int n = await(server, events);

                if (n < 0 && errno != EINTR)
                        return -errno;
                for (int i = 0; i < n; i++) {
                        if (events[i].data.ptr == server)
                                return 0;
                        if (!events[i].data.ptr)
                                welcome(server);
                        else
                                serve(server, events[i].data.ptr);
                }
        }
}

static int open_all(struct server *server, struct mproc_err *err)
{
        int fd, r;

        r = mproc_self_connection(&server->listener, 0, err);
        if (!r)
                r = mproc_self_connection(&server->leash, 1, err);
        if (r)
                return r;
        registry_lock();
        fd = stdio_fds_avoid(epoll_create1(EPOLL_CLOEXEC));
        if (fd < 0)
                r = -errno;
        else
                connection_lend(&server->epoll, fd);
        registry_unlock();
        if (!r)
                r = manager_store_init(&server->store);
        if (!r)
                r = watch(server, server->listener, NULL);
        if (!r)
                r = watch(server, server->leash, server);
        if (!r)
                r = lend_spare(server);
        return r ? limits_error(err, r, "manager", "the server cannot begin") : 0;
}

int manager_serve(void *address, size_t size)
{
        struct server server = {.epoll.fd = -1, .spare.fd = -1, .rest.fd = -1};
        struct client *client;
        struct mproc_err err;
        int r;

        memcpy(&server.address, address, size);
        LIST_INIT(&server.clients);
        if (gettid() == getpid())
                signal(SIGINT, SIG_IGN);
        r = open_all(&server, &err);
        if (r)
                mproc_self_fail(&err);
        else
                r = loop(&server);
        while ((client = LIST_FIRST(&server.clients)))
                leave(&server, client);
        connection_close_loan(&server.spare);
        connection_close_loan(&server.epoll);
        mproc_connection_free(server.leash);
        mproc_connection_free(server.listener);
        manager_store_done(&server.store);
        free(server.in.data);
        free(server.out.data);
        return r ? 1 : 0;
}
