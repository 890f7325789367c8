#include "soak/soak.h"

#include <sys/pidfd.h>

#define GRAVES 65536 /* pids are at most so many kills back */

static _Atomic int32_t graves[GRAVES];
static _Atomic uint32_t grave_count;

/* Before the kill, so that nobody hears of a death that is not noted down. */
static void note_down(pid_t pid)
{
        atomic_store(&graves[atomic_fetch_add(&grave_count, 1) % GRAVES], pid);
}

bool soak_was_killed(pid_t pid)
{
        uint32_t count = atomic_load(&grave_count);

        for (uint32_t i = 0; i < count && i < GRAVES; i++)
                if (atomic_load(&graves[i]) == pid)
                        return true;
        return false;
}

static pid_t parent_of(pid_t pid)
{
        struct process_stat stat;

        return read_stat(pid, &stat) ? stat.parent : 0;
}

static bool is_ours(pid_t pid)
{
        pid_t parent = parent_of(pid);

        return parent == getpid() || (parent > 1 && parent_of(parent) == getpid());
}

bool soak_kill(struct stage *stage, uint64_t *random, pid_t pid, struct pulse *pulse)
{
        int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
        bool killed = false;

        if (pidfd < 0)
                return false;
        /* The number may be another's by now: the descriptor is of whoever is looked at here. */
        if (is_ours(pid)) {
                if (!roll(random, 4)) {
                        pidfd_send_signal(pidfd, SIGSTOP, NULL, 0);
                        nap(roll(random, 2000000));
                }
                note_down(pid);
                if (pulse) {
                        atomic_store(&pulse->killed_pid, pid);
                        atomic_store(&pulse->killed_ns, clock_now_ns());
                }
                killed = !pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
        }
        close(pidfd);
        stage->kills += killed;
        return killed;
}

bool soak_kill_server(struct stage *stage, uint64_t *random)
{
        bool killed;

        /* First, since what it started may be heard of before the call returns. */
        atomic_fetch_add(&stage->server_kills, 1);
        killed = soak_kill(stage, random, server_pid(), NULL);
        if (!killed)
                atomic_fetch_sub(&stage->server_kills, 1);
        return killed;
}
