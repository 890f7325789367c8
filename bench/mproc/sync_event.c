#include "mproc/sync_wait.h"

#include <errno.h>
#include <limits.h>

#define SET 1u
#define SLEEPERS 2u
#define ONE_TIME 4u
#define TIMES(word) ((word) / ONE_TIME)

int mproc_event_init(struct mproc_event *event, struct mproc_err *err)
{
        int r = sync_check_place(event, sizeof(*event), "event", err);

        if (r)
                return r;
        event->word = 0;
        word_store(&event->magic, SYNC_EVENT);
        return 0;
}

void mproc_event_done(struct mproc_event *event)
{
        if (event)
                word_store(&event->magic, 0);
}

int mproc_event_set(struct mproc_event *event, struct mproc_err *err)
{
        uint32_t seen;
        int r = sync_check(&event->magic, SYNC_EVENT, 0, err);

        if (r)
                return r;
        seen = word_load(&event->word);
        do
                if (seen & SET)
                        return 0;
        while (!word_swap(&event->word, &seen, (TIMES(seen) + 1) * ONE_TIME + SET));
        if (seen & SLEEPERS)
                wait_wake(&event->word, INT_MAX);
        return 0;
}

int mproc_event_clear(struct mproc_event *event, struct mproc_err *err)
{
        int r = sync_check(&event->magic, SYNC_EVENT, 0, err);

        if (!r)
                __atomic_fetch_and(&event->word, ~SET, __ATOMIC_ACQ_REL);
        return r;
}

bool mproc_event_is_set(const struct mproc_event *event)
{
        return word_load(&event->word) & SET;
}

/* The times it was set tell a sleeper of one that was cleared since. */
static bool was_set(const struct mproc_event *event, uint32_t times, uint32_t *seen)
{
        *seen = word_load(&event->word);
        return *seen & SET || TIMES(*seen) != times;
}

int mproc_event_wait(struct mproc_event *event, int64_t timeout_ns, struct mproc_err *err)
{
        uint32_t seen, times;
        uint64_t deadline_ns;
        int r = sync_check(&event->magic, SYNC_EVENT, timeout_ns, err);

        if (r)
                return r;
        times = TIMES(word_load(&event->word));
        if (was_set(event, times, &seen))
                return 0;
        if (!timeout_ns)
                return sync_timed_out(SYNC_EVENT, 0, err);
        deadline_ns = wait_deadline(timeout_ns);
        for (struct sync_spin spin = sync_spin_begin(); sync_spin_once(&spin);)
                if (was_set(event, times, &seen)) {
                        sync_spin_won();
                        return 0;
                }
        while (!was_set(event, times, &seen)) {
                if (wait_is_over(deadline_ns))
                        return sync_timed_out(SYNC_EVENT, timeout_ns, err);
                if (word_load(&event->magic) != SYNC_EVENT)
                        return sync_stale(SYNC_EVENT, err);
                if (seen & SLEEPERS || word_swap(&event->word, &seen, seen | SLEEPERS))
                        sync_sleep(&event->word, seen | SLEEPERS, deadline_ns);
        }
        return 0;
}
