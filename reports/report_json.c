/* report.json: everything. */
#include "reports/report.h"

#include <stdlib.h>
#include <string.h>

static int write_json(const struct result *result, const struct report_style *style, FILE *out,
                      struct mproc_err *err)
{
        char *text = NULL;
        int rc = result_to_json(result, &text, err);

        (void)style;
        if (rc)
                return rc;
        fputs(text, out);
        if (!*text || text[strlen(text) - 1] != '\n')
                fputc('\n', out);
        free(text);
        return report_end(out, err);
}

const struct report_format report_json = {
        .name = "json",
        .summary = "everything, for programs",
        .file = "report.json",
        .write = write_json,
};
