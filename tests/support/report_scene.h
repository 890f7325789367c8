/* The fixture in each test, and what a format makes of it. */
#ifndef SUPPORT_REPORT_SCENE_H
#define SUPPORT_REPORT_SCENE_H

#include "support/fixture.h"
#include "support/render.h"

static struct report_style plain = {.utf8 = true, .width = 80};
static struct result result;

static inline int set_up(void **unused)
{
        (void)unused;
        fixture_result(&result);
        return 0;
}

static inline int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

/* In one line, so that nothing asserted depends on where lines are broken. malloc'ed. */
static inline char *joined(const char *format)
{
        char *text = render(format, &result, &plain);

        render_join_lines(text);
        return text;
}

#endif
