/* Option tables (mpbench/option.h): parsing a value, parsing a command line, help. Driver only.
 *
 * Long options are never abbreviated. Nothing here prints: help is written into a caller's FILE.
 * Errors have the stage "option" and begin with the option's name; on the command line, with the
 * dashes before it. */
#ifndef BASE_OPTION_TABLE_H
#define BASE_OPTION_TABLE_H

#include <mpbench/option.h>
#include <mproc/err.h>
#include <stddef.h>
#include <stdio.h>

#define OPTION_VALUES_MAX 64

/* One value of `option` from `text`: an int64 in the type's unit. -EINVAL with a sentence that says
 * what was given and what is allowed (for a choice: the nearest one). MPB_TEXT gives 0. */
int option_parse_value(const struct mpb_option *option, const char *text, int64_t *ret,
                       struct mproc_err *err);

/* A list ("1,10,100"), a range ("1-8", "1-64:x2", "0-100:+25"), one value, or a mix of them;
 * duplicates are dropped. Only whole numbers may leave the step out (+1). `values` has room for
 * OPTION_VALUES_MAX. Outputs are untouched on failure. */
int option_parse_list(const struct mpb_option *option, const char *text, int64_t *values,
                      size_t *count, struct mproc_err *err);

/* Text that option_parse_value reads back to the same value. */
char *option_format_value(const struct mpb_option *option, int64_t value, char *buf, size_t size);

/* What may be given, for people: "1 to 1024, or auto"; empty: everything the type can hold. */
char *option_format_allowed(const struct mpb_option *option, char *buf, size_t size);

/* What a command line gave: called once for each option, in order. `text` is NULL for a flag. */
typedef int option_sink(const struct mpb_option *option, const char *text, void *context,
                        struct mproc_err *err);

/* Gives the sink every option's fallback, in the order of the table; stops as option_parse_argv. */
int option_take_defaults(const struct mpb_option *table, option_sink *sink, void *context,
                         struct mproc_err *err);

/* Reads argv[1…] with getopt_long under the table. `*rest` is the index of the first argument that
 * is no option (options and other arguments may be mixed, and are sorted in argv; "--" ends
 * options). An unknown option is -EINVAL with the nearest name. What the sink returns, when it is
 * not 0, ends the parsing. Not reentrant, since getopt_long is not. */
int option_parse_argv(const struct mpb_option *table, int argc, char **argv, option_sink *sink,
                      void *context, int *rest, struct mproc_err *err);

/* The table as --help shows it, grouped, wrapped at 80 columns. */
void option_help(const struct mpb_option *table, FILE *out);

/* Text wrapped at 80 columns, with `indent` spaces before each line but the first, which begins in
 * column `column`. Ends the last line. */
void option_wrap(const char *text, size_t column, size_t indent, FILE *out);

#endif
