/* A report format: one file, one struct. Input is a result; output is text in a FILE, or files in a
 * folder. A format reads nothing but the result, so that an old report.json gives the same bytes
 * again. */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include "model/result.h"
#include <mproc/err.h>
#include <stdbool.h>
#include <stdio.h>

struct report_style {
        bool colour;    /* ANSI colours are wanted */
        bool utf8;      /* else ASCII only */
        uint32_t width; /* columns; 0: 80 */
};

struct report_format {
        const char *name; /* "text", "json", "csv", "markdown", "plots" */
        const char *summary;
        const char *file; /* name within the run's folder: "report.json"; NULL: not saved */
        int (*write)(const struct result *result, const struct report_style *style, FILE *out,
                     struct mproc_err *err); /* NULL: it makes a folder of files */
        /* `folder`: an open directory. `-ENOENT` with a sentence: a program that it runs is
         * missing; the run has not failed. */
        int (*write_folder)(const struct result *result, int folder, struct mproc_err *err);
};

/* The table, in file order; NULL past the end. */
const struct report_format *report_at(size_t index);
const struct report_format *report_find(const char *name);

/* Creates `path` (parents too) and writes every saved format into it. The folder appears whole or
 * not at all: it is made beside and renamed. -EEXIST without `force`; -EACCES, -ENOSPC … leave
 * nothing behind. `plots_note` gets why there are no plots, or "". */
int report_save(const struct result *result, const char *path, bool force, char *plots_note,
                size_t note_size, struct mproc_err *err);

#endif
