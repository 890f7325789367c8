/* Processes that are started, killed or not, and joined, while their fork server may be killed. */
#include "soak/soak.h"

enum { IN_FLIGHT = 6 };

/* What the target has got to. */
enum { BEGUN = 1, ENDED = 2 };

struct errand {
        struct board *board;
        _Atomic uint32_t *mark;
        uint32_t nap_us, code;
        bool nests; /* starts a process of its own, which does not end by itself */
};

/* What the main thread has started, for the thread that kills. */
struct site {
        struct stage *stage;
        uint64_t random;
        _Atomic uint32_t *marks; /* IN_FLIGHT, shared */
        _Atomic int32_t pids[IN_FLIGHT];
        _Atomic bool stop;
};

static int stay_on(void *arg, size_t size)
{
        (void)arg;
        (void)size;
        while (pause() < 0)
                ;
        return 0;
}

static int run_errand(void *arg, size_t size)
{
        const struct errand *errand = arg;
        struct mproc_process_options options = {
                .start = roll(&(uint64_t){clock_now_ns()}, 2) ? "fork" : "spawn",
                .target = stay_on};
        struct mproc_process *nested;
        struct mproc_err err = {0};

        (void)size;
        atomic_store(errand->mark, BEGUN);
        if (errand->nests && mproc_process_start(&nested, &options, &err))
                return soak_complain(errand->board, "a nested start: %s", err.text);
        nap(errand->nap_us * NS_PER_US);
        atomic_store(errand->mark, ENDED);
        soak_beat(errand->board, errand->board->pulse);
        return (int)errand->code; /* what is nested ends with this process */
}

/* False: its fork server was killed over it. Then nothing of it goes on. */
static bool send(struct site *site, uint32_t place, struct errand *errand,
                 struct mproc_process **ret)
{
        struct stage *stage = site->stage;
        uint32_t reached;
        struct mproc_process_options options = {.start = stage->start,
                                                .target = run_errand,
                                                .arg = errand,
                                                .arg_size = sizeof(*errand)};
        struct mproc_err err = {0};
        int r;

        *errand = (struct errand){.board = stage->board,
                                  .mark = &site->marks[place],
                                  .nap_us = roll(&stage->random, 3000),
                                  .code = roll(&stage->random, 100),
                                  .nests = !roll(&stage->random, 6)};
        atomic_store(errand->mark, 0);
        soak_step(stage, "starts a process");
        r = mproc_process_start(ret, &options, &err);
        if (!r)
                return true;
        if (r != -ECONNRESET || !atomic_load(&stage->server_kills))
                soak_fail(stage, "start: %d: %s", r, err.text);
        nap(NS_PER_MS / 2); /* a signal that was sent may have to reach the other CPU */
        reached = atomic_load(errand->mark);
        nap(5 * NS_PER_MS);
        if (atomic_load(errand->mark) != reached)
                soak_fail(stage, "its start failed, and yet it goes on: %s", err.text);
        return false;
}

static void receive(struct site *site, struct mproc_process *process, const struct errand *errand)
{
        struct stage *stage = site->stage;
        pid_t pid = mproc_process_pid(process);
        struct mproc_status status;
        struct mproc_err err = {0};
        bool fine;

        soak_step(stage, "joins a process");
        if (mproc_process_join(process, SOAK_WAIT_NS, &status, &err))
                soak_fail(stage, "join: %s", err.text);
        soak_expect_no_complaint(stage);
        switch (status.state) {
        case MPROC_EXITED:
                fine = status.code == (int)errand->code && atomic_load(errand->mark) == ENDED;
                break;
        case MPROC_SIGNALED:
                fine = status.code == SIGKILL &&
                       (soak_was_killed(pid) || atomic_load(&stage->server_kills));
                stage->failed++;
                break;
        case MPROC_UNKNOWN:
                fine = atomic_load(&stage->server_kills) && strstr(status.err.text, "SIGKILL");
                stage->failed++;
                break;
        default:
                fine = false;
        }
        if (!fine)
                soak_fail(stage,
                          "process %d, of which %u was expected, ended with state %d, code %d: %s",
                          (int)pid, errand->code, status.state, status.code, status.err.text);
        stage->tasks++;
        mproc_process_free(process);
}

static void *kill_on(void *argument)
{
        struct site *site = argument;
        struct stage *stage = site->stage;
        bool servers = !strcmp(stage->start, "forkserver");

        while (!atomic_load(&site->stop)) {
                nap(roll(&site->random, 4000000));
                if (servers && !roll(&site->random, 3))
                        soak_kill_server(stage, &site->random);
                else
                        soak_kill(stage, &site->random,
                                  atomic_load(&site->pids[roll(&site->random, IN_FLIGHT)]),
                                  stage->board->pulse);
        }
        return NULL;
}

static int run(struct stage *stage)
{
        uint64_t end = atomic_load(&stage->kills) + stage->kills_wanted;
        struct mproc_process *processes[IN_FLIGHT] = {0};
        struct errand errands[IN_FLIGHT];
        struct site site = {.stage = stage, .random = next_random(&stage->random)};
        struct mproc_shm *shm;
        pthread_t thread;
        void *marks;

        shm = soak_memory(stage, &marks, IN_FLIGHT * sizeof(*site.marks));
        site.marks = marks;
        if (pthread_create(&thread, NULL, kill_on, &site))
                soak_fail(stage, "cannot start the thread that kills");
        while (atomic_load(&stage->kills) < end) {
                uint32_t i = roll(&stage->random, IN_FLIGHT);

                atomic_store(&site.pids[i], 0);
                if (processes[i])
                        receive(&site, processes[i], &errands[i]);
                processes[i] = NULL;
                if (send(&site, i, &errands[i], &processes[i]))
                        atomic_store(&site.pids[i], mproc_process_pid(processes[i]));
        }
        atomic_store(&site.stop, true);
        pthread_join(thread, NULL);
        for (uint32_t i = 0; i < IN_FLIGHT; i++)
                if (processes[i])
                        receive(&site, processes[i], &errands[i]);
        soak_memory_free(stage, shm);
        return 0;
}

const struct scene soak_processes = {
        "processes", "processes with children of their own are killed, and their fork server", run,
        NULL, false};
