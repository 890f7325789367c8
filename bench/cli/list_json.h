/* `mpbench list --json`. Driver only. */
#ifndef CLI_LIST_JSON_H
#define CLI_LIST_JSON_H

#include <stdio.h>

/* -ENOMEM, or -EIO when it could not be written. */
int list_json(FILE *out);

#endif
