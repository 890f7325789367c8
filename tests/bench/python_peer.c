#include "bench/python_peer.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *why)
{
        fprintf(stderr, "bench: %s\n", why);
        exit(4);
}

void python_peer_start(struct python_peer *peer)
{
        char *argv[] = {"python3", PEER_PATH, NULL};
        posix_spawn_file_actions_t actions;
        int to[2], from[2];

        if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
                give_up("no pipe to python3");
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, to[0], 0);
        posix_spawn_file_actions_adddup2(&actions, from[1], 1);
        if (posix_spawnp(&peer->pid, argv[0], &actions, NULL, argv, environ))
                give_up("no python3");
        posix_spawn_file_actions_destroy(&actions);
        close(to[0]);
        close(from[1]);
        peer->to = fdopen(to[1], "w");
        peer->from = fdopen(from[0], "r");
        if (!peer->to || !peer->from)
                give_up("no memory");
}

double python_peer_ask(struct python_peer *peer, const char *request)
{
        double ns;

        fprintf(peer->to, "%s\n", request);
        fflush(peer->to);
        if (fscanf(peer->from, "%lf", &ns) != 1)
                give_up("python3 gave no answer");
        return ns;
}

void python_peer_end(struct python_peer *peer)
{
        fclose(peer->to);
        waitpid(peer->pid, NULL, 0);
        fclose(peer->from);
}
