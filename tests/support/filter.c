/* TEST_FILTER=PATTERN runs only the tests of a program whose names match ("*killed*"): scripts/test
 * sets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void filter_tests(void)
{
        const char *pattern = getenv("TEST_FILTER");

        if (pattern)
                cmocka_set_test_filter(pattern);
}
