/* How text stands on a screen: width, ASCII, colour. */
#include "support/fixture.h"
#include "support/render.h"

#include "reports/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static const struct report_style plain = {.utf8 = true, .width = 80};

static void every_line_fits_the_width(void **unused)
{
        static const uint32_t widths[] = {60, 72, 80, 120, 200};
        struct result result;

        (void)unused;
        fixture_result(&result);
        TEXT(result.cells[FIXTURE_CAS].level[FACTOR_SHARE], "a-strategy-with-a-long-name");
        TEXT(result.cells[FIXTURE_ATOMIC].level[FACTOR_START], "forkserver");
        memset(result.cells[FIXTURE_OFDLOCK].note, 'x', 200);
        result.comparisons[0].ratio = 123456;
        result.comparisons[0].ci_low = 123000;
        result.comparisons[0].ci_high = 124000;
        for (size_t i = 0; i < COUNT(widths); i++) {
                struct report_style style = {.utf8 = i % 2, .width = widths[i]};
                char *text = render("text", &result, &style), *save = NULL;

                for (char *line = strtok_r(text, "\n", &save); line;
                     line = strtok_r(NULL, "\n", &save))
                        if (page_columns(line) > widths[i])
                                fail_msg("more than %u columns: %s", widths[i], line);
                free(text);
        }
        result_done(&result);
}

static void a_word_without_room_goes_to_the_next_line(void **unused)
{
        char *text = NULL;
        size_t size;
        struct page page = {.out = open_memstream(&text, &size), .width = 20, .utf8 = true};

        (void)unused;
        assert_non_null(page.out);
        page_wrap(&page, 18, 4, " · ", "word and · another word");
        assert_int_equal(fclose(page.out), 0);
        assert_string_equal(text, "\n    word and\n    another word\n");
        free(text);
}

static void ascii_is_pure_and_control_characters_reach_no_terminal(void **unused)
{
        struct result result;

        (void)unused;
        fixture_result(&result);
        TEXT(result.advice[0], "Größe ≥ 2 · 日本 \xff\xc2");
        TEXT(result.cells[FIXTURE_OFDLOCK].note, "\033]0;title\a and \xc2\x9b"
                                                 "31m");
        for (size_t i = 0; i < 2; i++) {
                struct report_style style = {.utf8 = i, .width = 80};
                char *text = render("text", &result, &style);

                for (const char *p = text; *p; p++) {
                        assert_true(*p == '\n' || (unsigned char)*p >= ' ');
                        assert_true(style.utf8 || (unsigned char)*p < 0x7f);
                }
                assert_null(strstr(text, "\xc2\x9b"));
                assert_contains(text, style.utf8 ? "Größe ≥ 2 · 日本 ??" : "Gr??e >= 2 | ?? ??");
                free(text);
        }
        result_done(&result);
}

static void colour_adds_escapes_and_nothing_else(void **unused)
{
        struct result result;
        char *text, *coloured, *to;

        (void)unused;
        fixture_result(&result);
        text = render("text", &result, &plain);
        assert_null(strchr(text, '\033'));
        coloured = render("text", &result,
                          &(struct report_style){.utf8 = true, .width = 80, .colour = true});
        assert_contains(coloured, "\033[1;31mWRONG\033[0m");
        to = coloured;
        for (const char *from = coloured; *from;) {
                if (*from == '\033')
                        from = strchr(from, 'm') + 1;
                else
                        *to++ = *from++;
        }
        *to = '\0';
        assert_string_equal(coloured, text);
        free(text);
        free(coloured);
        result_done(&result);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_line_fits_the_width),
                cmocka_unit_test(a_word_without_room_goes_to_the_next_line),
                cmocka_unit_test(ascii_is_pure_and_control_characters_reach_no_terminal),
                cmocka_unit_test(colour_adds_escapes_and_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
