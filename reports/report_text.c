/* The first screen: what came out, for people at a terminal. */
#include "reports/report.h"
#include "reports/text_rows.h"
#include "reports/view.h"
#include "reports/wording.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

#define INDENT TEXT_INDENT
#define WIDTH_MIN 60
#define PARAGRAPH_MAX 100

static void print_rows(const struct page *page, const struct view_section *section)
{
        char text[1024];

        text_rows(page, section);
        for (size_t i = 0; *wording_note(section, i, text, sizeof(text)); i++) {
                fprintf(page->out, "%*s", INDENT, "");
                page_wrap(page, INDENT, INDENT, " ", text);
        }
}

static void print_busy(const struct page *page, const struct view_section *section)
{
        char text[256];

        if (!*wording_busy(section, text, sizeof(text)))
                return;
        fputs(page->colour ? "\033[1;33m" : "", page->out);
        page_wrap(page, 0, 4, " ", text);
        fputs(page->colour ? "\033[0m" : "", page->out);
}

/* `rc` of what was printed before: a failure is handed on, and nothing is printed. */
static int print_table(const struct page *page, const struct view_section *section,
                       view_table *make, int rc)
{
        struct grid grid = {0};

        if (!rc)
                rc = make(section, &grid);
        if (!rc && grid.rows) {
                fputc('\n', page->out);
                grid_print(&grid, page, INDENT);
        }
        grid_done(&grid);
        return rc;
}

static int print_section(const struct page *page, const struct view_section *section)
{
        char text[1024];
        int rc = 0;

        for (size_t i = 0; *wording_side(section->result, i, text, sizeof(text)); i++)
                page_wrap(page, 0, 4, " ", text);
        page_wrap(page, 0, 4, " · ", wording_conditions(section, text, sizeof(text)));
        page_wrap(page, 0, 4, " · ", wording_rounds(section, text, sizeof(text)));
        print_busy(page, section);
        rc = print_table(page, section, view_starts, rc);
        rc = print_table(page, section, view_steps, rc);
        if (!section->is_life_cycle || section->compared) {
                fputc('\n', page->out);
                print_rows(page, section);
        }
        for (size_t i = 0, said = 0; i < section->row_count; i++)
                if (*wording_pair(&section->rows[i], text, sizeof(text))) {
                        fputs(said++ ? "" : "\n", page->out);
                        page_wrap(page, 0, 4, " ", text);
                }
        rc = print_table(page, section, view_runs, rc);
        rc = print_table(page, section, view_latency, rc);
        rc = print_table(page, section, view_response, rc);
        rc = print_table(page, section, view_phases, rc);
        if (*wording_phases(section, text, sizeof(text))) {
                fprintf(page->out, "%*s", INDENT, "");
                page_wrap(page, INDENT, INDENT + 2, " ", text);
        }
        if (*wording_team_start(section, text, sizeof(text))) {
                fprintf(page->out, "\n%*s", INDENT, "");
                page_wrap(page, INDENT, INDENT + 2, " · ", text);
        }
        for (size_t i = 0; *wording_control(section, i, text, sizeof(text)); i++) {
                fprintf(page->out, "%s%*s", i ? "" : "\n", INDENT, "");
                page_wrap(page, INDENT, INDENT + 2, " ", text);
        }
        return rc;
}

static void put_line(const struct page *page, const char *text)
{
        if (*text)
                page_wrap(page, (size_t)fprintf(page->out, "%*s", INDENT, ""), INDENT + 2, " ",
                          text);
}

static int print_counters(const struct page *page, const struct view *view,
                          const struct result *result)
{
        char text[512];
        int rc = 0;

        for (size_t i = 0; i < view->section_count && !rc; i++) {
                if (view->sections[i].is_strip)
                        continue;
                rc = print_table(page, &view->sections[i], view_counters, rc);
                put_line(page, view_scaled_counters(&view->sections[i], text, sizeof(text)));
                put_line(page, view_zero_counters(&view->sections[i], text, sizeof(text)));
        }
        for (size_t i = 0; *wording_counter(result, i, text, sizeof(text)); i++) {
                fputs(i ? "" : "\n", page->out);
                put_line(page, text);
        }
        return rc;
}

/* What holds for the whole result: below all workloads. */
static void print_end(const struct page *page, const struct view *view, const struct result *result)
{
        struct page paragraph = *page;
        char limits[2048] = "", text[512];

        if (paragraph.width > PARAGRAPH_MAX)
                paragraph.width = PARAGRAPH_MAX;
        for (size_t i = 0; *wording_limit(view, i, text, sizeof(text)); i++)
                page_append(limits, sizeof(limits), "%s%s", i ? " " : "", text);
        if (*limits) {
                fprintf(page->out, "\n%*s", INDENT, "");
                page_wrap(&paragraph, INDENT, INDENT, " ", limits);
        }
        for (size_t i = 0; i < sizeof(result->advice) / sizeof(*result->advice); i++) {
                if (!*result->advice[i] || view_lacks_figures(view))
                        continue;
                fputs(i ? "" : "\n", page->out);
                page_wrap(&paragraph, 0, 0, " ", result->advice[i]);
        }
}

static int write_text(const struct result *result, const struct report_style *style, FILE *out,
                      struct mproc_err *err)
{
        struct page page = {
                .out = out,
                .width = style->width ? style->width : 80,
                .utf8 = style->utf8,
                .colour = style->colour,
        };
        struct view view;
        bool no_figures;
        char text[1024];
        int rc = view_init(&view, result, err);

        if (rc)
                return rc;
        page.width = page.width > WIDTH_MIN ? page.width : WIDTH_MIN;
        for (size_t i = 0; i < view.section_count && !rc; i++) {
                if (view.sections[i].is_strip)
                        continue;
                if (i)
                        fputc('\n', out);
                rc = print_section(&page, &view.sections[i]);
        }
        no_figures = view_lacks_figures(&view);
        for (size_t i = 0; i < view.section_count; i++) {
                if (!view.sections[i].is_strip || no_figures)
                        continue;
                fprintf(out, "\n%*s", INDENT, "");
                page_wrap(&page, INDENT, INDENT + 2, " · ",
                          wording_strip(&view.sections[i], text, sizeof(text)));
                if (!*wording_strip_large(&view.sections[i], text, sizeof(text)))
                        continue;
                fprintf(out, "%*s", INDENT + 2, "");
                page_wrap(&page, INDENT + 2, INDENT + 4, " ", text);
        }
        if (*result->no_verdict && !no_figures) {
                fprintf(out, "\n%*s", INDENT, "");
                page_wrap(&page, INDENT, INDENT, " ",
                          wording_sentence(result->no_verdict, text, sizeof(text)));
        }
        if (!rc && !no_figures)
                rc = print_counters(&page, &view, result);
        print_end(&page, &view, result);
        view_done(&view);
        if (rc)
                return error_errno(err, rc, "report", "the text report was not made");
        return report_end(out, err);
}

const struct report_format report_text = {
        .name = "text",
        .summary = "what came out, for a terminal",
        .write = write_text,
};
