/* peer.py in a process of its own: CPython's side of a comparison. It answers each request, a line,
 * with the time that it took, in ns. */
#ifndef BENCH_PYTHON_PEER_H
#define BENCH_PYTHON_PEER_H

#include <stdio.h>
#include <sys/types.h>

struct python_peer {
        FILE *to, *from;
        pid_t pid;
};

/* Exits with a message where there is no python3. */
void python_peer_start(struct python_peer *peer);
/* Ends the program where the peer does not answer. */
double python_peer_ask(struct python_peer *peer, const char *request);
void python_peer_end(struct python_peer *peer);

#endif
