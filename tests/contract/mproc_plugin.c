/* A library that tests load beside their program: targets which another process has to find. Twins
 * of it differ in nothing but FACTOR. */
#include <mproc/pool.h>

#ifndef FACTOR
#define FACTOR 2
#endif

int plugin_twice(void *arg, size_t size);
int plugin_factor(struct mproc_task *task);

int plugin_twice(void *arg, size_t size)
{
        return size == sizeof(int) ? FACTOR * *(int *)arg : -1;
}

int plugin_factor(struct mproc_task *task)
{
        *(int *)task->result = FACTOR;
        return 0;
}
