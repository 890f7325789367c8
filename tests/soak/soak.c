/* soak [--kills=N] [--seed=S] [--start=LIST] [--transport=LIST] [--scene=LIST] [--time=SECONDS]
 *      [--hold]
 *
 * Runs every scene under every start method and transport, turn by turn in random order, until so
 * many processes were killed; prints what came of it. Exit status: 0 fine · 1 something failed, and
 * stderr has the scene, the seed and what every process does · 2 usage. */
#include "soak/soak.h"

#include <getopt.h>
#include <inttypes.h>

#define STAGES_MAX 64
#define PER_TURN_MAX 10 /* kills of a stage */
/* What memory may grow by, from the end of the first turn on: what malloc keeps, no more. */
#define GROWTH_MAX_BYTES (2u << 20)

static const struct scene *const scenes[] = {
        &soak_pool,  &soak_pool_retries, &soak_pool_server, &soak_processes, &soak_queue,
        &soak_locks, &soak_condition,    &soak_barrier,     &soak_manager,
};
static const char *const starts[] = {"fork", "spawn", "forkserver"};
static const char *const transports[] = {
        "ring",
        "pipe",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct asked {
        uint64_t kills, seed, time_s;
        const char *start, *transport, *scene; /* lists; NULL: all */
        bool hold;
};

static struct stage stages[STAGES_MAX];
static size_t stage_count;

static void print_usage(FILE *file)
{
        fputs("usage: soak [--kills=N] [--seed=S] [--start=LIST] [--transport=LIST] "
              "[--scene=LIST]\n"
              "            [--time=SECONDS] [--hold]\n"
              "  --kills=N       processes to kill (200)\n"
              "  --seed=S        of the choices; printed (the clock's)\n"
              "  --start=LIST    fork,spawn,forkserver (all)\n"
              "  --transport=LIST  of pools: ring,pipe (all)\n"
              "  --scene=LIST    of these (all):\n",
              file);
        for (size_t i = 0; i < COUNT(scenes); i++)
                fprintf(file, "                    %-13s %s\n", scenes[i]->name,
                        scenes[i]->summary);
        fputs("  --time=SECONDS  ends the soak after so long, whatever --kills says (none)\n"
              "  --hold          after a failure leaves all processes as they are, for a debugger\n"
              "Exit status: 0 fine, 1 something failed, 2 usage.\n",
              file);
}

static bool is_listed(const char *list, const char *name)
{
        size_t length = strlen(name);

        for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
                if (!strncmp(at, name, length) && (!at[length] || at[length] == ','))
                        return true;
        return !list;
}

static void add_stages(const struct asked *asked)
{
        for (size_t s = 0; s < COUNT(scenes); s++)
                for (size_t m = 0; m < COUNT(starts); m++)
                        for (size_t t = 0; t < COUNT(transports); t++) {
                                const struct scene *scene = scenes[s];

                                if (!is_listed(asked->scene, scene->name) ||
                                    !is_listed(asked->start, starts[m]) ||
                                    (scene->only && strcmp(scene->only, starts[m])) ||
                                    (scene->transports ? !is_listed(asked->transport, transports[t])
                                                       : t > 0))
                                        continue;
                                stages[stage_count++] = (struct stage){
                                        .scene = scene,
                                        .start = starts[m],
                                        .transport = scene->transports ? transports[t] : "-"};
                        }
}

static bool parse_number(const char *text, uint64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoull(text, &end, 0);
        return *text && !*end && !errno && *text != '-';
}

/* 0, or the exit status with 1 added. */
static int parse(int argc, char **argv, struct asked *ret)
{
        static const struct option options[] = {{"kills", required_argument, NULL, 'k'},
                                                {"seed", required_argument, NULL, 's'},
                                                {"start", required_argument, NULL, 'm'},
                                                {"transport", required_argument, NULL, 't'},
                                                {"scene", required_argument, NULL, 'c'},
                                                {"time", required_argument, NULL, 'T'},
                                                {"hold", no_argument, NULL, 'H'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        bool fine = true;
        int c;

        *ret = (struct asked){
                .kills = 200, .seed = clock_now_ns() % 1000000007, .time_s = UINT32_MAX};
        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'k':
                        fine &= parse_number(optarg, &ret->kills) && ret->kills;
                        break;
                case 's':
                        fine &= parse_number(optarg, &ret->seed);
                        break;
                case 'T':
                        fine &= parse_number(optarg, &ret->time_s) && ret->time_s <= UINT32_MAX;
                        break;
                case 'm':
                        ret->start = optarg;
                        break;
                case 't':
                        ret->transport = optarg;
                        break;
                case 'c':
                        ret->scene = optarg;
                        break;
                case 'H':
                        ret->hold = true;
                        break;
                case 'h':
                        print_usage(stdout);
                        return 1;
                default:
                        fine = false;
                }
        add_stages(ret);
        if (fine && optind == argc && stage_count)
                return 0;
        if (fine && optind == argc)
                fputs("soak: there is no such scene, start method or transport\n", stderr);
        print_usage(stderr);
        return 3;
}

/* Order and choices of a turn depend on the seed and its number alone. */
static uint64_t mix(uint64_t seed, uint64_t number)
{
        uint64_t state = seed * 0x9e3779b97f4a7c15u + number * 0xbf58476d1ce4e5b9u + 1;

        state = (uint64_t)next_random(&state) << 32 ^ state;
        return (uint64_t)next_random(&state) << 32 ^ state;
}

static void shuffle(size_t *order, uint64_t random)
{
        for (size_t i = 0; i < stage_count; i++)
                order[i] = i;
        for (size_t i = stage_count; i > 1; i--) {
                size_t other = roll(&random, (uint32_t)i), kept = order[i - 1];

                order[i - 1] = order[other];
                order[other] = kept;
        }
}

static uint64_t count_kills(void)
{
        uint64_t kills = 0;

        for (size_t i = 0; i < stage_count; i++)
                kills += atomic_load(&stages[i].kills);
        return kills;
}

static void print_row(const char *name, const char *start, const struct stage *stage)
{
        printf("%-13s %-10s %-9s %6" PRIu64 " %6" PRIu64 " %10" PRIu64 " %6" PRIu64 " %8" PRIu64
               " %9.1f\n",
               name, start, stage->transport, atomic_load(&stage->kills),
               atomic_load(&stage->server_kills), stage->tasks, stage->failed, stage->replaced,
               (double)stage->worst_ns / 1e6);
}

static void print_table(void)
{
        struct stage sum = {.transport = ""};

        printf("%-13s %-10s %-9s %6s %6s %10s %6s %8s %9s\n", "scene", "start", "transport",
               "kills", "server", "tasks", "failed", "replaced", "worst ms");
        for (size_t i = 0; i < stage_count; i++) {
                const struct stage *stage = &stages[i];

                print_row(stage->scene->name, stage->start, stage);
                atomic_fetch_add(&sum.kills, atomic_load(&stage->kills));
                atomic_fetch_add(&sum.server_kills, atomic_load(&stage->server_kills));
                sum.tasks += stage->tasks;
                sum.failed += stage->failed;
                sum.replaced += stage->replaced;
                if (stage->worst_ns > sum.worst_ns)
                        sum.worst_ns = stage->worst_ns;
        }
        print_row("all", "", &sum);
        puts("server: of the kills, those of fork servers. failed: tasks that died with who had "
             "them, "
             "each with its cause.\n"
             "worst: from a kill to the next thing that the successor, or another member, did.");
}

/* One stage of a turn. */
static void run_stage(struct stage *stage, uint64_t seed, unsigned kills)
{
        stage->random = seed;
        stage->kills_wanted = kills;
        stage->scene->run(stage);
        soak_stock_compare(stage);
}

static int soak(const struct asked *asked)
{
        uint64_t end_ns = clock_now_ns() + asked->time_s * NS_PER_S, first = 0, last = 0, kills;
        /* Two turns at least: the first is what memory is held against. */
        uint64_t per_turn = asked->kills / (2 * stage_count);
        size_t order[STAGES_MAX];

        per_turn = per_turn < 1 ? 1 : per_turn > PER_TURN_MAX ? PER_TURN_MAX : per_turn;
        for (uint64_t turn = 0; (kills = count_kills()) < asked->kills; turn++) {
                shuffle(order, mix(asked->seed, turn));
                for (size_t i = 0; i < stage_count && clock_now_ns() < end_ns; i++)
                        run_stage(&stages[order[i]],
                                  mix(asked->seed + 1, turn * STAGES_MAX + order[i]),
                                  (unsigned)per_turn);
                if (clock_now_ns() >= end_ns)
                        break;
                last = soak_pss_bytes();
                first = first ? first : last;
        }
        print_table();
        printf("memory: %.1f MiB (PSS) after the first turn, %.1f at the end\n",
               (double)first / (1 << 20), (double)last / (1 << 20));
        if (last > first + GROWTH_MAX_BYTES && !UNDER_ASAN)
                soak_fail(NULL, "memory has grown by more than %u MiB", GROWTH_MAX_BYTES >> 20);
        printf("%" PRIu64 " kills with seed %" PRIu64 ": fine\n", count_kills(), asked->seed);
        return 0;
}

int main(int argc, char **argv)
{
        struct asked asked;
        int r;

        mproc_init(&argc, &argv);
        r = parse(argc, argv, &asked);
        if (r)
                return r - 1;
        closefrom(3); /* what whoever runs it has left open is not counted */
        setvbuf(stdout, NULL, _IOLBF, 0);
        printf("seed %" PRIu64 "\n", asked.seed);
        /* Grandchildren come here when their parents are gone. */
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        for (size_t i = 0; i < COUNT(starts); i++)
                expect_exit(start_target(starts[i], return_zero, NULL, 0), 0);
        soak_watch_start(asked.seed, asked.hold);
        soak_stock_take();
        return soak(&asked);
}
