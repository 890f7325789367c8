/* Producers and consumers of a queue are killed: the messages of each producer come in its order,
 * none comes twice, and none is lost but with the consumer that died over it. */
#include "soak/soak.h"

#include <mproc/queue.h>

enum {
        PRODUCERS = 2,
        CONSUMERS = 2,
        LIVES = 4096,
        PER_LIFE = 1 << 20,
        MESSAGE_MAX = 600,
        QUEUE_BYTES = 16384,
};

struct message {
        uint32_t life, number, size;
};

/* What one producer put, as long as it lived. */
struct ledger {
        _Atomic uint32_t begun, put;
        _Atomic uint8_t got[PER_LIFE / 8]; /* a bit each */
};

static inline bool was_got(const struct ledger *ledger, uint32_t number)
{
        return atomic_load(&ledger->got[number / 8]) >> number % 8 & 1;
}

struct market {
        uint64_t consumer_deaths; /* the soak's own */
        struct ledger *ledgers;   /* LIVES */
        struct mproc_queue *queue;
};

static int produce(const struct duty *duty, const struct market *market)
{
        struct ledger *ledger = &market->ledgers[duty->life];
        unsigned char bytes[MESSAGE_MAX];
        uint64_t random = duty->seed;
        struct mproc_err err = {0};

        for (uint32_t i = 0; i < PER_LIFE && !atomic_load(&duty->board->stop); i++) {
                struct message message = {
                        .life = duty->life, .number = i, .size = roll(&random, MESSAGE_MAX)};
                int r;

                if (message.size < sizeof(message))
                        message.size = sizeof(message);
                memset(bytes, (int)(i + duty->life), message.size);
                memcpy(bytes, &message, sizeof(message));
                atomic_store(&ledger->begun, i + 1);
                r = mproc_queue_put(market->queue, bytes, message.size, SOAK_WAIT_NS, &err);
                if (r)
                        return soak_complain(duty->board, "put: %d: %s", r, err.text);
                atomic_store(&ledger->put, i + 1);
                soak_beat(duty->board, duty->board->pulse);
        }
        while (!atomic_load(&duty->board->stop)) { /* it has put all that can be noted down */
                nap(NS_PER_MS / 10);
                soak_beat(duty->board, duty->board->pulse);
        }
        return 0;
}

static bool is_whole(const unsigned char *bytes, size_t size, const struct message *message)
{
        if (size != message->size || message->life >= LIVES || message->number >= PER_LIFE)
                return false;
        for (size_t i = sizeof(*message); i < size; i++)
                if (bytes[i] != (unsigned char)(message->number + message->life))
                        return false;
        return true;
}

static int consume(const struct duty *duty, const struct market *market)
{
        static uint32_t expected[LIVES];
        unsigned char bytes[MESSAGE_MAX];
        struct mproc_err err = {0};

        for (;;) {
                struct message message;
                uint8_t bit;
                size_t size;
                int r = mproc_queue_get(market->queue, bytes, sizeof(bytes), &size, SOAK_WAIT_NS,
                                        &err);

                if (r == -ENODATA)
                        return 0;
                if (r)
                        return soak_complain(duty->board, "get: %d: %s", r, err.text);
                memcpy(&message, bytes, sizeof(message));
                if (!is_whole(bytes, size, &message))
                        return soak_complain(duty->board, "a message of %zu bytes is not whole",
                                             size);
                if (message.number < expected[message.life])
                        return soak_complain(duty->board, "message %u of producer %u after %u",
                                             message.number, message.life,
                                             expected[message.life] - 1);
                expected[message.life] = message.number + 1;
                bit = (uint8_t)(1u << message.number % 8);
                if (atomic_fetch_or(&market->ledgers[message.life].got[message.number / 8], bit) &
                    bit)
                        return soak_complain(duty->board, "message %u of producer %u came twice",
                                             message.number, message.life);
                soak_beat(duty->board, duty->board->pulse);
        }
}

static int trade(void *arg, size_t size)
{
        const struct duty *duty = arg;
        const struct market *market = duty->shared;

        (void)size;
        return duty->member < PRODUCERS ? produce(duty, market) : consume(duty, market);
}

static void describe(const struct stage *stage)
{
        const struct mproc_queue *queue = stage->described;

        fprintf(stderr, "  queue: put at %llx, get at %llx, closed %u, bells %u/%u %u/%u\n",
                (unsigned long long)queue->put.position, (unsigned long long)queue->get.position,
                queue->closed, queue->items.word, queue->items.asleep, queue->room.word,
                queue->room.asleep);
}

/* Returns how many were lost. */
static uint64_t account(struct stage *stage, const struct market *market, uint32_t lives)
{
        uint64_t lost = 0;

        for (uint32_t life = 0; life < lives; life++) {
                struct ledger *ledger = &market->ledgers[life];
                uint32_t put = atomic_load(&ledger->put), begun = atomic_load(&ledger->begun);

                for (uint32_t i = 0; i < put; i++)
                        lost += !was_got(ledger, i);
                for (uint32_t i = begun; i < begun + 64 && i < PER_LIFE; i++)
                        if (was_got(ledger, i))
                                soak_fail(stage,
                                          "message %u of producer %u came, and was never put", i,
                                          life);
                stage->tasks += put;
        }
        return lost;
}

static void bury(void *shared, uint32_t member)
{
        struct market *market = shared;

        market->consumer_deaths += member >= PRODUCERS;
}

static int run(struct stage *stage)
{
        size_t ledgers = (size_t)(stage->kills_wanted + 2) * 8 * sizeof(struct ledger);
        uint64_t begin = atomic_load(&stage->kills), lost;
        struct crew crew = {
                .stage = stage, .target = trade, .bury = bury, .count = PRODUCERS + CONSUMERS};
        struct mproc_err err = {0};
        struct market *market;
        struct mproc_shm *shm;
        void *memory;

        shm = soak_memory(stage, &memory, 4096 + QUEUE_BYTES + ledgers);
        market = memory;
        market->queue = (struct mproc_queue *)((char *)memory + 4096);
        market->ledgers = (struct ledger *)((char *)memory + 4096 + QUEUE_BYTES);
        if (mproc_queue_init(market->queue, QUEUE_BYTES, 0, &err))
                soak_fail(stage, "a queue: %s", err.text);
        stage->described = market->queue;
        stage->describe = describe;
        crew.shared = market;
        crew_start(&crew);
        while (atomic_load(&stage->kills) - begin < stage->kills_wanted &&
               crew.lives + SOAK_MEMBERS < (stage->kills_wanted + 2) * 8)
                crew_strike(&crew);
        atomic_store(&stage->board->stop, 1);
        /* Producers leave first: what they put is all got. */
        soak_step(stage, "closes the queue");
        for (uint32_t i = 0; i < PRODUCERS; i++)
                if (mproc_process_join(crew.at[i], SOAK_WAIT_NS, NULL, &err))
                        soak_fail(stage, "join of a producer: %s", err.text);
        if (mproc_queue_close(market->queue, &err))
                soak_fail(stage, "close: %s", err.text);
        crew_end(&crew, NULL);
        lost = account(stage, market, crew.lives);
        if (lost > market->consumer_deaths)
                soak_fail(stage, "%llu messages lost with %llu deaths of consumers",
                          (unsigned long long)lost, (unsigned long long)market->consumer_deaths);
        if (mproc_queue_size(market->queue))
                soak_fail(stage, "%zu messages left", mproc_queue_size(market->queue));
        stage->failed += lost;
        mproc_queue_done(market->queue);
        soak_memory_free(stage, shm);
        return 0;
}

const struct scene soak_queue = {"queue", "producers and consumers of a queue are killed", run,
                                 NULL, false};
