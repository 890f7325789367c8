/* Where a run is saved: the folder asked for, or one of the day in mpbench-results/ with a link
 * `latest` beside it. Driver only. */
#ifndef CLI_RUN_FOLDER_H
#define CLI_RUN_FOLDER_H

#include "cli/run_options.h"
#include "model/result.h"
#include <limits.h>
#include <time.h>

#define RESULTS_FOLDER "mpbench-results"
#define LATEST_LINK "latest"

/* Can the folder be made? Asked before anything is measured; leaves nothing behind. -EINVAL: it
 * exists and may not be replaced. Else the errno of the attempt. */
int run_folder_check(const struct run_options *options, struct mproc_err *err);

struct saved_run {
        char path[PATH_MAX];
        char plots[480];  /* why there are none; empty: there are */
        const char *name; /* what `mpbench report` takes: path or "latest" */
};

/* Saves every format. `started`: the run's begin, for the folder's name. */
int run_folder_save(const struct run_options *options, const struct result *result, time_t started,
                    struct saved_run *ret, struct mproc_err *err);

#endif
