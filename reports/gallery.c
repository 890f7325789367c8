#include "reports/gallery.h"

#include "reports/wording.h"

#include <ctype.h>
#include <math.h>

#define SIDE_COLUMNS 56

const char *gallery_name(struct gallery *gallery, const char *what, const char *workload,
                         bool alone)
{
        char *name = gallery->names[gallery->count];

        snprintf(name, PLOT_NAME_BYTES, "%s%s%s", what, alone ? "" : "-", alone ? "" : workload);
        for (char *p = name; *p; p++)
                if (!isalnum((unsigned char)*p) && *p != '-')
                        *p = '_';
        return name;
}

bool gallery_has_room(const struct gallery *gallery)
{
        return gallery->count < sizeof(gallery->names) / sizeof(*gallery->names);
}

static bool has_intervals(const struct view_section *section)
{
        for (size_t i = 0; i < section->row_count; i++) {
                const struct summary *summary =
                        section->is_life_cycle ? view_life(section->rows[i].cell)
                                               : &section->rows[i].cell->summary[section->metric];

                if (summary->n && isfinite(summary->ci_low) && isfinite(summary->ci_high))
                        return true;
        }
        return false;
}

/* Whole characters, as many as two sides find room for. */
static void append_short(const char *text, char buf[GALLERY_CONDITIONS])
{
        size_t columns = 0, length = 0;

        for (; text[length] && columns <= SIDE_COLUMNS; length++)
                columns += ((unsigned char)text[length + 1] & 0xc0) != 0x80;
        page_append(buf, GALLERY_CONDITIONS, "%.*s%s · ", (int)length, text,
                    text[length] ? "…" : "");
}

void gallery_conditions(const struct view_section *section, bool intervals,
                        char buf[GALLERY_CONDITIONS])
{
        const struct result *result = section->result;
        uint32_t rounds = wording_rounds_counted(result);
        char text[GALLERY_CONDITIONS];

        *buf = '\0';
        for (size_t i = 0; *wording_side(result, i, text, sizeof(text)); i++)
                append_short(text, buf);
        page_append(buf, GALLERY_CONDITIONS, "%s", wording_conditions(section, text, sizeof(text)));
        page_append(buf, GALLERY_CONDITIONS, " · medians%s over %u round%s%s",
                    intervals && has_intervals(section) ? " and 95 % intervals" : "", rounds,
                    rounds == 1 ? "" : "s",
                    intervals && !has_intervals(section) ? ", too few for intervals" : "");
        if (result->disturbed_kept && result->disturbed_rounds)
                page_append(buf, GALLERY_CONDITIONS, " · busy machine: %u of %u rounds disturbed",
                            result->disturbed_rounds, result->rounds);
        if (result->end == RESULT_INTERRUPTED)
                page_append(buf, GALLERY_CONDITIONS, " (INTERRUPTED)");
}
