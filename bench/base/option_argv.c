#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#define OPTIONS_MAX 64
#define LONG_BASE 256 /* getopt_long's value of row i is LONG_BASE + i; letters stay below */

struct getopt_tables {
        struct option longs[OPTIONS_MAX + 1];
        char letters[2 + 2 * OPTIONS_MAX];
};

static int build_tables(const struct mpb_option *table, struct getopt_tables *ret,
                        struct mproc_err *err)
{
        size_t used = 0;

        memset(ret, 0, sizeof(*ret));
        ret->letters[used++] = ':'; /* a missing value is told from an unknown option */
        for (size_t i = 0; table[i].name; i++) {
                int has_value = table[i].type != MPB_FLAG;

                if (i == OPTIONS_MAX)
                        return error_set(err, -E2BIG, "option", "a table of more than %d options",
                                         OPTIONS_MAX);
                ret->longs[i] = (struct option){
                        .name = table[i].name, .has_arg = has_value, .val = LONG_BASE + (int)i};
                if (table[i].letter) {
                        ret->letters[used++] = table[i].letter;
                        if (has_value)
                                ret->letters[used++] = ':';
                }
        }
        return 0;
}

static const struct mpb_option *find_row(const struct mpb_option *table, int value)
{
        if (value >= LONG_BASE)
                return &table[value - LONG_BASE];
        for (; table->name; table++)
                if (table->letter == value)
                        return table;
        return NULL;
}

static const char *name_at(size_t index, void *context)
{
        return ((const struct mpb_option *)context)[index].name;
}

static int refuse_unknown(const struct mpb_option *table, const char *argument,
                          struct mproc_err *err)
{
        const char *nearest;
        char name[64];

        text_copy(name, sizeof(name), argument + 2);
        name[strcspn(name, "=")] = '\0';
        nearest = text_nearest(name, name_at, (void *)table);
        if (nearest)
                return error_set(err, -EINVAL, "option",
                                 "unknown option '--%s', did you mean '--%s'?", name, nearest);
        return error_set(err, -EINVAL, "option", "unknown option '--%s'", name);
}

/* What getopt_long could not take: `value` is '?' or ':'. */
static int refuse(const struct mpb_option *table, int value, char **argv, struct mproc_err *err)
{
        const struct mpb_option *row = optopt ? find_row(table, optopt) : NULL;

        if (value == ':')
                return error_set(err, -EINVAL, "option", "--%s wants a value: --%s=%s", row->name,
                                 row->name, row->metavar ? row->metavar : "VALUE");
        if (row)
                return error_set(err, -EINVAL, "option", "--%s takes no value", row->name);
        if (optopt)
                return error_set(err, -EINVAL, "option",
                                 "unknown option '-%c' (long options begin with two dashes)",
                                 optopt);
        return refuse_unknown(table, argv[optind - 1], err);
}

/* getopt_long takes any unique beginning of a long name. The argument as it was given is the one
 * before optind, or before its separate value. */
static int refuse_abbreviation(const struct mpb_option *table, const struct mpb_option *row,
                               char **argv, struct mproc_err *err)
{
        const char *given = argv[optind - 1];

        if (optarg && optarg == given)
                given = argv[optind - 2];
        given += 2;
        if (strcspn(given, "=") == strlen(row->name))
                return 0;
        return refuse_unknown(table, given - 2, err);
}

static int take(const struct mpb_option *row, const char *text, option_sink *sink, void *context,
                struct mproc_err *err)
{
        struct mproc_err copy = {0};
        int rc = sink(row, text, context, &copy);

        if (rc && !strcmp(copy.stage, "option"))
                return error_set(err, rc, copy.stage, "--%.470s", copy.text);
        if (rc && err)
                *err = copy;
        return rc;
}

int option_take_defaults(const struct mpb_option *table, option_sink *sink, void *context,
                         struct mproc_err *err)
{
        int rc = 0;

        for (; table->name && !rc; table++)
                if (table->fallback)
                        rc = sink(table, table->fallback, context, err);
        return rc;
}

int option_parse_argv(const struct mpb_option *table, int argc, char **argv, option_sink *sink,
                      void *context, int *rest, struct mproc_err *err)
{
        struct getopt_tables tables;
        int rc = build_tables(table, &tables, err), value;

        if (rc)
                return rc;
        opterr = 0;
        optind = 0; /* glibc: begin anew */
        while ((value = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
                const struct mpb_option *row = find_row(table, value);

                if (value == '?' || value == ':')
                        return refuse(table, value, argv, err);
                if (value >= LONG_BASE)
                        rc = refuse_abbreviation(table, row, argv, err);
                if (!rc)
                        rc = take(row, optarg, sink, context, err);
                if (rc)
                        return rc;
        }
        *rest = optind;
        return 0;
}
