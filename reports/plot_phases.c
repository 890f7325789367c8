#include "reports/gallery.h"

#include "base/error.h"

#include <errno.h>
#include <math.h>

#define WIDTH 900
#define ROW_HEIGHT 30
#define CHARACTER_WIDTH 8.0

/* In the order in which they are stacked. */
static const char *const parts[] = {"work", "dispatch", "tail"};
#define PARTS (sizeof(parts) / sizeof(*parts))

static void put_rows(const struct view_section *section, size_t rows, struct plot *plot)
{
        size_t widest = 0, y = rows;

        fputs("# height in the plot, ends of work, dispatch and tail (% of the workers' time), "
              "parent (% of one CPU)\n",
              plot->data);
        fputs("set ytics (", plot->script);
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *row = &section->rows[i];
                struct phase_shares shares = cell_phase_shares(row->cell);
                double dispatched = shares.work + shares.dispatch;
                char label[GRID_TEXT_BYTES] = "";

                if (!view_has_phases(row->cell))
                        continue;
                view_name_row(row, label);
                plot_comment(plot->data, label);
                fprintf(plot->data, "%zu %.5g %.5g %.5g %.5g\n", y, 100 * shares.work,
                        100 * dispatched, 100 * (dispatched + shares.tail),
                        100 * row->cell->phases.parent.median);
                fputs(y == rows ? "" : ", ", plot->script);
                plot_quote(plot->script, label, true);
                fprintf(plot->script, " %zu", y--);
                widest = page_columns(label) > widest ? page_columns(label) : widest;
        }
        fprintf(plot->script, ") nomirror scale 0\nset yrange [0.4:%zu.6]\n", rows);
        fprintf(plot->script, "set lmargin at screen %.4f\nset rmargin at screen 0.85\n",
                fmin(0.45, (30 + (double)widest * CHARACTER_WIDTH) / WIDTH));
}

static void put_bars(struct plot *plot, const char *name)
{
        fputs("set xrange [0:*]\nset xtics nomirror\nset format x '%g'\nset xlabel 'share of the "
              "workers’ time, % (parent: of one CPU)' "
              "offset 0,0.2\nset style fill solid 0.8 border lc rgb '#ffffff'\n"
              "set key outside right top vertical Left reverse samplen 1 spacing 1.3\nplot \\\n",
              plot->script);
        for (size_t part = 0; part < PARTS; part++) {
                char begin[8] = "(0)";

                if (part)
                        snprintf(begin, sizeof(begin), "%zu", part + 1);
                fprintf(plot->script,
                        "  '%s.dat' using %s:1:%s:%zu:($1-0.32):($1+0.32) with boxxyerror "
                        "lc rgb '%s' title '%s', \\\n",
                        name, begin, begin, part + 2, plot_colour(part), parts[part]);
        }
        fprintf(plot->script,
                "  '%s.dat' using %zu:1 with points ps 1.1 pt 9 lc rgb '#000000' title 'parent'\n",
                name, PARTS + 2);
}

int plot_phases(struct gallery *gallery, const struct view_section *section, bool alone,
                struct mproc_err *err)
{
        char title[160], conditions[GALLERY_CONDITIONS];
        struct plot plot;
        const char *name;
        size_t rows = 0;
        int rc;

        for (size_t i = 0; i < section->row_count; i++)
                rows += view_has_phases(section->rows[i].cell);
        if (rows < 2 || !gallery_has_room(gallery)) /* one is in the table, and compares nothing */
                return 0;
        name = gallery_name(gallery, "phases", section->workload, alone);
        snprintf(title, sizeof(title), "%s: where the time went", section->workload);
        gallery_conditions(section, false, conditions);
        rc = plot_begin(&plot, gallery->result, name, WIDTH, (unsigned)(170 + ROW_HEIGHT * rows),
                        title, conditions, err);
        if (rc)
                return rc;
        put_rows(section, rows, &plot);
        put_bars(&plot, name);
        rc = plot_end(&plot, gallery->folder, err);
        gallery->count += !rc;
        return rc;
}
