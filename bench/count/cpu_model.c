#include "count/cpu_model.h"

#include "count/small_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* AArch64 tells numbers (MIDR_EL1), not names: those of Arm's cores that are met most. */
static const struct part {
        unsigned long implementer, part;
        const char *name;
} parts[] = {
        {0x41, 0xd03, "Cortex-A53"}, {0x41, 0xd05, "Cortex-A55"},  {0x41, 0xd07, "Cortex-A57"},
        {0x41, 0xd08, "Cortex-A72"}, {0x41, 0xd09, "Cortex-A73"},  {0x41, 0xd0a, "Cortex-A75"},
        {0x41, 0xd0b, "Cortex-A76"}, {0x41, 0xd0c, "Neoverse-N1"}, {0x41, 0xd40, "Neoverse-V1"},
        {0x41, 0xd41, "Cortex-A78"}, {0x41, 0xd49, "Neoverse-N2"}, {0x41, 0xd4f, "Neoverse-V2"},
        {0xc0, 0xac3, "AmpereOne"},
};

/* The value of the first line "key<white>: value". */
static bool find_value(const char *text, const char *key, char *buf, size_t size)
{
        size_t length = strlen(key);

        for (const char *line = text; line && *line;) {
                const char *end = strchrnul(line, '\n');
                const char *colon = memchr(line, ':', (size_t)(end - line));

                if (colon && !strncmp(line, key, length) && strchr("\t :", line[length])) {
                        colon += strspn(colon, ": \t");
                        snprintf(buf, size, "%.*s", colon < end ? (int)(end - colon) : 0, colon);
                        return *buf;
                }
                line = *end ? end + 1 : NULL;
        }
        return false;
}

static void name_part(const char *cpuinfo, char *buf, size_t size)
{
        char implementer[32], part[32];

        buf[0] = '\0';
        if (!find_value(cpuinfo, "CPU implementer", implementer, sizeof(implementer)) ||
            !find_value(cpuinfo, "CPU part", part, sizeof(part)))
                return;
        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
                if (parts[i].implementer == strtoul(implementer, NULL, 0) &&
                    parts[i].part == strtoul(part, NULL, 0)) {
                        snprintf(buf, size, "%s", parts[i].name);
                        return;
                }
        snprintf(buf, size, "implementer %.20s part %.20s", implementer, part);
}

void cpu_model_read(const char *root, char *buf, size_t size)
{
        static const char *const keys[] = {"model name", "cpu model", "cpu"};
        char cpuinfo[4096], part[64], board[96];

        buf[0] = '\0';
        small_file_read(root, cpuinfo, sizeof(cpuinfo), "/proc/cpuinfo");
        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
                if (find_value(cpuinfo, keys[i], buf, size))
                        return;
        name_part(cpuinfo, part, sizeof(part));
        if (small_file_read(root, board, sizeof(board), "/proc/device-tree/model") > 0)
                snprintf(buf, size, *part ? "%s (%s)" : "%s", board, part);
        else
                snprintf(buf, size, "%s", part);
}
