/* Arenas: memory by lifetime (weights, run, step, scratch). Nothing inside one is freed alone;
 * it is rewound to a mark or freed whole. One arena serves one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

typedef struct Arena Arena;

enum { ARENA_ALIGN = 64 }; /* every block starts on a cache line, as the kernels want */

/* A new arena named `name` (for messages, must outlive it) that may hold `limit` bytes at most,
 * 0: no limit. Memory is taken from the system as it is needed. NULL when out of memory. */
Arena *arena_new(const char *name, size_t limit);
void arena_free(Arena *a); /* NULL is fine */

/* `size` bytes, not cleared. Never NULL: an arena that is full hands out nothing and calls its
 * failure handler; use arena_try where the size comes from outside.
 * arena_alloc is for sizes the program itself has planned. It aborts with a sentence on stderr
 * when the system has no memory left, as there is nothing to return to. */
void *arena_alloc(Arena *a, size_t size);
void *arena_zero(Arena *a, size_t size);

/* The same for sizes that come from outside: SORA_E_MEMORY with a sentence, *out untouched. */
SoraStatus arena_try(Arena *a, size_t size, void **out);

char *arena_strdup(Arena *a, const char *s);
char *arena_printf(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Everything allocated after the mark is given back (and poisoned under ASan). */
typedef struct ArenaMark {
    void *block;
    size_t used, total;
} ArenaMark;
ArenaMark arena_mark(const Arena *a);
void arena_rewind(Arena *a, ArenaMark mark);

size_t arena_used(const Arena *a); /* bytes in use now */
size_t arena_peak(const Arena *a); /* the most that was ever in use */

#endif
