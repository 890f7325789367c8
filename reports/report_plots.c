/* plots/: rates (or times) by strategy and start method, start costs, scaling over workers; those
 * of them that the result has data for. */
#include "base/text.h"
#include "reports/gallery.h"
#include "reports/gnuplot.h"
#include "reports/plot_dots.h"
#include "reports/plot_panels.h"
#include "reports/report.h"
#include "reports/view.h"
#include "reports/wording.h"

#include "base/error.h"
#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void name_axis(const struct view_section *section, char *buf, size_t size)
{
        *buf = '\0';
        if (section->metric == METRIC_THROUGHPUT)
                page_append(buf, size, "%s per second", section->rows[0].cell->operation);
        else
                page_append(buf, size, "%s time", metric_name(section->metric));
}

static double unit_of(const struct view_section *section)
{
        return section->metric == METRIC_THROUGHPUT ? 1 : 1e-9;
}

/* A label without its start method and number of workers, which the plot shows otherwise. */
static void name_without(const struct view_row *row, char *buf)
{
        char label[2 * VIEW_LABEL_BYTES] = "", rest[VIEW_LABEL_BYTES], part[96];

        page_append(label, sizeof(label), "%s%s", row->label, *row->group ? " · " : "");
        page_append(label, sizeof(label), "%s", row->group);
        snprintf(part, sizeof(part), "%s worker%s", row->cell->level[FACTOR_WORKERS],
                 strcmp(row->cell->level[FACTOR_WORKERS], "1") ? "s" : "");
        view_without(label, part, rest, sizeof(rest));
        view_without(rest, row->cell->level[FACTOR_START], buf, VIEW_LABEL_BYTES);
        if (!*buf)
                snprintf(buf, VIEW_LABEL_BYTES, "%s", row->cell->workload);
}

static bool is_measured(const struct view_section *section, const struct cell *cell)
{
        return cell->status == CELL_MEASURED && cell->summary[section->metric].n > 0;
}

static uint32_t most_workers(const struct view_section *section)
{
        uint32_t most = 0;

        for (size_t i = 0; i < section->row_count; i++)
                if (is_measured(section, section->rows[i].cell) &&
                    section->rows[i].cell->workers > most)
                        most = section->rows[i].cell->workers;
        return most;
}

static bool workers_differ(const struct view_section *section)
{
        uint32_t most = most_workers(section);

        for (size_t i = 0; i < section->row_count; i++)
                if (is_measured(section, section->rows[i].cell) &&
                    section->rows[i].cell->workers != most)
                        return true;
        return false;
}

static void describe_row(const struct view_row *row, struct dots_row *ret)
{
        char word[32], remark[512];

        wording_verdict(row, word, sizeof(word));
        if (row->cell->status == CELL_MEASURED)
                snprintf(ret->word, sizeof(ret->word), "%s%s%s", word,
                         *word && view_has_modes(row->cell) ? ", " : "",
                         view_has_modes(row->cell) ? "two modes" : "");
        if (row->comparison)
                snprintf(ret->ratio, sizeof(ret->ratio), "%.*f×",
                         wording_ratio_decimals(row->comparison->ratio), row->comparison->ratio);
        else if (row->is_baseline)
                snprintf(ret->ratio, sizeof(ret->ratio), "1×");
        if (*ret->text)
                return;
        if (row->cell->status == CELL_VERIFIED_ONLY)
                snprintf(remark, sizeof(remark), "too short for a rate");
        else
                wording_remark(row, "", remark, sizeof(remark));
        page_append(ret->text, sizeof(ret->text), "%s%s%s", word, *remark ? ": " : "", remark);
        if (strlen(ret->text) + 1 == sizeof(ret->text)) /* cut off: say so */
                text_copy(ret->text + sizeof(ret->text) - 4, 4, "…");
}

static int plot_rates(struct gallery *gallery, const struct view_section *section, bool alone,
                      struct mproc_err *err)
{
        uint32_t workers = most_workers(section);
        char title[160], axis[96], conditions[GALLERY_CONDITIONS], label[VIEW_LABEL_BYTES];
        struct dots dots;
        int rc;

        if (!workers || !gallery_has_room(gallery))
                return 0;
        if (dots_init(&dots, section->row_count))
                return error_set(err, -ENOMEM, "plots", "no memory for the plots");
        name_axis(section, axis, sizeof(axis));
        dots.axis = axis;
        dots.scale.is_duration = section->metric != METRIC_THROUGHPUT;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *row = &section->rows[i];
                size_t at;

                if (row->cell->workers != workers)
                        continue;
                name_without(row, label);
                at = dots_row(&dots, label);
                describe_row(row, &dots.rows[at]);
                if (is_measured(section, row->cell))
                        dots_mark(&dots, at, row->cell->level[FACTOR_START],
                                  &row->cell->summary[section->metric], unit_of(section));
        }
        if (section->baseline && section->baseline->workers == workers)
                dots.reference =
                        section->baseline->summary[section->metric].median * unit_of(section);
        snprintf(title, sizeof(title), "%s: %s", section->workload, axis);
        if (workers_differ(section))
                page_append(title, sizeof(title), ", %u workers", workers);
        gallery_conditions(section, true, conditions);
        rc = dots_write(
                &dots, gallery->result, gallery->folder,
                gallery_name(gallery, metric_name(section->metric), section->workload, alone),
                title, conditions, err);
        gallery->count += !rc;
        dots_done(&dots);
        return rc;
}

/* Numbers of workers that were asked for, and have no point. */
static void name_missing(const struct view_section *section, char *buf)
{
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                bool known = false;

                for (size_t j = 0; j < section->row_count && !known; j++) {
                        const struct cell *other = section->rows[j].cell;

                        known = other->workers == cell->workers &&
                                (j < i || is_measured(section, other));
                }
                if (!known)
                        page_append(buf, GALLERY_CONDITIONS, " · %u workers: no rate",
                                    cell->workers);
        }
}

static int plot_scaling(struct gallery *gallery, const struct view_section *section, bool alone,
                        struct mproc_err *err)
{
        char title[160], axis[96], conditions[GALLERY_CONDITIONS], label[VIEW_LABEL_BYTES];
        struct panels panels;
        int rc;

        if (!workers_differ(section) || !gallery_has_room(gallery))
                return 0;
        if (panels_init(&panels, section->row_count))
                return error_set(err, -ENOMEM, "plots", "no memory for the plots");
        name_axis(section, axis, sizeof(axis));
        panels.x_axis = "workers";
        panels.y_axis = axis;
        panels.scale.is_duration = section->metric != METRIC_THROUGHPUT;
        panels.ideal = true;
        panels.higher_is_better = metric_higher_is_better(section->metric);
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;

                if (!is_measured(section, cell))
                        continue;
                name_without(&section->rows[i], label);
                panels_tic(&panels, cell->workers, cell->level[FACTOR_WORKERS]);
                panels_point(&panels, label, cell->level[FACTOR_START], cell->workers,
                             &cell->summary[section->metric], unit_of(section));
        }
        snprintf(title, sizeof(title), "%s: %s over workers", section->workload, axis);
        gallery_conditions(section, true, conditions);
        name_missing(section, conditions);
        page_append(conditions, sizeof(conditions),
                    " · dashed: ideal scaling from the first point");
        rc = panels_write(&panels, gallery->result, gallery->folder,
                          gallery_name(gallery, "scaling", section->workload, alone), title,
                          conditions, err);
        gallery->count += !rc;
        panels_done(&panels);
        return rc;
}

static void name_parent(int64_t bytes, char *buf, size_t size)
{
        char text[48];

        if (bytes <= 0)
                snprintf(buf, size, "bare parent");
        else
                snprintf(buf, size, "parent of %s",
                         units_format_size((double)bytes, text, sizeof(text)));
}

/* Few sizes of a parent stand beside each other, more of them along an axis. */
static int draw_start_dots(struct gallery *gallery, const struct view_section *section,
                           const char *name, const char *title, const char *conditions,
                           struct mproc_err *err)
{
        char parent[64];
        struct dots dots;
        int rc;

        if (dots_init(&dots, section->row_count))
                return error_set(err, -ENOMEM, "plots", "no memory for the plots");
        dots.axis = "wall time";
        dots.scale.is_duration = true;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *row = &section->rows[i];
                size_t at = dots_row(&dots, row->label);

                name_parent(view_parent_bytes(row->cell), parent, sizeof(parent));
                if (row->cell->status == CELL_MEASURED)
                        dots_mark(&dots, at, parent, view_life(row->cell), 1e-9);
                else
                        describe_row(row, &dots.rows[at]);
        }
        rc = dots.mark_count ? dots_write(&dots, gallery->result, gallery->folder, name, title,
                                          conditions, err)
                             : 0;
        gallery->count += !rc && dots.mark_count;
        dots_done(&dots);
        return rc;
}

static int draw_start_panels(struct gallery *gallery, const struct view_section *section,
                             const int64_t *parents, size_t parent_count, const char *name,
                             const char *title, const char *conditions, struct mproc_err *err)
{
        struct panels panels;
        char text[48];
        int rc;

        if (panels_init(&panels, section->row_count))
                return error_set(err, -ENOMEM, "plots", "no memory for the plots");
        panels.x_axis = "memory that the parent holds (steps not to scale)";
        panels.y_axis = "wall time";
        panels.scale.is_duration = true;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct cell *cell = section->rows[i].cell;
                int64_t bytes = view_parent_bytes(cell);
                size_t at = 0;

                while (at + 1 < parent_count && parents[at] != bytes)
                        at++;
                if (cell->status != CELL_MEASURED)
                        continue;
                panels_tic(&panels, (double)at,
                           bytes ? units_format_size((double)bytes, text, sizeof(text)) : "0");
                panels_point(&panels, section->rows[i].label, "", (double)at, view_life(cell),
                             1e-9);
        }
        rc = panels.point_count ? panels_write(&panels, gallery->result, gallery->folder, name,
                                               title, conditions, err)
                                : 0;
        gallery->count += !rc && panels.point_count;
        panels_done(&panels);
        return rc;
}

static int plot_start(struct gallery *gallery, const struct view_section *section, bool alone,
                      struct mproc_err *err)
{
        char title[160], conditions[GALLERY_CONDITIONS];
        int64_t parents[LEVELS_MAX];
        size_t count = view_parents(section, parents, LEVELS_MAX);
        const char *name;

        if (!gallery_has_room(gallery))
                return 0;
        name = gallery_name(gallery, "start", section->workload, alone);
        snprintf(title, sizeof(title), "%s: one process, from the call to the end of the join",
                 section->workload);
        gallery_conditions(section, true, conditions);
        if (count <= 2)
                return draw_start_dots(gallery, section, name, title, conditions, err);
        return draw_start_panels(gallery, section, parents, count, name, title, conditions, err);
}

static int write_plots(const struct result *result, int folder, struct mproc_err *err)
{
        struct gallery gallery = {.result = result, .folder = folder};
        size_t works = 0, lives = 0;
        struct view view;
        int rc = view_init(&view, result, err);

        if (rc)
                return rc;
        for (size_t i = 0; i < view.section_count; i++) {
                works += !view.sections[i].is_life_cycle;
                lives += view.sections[i].is_life_cycle;
        }
        for (size_t i = 0; i < view.section_count && !rc; i++) {
                const struct view_section *section = &view.sections[i];

                if (section->is_life_cycle) {
                        rc = plot_start(&gallery, section, lives == 1, err);
                        continue;
                }
                rc = plot_rates(&gallery, section, works == 1, err);
                if (!rc)
                        rc = plot_scaling(&gallery, section, works == 1, err);
                if (!rc)
                        rc = plot_latency(&gallery, section, works == 1, err);
                if (!rc)
                        rc = plot_phases(&gallery, section, works == 1, err);
        }
        view_done(&view);
        for (size_t i = 0; i < gallery.count && !rc; i++)
                rc = gnuplot_draw(folder, gallery.names[i], err);
        return rc;
}

const struct report_format report_plots = {
        .name = "plots",
        .summary = "pictures by gnuplot: SVG and PNG, with scripts that draw them again",
        .file = "plots",
        .write_folder = write_plots,
};
