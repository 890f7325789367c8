#include "base/error.h"
#include "base/option_table.h"
#include "base/text.h"
#include "base/units.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct list {
        int64_t values[OPTION_VALUES_MAX];
        size_t count;
};

static int add(struct list *list, const struct mpb_option *option, int64_t value,
               struct mproc_err *err)
{
        for (size_t i = 0; i < list->count; i++)
                if (list->values[i] == value)
                        return 0;
        if (list->count == OPTION_VALUES_MAX)
                return error_set(err, -EINVAL, "option", "%s: more than %d values", option->name,
                                 OPTION_VALUES_MAX);
        list->values[list->count++] = value;
        return 0;
}

struct range {
        int64_t first, last;
        int64_t step;
        bool multiply;
};

static int parse_step(const struct mpb_option *option, const char *text, struct range *range,
                      struct mproc_err *err)
{
        struct mpb_option step = *option;

        if (*text == 'x' && !units_parse_int(text + 1, &range->step) && range->step >= 2 &&
            range->first >= 1) {
                range->multiply = true;
                return 0;
        }
        step.allows_auto = 0;
        step.min = 1;
        step.max = INT64_MAX;
        if (*text == '+' && !option_parse_value(&step, text + 1, &range->step, NULL))
                return 0;
        if (*text == 'x' && range->first < 1)
                return error_set(err, -EINVAL, "option",
                                 "%s: a range that multiplies must begin above 0", option->name);
        return error_set(err, -EINVAL, "option",
                         "%s: '%.64s' is no step of a range (such as 1-64:x2 or 0-100:+25)",
                         option->name, text);
}

static int add_range(struct list *list, const struct mpb_option *option, const struct range *range,
                     struct mproc_err *err)
{
        int64_t value = range->first;

        while (value <= range->last) {
                int rc = add(list, option, value, err);

                if (rc)
                        return rc;
                if (range->multiply ? __builtin_mul_overflow(value, range->step, &value)
                                    : __builtin_add_overflow(value, range->step, &value))
                        break;
        }
        return 0;
}

/* The '-' between two ends; a sign at the beginning is none. */
static char *find_dash(char *item)
{
        return *item ? strchr(item + 1, '-') : NULL;
}

static int parse_range(struct list *list, const struct mpb_option *option, char *item,
                       struct mproc_err *err)
{
        char *dash = find_dash(item), *colon = strchr(dash, ':');
        struct range range = {.step = 1};
        int rc;

        *dash = '\0';
        if (colon)
                *colon = '\0';
        rc = option_parse_value(option, item, &range.first, err);
        if (!rc)
                rc = option_parse_value(option, dash + 1, &range.last, err);
        if (rc)
                return rc;
        if (range.first == MPB_AUTO || range.last == MPB_AUTO)
                return error_set(err, -EINVAL, "option", "%s: auto cannot be the end of a range",
                                 option->name);
        if (range.first > range.last)
                return error_set(err, -EINVAL, "option", "%s: the range %s-%s runs backwards",
                                 option->name, item, dash + 1);
        if (colon)
                rc = parse_step(option, colon + 1, &range, err);
        else if (option->type != MPB_INT)
                rc = error_set(err, -EINVAL, "option",
                               "%s: the range %s-%s needs a step, such as %s-%s:x2", option->name,
                               item, dash + 1, item, dash + 1);
        return rc ? rc : add_range(list, option, &range, err);
}

static int parse_item(struct list *list, const struct mpb_option *option, char *item,
                      struct mproc_err *err)
{
        bool is_number = option->type != MPB_CHOICE && option->type != MPB_TEXT;
        int64_t value;
        int rc;

        if (!*item)
                return error_set(err, -EINVAL, "option", "%s: an empty value in the list",
                                 option->name);
        if (is_number && find_dash(item))
                return parse_range(list, option, item, err);
        rc = option_parse_value(option, item, &value, err);
        return rc ? rc : add(list, option, value, err);
}

int option_parse_list(const struct mpb_option *option, const char *text, int64_t *values,
                      size_t *count, struct mproc_err *err)
{
        struct list list = {.count = 0};
        char copy[512], *rest = copy, *item;
        int rc;

        if (strlen(text) >= sizeof(copy))
                return error_set(err, -EINVAL, "option", "%s: a list of more than %zu characters",
                                 option->name, sizeof(copy) - 1);
        text_copy(copy, sizeof(copy), text);
        while ((item = strsep(&rest, ","))) {
                rc = parse_item(&list, option, item, err);
                if (rc)
                        return rc;
        }
        memcpy(values, list.values, list.count * sizeof(*values));
        *count = list.count;
        return 0;
}
