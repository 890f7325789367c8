#include "soak/soak.h"

#include <stdarg.h>

int soak_complain(struct board *board, const char *format, ...)
{
        va_list args;

        if (!atomic_fetch_add(&board->complaints, 1)) {
                va_start(args, format);
                vsnprintf(board->complaint, sizeof(board->complaint), format, args);
                va_end(args);
        }
        return 1;
}

void soak_expect_no_complaint(const struct stage *stage)
{
        if (atomic_load(&stage->board->complaints))
                soak_fail(stage, "%s", stage->board->complaint);
}

struct mproc_shm *soak_memory(struct stage *stage, void **ret, size_t size)
{
        size_t front = (sizeof(struct board) + 4095) / 4096 * 4096;
        struct mproc_err err = {0};
        struct mproc_shm *shm;

        if (mproc_shm_new(&shm, front + size, &err))
                soak_fail(stage, "shared memory: %s", err.text);
        stage->board = mproc_shm_addr(shm);
        *ret = (char *)mproc_shm_addr(shm) + front;
        return shm;
}

void soak_memory_free(struct stage *stage, struct mproc_shm *shm)
{
        uint64_t worst = atomic_load(&stage->board->worst_ns);

        soak_expect_no_complaint(stage);
        if (worst > stage->worst_ns)
                stage->worst_ns = worst;
        stage->board = NULL;
        stage->describe = NULL;
        mproc_shm_free(shm);
}

static void start_member(struct crew *crew, uint32_t member)
{
        struct stage *stage = crew->stage;
        struct duty duty = {.board = stage->board,
                            .shared = crew->shared,
                            .seed = (uint64_t)next_random(&stage->random) << 32 | crew->lives,
                            .member = member,
                            .life = crew->lives++};
        struct mproc_process_options options = {.start = stage->start,
                                                .target = crew->target,
                                                .arg = &duty,
                                                .arg_size = sizeof(duty)};
        struct mproc_err err = {0};

        if (mproc_process_start(&crew->at[member], &options, &err))
                soak_fail(stage, "start of member %u: %s", member, err.text);
}

static struct mproc_status join_member(struct crew *crew, uint32_t member)
{
        struct mproc_status status;
        struct mproc_err err = {0};

        if (mproc_process_join(crew->at[member], SOAK_WAIT_NS, &status, &err))
                soak_fail(crew->stage, "join of member %u: %s", member, err.text);
        return status;
}

/* It was killed, and nothing else has happened to it. */
static void replace_member(struct crew *crew, uint32_t member, bool with_server)
{
        pid_t pid = mproc_process_pid(crew->at[member]);
        struct mproc_status status = join_member(crew, member);
        bool killed =
                status.state == MPROC_SIGNALED && status.code == SIGKILL && soak_was_killed(pid);
        bool lost = status.state == MPROC_UNKNOWN && strstr(status.err.text, "fork server");

        soak_expect_no_complaint(crew->stage);
        if (!killed && !(with_server && lost))
                soak_fail(crew->stage, "member %u (process %d) ended with state %d, code %d: %s",
                          member, (int)pid, status.state, status.code, status.err.text);
        mproc_process_free(crew->at[member]);
        crew->at[member] = NULL;
        if (crew->bury)
                crew->bury(crew->shared, member);
        start_member(crew, member);
        crew->stage->replaced++;
}

void crew_start(struct crew *crew)
{
        for (uint32_t i = 0; i < crew->count; i++)
                start_member(crew, i);
}

/* A bit each: one, or several; with their server all. */
static uint32_t choose_victims(struct crew *crew, bool server)
{
        uint32_t all = (1u << crew->count) - 1;
        uint64_t *random = &crew->stage->random;
        uint32_t one = 1u << roll(random, crew->count);

        if (server)
                return all;
        return roll(random, 6) ? one : one | (next_random(random) & all);
}

void crew_strike(struct crew *crew)
{
        struct stage *stage = crew->stage;
        bool server = !strcmp(stage->start, "forkserver") && !roll(&stage->random, 8);
        uint32_t victims;

        soak_step(stage, "waits for an instant to kill");
        nap(roll(&stage->random, 4) ? roll(&stage->random, 4000000) : 0);
        soak_step(stage, "replaces the killed");
        victims = choose_victims(crew, server);
        for (uint32_t i = 0; i < crew->count; i++)
                if (crew->condemn && victims >> i & 1)
                        crew->condemn(crew->shared, i);
        if (server && !soak_kill_server(stage, &stage->random))
                soak_fail(stage, "there is no fork server");
        for (uint32_t i = 0; i < crew->count && !server; i++)
                if (victims >> i & 1)
                        soak_kill(stage, &stage->random, mproc_process_pid(crew->at[i]),
                                  stage->board->pulse);
        for (uint32_t i = 0; i < crew->count; i++)
                if (victims >> i & 1)
                        replace_member(crew, i, server);
        if (crew->settle)
                crew->settle(crew->context);
        /* A death at birth is fine, one after the other for ever would test nothing else. */
        if (stage->kills % 4 == 0) {
                uint64_t before = atomic_load(&stage->board->operations);
                uint64_t deadline = clock_now_ns() + SOAK_WAIT_NS;

                while (atomic_load(&stage->board->operations) == before) {
                        soak_expect_no_complaint(stage);
                        if (clock_now_ns() > deadline)
                                soak_fail(stage, "nobody does anything any more");
                        nap(NS_PER_MS / 10);
                }
        }
}

void crew_end(struct crew *crew, void (*nudge)(void *shared))
{
        soak_step(crew->stage, "waits for all to leave");
        for (uint32_t i = 0; i < crew->count; i++) {
                uint64_t deadline = clock_now_ns() + SOAK_WAIT_NS;
                struct mproc_status status;

                while (nudge && clock_now_ns() < deadline &&
                       mproc_process_join(crew->at[i], 20 * NS_PER_MS, NULL, NULL) == -ETIMEDOUT)
                        nudge(crew->shared);
                status = join_member(crew, i);
                soak_expect_no_complaint(crew->stage);
                if (status.state != MPROC_EXITED || status.code)
                        soak_fail(crew->stage, "member %u left with state %d, code %d: %s", i,
                                  status.state, status.code, status.err.text);
                mproc_process_free(crew->at[i]);
                crew->at[i] = NULL;
        }
}
