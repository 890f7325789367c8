/* All of mproc. A program that uses one part includes that part's header; each includes what it
 * needs, mproc/mproc.h (processes and shared memory) first of all. */
#ifndef MPROC_ALL_H
#define MPROC_ALL_H

#include <mproc/array.h>
#include <mproc/err.h>
#include <mproc/manager.h>
#include <mproc/mproc.h>
#include <mproc/pipe.h>
#include <mproc/pool.h>
#include <mproc/queue.h>
#include <mproc/sync.h>
#include <mproc/value.h>

#endif
