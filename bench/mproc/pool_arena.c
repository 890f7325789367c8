#include "mproc/pool_private.h"
#include <errno.h>
#include <stdlib.h>

int pool_arena_init(struct pool_arena *arena, void *base, size_t bytes)
{
        arena->base = base;
        arena->units = bytes / POOL_UNIT;
        arena->used = calloc(arena->units / 64 + 1, sizeof(*arena->used));
        return arena->used ? 0 : -ENOMEM;
}

void pool_arena_done(struct pool_arena *arena)
{
        free(arena->used);
}

static size_t units_of(size_t bytes)
{
        return bytes / POOL_UNIT + (bytes % POOL_UNIT != 0);
}

bool pool_arena_could_hold(const struct pool_arena *arena, size_t one, size_t other)
{
        return units_of(one) <= arena->units && units_of(other) <= arena->units - units_of(one);
}

size_t pool_arena_bytes(const struct pool_arena *arena)
{
        return arena->units * POOL_UNIT;
}

static bool is_used(const struct pool_arena *arena, size_t unit)
{
        return arena->used[unit / 64] >> unit % 64 & 1;
}

/* The first unit from `unit` on that is used (or free), at most `end`. */
static size_t skip(const struct pool_arena *arena, size_t unit, size_t end, bool used)
{
        uint64_t whole = used ? UINT64_MAX : 0;

        while (unit < end && is_used(arena, unit) == used)
                unit += unit % 64 == 0 && arena->used[unit / 64] == whole ? 64 : 1;
        return unit < end ? unit : end;
}

static void mark(struct pool_arena *arena, size_t unit, size_t count, bool used)
{
        for (size_t end = unit + count; unit < end;) {
                size_t n = 64 - unit % 64;
                uint64_t bits;

                if (n > end - unit)
                        n = end - unit;
                bits = (n == 64 ? UINT64_MAX : (1ull << n) - 1) << unit % 64;
                if (used)
                        arena->used[unit / 64] |= bits;
                else
                        arena->used[unit / 64] &= ~bits;
                unit += n;
        }
}

static bool find(const struct pool_arena *arena, size_t from, size_t end, size_t count, size_t *ret)
{
        while (from < end) {
                size_t first = skip(arena, from, end, true);
                size_t limit = end - first > count ? first + count : end;

                from = skip(arena, first, limit, false);
                if (from - first == count) {
                        *ret = first;
                        return true;
                }
        }
        return false;
}

void *pool_arena_take(struct pool_arena *arena, size_t bytes)
{
        size_t count = units_of(bytes), unit;

        if (!count || count > arena->units)
                return NULL;
        if (!find(arena, arena->next, arena->units, count, &unit) &&
            !find(arena, 0, arena->units, count, &unit))
                return NULL;
        mark(arena, unit, count, true);
        arena->next = unit + count;
        return arena->base + unit * POOL_UNIT;
}

void pool_arena_give(struct pool_arena *arena, const void *at, size_t bytes)
{
        if (!at)
                return;
        mark(arena, pool_arena_unit(arena, at), units_of(bytes), false);
        /* What was used last is warm: it is taken first. */
        arena->next = pool_arena_unit(arena, at);
}
