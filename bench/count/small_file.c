#include "count/small_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_path(const char *root, const char *format, va_list args, char *buf, size_t size)
{
        char path[PATH_MAX];
        size_t used = (size_t)snprintf(path, sizeof(path), "%s", root), length = 0;
        ssize_t n = 0;
        int fd;

        buf[0] = '\0';
        if (used >= sizeof(path) ||
            vsnprintf(path + used, sizeof(path) - used, format, args) >= (int)(sizeof(path) - used))
                return -ENAMETOOLONG;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        while (length + 1 < size) {
                n = read(fd, buf + length, size - 1 - length);
                if (n <= 0)
                        break;
                length += (size_t)n;
        }
        n = n < 0 ? -errno : 0;
        close(fd);
        if (n < 0)
                length = 0;
        while (length && isspace((unsigned char)buf[length - 1]))
                length--;
        buf[length] = '\0';
        return n < 0 ? (int)n : (int)length;
}

int small_file_read(const char *root, char *buf, size_t size, const char *path, ...)
{
        va_list args;
        int r;

        va_start(args, path);
        r = read_path(root, path, args, buf, size);
        va_end(args);
        return r;
}

int64_t small_file_int(const char *root, int64_t fallback, const char *path, ...)
{
        char text[32], *end;
        long long value;
        va_list args;
        int r;

        va_start(args, path);
        r = read_path(root, path, args, text, sizeof(text));
        va_end(args);
        if (r <= 0)
                return fallback;
        errno = 0;
        value = strtoll(text, &end, 10);
        return end == text || errno ? fallback : value;
}

bool small_file_exists(const char *root, const char *path)
{
        char whole[PATH_MAX];

        return snprintf(whole, sizeof(whole), "%s%s", root, path) < (int)sizeof(whole) &&
               !access(whole, F_OK);
}

bool small_file_each(const char *root, const char *path,
                     bool (*visit)(const char *name, void *context), void *context)
{
        char whole[PATH_MAX];
        struct dirent *entry;
        bool found = false;
        DIR *dir;

        if (snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
                return false;
        dir = opendir(whole);
        if (!dir)
                return false;
        while (!found && (entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                        found = visit(entry->d_name, context);
        closedir(dir);
        return found;
}
