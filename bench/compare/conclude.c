/* What the differences come to, in a word and in a sentence. */
#include "compare/difference.h"

#include "base/text.h"
#include "stats/unpaired.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL_BYTES 160

static bool has_several_workloads(const struct result *all)
{
        for (size_t i = 1; i < all->cell_count; i++)
                if (strcmp(all->cells[0].workload, all->cells[i].workload) != 0)
                        return true;
        return false;
}

void difference_label(const struct difference *difference, size_t index, char *buf, size_t size)
{
        const struct cell *cell = &difference->all.cells[index];
        char label[LABEL_BYTES];

        cell_label(&difference->all, cell, label, sizeof(label));
        if (has_several_workloads(&difference->all) && strcmp(label, cell->workload) != 0)
                snprintf(buf, size, "%s: %s", cell->workload, label);
        else
                text_copy(buf, size, label);
}

/* How many times as slow as before: the ratio itself (1), or the bad end of its interval. */
static double cost(const struct difference *difference, size_t index, bool at_worst)
{
        const struct effect *effect = &difference->cells[index].effect;

        if (metric_higher_is_better(difference->all.cells[index].primary))
                return 1 / (at_worst ? effect->low : effect->ratio);
        return at_worst ? effect->high : effect->ratio;
}

/* Of the cells that add `regression` and are of that kind, the one with the highest cost. */
static size_t worst_of(const struct difference *difference, enum regression regression,
                       enum difference_kind kind, size_t *count)
{
        size_t worst = SIZE_MAX;

        *count = 0;
        for (size_t i = 0; i < difference->all.cell_count; i++) {
                if (difference->cells[i].regression != (uint32_t)regression ||
                    difference->cells[i].kind != (uint32_t)kind)
                        continue;
                if (!(*count)++ ||
                    cost(difference, i, regression == REGRESSION_UNCLEAR) >
                            cost(difference, worst, regression == REGRESSION_UNCLEAR))
                        worst = i;
        }
        return worst;
}

static void name_more(size_t count, char *buf, size_t size)
{
        *buf = '\0';
        if (count > 1)
                snprintf(buf, size, ", and %zu more", count - 1);
}

/* Was one side measured after the other, as it mostly is? */
static bool are_apart(const struct difference *difference)
{
        const char *first[SIDE_COUNT] = {0}, *last[SIDE_COUNT] = {0};

        for (int side = 0; side < SIDE_COUNT; side++)
                for (size_t i = 0; i < difference->run_count[side]; i++) {
                        const char *time = difference->runs[side][i].result->environment.time;

                        if (!i || strcmp(time, first[side]) < 0)
                                first[side] = time;
                        if (!i || strcmp(time, last[side]) > 0)
                                last[side] = time;
                }
        return strcmp(last[SIDE_OLD], first[SIDE_NEW]) < 0 ||
               strcmp(last[SIDE_NEW], first[SIDE_OLD]) < 0;
}

static bool say_regression(struct difference *difference)
{
        char label[LABEL_BYTES], more[32];
        size_t count, at = worst_of(difference, REGRESSION_YES, DIFFERENCE_FAILS, &count);
        const struct effect *effect;

        if (count) {
                difference_label(difference, at, label, sizeof(label));
                name_more(count, more, sizeof(more));
                snprintf(difference->outcome, sizeof(difference->outcome),
                         "Regression: %s fails, which it did not before (%s)%s.", label,
                         difference->cells[at].note, more);
                return true;
        }
        at = worst_of(difference, REGRESSION_YES, DIFFERENCE_JUDGED, &count);
        if (!count)
                return false;
        effect = &difference->cells[at].effect;
        difference_label(difference, at, label, sizeof(label));
        name_more(count, more, sizeof(more));
        snprintf(difference->outcome, sizeof(difference->outcome),
                 "Regression: %s is slower, new ÷ old %.3f [%.3f, %.3f]%s.%s", label, effect->ratio,
                 effect->low, effect->high, more,
                 are_apart(difference)
                         ? " All runs of one side are later than those of the other: what the "
                           "machine did meanwhile is in it (mpbench ab tells the two apart)."
                         : "");
        return true;
}

static void name_forbidding(const struct difference *difference, char *buf, size_t size)
{
        size_t used = 0;

        for (size_t i = 0; i < difference->change_count && used < size; i++)
                if (difference->changes[i].forbids)
                        used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
                                                 difference->changes[i].what);
}

/* One cell that nobody can tell of. */
static void say_unclear(struct difference *difference, size_t lost, size_t judged)
{
        char label[LABEL_BYTES], runs[64];
        const struct difference_cell *cell;

        if (lost != SIZE_MAX) {
                difference_label(difference, lost, label, sizeof(label));
                snprintf(difference->outcome, sizeof(difference->outcome),
                         "Inconclusive: %s has no figure any more (%s).", label,
                         difference->cells[lost].note);
                return;
        }
        cell = &difference->cells[judged];
        difference_label(difference, judged, label, sizeof(label));
        snprintf(runs, sizeof(runs), "about %u runs a side would do", cell->runs_wanted);
        snprintf(
                difference->outcome, sizeof(difference->outcome),
                "Inconclusive: %s may be up to %.3g %% slower, with a threshold of %.3g %%; %s, or "
                "interleaved rounds (mpbench ab).",
                label, 100 * (cost(difference, judged, true) - 1), 100 * difference->threshold,
                cell->runs_wanted ? runs : "there it takes more than 50 runs a side");
}

static void say_no_verdict(struct difference *difference)
{
        size_t described, judged_count, lost_count,
                least = difference->run_used[SIDE_OLD] < difference->run_used[SIDE_NEW]
                                ? difference->run_used[SIDE_OLD]
                                : difference->run_used[SIDE_NEW],
                lost = worst_of(difference, REGRESSION_UNCLEAR, DIFFERENCE_LOST, &lost_count),
                judged = worst_of(difference, REGRESSION_UNCLEAR, DIFFERENCE_JUDGED, &judged_count);
        char *text = difference->outcome, what[160] = "";
        const size_t size = sizeof(difference->outcome);

        worst_of(difference, REGRESSION_UNCLEAR, DIFFERENCE_DESCRIBED, &described);
        name_forbidding(difference, what, sizeof(what));
        if (described && *what)
                snprintf(
                        text, size,
                        "No verdict: the ratios tell of another machine, too (%s). Measure both on "
                        "one.",
                        what);
        else if (described && least < UNPAIRED_RUNS_MIN)
                snprintf(text, size,
                         "No verdict: %zu %s on a side cannot tell how much runs differ by "
                         "themselves. Compare three on each side (mpbench compare OLD… -- NEW…), "
                         "or measure both in interleaved rounds (mpbench ab).",
                         least, least == 1 ? "run" : "runs");
        else if (lost_count || judged_count)
                say_unclear(difference, lost, judged);
        else if (described)
                text_copy(text, size,
                          "No verdict: of some cells, fewer than three runs of a side have a "
                          "figure.");
        else
                text_copy(text, size,
                          "No verdict: there is no cell of which both sides have a figure.");
}

void difference_conclude(struct difference *difference)
{
        size_t judged = 0;
        char cells[32];

        difference->regression = REGRESSION_NO;
        for (size_t i = 0; i < difference->all.cell_count; i++) {
                enum regression regression = difference->cells[i].regression;

                judged += difference->cells[i].kind == DIFFERENCE_JUDGED;
                if (regression > difference->regression)
                        difference->regression = regression;
        }
        if (difference->same) {
                difference->regression = REGRESSION_NO;
                snprintf(difference->outcome, sizeof(difference->outcome),
                         "Nothing changed: both sides are the same %s.",
                         difference->run_used[SIDE_OLD] == 1 ? "run" : "runs");
                return;
        }
        if (say_regression(difference))
                return;
        if (difference->regression == REGRESSION_UNCLEAR || !judged) {
                difference->regression = REGRESSION_UNCLEAR;
                say_no_verdict(difference);
                return;
        }
        snprintf(cells, sizeof(cells), "%zu cells are each", judged);
        snprintf(difference->outcome, sizeof(difference->outcome),
                 "No regression: %s at most %.3g %% slower than before, or not at all.",
                 judged == 1 ? "the cell is" : cells, 100 * difference->threshold);
}
