/* The part of wording.h that says what the figures do not tell. */
#include "reports/wording.h"

#include "count/virtualization.h"

#include <string.h>

static void say_machine(const struct environment *machine, char *buf, size_t size)
{
        page_append(buf, size, "Figures of this machine, now");
        if (*machine->virtualization && strcmp(machine->virtualization, "none"))
                page_append(buf, size, ": %s (%s)",
                            virtualization_is_container(machine->virtualization)
                                    ? "a container"
                                    : "a virtual machine",
                            machine->virtualization);
        if (machine->on_battery == 1)
                page_append(buf, size, "; on battery");
        if (*machine->governor && strcmp(machine->governor, "performance"))
                page_append(buf, size, "; frequency governor %s", machine->governor);
        page_append(buf, size, ".");
}

static void say_runtime(const struct view *view, char *buf, size_t size)
{
        for (size_t i = 0; i < view->section_count; i++)
                if (view->sections[i].rows[0].cell->run.time_ns.n)
                        return; /* far longer than what a runtime does for it */
        for (size_t i = 0; i < view->section_count; i++)
                for (size_t j = 0; j < view->sections[i].row_count; j++)
                        if (strcmp(view->sections[i].rows[j].cell->level[FACTOR_RUNTIME], "mproc"))
                                return;
        if (view->section_count)
                page_append(buf, size,
                            "The runtime is mproc (C): under another one the same choice may cost "
                            "much more.");
}

static void say_runs(const struct view *view, char *buf, size_t size)
{
        for (size_t i = 0; i < view->section_count; i++)
                if (view->sections[i].rows[0].cell->run.time_ns.n) {
                        page_append(
                                buf, size,
                                "A run takes from the start of its program to its end; its mean "
                                "time is that of a trial's runs, the median of trials. Its "
                                "CPU time is with all processes that it waited for, its peak RSS "
                                "that of the largest; PSS is of all runs at once, sampled in a "
                                "pilot trial.");
                        return;
                }
}

/* Where every figure is of an empty critical section. */
static void say_work(const struct view *view, char *buf, size_t size)
{
        static const char empty[] = "empty critical section";
        const struct cell *first = NULL;

        for (size_t i = 0; i < view->section_count; i++)
                for (size_t j = 0; j < view->sections[i].row_count; j++) {
                        const struct cell *cell = view->sections[i].rows[j].cell;

                        if (cell->status != CELL_MEASURED || cell->kind == MPB_LIFE_CYCLE)
                                continue;
                        if (strncmp(cell->shown_work, empty, strlen(empty)))
                                return;
                        first = first ? first : cell;
                }
        if (!first)
                return;
        page_append(buf, size,
                    "Empty critical section: with real work in it and around it the "
                    "order may change");
        if (cell_find_param(first, "hold") >= 0 && cell_find_param(first, "gap") >= 0)
                page_append(buf, size, ": try --set hold=100 --set gap=100");
        page_append(buf, size, ".");
}

static void say_serial(const struct view *view, char *buf, size_t size)
{
        for (size_t i = 0; i < view->section_count; i++)
                for (size_t j = 0; j < view->sections[i].row_count; j++) {
                        const struct cell *cell = view->sections[i].rows[j].cell;

                        if (strcmp(cell->level[FACTOR_START], "serial") || cell->workers < 2 ||
                            cell->status == CELL_SKIPPED)
                                continue;
                        page_append(buf, size,
                                    "serial runs its workers one after the other: "
                                    "nothing is shared at the same time.");
                        return;
                }
}

/* The team with the most workers to a PU. */
static void say_oversubscribed(const struct view *view, char *buf, size_t size)
{
        const struct cell *worst = NULL;

        for (size_t i = 0; i < view->section_count; i++)
                for (size_t j = 0; j < view->sections[i].row_count; j++) {
                        const struct cell *cell = view->sections[i].rows[j].cell;

                        if (cell->status != CELL_SKIPPED && cell->pus &&
                            cell->workers > cell->pus &&
                            (!worst || (uint64_t)cell->workers * worst->pus >
                                               (uint64_t)worst->workers * cell->pus))
                                worst = cell;
                }
        if (worst)
                page_append(buf, size,
                            "Oversubscribed: %u workers share %u PU%s, so the kernel's time slices "
                            "are part of the figures.",
                            worst->workers, worst->pus, worst->pus == 1 ? "" : "s");
}

/* The `index`-th thing that placement had to say, besides oversubscription. */
static void say_placement(const struct view *view, size_t index, char *buf, size_t size)
{
        const struct result *result = view->sections[0].result;

        for (size_t i = 0; i < result->cell_count; i++) {
                const char *note = result->cells[i].place_note;
                bool seen = !*note || result->cells[i].status == CELL_SKIPPED ||
                            !strncmp(note, "oversubscribed", strlen("oversubscribed"));

                for (size_t j = 0; j < i && !seen; j++)
                        seen = !strcmp(result->cells[j].place_note, note);
                if (seen || index--)
                        continue;
                page_append(buf, size, "Placement: %s.", note);
                return;
        }
}

/* Why there are no times of single tasks, where there might be some. */
static void say_latency(const struct view *view, char *buf, size_t size)
{
        const struct result *result = view->sections[0].result;
        const char *note = "";
        bool few = false;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (cell->status != CELL_MEASURED)
                        continue;
                note = *note ? note : cell->latency.note;
                few |= cell->latency.timed && !cell->latency.summary[LATENCY_P50].n;
        }
        if (*note)
                wording_sentence(note, buf, size);
        else if (few)
                page_append(buf, size,
                            "Fewer than %d tasks in a trial are too few for a median of their "
                            "times.",
                            2 * LATENCY_ABOVE);
}

char *wording_limit(const struct view *view, size_t index, char *buf, size_t size)
{
        const struct environment *machine;

        *buf = '\0';
        if (!view->section_count)
                return buf;
        machine = &view->sections[0].result->environment;
        for (int which = 0; which < 9; which++) {
                if (which != 1 && view_lacks_figures(view))
                        continue; /* there are no figures to speak of */
                if (which == 0)
                        wording_steady(view->sections[0].result, buf, size);
                else if (which == 1)
                        say_oversubscribed(view, buf, size);
                else if (which == 2)
                        wording_throttled(view->sections[0].result, buf, size);
                else if (which == 3)
                        say_work(view, buf, size);
                else if (which == 4)
                        say_latency(view, buf, size);
                else if (which == 5)
                        say_serial(view, buf, size);
                else if (which == 6)
                        say_runs(view, buf, size);
                else if (which == 7)
                        say_runtime(view, buf, size);
                else
                        say_machine(machine, buf, size);
                if (*buf && !index--)
                        return buf;
                *buf = '\0';
        }
        say_placement(view, index, buf, size);
        return buf;
}
