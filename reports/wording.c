#include "reports/wording.h"

#include <math.h>
#include <string.h>

struct scale {
        double factor;
        const char *unit;
};

/* The largest step that `value` reaches. */
static struct scale find_scale(double value, const struct scale *steps, size_t count)
{
        size_t i = 0;

        while (i + 1 < count && fabs(value) < steps[i].factor * 0.9995)
                i++;
        return steps[i];
}

static struct scale duration_scale(double ns)
{
        static const struct scale steps[] = {{1e8, "s"}, {1e5, "ms"}, {1e3, "µs"}, {1, "ns"}};
        struct scale scale = find_scale(ns, steps, sizeof(steps) / sizeof(*steps));

        /* 0.21 ms reads better than 210 µs. */
        if (scale.factor == 1e8 || scale.factor == 1e5)
                scale.factor *= 10;
        return scale;
}

static struct scale count_scale(double value)
{
        static const struct scale steps[] = {
                {1e12, "T "}, {1e9, "G "}, {1e6, "M "}, {1e3, "k "}, {1, ""}};

        return find_scale(value, steps, sizeof(steps) / sizeof(*steps));
}

/* Three digits, from 0.1 on: zeros at the end too, so that columns are even. */
static int decimals(double value)
{
        value = fabs(value);
        return value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 || value == 0 ? 2 : 3;
}

static void append_interval(char *buf, size_t size, const struct summary *summary, double factor,
                            int places)
{
        if (isfinite(summary->ci_low) && isfinite(summary->ci_high))
                page_append(buf, size, "%s[%.*f, %.*f]", *buf ? " " : "", places,
                            summary->ci_low / factor, places, summary->ci_high / factor);
}

char *wording_sentence(const char *text, char *buf, size_t size)
{
        size_t length = strlen(text);

        *buf = '\0';
        page_append(buf, size, "%s%s", text, length && text[length - 1] != '.' ? "." : "");
        if (*buf >= 'a' && *buf <= 'z')
                *buf = (char)(*buf - 'a' + 'A');
        return buf;
}

static void append_figure(char *buf, size_t size, double value, struct scale scale)
{
        page_append(buf, size, "%.*f %s", decimals(value / scale.factor), value / scale.factor,
                    scale.unit);
}

/* "38.9 M adds/s" */
static void append_rate(char *buf, size_t size, double value, const char *operation)
{
        append_figure(buf, size, value, count_scale(value));
        page_append(buf, size, "%s/s", operation);
}

char *wording_duration(const struct summary *summary, bool interval, char *buf, size_t size)
{
        struct scale scale;

        *buf = '\0';
        if (!summary->n || !isfinite(summary->median))
                return buf;
        scale = duration_scale(summary->median);
        append_figure(buf, size, summary->median, scale);
        if (interval)
                append_interval(buf, size, summary, scale.factor,
                                decimals(summary->median / scale.factor));
        return buf;
}

char *wording_value(const struct cell *cell, enum metric metric, char *buf, size_t size)
{
        const struct summary *summary = &cell->summary[metric];

        *buf = '\0';
        if (metric != METRIC_THROUGHPUT)
                return wording_duration(summary, false, buf, size);
        if (summary->n && isfinite(summary->median))
                append_rate(buf, size, summary->median, cell->operation);
        return buf;
}

char *wording_value_interval(const struct cell *cell, enum metric metric, char *buf, size_t size)
{
        const struct summary *summary = &cell->summary[metric];
        struct scale scale = metric == METRIC_THROUGHPUT ? count_scale(summary->median)
                                                         : duration_scale(summary->median);

        *buf = '\0';
        if (summary->n && isfinite(summary->median))
                append_interval(buf, size, summary, scale.factor,
                                decimals(summary->median / scale.factor));
        return buf;
}

int wording_ratio_decimals(double ratio)
{
        if (ratio >= 99.95)
                return 0;
        if (ratio >= 9.995)
                return 1;
        if (fabs(ratio - 1) < 0.05)
                return 3;
        if (ratio >= 0.0995)
                return 2;
        return ratio >= 0.00995 ? 3 : 4;
}

char *wording_metric(const struct view_section *section, char *buf, size_t size)
{
        const char *operation = section->row_count ? section->rows[0].cell->operation : "";

        *buf = '\0';
        if (section->metric == METRIC_THROUGHPUT)
                page_append(buf, size, "%s per second", operation);
        else
                page_append(buf, size, "%s time", metric_name(section->metric));
        page_append(buf, size, ", %s is better",
                    metric_higher_is_better(section->metric) ? "higher" : "lower");
        return buf;
}

/* The run ended before the cell's first trial, and calibration said nothing of it. */
static bool was_never_tried(const struct view_row *row)
{
        const struct cell *cell = row->cell;

        if (cell->status != CELL_MEASURED && cell->status != CELL_LOSSY)
                return false;
        for (size_t i = 0; i < METRIC_COUNT; i++)
                if (cell->summary[i].n)
                        return false;
        for (size_t i = 0; i < row->result->trial_count; i++)
                if (row->result->trials[i].cell == cell->id)
                        return false;
        return !cell->loss.trials;
}

char *wording_verdict(const struct view_row *row, char *buf, size_t size)
{
        const struct cell *cell = row->cell;

        *buf = '\0';
        if (was_never_tried(row)) {
                page_append(buf, size, "not measured");
                return buf;
        }
        switch (cell->status) {
        case CELL_MEASURED:
                if (row->comparison && row->comparison->verdict < VERDICT_NONE)
                        page_append(buf, size, "%s", verdict_name(row->comparison->verdict));
                else if (row->is_baseline && !row->comparison)
                        page_append(buf, size, "baseline");
                break;
        case CELL_VERIFIED_ONLY:
                page_append(buf, size, "correct");
                break;
        case CELL_LOSSY:
                page_append(buf, size, "%s", cell->loss.lossy ? "WRONG" : "unsafe");
                break;
        case CELL_FAILED:
                page_append(buf, size, "FAILED");
                break;
        default:
                page_append(buf, size, "%s", cell_status_name(cell->status));
        }
        return buf;
}

static void append_sentence(char *buf, size_t size, const char *text)
{
        if (*text)
                page_append(buf, size, "%s%s", *buf ? "; " : "", text);
}

static void append_loss(const struct cell *cell, char *buf, size_t size)
{
        const struct cell_loss *loss = &cell->loss;

        if (!loss->trials)
                return;
        if (loss->lossy)
                page_append(buf, size, "lost updates in %u of %u trials, worst %.*f %%",
                            loss->lossy, loss->trials, loss->worst < 0.0095 ? 2 : 0,
                            loss->worst * 100);
        else
                page_append(buf, size, "lost nothing in %u trials, yet nothing prevents it",
                            loss->trials);
}

/* "4000 = 4 × 1000 ✓"; of tasks "20 of 20 tasks ✓", as their value may be a checksum. */
static void append_correctness(const struct cell *cell, char *buf, size_t size)
{
        if (cell->final_value != cell->expected_value)
                return;
        if (cell->kind == MPB_TASKS)
                page_append(buf, size, "%llu of %llu %s", (unsigned long long)cell->ops,
                            (unsigned long long)cell->ops, cell->operation);
        else
                page_append(buf, size, "%llu", (unsigned long long)cell->final_value);
        if (cell->kind == MPB_SHARED && cell->workers &&
            cell->ops == cell->expected_value / cell->workers &&
            cell->expected_value % cell->workers == 0)
                page_append(buf, size, " = %u × %llu", cell->workers,
                            (unsigned long long)cell->ops);
        page_append(buf, size, " ✓");
}

char *wording_rounds_wanted(const struct result *result, uint32_t rounds, char *buf, size_t size)
{
        double s = (double)result_round_ns(result) / 1e9 * rounds;

        *buf = '\0';
        page_append(buf, size, "about %u rounds would do", rounds);
        if (s >= 7200)
                page_append(buf, size, " (about %.0f h)", s / 3600);
        else if (s >= 120)
                page_append(buf, size, " (about %.0f min)", s / 60);
        else if (s > 0)
                page_append(buf, size, " (about %.0f s)", ceil(s));
        return buf;
}

/* What a comparison needs beside its verdict. */
static void append_comparison(const struct result *result, const struct comparison *comparison,
                              char *buf, size_t size)
{
        double all = comparison->all_rounds_ratio, ratio = comparison->ratio;

        /* What `ab` asks has its own sentence. */
        if (comparison->verdict == VERDICT_INCONCLUSIVE && !plan_is_ab(&result->plan)) {
                if (comparison->rounds_wanted)
                        wording_rounds_wanted(result, comparison->rounds_wanted, buf, size);
                else
                        page_append(buf, size, "no number of rounds is in sight that would do");
        }
        if (!isfinite(all) || all <= 0)
                return;
        /* Disturbed rounds matter where they would have changed what is read. */
        if ((all < 1) != (ratio < 1) || all < comparison->ci_low || all > comparison->ci_high)
                page_append(buf, size, "%s%.*f× with the disturbed rounds", *buf ? "; " : "",
                            wording_ratio_decimals(all), all);
}

/* "two modes: 12.1 M adds/s in 8 trials, 17.9 M adds/s in 5" */
static void append_modes(const struct cell *cell, char *buf, size_t size)
{
        const struct cell_modes *modes = &cell->modes;
        const double values[] = {modes->low, modes->high};
        const uint32_t trials[] = {modes->low_n, modes->high_n};

        if (!view_has_modes(cell))
                return;
        page_append(buf, size, "%s", *buf ? "; " : "");
        for (size_t i = 0; i < 2; i++) {
                page_append(buf, size, i ? ", " : "two modes: ");
                if (cell->primary == METRIC_THROUGHPUT)
                        append_rate(buf, size, values[i], cell->operation);
                else
                        append_figure(buf, size, values[i], duration_scale(values[i]));
                page_append(buf, size, i ? " in %u" : " in %u trials", trials[i]);
        }
        page_append(buf, size, "; the median tells of neither");
}

char *wording_condition(const struct view_row *row, const char *said_note, char *buf, size_t size)
{
        const struct cell *cell = row->cell;
        char seen[96];

        *buf = '\0';
        if (cell->status == CELL_LOSSY)
                append_loss(cell, buf, size);
        if (cell->status == CELL_VERIFIED_ONLY)
                append_correctness(cell, buf, size);
        if (cell->status == CELL_MEASURED && row->comparison)
                append_comparison(row->result, row->comparison, buf, size);
        append_modes(cell, buf, size);
        if (cell->placed_wrong) {
                snprintf(seen, sizeof(seen),
                         "seen %u time%s on a PU that the worker was not bound to",
                         cell->placed_wrong, cell->placed_wrong == 1 ? "" : "s");
                append_sentence(buf, size, seen);
        }
        if (strcmp(cell->note, said_note))
                append_sentence(buf, size, cell->note);
        return buf;
}

char *wording_remark(const struct view_row *row, const char *said_note, char *buf, size_t size)
{
        const struct cell *cell = row->cell;
        char interval[64], condition[1024];

        *buf = '\0';
        if (cell->status == CELL_MEASURED && !row->comparison && !row->is_baseline) {
                wording_value(cell, cell->primary % METRIC_COUNT, buf, size);
                wording_value_interval(cell, cell->primary % METRIC_COUNT, interval,
                                       sizeof(interval));
                if (*interval)
                        page_append(buf, size, " %s", interval);
        }
        append_sentence(buf, size, wording_condition(row, said_note, condition, sizeof(condition)));
        return buf;
}

const char *wording_said_note(const struct view_row *row)
{
        return row->shares_note ? row->cell->note : "";
}

/* The first row with the `index`-th of the notes that are shared; NULL past the end. */
static const struct view_row *first_sharer(const struct view_section *section, size_t index)
{
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *row = &section->rows[i];
                bool seen = !row->shares_note;

                for (size_t j = 0; j < i && !seen; j++)
                        seen = !strcmp(section->rows[j].cell->note, row->cell->note);
                if (!seen && !index--)
                        return row;
        }
        return NULL;
}

/* The word is said with it where all who share the note share the word (a wrong one has none to
 * share), and whom it is about where others have the word for another reason. */
char *wording_note(const struct view_section *section, size_t index, char *buf, size_t size)
{
        const struct view_row *first = first_sharer(section, index);
        char word[32] = "", other[32], names[256] = "", text[900] = "";
        bool alike = true, alone = true;

        *buf = '\0';
        if (!first)
                return buf;
        for (size_t i = 0; i < section->row_count; i++) {
                const struct view_row *row = &section->rows[i];

                if (strcmp(row->cell->note, first->cell->note))
                        continue;
                page_append(names, sizeof(names), "%s%s%s%s", *names ? ", " : "", row->label,
                            *row->group ? " · " : "", row->group);
                if (row->cell->status == CELL_LOSSY)
                        continue;
                wording_verdict(row, other, sizeof(other));
                alike = alike && row->cell->status != CELL_MEASURED &&
                        (!*word || !strcmp(word, other));
                snprintf(word, sizeof(word), "%s", other);
        }
        alike = alike && *word;
        for (size_t i = 0; i < section->row_count && alike; i++) {
                wording_verdict(&section->rows[i], other, sizeof(other));
                if (!strcmp(word, other) && strcmp(section->rows[i].cell->note, first->cell->note))
                        alone = false;
        }
        if (!strcmp(word, "correct"))
                snprintf(word, sizeof(word), "no rates");
        if (alike)
                page_append(text, sizeof(text), "%s", word);
        if (alike && !alone)
                page_append(text, sizeof(text), " (%s)", names);
        page_append(text, sizeof(text), "%s%s", alike ? ": " : "", first->cell->note);
        return wording_sentence(text, buf, size);
}
