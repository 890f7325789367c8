#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct mproc_err *err, int code, const char *stage, const char *format,
                 va_list args)
{
        err->code = code;
        snprintf(err->stage, sizeof(err->stage), "%s", stage);
        vsnprintf(err->text, sizeof(err->text), format, args);
}

int error_set(struct mproc_err *err, int code, const char *stage, const char *format, ...)
{
        va_list args;

        if (!err)
                return code;
        va_start(args, format);
        fill(err, code, stage, format, args);
        va_end(args);
        return code;
}

int error_errno(struct mproc_err *err, int code, const char *stage, const char *format, ...)
{
        const char *name = strerrorname_np(-code);
        size_t used;
        va_list args;

        if (!err)
                return code;
        va_start(args, format);
        fill(err, code, stage, format, args);
        va_end(args);
        used = strlen(err->text);
        snprintf(err->text + used, sizeof(err->text) - used, ": %s (%s)", strerrordesc_np(-code),
                 name ? name : "?");
        return code;
}
