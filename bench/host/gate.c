#include "host/gate.h"

#include "mproc/wait.h"
#include <limits.h>

/* A worker that was woken runs within this time, or its PU is not free: then nobody gains by
 * spinning on. */
#define SPIN_NS (10 * NS_PER_MS)
#define LOOK_NS (20 * NS_PER_MS) /* between two looks whether the gate was abandoned */

void gate_init(struct gate *gate, uint32_t workers, bool spin, bool with_host)
{
        atomic_init(&gate->arrived, 0);
        atomic_init(&gate->state, GATE_CLOSED);
        atomic_init(&gate->spinning, 0);
        atomic_init(&gate->opened_ns, 0);
        gate->workers = workers;
        gate->spin = spin;
        gate->with_host = with_host;
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
        uint32_t arrived = atomic_fetch_add(&gate->arrived, 1) + 1, state;
        uint64_t until;

        if (gate->with_host && arrived + 1 == gate->workers)
                wait_wake(&gate->arrived, 1);
        if (arrived >= gate->workers) {
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

bool gate_pass_last(struct gate *gate)
{
        uint32_t arrived;

        while ((arrived = atomic_load(&gate->arrived)) + 1 < gate->workers) {
                if (atomic_load(&gate->state) == GATE_ABANDONED)
                        return false;
                wait_on_word(&gate->arrived, arrived, clock_now_ns() + LOOK_NS);
        }
        return gate_pass(gate);
}
