#include "mproc/registry.h"

#include "mproc/child.h"
#include "mproc/connection.h"
#include "mproc/fork_client.h"
#include "mproc/lifeline.h"
#include "mproc/process.h"
#include "mproc/segment.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Of the thread that has the lock: one that is cancelled under it would keep it for ever. */
static int cancel_state;
static LIST_HEAD(, mproc_process) processes = LIST_HEAD_INITIALIZER(processes);
static _Atomic enum registry_phase current_phase;
static uint64_t generation; /* counts forks: tells what was started here from what was inherited */
static __thread struct mproc_process *forking;

static void reset_in_child(void)
{
        const struct ctl *mine = forking ? forking->ctl : NULL;
        struct mproc_process *process;

        generation++;
        LIST_FOREACH(process, &processes, entry)
        if (process != forking)
                process_disown(process, mine);
        LIST_INIT(&processes);
        segment_forget_holds();
        lifeline_forget();
        fork_client_forget();
        connection_forget(mine);
        child_forget_ends(mine);
        registry_unlock();
}

static void install(void)
{
        pthread_atfork(registry_lock, registry_unlock, reset_in_child);
}

void registry_lock(void)
{
        int state;

        pthread_once(&once, install);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
        pthread_mutex_lock(&lock);
        cancel_state = state;
}

void registry_unlock(void)
{
        int state = cancel_state;

        pthread_mutex_unlock(&lock);
        pthread_setcancelstate(state, NULL);
}

enum registry_phase registry_phase(void)
{
        return atomic_load(&current_phase);
}

void registry_set_phase(enum registry_phase phase)
{
        atomic_store(&current_phase, phase);
}

void registry_add(struct mproc_process *process)
{
        registry_lock();
        process->generation = generation;
        LIST_INSERT_HEAD(&processes, process, entry);
        registry_unlock();
}

void registry_remove(struct mproc_process *process)
{
        registry_lock();
        if (process->generation == generation)
                LIST_REMOVE(process, entry);
        registry_unlock();
}

bool registry_owns(const struct mproc_process *process)
{
        return process->generation == generation;
}

uint64_t registry_generation(void)
{
        return generation;
}

pid_t registry_fork(struct mproc_process *mine)
{
        pid_t pid;
        int error;

        forking = mine;
        pid = fork();
        error = errno;
        forking = NULL;
        errno = error;
        return pid;
}
