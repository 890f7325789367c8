#include "support/three_cells.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct result result;
uint32_t mutex, atomic, sharded;

int set_up(void **unused)
{
        (void)unused;
        result_init(&result);
        atomic = synthetic_cell(&result, "atomic");
        mutex = synthetic_cell(&result, "mutex");
        sharded = synthetic_cell(&result, "sharded");
        return 0;
}

int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

void measured(uint32_t rounds)
{
        synthetic_rounds(&result, mutex, rounds, RATE);
        synthetic_rounds(&result, atomic, rounds, 5 * RATE);
        synthetic_rounds(&result, sharded, rounds, 0.5 * RATE);
}

void judge(void)
{
        assert_int_equal(judge_cells(&result, NULL), 0);
}

enum verdict verdict_of(uint32_t cell)
{
        const struct comparison *comparison =
                synthetic_comparison(&result, cell, METRIC_THROUGHPUT);

        assert_non_null(comparison);
        return comparison->verdict;
}

void set_level(uint32_t cell, enum factor factor, const char *level)
{
        text_copy(result.cells[cell].level[factor], LEVEL_BYTES, level);
}
