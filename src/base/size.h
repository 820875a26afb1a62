/* Checked sizes: every product or sum of sizes that comes from outside goes through these. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* false when the result does not fit; *out is then unspecified. */
static inline bool size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline size_t size_ceil_div(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* i, or the place of 0 .. n - 1 that is nearest. */
static inline size_t size_inside(ptrdiff_t i, size_t n)
{
    return i < 0 ? 0 : (size_t)i < n ? (size_t)i : n - 1;
}

/* To a multiple of any number above 0: tiles of 12 rows are rounded to as well as pages. */
static inline size_t size_round_up(size_t a, size_t multiple)
{
    return size_ceil_div(a, multiple) * multiple;
}

#endif
