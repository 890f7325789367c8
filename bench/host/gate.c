#include "host/gate.h"

#include "base/clock.h"
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A worker that was woken runs within this time, or its PU is not free: then nobody gains by
 * spinning on. */
#define SPIN_NS (10 * NS_PER_MS)

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
}

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
        syscall(SYS_futex, &gate->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
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
                syscall(SYS_futex, &gate->state, FUTEX_WAIT, GATE_CLOSED, NULL, NULL, 0);
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
                pause_cpu();
        }
        return true;
}
