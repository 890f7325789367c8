/* A library that test_mproc_start loads: one target, which a process started by exec has to find.
 */
#include <stddef.h>

int plugin_twice(void *arg, size_t size);

int plugin_twice(void *arg, size_t size)
{
        return size == sizeof(int) ? 2 * *(int *)arg : -1;
}
