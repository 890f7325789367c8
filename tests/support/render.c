#include "support/render.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char *render(const char *format, const struct result *result, const struct report_style *style)
{
        struct mproc_err err = {0};
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        int rc;

        assert_non_null(out);
        rc = report_find(format)->write(result, style, out, &err);
        if (rc)
                fail_msg("%s: %s", format, err.text);
        assert_int_equal(fclose(out), 0);
        return text;
}

void render_join_lines(char *text)
{
        char *to = text;

        for (char *from = text; *from; from++) {
                if (*from != '\n') {
                        *to++ = *from;
                        continue;
                }
                while (to > text && to[-1] == ' ')
                        to--;
                *to++ = ' ';
                from += strspn(from + 1, " \n");
        }
        *to = '\0';
}

size_t render_count(const char *text, const char *part)
{
        size_t count = 0;

        for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
                count++;
        return count;
}

bool render_has_word(const char *text, const char *word)
{
        size_t length = strlen(word);

        for (const char *at = strcasestr(text, word); at; at = strcasestr(at + 1, word))
                if ((at == text || !isalnum((unsigned char)at[-1])) &&
                    !isalnum((unsigned char)at[length]))
                        return true;
        return false;
}

void assert_contains(const char *text, const char *part)
{
        if (!strstr(text, part))
                fail_msg("'%s' is not in:\n%s", part, text);
}

void assert_lacks(const char *text, const char *part)
{
        if (strstr(text, part))
                fail_msg("'%s' is in:\n%s", part, text);
}
