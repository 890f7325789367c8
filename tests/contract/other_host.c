/* The host of a build whose structs have other sizes: it says so, and waits for what never comes.
 */
#include "host/hello.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        struct host_hello hello = HOST_HELLO;
        char byte;
        int fd = -1;

        hello.outcome_bytes += 8;
        for (int i = 1; i < argc; i++)
                if (!strncmp(argv[i], "--fd=", 5))
                        fd = (int)strtol(argv[i] + 5, NULL, 10);
        if (write(fd, &hello, sizeof(hello)) != sizeof(hello))
                return 1;
        return read(fd, &byte, 1) ? 1 : 0;
}
