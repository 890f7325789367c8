/* A CPU-bound program of a given amount of work: `steps N` does N dependent multiplications. */
#include <stdint.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
        uint64_t value = 1;

        for (uint64_t left = argc == 2 ? strtoull(argv[1], NULL, 10) : 0; left; left--)
                value = value * 6364136223846793005u + 1442695040888963407u;
        return value == 0; /* which it never is: the work is wanted */
}
