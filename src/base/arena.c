#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
enum { REDZONE = 64 };
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
enum { REDZONE = 0 };
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

typedef struct Block {
    struct Block *before, *after; /* blocks after the current one are kept for the next climb */
    size_t size, used;
    unsigned char *bytes;
} Block;

struct Arena {
    const char *name;
    size_t limit, used, peak;
    Block *first, *now;
};

enum { BLOCK_MIN = 1 << 20, HUGE_PAGE = 2 << 20 };

static Block *block_new(size_t size)
{
    Block *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    size_t align = size >= HUGE_PAGE ? (size_t)HUGE_PAGE : (size_t)ARENA_ALIGN;
    b->size = size_round_up(size, align);
    b->bytes = aligned_alloc(align, b->size);
    if (!b->bytes) {
        free(b);
        return NULL;
    }
    /* Without huge pages a fresh gigabyte costs 260,000 faults, a visible part of a step. */
    if (size >= HUGE_PAGE) madvise(b->bytes, b->size, MADV_HUGEPAGE);
    POISON(b->bytes, b->size);
    return b;
}

static void block_free(Block *b)
{
    UNPOISON(b->bytes, b->size);
    free(b->bytes);
    free(b);
}

Arena *arena_new(const char *name, size_t limit)
{
    Arena *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->name = name;
    a->limit = limit ? limit : SIZE_MAX;
    return a;
}

void arena_free(Arena *a)
{
    if (!a) return;
    for (Block *b = a->first; b;) {
        Block *after = b->after;
        block_free(b);
        b = after;
    }
    free(a);
}

/* Makes a->now a block with room for `need` bytes; false when the system has none. */
static bool make_room(Arena *a, size_t need)
{
    if (a->now && a->now->size - a->now->used >= need) return true;
    Block *next = a->now ? a->now->after : a->first;
    if (next && next->size >= need) {
        next->used = 0;
        a->now = next;
        return true;
    }
    size_t grown = a->now ? a->now->size * 2 : BLOCK_MIN;
    Block *b = block_new(size_max(need, size_min(grown, (size_t)256 << 20)));
    if (!b) return false;
    b->before = a->now;
    b->after = next;
    if (next) next->before = b;
    if (a->now)
        a->now->after = b;
    else
        a->first = b;
    a->now = b;
    return true;
}

SoraStatus arena_try(Arena *a, size_t size, void **out)
{
    size_t need;
    if (!size_add(size, ARENA_ALIGN + REDZONE, &need) || need > PTRDIFF_MAX)
        return err_set(SORA_E_MEMORY, "%s memory: %zu bytes is more than any machine has", a->name,
                       size);
    need = size_round_up(size_max(size, 1) + REDZONE, ARENA_ALIGN);
    if (need > a->limit - a->used)
        return err_set(SORA_E_MEMORY, "%s memory: %zu bytes more does not fit, %zu of %zu in use",
                       a->name, size, a->used, a->limit);
    if (!make_room(a, need))
        return err_set(SORA_E_MEMORY, "%s memory: the system has no %zu bytes left (%zu in use)",
                       a->name, size, a->used);
    unsigned char *p = a->now->bytes + a->now->used;
    a->now->used += need;
    a->used += need;
    a->peak = size_max(a->peak, a->used);
    UNPOISON(p, size);
    *out = p;
    return SORA_OK;
}

void *arena_alloc(Arena *a, size_t size)
{
    void *p = NULL;
    if (arena_try(a, size, &p) != SORA_OK) {
        fprintf(stderr, "sora: %s\n", err_text());
        abort();
    }
    return p;
}

void *arena_zero(Arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

char *arena_strdup(Arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(arena_alloc(a, n), s, n);
}

char *arena_printf(Arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    char *s = arena_alloc(a, (size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, format, again);
    va_end(again);
    return s;
}

ArenaMark arena_mark(const Arena *a)
{
    return (ArenaMark){ a->now, a->now ? a->now->used : 0, a->used };
}

void arena_rewind(Arena *a, ArenaMark mark)
{
    assert(mark.total <= a->used);
    Block *keep = mark.block;
    for (Block *b = a->now; b && b != keep; b = b->before) {
        POISON(b->bytes, b->size);
        b->used = 0;
    }
    a->now = keep;
    if (keep) {
        POISON(keep->bytes + mark.used, keep->size - mark.used);
        keep->used = mark.used;
    }
    a->used = mark.total;
}

size_t arena_used(const Arena *a)
{
    return a->used;
}

size_t arena_peak(const Arena *a)
{
    return a->peak;
}
