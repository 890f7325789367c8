/* A session for each test, and one trial in it. */
#ifndef CONTRACT_SESSION_SCENE_H
#define CONTRACT_SESSION_SCENE_H

#include "base/clock.h"
#include "base/text.h"
#include "contract/mproc_scene.h"
#include "run/session.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SCENE_WORKERS_MAX 4

static const struct session_choice lean;

/* `*state` is the session. */
static inline int set_up(void **state)
{
        static struct session session;
        struct mproc_err err = {0};

        *state = &session;
        if (session_init(&session, -1, &err) < 0)
                fail_msg("%s", err.text);
        return 0;
}

static inline int tear_down(void **state)
{
        session_done(*state);
        return 0;
}

/* `cpus` NULL: nobody is bound; `workers` NULL: nobody asks for theirs. */
static inline struct trial_outcome run_trial(struct session *session,
                                             const struct session_choice *choice,
                                             const struct trial_request *request,
                                             const struct cpuset *cpus,
                                             struct worker_outcome *workers)
{
        static const struct cpuset unbound[SCENE_WORKERS_MAX];
        struct worker_outcome own[SCENE_WORKERS_MAX];
        struct trial_outcome outcome;
        struct mproc_err err = {0};

        assert_true(request->workers <= SCENE_WORKERS_MAX);
        if (session_trial(session, choice, request, cpus ? cpus : unbound, &outcome,
                          workers ? workers : own, &err) < 0)
                fail_msg("%s", err.text);
        return outcome;
}

/* The host, which is up then. */
static inline pid_t warm_host(struct session *session)
{
        int pids[HOSTS_MAX];

        assert_int_equal(session_warm(session, &lean, NULL), 0);
        assert_int_equal(session_pids(session, pids), 1);
        return pids[0];
}

/* A process that, `delay_ns` after the host has a process of that name, kills it, or the host. */
static inline pid_t start_killer(pid_t host, const char *name, uint64_t delay_ns, bool kill_host)
{
        struct timespec delay = {.tv_nsec = (long)delay_ns};
        pid_t killer = fork(), worker;

        if (killer)
                return killer;
        while (!(worker = find_child(name, host)))
                ;
        nanosleep(&delay, NULL);
        kill(kill_host ? host : worker, SIGKILL);
        _exit(0);
}

/* The parameters' values are left to the caller. */
static inline struct trial_request new_request(const char *workload, const char *start,
                                               uint32_t workers, uint64_t ops)
{
        struct trial_request request = {
                .workers = workers, .pus = workers, .ops = ops, .timeout_ns = 60 * NS_PER_S};

        text_copy(request.workload, sizeof(request.workload), workload);
        text_copy(request.start, sizeof(request.start), start);
        return request;
}

static inline struct trial_request spin_request(const char *start, uint32_t workers, uint64_t tasks,
                                                int64_t task_ns)
{
        struct trial_request request = new_request("spin", start, workers, tasks);

        request.value[0] = (int64_t)tasks;
        request.value[1] = task_ns;
        return request;
}

#endif
