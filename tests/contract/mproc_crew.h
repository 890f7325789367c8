/* Workers on one piece of shared memory, for the tests of synchronisation. */
#ifndef MPROC_CREW_H
#define MPROC_CREW_H

#include "contract/mproc_random.h"

#include <mproc/sync.h>

#define MS 1000000ll
#define CREW_MAX 8

/* Zeroed shared memory. */
struct place {
        struct mproc_shm *shm;
        void *at;
};

static inline struct place take_place(size_t size)
{
        struct place place;

        assert_int_equal(mproc_shm_new(&place.shm, size, NULL), 0);
        place.at = mproc_shm_addr(place.shm);
        return place;
}

struct duty {
        void *shared;
        int index;
};

static inline struct mproc_process *start_duty(const char *method, int (*target)(void *, size_t),
                                               void *shared, int index)
{
        struct duty duty = {.shared = shared, .index = index};

        return start_target(method, target, &duty, sizeof(duty));
}

static inline void start_crew(struct mproc_process **crew, int count, const char *method,
                              int (*target)(void *, size_t), void *shared)
{
        for (int i = 0; i < count; i++)
                crew[i] = start_duty(method, target, shared, i);
}

/* All of them leave with 0. */
static inline void join_crew(struct mproc_process **crew, int count)
{
        for (int i = 0; i < count; i++)
                expect_exit(crew[i], 0);
}

static inline void run_crew(int count, const char *method, int (*target)(void *, size_t),
                            void *shared)
{
        struct mproc_process *crew[CREW_MAX];

        start_crew(crew, count, method, target, shared);
        join_crew(crew, count);
}

static inline void kill_and_free(struct mproc_process *process)
{
        assert_int_equal(mproc_process_kill(process, NULL), 0);
        join_forever(process);
        mproc_process_free(process);
}

static inline int load(const int *word)
{
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline int add(int *word, int by)
{
        return __atomic_add_fetch(word, by, __ATOMIC_SEQ_CST);
}

/* Until others have brought `*word` to `value`: for what cannot be waited for otherwise. The time
 * limit of the test ends it. */
static inline void await(const int *word, int value)
{
        while (load(word) < value)
                nap(MS / 10);
}

/* Until it is killed. */
static inline int stay(void)
{
        while (pause() < 0)
                ;
        return 1;
}

/* Workers that go on until `*stop`, of which one after the other is killed at a random instant and
 * replaced. Whoever is left must have made `*progress` (NULL: has nothing to count), however slow
 * the machine is, and come to an end. */
static inline void kill_at_random(const char *method, int (*target)(void *, size_t), void *shared,
                                  int *stop, const int *progress, int crew_size, int kills)
{
        struct mproc_process *crew[CREW_MAX];
        uint64_t random = random_seed();

        start_crew(crew, crew_size, method, target, shared);
        for (int left = kills_wanted(kills); left > 0; left--) {
                int victim = (int)roll(&random, (uint32_t)crew_size);

                nap(roll(&random, 2 * MS));
                kill_and_free(crew[victim]);
                crew[victim] = start_duty(method, target, shared, victim);
        }
        if (progress)
                await(progress, 1);
        add(stop, 1);
        join_crew(crew, crew_size);
}

#endif
