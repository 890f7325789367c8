/* Queues: nothing is lost, doubled or out of order, nobody hangs, whoever is killed when. */
#include "contract/mproc_gate.h"
#include "contract/mproc_queue_scene.h"
#include "contract/mproc_random.h"

#define MESSAGE_MAX 30000u

/* Producers and consumers ------------------------------------------------------------------- */

#define WORKERS 3
#define EACH 1500u
#define PRODUCERS_MAX 32

/* Its producer, its number, and bytes that follow from these. */
struct message {
        uint32_t producer, number;
        unsigned char bytes[MESSAGE_MAX];
};

static size_t message_size(uint32_t number)
{
        return offsetof(struct message, bytes) +
               (number * 2654435761u) % (number % 5 ? 60 : MESSAGE_MAX);
}

static size_t make_message(struct message *message, uint32_t producer, uint32_t number)
{
        size_t size = message_size(number);

        message->producer = producer;
        message->number = number;
        memset(message->bytes, (int)(producer + number), size - offsetof(struct message, bytes));
        return size;
}

static bool is_whole(const struct message *message, size_t size)
{
        size_t length = size - offsetof(struct message, bytes);

        if (size != message_size(message->number))
                return false;
        for (size_t i = 0; i < length; i += i + 128 < length ? 127 : 1)
                if (message->bytes[i] != (unsigned char)(message->producer + message->number))
                        return false;
        return true;
}

struct job {
        struct mproc_queue *queue;
        uint8_t *seen; /* of producer × number */
        uint32_t *put; /* of producer: messages that were put for sure */
        uint32_t producer, limit;
};

static int produce(void *arg, size_t arg_size)
{
        struct job *job = arg;
        struct message message;

        (void)arg_size;
        for (uint32_t i = 0; i < job->limit; i++) {
                size_t size = make_message(&message, job->producer, i);

                if (mproc_queue_put(job->queue, &message, size, MPROC_FOREVER, NULL))
                        return 1;
                __atomic_store_n(&job->put[job->producer], i + 1, __ATOMIC_RELEASE);
        }
        return 0;
}

static int consume(void *arg, size_t arg_size)
{
        struct job *job = arg;
        struct message message;
        uint32_t next[PRODUCERS_MAX] = {0};
        size_t size;
        int r;

        (void)arg_size;
        while (!(r = mproc_queue_get(job->queue, &message, sizeof(message), &size, MPROC_FOREVER,
                                     NULL))) {
                if (!is_whole(&message, size) || message.number < next[message.producer])
                        return 2;
                next[message.producer] = message.number + 1;
                __atomic_add_fetch(&job->seen[message.producer * EACH + message.number], 1,
                                   __ATOMIC_RELAXED);
                if (mproc_queue_task_done(job->queue, NULL))
                        return 3;
        }
        return r == -ENODATA ? 0 : 1;
}

static struct job make_job(uint32_t limit)
{
        size_t queue_bytes = MPROC_QUEUE_BYTES(3, MESSAGE_MAX);
        struct job job = {.limit = limit};
        char *at;

        assert_int_equal(
                mproc_shm_new(&memory,
                              queue_bytes + sizeof(uint32_t) * PRODUCERS_MAX + PRODUCERS_MAX * EACH,
                              NULL),
                0);
        at = mproc_shm_addr(memory);
        job.queue = (void *)at;
        job.put = (void *)(at + queue_bytes);
        job.seen = (void *)(at + queue_bytes + sizeof(uint32_t) * PRODUCERS_MAX);
        assert_int_equal(mproc_queue_init(job.queue, queue_bytes, 0, NULL), 0);
        return job;
}

static void several_producers_and_consumers_lose_nothing(const char *method)
{
        struct mproc_process *producers[WORKERS], *consumers[WORKERS];
        struct job job = make_job(EACH);

        for (uint32_t i = 0; i < WORKERS; i++) {
                job.producer = i;
                producers[i] = start_target(method, produce, &job, sizeof(job));
                consumers[i] = start_target(method, consume, &job, sizeof(job));
        }
        for (uint32_t i = 0; i < WORKERS; i++)
                expect_exit(producers[i], 0);
        assert_int_equal(mproc_queue_join(job.queue, 20 * SECOND_NS, NULL), 0);
        assert_int_equal(mproc_queue_size(job.queue), 0);
        assert_int_equal(mproc_queue_close(job.queue, NULL), 0);
        for (uint32_t i = 0; i < WORKERS; i++)
                expect_exit(consumers[i], 0);
        for (uint32_t i = 0; i < WORKERS * EACH; i++)
                assert_int_equal(job.seen[i], 1);
        assert_int_equal(mproc_queue_torn(job.queue), 0);
        free_queue();
}

static void join_waits_for_the_last_task(const char *method)
{
        struct job job = make_job(EACH);
        struct mproc_process *process;

        assert_int_equal(mproc_queue_join(job.queue, 0, NULL), 0);
        assert_int_equal(mproc_queue_put(job.queue, &(struct message){0}, message_size(0), 0, NULL),
                         0);
        assert_int_equal(mproc_queue_join(job.queue, 2000000, NULL), -ETIMEDOUT);
        process = start_target(method, consume, &job, sizeof(job));
        assert_int_equal(mproc_queue_join(job.queue, MPROC_FOREVER, NULL), 0);
        assert_int_equal(job.seen[0], 1);
        mproc_queue_close(job.queue, NULL);
        expect_exit(process, 0);
        free_queue();
}

static void close_wakes_who_waits(const char *method)
{
        struct job job = make_job(EACH);
        struct mproc_process *consumer = start_target(method, consume, &job, sizeof(job)),
                             *producer;
        struct mproc_status status;

        usleep(5000);
        mproc_queue_close(job.queue, NULL);
        expect_exit(consumer, 0);
        free_queue();

        job = make_job(EACH);
        producer = start_target(method, produce, &job, sizeof(job));
        usleep(5000);
        mproc_queue_close(job.queue, NULL);
        status = join_forever(producer);
        assert_int_equal(status.code, 1); /* its put failed */
        mproc_process_free(producer);
        free_queue();
}

/* Kills ------------------------------------------------------------------------------------- */

/* Producers 0 … KILLS − 1 are killed at random, and so are as many consumers; one more of each goes
 * on all the time. What a dead consumer took with it is at most one message; what a producer had
 * put is all there, and at most one more, whose put had not returned. */
#define KILLS 30u

static void whoever_is_killed_the_others_lose_nothing(const char *method)
{
        struct mproc_process *steady_producer, *steady_consumer;
        struct job job = make_job(EACH);
        uint64_t random = random_seed();
        uint32_t lost = 0;

        job.producer = KILLS;
        steady_producer = start_target(method, produce, &job, sizeof(job));
        steady_consumer = start_target(method, consume, &job, sizeof(job));
        for (uint32_t i = 0; i < KILLS; i++) {
                struct mproc_process *victims[2];

                job.producer = i;
                victims[0] = start_target(method, produce, &job, sizeof(job));
                victims[1] = start_target(method, consume, &job, sizeof(job));
                usleep(1000 + roll(&random, 3000));
                for (uint32_t k = 0; k < 2; k++) {
                        mproc_process_kill(victims[(i + k) % 2], NULL);
                        usleep(roll(&random, 1000));
                }
                mproc_process_free(victims[0]);
                mproc_process_free(victims[1]);
        }
        expect_exit(steady_producer, 0);
        assert_int_equal(mproc_queue_close(job.queue, NULL), 0);
        expect_exit(steady_consumer, 0);
        assert_int_equal(mproc_queue_size(job.queue), 0);
        for (uint32_t producer = 0; producer <= KILLS; producer++)
                for (uint32_t i = 0; i < EACH; i++) {
                        uint8_t seen = job.seen[producer * EACH + i];

                        assert_true(seen <= 1);
                        assert_true(!seen || i <= job.put[producer]);
                        lost += !seen && i < job.put[producer];
                }
        assert_true(lost <= KILLS);
        assert_true(mproc_queue_torn(job.queue) <= KILLS);
        free_queue();
}

/* A long message is mostly being written when its producer is killed. */
static int produce_long(void *arg, size_t arg_size)
{
        struct mproc_queue *queue = *(struct mproc_queue **)arg;
        static unsigned char bytes[4 << 20];

        (void)arg_size;
        memset(bytes, 'w', sizeof(bytes));
        while (!mproc_queue_put(queue, bytes, sizeof(bytes), MPROC_FOREVER, NULL))
                ;
        return 1;
}

static void a_half_written_message_is_skipped_and_counted(const char *method)
{
        struct mproc_queue *queue = make_queue(5 << 20, 0);
        unsigned char *bytes = malloc(4 << 20);
        uint64_t random = random_seed();
        size_t size;

        for (int i = 0; i < 1000 && mproc_queue_torn(queue) < 3; i++) {
                struct mproc_process *process =
                        start_target(method, produce_long, &queue, sizeof(queue));

                assert_int_equal(
                        mproc_queue_get(queue, bytes, 4 << 20, &size, 20 * SECOND_NS, NULL), 0);
                usleep(roll(&random, 1000));
                mproc_process_kill(process, NULL);
                mproc_process_free(process);
                /* What is there is whole; then the queue goes on as if nothing had been. */
                while (!mproc_queue_get(queue, bytes, 4 << 20, &size, 0, NULL)) {
                        assert_int_equal(size, 4 << 20);
                        assert_int_equal(bytes[size - 1], 'w');
                }
                assert_int_equal(mproc_queue_put(queue, "next", 4, 20 * SECOND_NS, NULL), 0);
                assert_int_equal(mproc_queue_get(queue, bytes, 4, &size, 0, NULL), 0);
                assert_memory_equal(bytes, "next", 4);
        }
        assert_int_equal(mproc_queue_torn(queue), 3);
        free(bytes);
        free_queue();
}

static void a_stopped_producer_is_told_of_and_holds_up_no_consumer(const char *method)
{
        struct mproc_queue *queue = make_queue(5 << 20, 0);
        uint64_t random = random_seed();
        bool seen = false;

        for (int i = 0; i < 200 && !seen; i++) {
                struct mproc_process *process =
                        start_target(method, produce_long, &queue, sizeof(queue));
                static unsigned char bytes[4 << 20];
                size_t size;
                int r;

                assert_int_equal(
                        mproc_queue_get(queue, bytes, sizeof(bytes), &size, 20 * SECOND_NS, NULL),
                        0);
                usleep(roll(&random, 1000));
                kill(mproc_process_pid(process), SIGSTOP);
                r = mproc_queue_get(queue, bytes, sizeof(bytes), &size, 0, NULL);
                assert_true(!r || r == -ETIMEDOUT);
                r = mproc_queue_put(queue, "x", 1, 0, NULL);
                seen = r == -EBUSY;
                assert_true(!r || seen);
                mproc_process_kill(process, NULL);
                mproc_process_free(process);
                while (!mproc_queue_get(queue, bytes, sizeof(bytes), &size, 0, NULL))
                        ;
        }
        assert_true(seen);
        free_queue();
}

int main(int argc, char **argv)
{
        static const struct promise promises[] = {
                PROMISE(several_producers_and_consumers_lose_nothing, UNDER_CONCURRENT),
                PROMISE(join_waits_for_the_last_task, UNDER_CONCURRENT),
                PROMISE(close_wakes_who_waits, UNDER_CONCURRENT),
                PROMISE(whoever_is_killed_the_others_lose_nothing, UNDER_OWN_PROCESS),
                PROMISE(a_half_written_message_is_skipped_and_counted, UNDER_OWN_PROCESS),
                PROMISE(a_stopped_producer_is_told_of_and_holds_up_no_consumer, UNDER_OWN_PROCESS),
        };

        mproc_init(&argc, &argv);
        return run_promises(promises, sizeof(promises) / sizeof(*promises));
}
