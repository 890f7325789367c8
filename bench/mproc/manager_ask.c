#include "base/error.h"
#include "mproc/limits.h"
#include "mproc/manager_private.h"
#include "mproc/registry.h"
#include "mproc/sync_wait.h"
#include "mproc/wait.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

/* A server that has closed its sockets is a moment from being reaped. */
#define GONE_NS (2 * (int64_t)NS_PER_S)

static int64_t left_until(uint64_t deadline)
{
        uint64_t now;

        if (deadline == WAIT_FOREVER)
                return MPROC_FOREVER;
        now = clock_now_ns();
        return deadline > now ? (int64_t)(deadline - now) : 0;
}

int manager_gone(struct mproc_manager *manager, struct mproc_err *err)
{
        struct mproc_status status;
        const char *name;
        int r = -ECHILD;

        if (manager->process)
                r = mproc_process_join(manager->process, GONE_NS, &status, NULL);
        if (r == -ETIMEDOUT)
                return error_set(err, -ECONNRESET, "manager",
                                 "the manager's server runs, but has ended this connection: for "
                                 "want of memory or descriptors, or because no request came of it");
        if (r)
                return error_set(err, -ECONNRESET, "manager",
                                 "the manager's server is gone, or has ended this connection; "
                                 "whether the operation was done is not known");
        if (status.state == MPROC_SIGNALED) {
                name = sigabbrev_np(status.code);
                return error_set(err, -ECONNRESET, "manager",
                                 "the manager's server (process %d) was ended by signal %d "
                                 "(SIG%s), and its objects are gone",
                                 (int)mproc_process_pid(manager->process), status.code,
                                 name ? name : "?");
        }
        return error_set(err, -ECONNRESET, "manager",
                         "the manager's server has left with status %d, and its objects are "
                         "gone%s%s",
                         status.code, status.err.code ? ": " : "",
                         status.err.code ? status.err.text : "");
}

/* One exchange ------------------------------------------------------------------------------- */

static int write_request(struct manager_buffer *out, const struct manager_request *request,
                         const struct mproc_bytes part[MANAGER_PARTS])
{
        size_t size = sizeof(*request);
        unsigned char *at;

        for (int i = 0; i < MANAGER_PARTS; i++)
                size += part[i].size;
        at = manager_buffer_extend(out, size);
        if (!at)
                return -ENOMEM;
        memcpy(at, request, sizeof(*request));
        at += sizeof(*request);
        for (int i = 0; i < MANAGER_PARTS; i++) {
                if (part[i].size)
                        memcpy(at, part[i].data, part[i].size);
                at += part[i].size;
        }
        return 0;
}

/* Looks for the reply for a while: to be woken costs more than most requests. */
static void spin_for_reply(const struct mproc_manager *manager)
{
        struct pollfd poll_fd = {.fd = mproc_connection_fd(manager->connection), .events = POLLIN};

        for (struct sync_spin spin = sync_spin_begin(); sync_spin_once(&spin);)
                if (poll(&poll_fd, 1, 0)) {
                        sync_spin_won();
                        break;
                }
}

static int read_reply(const struct manager_buffer *in, struct manager_reply *ret)
{
        if (in->size < sizeof(*ret))
                return -ECONNRESET;
        memcpy(ret, in->data, sizeof(*ret));
        if (ret->magic != MANAGER_MAGIC || (!ret->code && ret->size != in->size - sizeof(*ret)))
                return -ECONNRESET;
        return 0;
}

static int receive_reply(struct mproc_manager *manager, uint64_t deadline,
                         struct manager_reply *reply, struct mproc_err *err)
{
        int r;

        spin_for_reply(manager);
        r = manager_buffer_receive(&manager->in, manager->connection, left_until(deadline));
        if (!r)
                return read_reply(&manager->in, reply);
        if (r == -ENODATA || r == -EPROTO)
                return -ECONNRESET;
        if (r == -ETIMEDOUT)
                return r;
        return limits_error(err, r, "manager",
                            "an answer came for which there is no room here; the operation was "
                            "done");
}

static void hang_up(struct mproc_manager *manager)
{
        mproc_connection_free(manager->connection);
        manager->connection = NULL;
}

int manager_exchange(struct mproc_manager *manager, const struct manager_request *request,
                     const struct mproc_bytes part[MANAGER_PARTS], uint64_t deadline,
                     struct manager_reply *reply, struct mproc_err *err)
{
        int r = write_request(&manager->out, request, part);

        if (r) {
                r = limits_error(err, r, "manager", "cannot allocate memory for a request");
                goto out;
        }
        r = mproc_connection_send(manager->connection, manager->out.data, manager->out.size,
                                  left_until(deadline), err);
        if (r && r != -EPIPE && r != -ETIMEDOUT)
                goto out; /* nothing was sent, and the connection is as it was */
        /* A server that has turned this process away may have said why. */
        if (r != -ETIMEDOUT)
                r = receive_reply(manager, deadline, reply, err);
        if (r == -ETIMEDOUT)
                error_set(err, r, "manager",
                          "no answer from the manager's server within %.3f s; whether the "
                          "operation was done is not known",
                          (double)manager->timeout_ns / 1e9);
        if (r)
                hang_up(manager); /* a reply that still comes must not meet the next request */
out:
        manager_buffer_reset(&manager->out);
        return r;
}

/* What went wrong, in words ------------------------------------------------------------------ */

static int explain(const struct manager_request *request, const struct manager_reply *reply,
                   const struct mproc_buffer *buffer, struct mproc_err *err)
{
        switch (reply->code) {
        case -ENOENT:
                return error_set(err, -ENOENT, "manager", "the dictionary has no such key");
        case -ERANGE:
                return error_set(err, -ERANGE, "manager", "the list has no index %lld",
                                 (long long)request->number);
        case -EMSGSIZE:
                return error_set(err, -EMSGSIZE, "manager",
                                 "the value has %llu bytes, the buffer %zu: give a larger one",
                                 (unsigned long long)reply->size, buffer ? buffer->capacity : 0);
        case -E2BIG:
                return error_set(err, -E2BIG, "manager",
                                 "an answer of more than MPROC_MANAGER_BYTES_MAX (%zu) bytes: ask "
                                 "for keys, or for a part",
                                 MPROC_MANAGER_BYTES_MAX);
        case -ESTALE:
                return error_set(err, -ESTALE, "manager", "the object was freed");
        case -EPROTOTYPE:
                return error_set(err, -EPROTOTYPE, "manager",
                                 "the object is of the other kind (list, dictionary) than this "
                                 "function is for");
        case -EEXIST:
                return error_set(err, -EEXIST, "manager", "the key was to be new, and is there");
        case -EAGAIN:
                return error_set(err, -EAGAIN, "manager",
                                 "the key has another value than was expected");
        case -EDOM:
                return error_set(err, -EDOM, "manager",
                                 "what is to be added to is no int64_t: it has not %zu bytes",
                                 sizeof(int64_t));
        case -EPERM:
                return error_set(err, -EPERM, "manager",
                                 "the root cannot be freed; mproc_object_clear empties it");
        case -EMFILE:
        case -ENFILE:
                return error_set(err, reply->code, "manager",
                                 "the manager's server has no descriptor left, which more than 32 "
                                 "KiB at once take: raise ulimit -n before it is started, or use "
                                 "fewer connections");
        case -ENOMEM:
                return error_set(err, -ENOMEM, "manager",
                                 "the manager's server has no memory left for this: free objects, "
                                 "or raise its memory limit (ulimit -v, cgroup) before it is "
                                 "started");
        case -EFBIG:
                return error_set(err, -EFBIG, "manager",
                                 "the answer is longer than RLIMIT_FSIZE of the manager's server "
                                 "allows: raise ulimit -f before it is started, or ask for less");
        default:
                return error_errno(err, reply->code, "manager",
                                   "the manager's server could not do it");
        }
}

static int check(const struct mproc_manager *manager, const struct mproc_bytes *part,
                 struct mproc_err *err)
{
        size_t size = 0;

        if (manager->generation != registry_generation())
                return error_set(err, -ECHILD, "manager",
                                 "this connection is that of the process from which this one was "
                                 "forked: mproc_manager_connect makes another");
        for (int i = 0; i < MANAGER_PARTS; i++) {
                if (part[i].size && !part[i].data)
                        return error_set(err, -EINVAL, "manager", "data is NULL, size %zu",
                                         part[i].size);
                if (part[i].size > MPROC_MANAGER_BYTES_MAX)
                        size = SIZE_MAX;
                else if (size != SIZE_MAX)
                        size += part[i].size;
        }
        if (size > MPROC_MANAGER_BYTES_MAX)
                return error_set(err, -E2BIG, "manager",
                                 "key and value have more than MPROC_MANAGER_BYTES_MAX (%zu) "
                                 "bytes: divide them, or put them into shared memory",
                                 MPROC_MANAGER_BYTES_MAX);
        return 0;
}

/* Asking --------------------------------------------------------------------------------------- */

static int take_turn(struct mproc_manager *manager, uint64_t deadline, struct mproc_err *err)
{
        int r = robust_lock(&manager->lock, deadline, NULL, 0);

        if (r == -EOWNERDEAD) { /* a thread that ended in the middle of it */
                pthread_mutex_consistent(&manager->lock);
                hang_up(manager);
                /* Its request must not be sent once more, in front of the next. */
                manager_buffer_reset(&manager->out);
                manager_buffer_reset(&manager->in);
                r = 0;
        }
        if (r == -ETIMEDOUT)
                return error_set(err, r, "manager",
                                 "other threads have used this connection for %.3f s; nothing "
                                 "was done: connect once more for a thread of its own",
                                 (double)manager->timeout_ns / 1e9);
        return r ? error_errno(err, r, "manager", "cannot use this connection") : 0;
}

static void hand_out(struct mproc_manager *manager, const struct manager_reply *reply,
                     struct manager_answer *answer)
{
        answer->number = reply->number;
        if (answer->snapshot) {
                *answer->snapshot = (struct mproc_snapshot){
                        .count = (uint64_t)reply->number,
                        .at = manager->in.data + sizeof(*reply),
                        .left = (uint64_t)reply->number,
                        .memory = manager->in.data,
                };
                manager->in = (struct manager_buffer){0};
        }
        if (answer->buffer) {
                if (reply->size)
                        memcpy(answer->buffer->data, manager->in.data + sizeof(*reply),
                               reply->size);
                answer->buffer->size = reply->size;
        }
}

int manager_ask(struct mproc_manager *manager, struct manager_request *request,
                const struct mproc_bytes part[MANAGER_PARTS], struct manager_answer *answer,
                struct mproc_err *err)
{
        uint64_t deadline;
        struct manager_reply reply;
        int r = check(manager, part, err);

        if (r)
                return r;
        deadline = wait_deadline(manager->timeout_ns);
        request->magic = MANAGER_MAGIC;
        request->capacity = answer->buffer ? answer->buffer->capacity : 0;
        if (!answer->buffer)
                request->flags |= MANAGER_NO_BYTES;
        for (int i = 0; i < MANAGER_PARTS; i++)
                request->size[i] = part[i].size;
        r = take_turn(manager, deadline, err);
        if (r)
                return r;
        if (!manager->connection)
                r = manager_open(manager, deadline, err);
        if (r == -ECONNREFUSED)
                r = -ECONNRESET;
        else if (!r)
                r = manager_exchange(manager, request, part, deadline, &reply, err);
        if (!r && reply.code) {
                r = explain(request, &reply, answer->buffer, err);
                if (r == -EMSGSIZE)
                        answer->buffer->size = reply.size;
        } else if (!r) {
                hand_out(manager, &reply, answer);
        }
        manager_buffer_reset(&manager->in);
        pthread_mutex_unlock(&manager->lock);
        return r == -ECONNRESET ? manager_gone(manager, err) : r;
}
