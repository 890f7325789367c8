/* A saved run, by the name that the user gives it. Driver only. */
#ifndef CLI_SAVED_REPORT_H
#define CLI_SAVED_REPORT_H

#include "model/result.h"
#include <mproc/err.h>

/* Reads `name`: a folder with a report.json, such a file by any name, or "latest". `result` as of
 * result_from_json. `folder`: the open folder, the caller's to close, or −1 where a file was named;
 * may be NULL. -EINVAL: there is no report, or none that can be read. `stage` names the command. */
int saved_report_read(const char *name, const char *stage, struct result *result, int *folder,
                      struct mproc_err *err);

#endif
