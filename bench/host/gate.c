#include "host/gate.h"

#include "mproc/wait.h"
#include <limits.h>

/* A worker that was woken runs within this time, or its PU is not free: then nobody gains by
 * spinning on. */
#define SPIN_NS (10 * NS_PER_MS)

void gate_init(struct gate *gate, uint32_t workers, bool spin)
{
        atomic_init(&gate->arrived, 0);
        atomic_init(&gate->state, GATE_CLOSED);
        atomic_init(&gate->spinning, 0);
        atomic_init(&gate->opened_ns, 0);
        gate->workers = workers;
        gate->spin = spin;
}

static void open_gate(struct gate *gate)
{
        uint64_t closed = 0;

        atomic_compare_exchange_strong(&gate->opened_ns, &closed, clock_now_ns());
}

static void leave_closed(struct gate *gate, uint32_t state)
{
        uint32_t closed = GATE_CLOSED;

        atomic_compare_exchange_strong(&gate->state, &closed, state);
        wait_wake(&gate->state, INT_MAX);
}

void gate_abandon(struct gate *gate)
{
        leave_closed(gate, GATE_ABANDONED);
}

bool gate_pass(struct gate *gate)
{
        uint64_t until;
        uint32_t state;

        if (atomic_fetch_add(&gate->arrived, 1) + 1 >= gate->workers) {
                if (!gate->spin)
                        open_gate(gate);
                leave_closed(gate, GATE_ALL_ARRIVED);
        }
        while ((state = atomic_load(&gate->state)) == GATE_CLOSED)
                wait_on_word(&gate->state, GATE_CLOSED, WAIT_FOREVER);
        if (state == GATE_ABANDONED)
                return false;
        if (!gate->spin)
                return true;

        if (atomic_fetch_add(&gate->spinning, 1) + 1 >= gate->workers)
                open_gate(gate);
        until = clock_now_ns() + SPIN_NS;
        while (!atomic_load_explicit(&gate->opened_ns, memory_order_acquire)) {
                if (clock_now_ns() > until)
                        open_gate(gate);
                wait_pause();
        }
        return true;
}
