/* A manager and its clients are killed: what a client was told is done is done once, what it died
 * over is done or not, and nothing is left of a server but with its death. */
#include "soak/soak.h"

#include <mproc/manager.h>

enum { CLIENTS = 3, LIVES = 256, SERVERS = 256 };

/* What one client did with the server that it is connected to. */
struct deeds {
        _Atomic uint32_t server, begun, done;
};

struct office {
        _Atomic uint32_t server; /* the latest */
        struct mproc_manager_address addresses[SERVERS];
        struct deeds deeds[LIVES];
};

/* Clients ------------------------------------------------------------------------------------- */

static struct mproc_bytes key_of(char text[32], uint32_t life)
{
        snprintf(text, 32, "client %u", life);
        return mproc_bytes_text(text);
}

/* 1: connected to a server later than `*server`; 0: it is time to leave; -1: complained. */
static int connect_to_next(const struct duty *duty, struct office *office, uint32_t *server,
                           struct mproc_manager **ret)
{
        uint64_t deadline = clock_now_ns() + SOAK_WAIT_NS;
        struct deeds *deeds = &office->deeds[duty->life];
        struct mproc_err err = {0};

        *ret = NULL;
        while (!atomic_load(&duty->board->stop)) {
                uint32_t latest = atomic_load(&office->server);
                int r;

                if (latest > *server) {
                        *server = latest;
                        r = mproc_manager_connect(ret, &office->addresses[latest], SOAK_WAIT_NS,
                                                  &err);
                        if (!r) {
                                atomic_store(&deeds->begun, 0);
                                atomic_store(&deeds->done, 0);
                                atomic_store(&deeds->server, latest);
                                return 1;
                        }
                        if (r != -ECONNREFUSED && r != -ECONNRESET)
                                return -soak_complain(duty->board, "connect: %d: %s", r, err.text);
                }
                if (clock_now_ns() > deadline)
                        return -soak_complain(duty->board, "server %u has left client %u: %s",
                                              *server, duty->life, err.text);
                nap(NS_PER_MS / 5);
        }
        return 0;
}

/* Adds 1 to what is the client's alone. */
static int count_up(const struct duty *duty, struct office *office, struct mproc_manager *manager,
                    struct mproc_err *err)
{
        struct deeds *deeds = &office->deeds[duty->life];
        uint32_t number = atomic_load(&deeds->begun) + 1;
        int64_t value = 0;
        char text[32];
        int r;

        atomic_store(&deeds->begun, number);
        r = mproc_dict_add(manager, mproc_manager_root(manager), key_of(text, duty->life), 1,
                           &value, err);
        if (r)
                return r;
        if (value != number)
                return soak_complain(duty->board, "client %u added 1 the %uth time, and has %lld",
                                     duty->life, number, (long long)value);
        atomic_store(&deeds->done, number);
        soak_beat(duty->board, duty->board->pulse);
        return 0;
}

/* Makes an object, fills it, reads it back, and frees it. */
static int keep_list(const struct duty *duty, struct mproc_manager *manager, uint64_t *random,
                     struct mproc_err *err)
{
        static unsigned char bytes[40000], back[sizeof(bytes)];
        struct mproc_buffer buffer = {.data = back, .capacity = sizeof(back)};
        size_t size = roll(random, 8) ? roll(random, 100) : roll(random, sizeof(bytes));
        struct mproc_object list;
        int r = mproc_list_new(manager, &list, err);

        memset(bytes, (int)duty->life, size);
        if (!r)
                r = mproc_list_append(manager, list, mproc_bytes_of(bytes, size), err);
        if (!r)
                r = mproc_list_pop(manager, list, -1, &buffer, err);
        if (!r)
                r = mproc_object_free(manager, list, err);
        if (!r && (buffer.size != size || memcmp(bytes, back, size)))
                return soak_complain(duty->board, "a list gave back %zu other bytes", buffer.size);
        return r;
}

static int be_client(void *arg, size_t arg_size)
{
        const struct duty *duty = arg;
        struct office *office = duty->shared;
        struct mproc_manager *manager = NULL;
        uint64_t random = duty->seed;
        uint32_t server = 0;
        int connected = connect_to_next(duty, office, &server, &manager);

        (void)arg_size;
        while (connected > 0 && !atomic_load(&duty->board->stop)) {
                struct mproc_err err = {0};
                int r = roll(&random, 4) ? count_up(duty, office, manager, &err)
                                         : keep_list(duty, manager, &random, &err);

                if (r > 0)
                        return r;
                if (r && r != -ECONNRESET && r != -ECONNREFUSED)
                        return soak_complain(duty->board, "client %u: %d: %s", duty->life, r,
                                             err.text);
                if (r) { /* only with the server, which has a successor then */
                        mproc_manager_free(manager);
                        connected = connect_to_next(duty, office, &server, &manager);
                }
        }
        mproc_manager_free(manager);
        return connected < 0;
}

/* The server ---------------------------------------------------------------------------------- */

struct owner {
        struct stage *stage;
        struct office *office;
        struct mproc_manager *manager;
        uint64_t server_kills; /* when it was started */
};

static void open_server(struct owner *owner)
{
        struct mproc_manager_options options = {.start = owner->stage->start,
                                                .timeout_ns = SOAK_WAIT_NS};
        uint32_t number = atomic_load(&owner->office->server) + 1;
        struct mproc_err err = {0};

        soak_step(owner->stage, "starts a manager");
        owner->server_kills = atomic_load(&owner->stage->server_kills);
        if (mproc_manager_new(&owner->manager, &options, &err))
                soak_fail(owner->stage, "a manager: %s", err.text);
        if (number >= SERVERS)
                soak_fail(owner->stage, "too many servers");
        owner->office->addresses[number] = mproc_manager_address(owner->manager);
        atomic_store(&owner->office->server, number);
}

/* The maker is told, and starts another one. */
static void replace_server(struct owner *owner)
{
        struct mproc_err err = {0};
        size_t size;
        int r;

        soak_step(owner->stage, "learns of its manager's death");
        r = mproc_object_size(owner->manager, mproc_manager_root(owner->manager), &size, &err);
        if (r != -ECONNRESET)
                soak_fail(owner->stage, "an operation after the death of the manager: %d: %s", r,
                          err.text);
        mproc_manager_free(owner->manager);
        owner->stage->replaced++;
        open_server(owner);
}

static void after_strike(void *context)
{
        struct owner *owner = context;

        if (atomic_load(&owner->stage->server_kills) != owner->server_kills)
                replace_server(owner); /* it died with the fork server */
}

/* What each client did with the server that is left. */
static void account(const struct owner *owner, uint32_t lives)
{
        for (uint32_t life = 0; life < lives; life++) {
                const struct deeds *deeds = &owner->office->deeds[life];
                uint32_t begun = atomic_load(&deeds->begun), done = atomic_load(&deeds->done);
                int64_t value = 0;
                struct mproc_buffer buffer = {.data = &value, .capacity = sizeof(value)};
                struct mproc_err err = {0};
                char text[32];
                int r;

                owner->stage->tasks += done;
                if (atomic_load(&deeds->server) != atomic_load(&owner->office->server))
                        continue;
                r = mproc_dict_get(owner->manager, mproc_manager_root(owner->manager),
                                   key_of(text, life), &buffer, &err);
                if (r && r != -ENOENT)
                        soak_fail(owner->stage, "get: %d: %s", r, err.text);
                if (value < done || value > begun)
                        soak_fail(owner->stage,
                                  "client %u did %u of %u additions, and there are %lld", life,
                                  done, begun, (long long)value);
        }
}

static int run(struct stage *stage)
{
        uint64_t end = atomic_load(&stage->kills) + stage->kills_wanted;
        struct owner owner = {.stage = stage};
        struct crew crew = {.stage = stage,
                            .target = be_client,
                            .count = CLIENTS,
                            .settle = after_strike,
                            .context = &owner};
        struct mproc_shm *shm;
        void *memory;

        shm = soak_memory(stage, &memory, sizeof(struct office));
        crew.shared = owner.office = memory;
        open_server(&owner);
        crew_start(&crew);
        while (atomic_load(&stage->kills) < end && crew.lives + SOAK_MEMBERS < LIVES) {
                crew_strike(&crew);
                if (roll(&stage->random, 3))
                        continue;
                nap(roll(&stage->random, 3000000));
                soak_kill(stage, &stage->random, mproc_manager_pid(owner.manager), NULL);
                replace_server(&owner);
        }
        atomic_store(&stage->board->stop, 1);
        crew_end(&crew, NULL);
        account(&owner, crew.lives);
        mproc_manager_free(owner.manager);
        soak_memory_free(stage, shm);
        return 0;
}

const struct scene soak_manager = {"manager", "a manager and its clients are killed", run, NULL,
                                   false};
