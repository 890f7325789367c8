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
        /* `folder`: an open directory. -ENOENT with a sentence: a program that it runs is missing,
         * -ECHILD: that program failed; what could be made is there, and the run has not failed. */
        int (*write_folder)(const struct result *result, int folder, struct mproc_err *err);
};

/* The table, in file order; NULL past the end. */
const struct report_format *report_at(size_t index);
const struct report_format *report_find(const char *name);

/* Ends a format's writing: flushes, and says what went wrong on the way, if anything did. */
int report_end(FILE *out, struct mproc_err *err);

/* What report_save would refuse before it writes anything: asked before a run, so that nothing is
 * measured in vain. */
int report_check(const char *path, bool force, struct mproc_err *err);

/* Creates `path` (parents too) and writes every saved format into it. The folder appears whole or
 * not at all: it is made beside and renamed. -EEXIST without `force`, or where `path` is something
 * else than a folder of reports; -EACCES, -ENOSPC, -EFBIG … leave nothing behind. `plots_note` gets
 * why there are no plots, or "". */
int report_save(const struct result *result, const char *path, bool force, char *plots_note,
                size_t note_size, struct mproc_err *err);

/* Writes every saved format into an open folder; `again`: but report.json, which the others are
 * made from, and over what is there. `plots_note` as above. */
int report_fill(const struct result *result, int folder, bool again, char *plots_note,
                size_t note_size, struct mproc_err *err);

/* For the folder that runs are saved in by default: `path` is a run in it. Makes git ignore the
 * parent folder, and its link `latest` point at the run. */
int report_mark_latest(const char *path, struct mproc_err *err);

#endif
