#include "model/counter.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const status_names[] = {
        [COUNTER_COUNTED] = "counted",         [COUNTER_SCALED] = "scaled",
        [COUNTER_NOT_COUNTED] = "not counted", [COUNTER_UNSUPPORTED] = "unsupported",
        [COUNTER_DENIED] = "denied",
};

#define STATUS_COUNT (sizeof(status_names) / sizeof(*status_names))

const char *counter_status_name(enum counter_status status)
{
        return (size_t)status < STATUS_COUNT ? status_names[status] : "unknown";
}

int counter_status_from_name(const char *name)
{
        for (size_t i = 0; i < STATUS_COUNT; i++)
                if (!strcmp(status_names[i], name))
                        return (int)i;
        return -EINVAL;
}

bool counter_is_counted(enum counter_status status)
{
        return status == COUNTER_COUNTED || status == COUNTER_SCALED;
}
