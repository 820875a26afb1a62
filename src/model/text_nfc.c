/* Canonical composition (Unicode Standard Annex 15). */
#include "model/text_parts.h"

#include "model/text_classes.h"
#include "model/text_compose.h"
#include "model/text_decompose.h"

#define COUNT(x) (sizeof(x) / sizeof *(x))

enum {
    HANGUL = 0xac00,
    LEADING = 0x1100,
    VOWEL = 0x1161,
    TRAILING = 0x11a7,
    LEADINGS = 19,
    VOWELS = 21,
    TRAILINGS = 28,
    SYLLABLES = LEADINGS * VOWELS * TRAILINGS,
    APART_MAX = 4 /* characters that one comes apart into */
};

static int class_of(uint32_t c)
{
    if (c < 0x300) return 0;
    size_t low = 0, high = COUNT(classes);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (classes[middle].last < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNT(classes) && classes[low].first <= c ? classes[low].combining : 0;
}

/* Writes what c comes apart into, at most APART_MAX; returns how many. */
static size_t decompose(uint32_t c, uint32_t *out)
{
    if (c >= HANGUL && c < HANGUL + SYLLABLES) {
        uint32_t s = c - HANGUL, last = s % TRAILINGS;
        out[0] = LEADING + s / (VOWELS * TRAILINGS);
        out[1] = VOWEL + s / TRAILINGS % VOWELS;
        out[2] = TRAILING + last;
        return last ? 3 : 2;
    }
    size_t low = 0, high = c < 0xc0 ? 0 : COUNT(decompositions);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (decompositions[middle].whole < c)
            low = middle + 1;
        else
            high = middle;
    }
    if (c < 0xc0 || low == COUNT(decompositions) || decompositions[low].whole != c) {
        out[0] = c;
        return 1;
    }
    size_t n = decompose(decompositions[low].first, out);
    if (decompositions[low].second) out[n++] = decompositions[low].second;
    return n;
}

/* One character of two; 0: they do not join. */
static uint32_t join(uint32_t a, uint32_t b)
{
    if (a >= LEADING && a < LEADING + LEADINGS && b >= VOWEL && b < VOWEL + VOWELS)
        return HANGUL + ((a - LEADING) * VOWELS + (b - VOWEL)) * TRAILINGS;
    if (a >= HANGUL && a < HANGUL + SYLLABLES && (a - HANGUL) % TRAILINGS == 0 && b > TRAILING &&
        b < TRAILING + TRAILINGS)
        return a + (b - TRAILING);
    size_t low = 0, high = b < 0x300 ? 0 : COUNT(compositions);
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t first = compositions[middle].first;
        if (first < a || (first == a && compositions[middle].second < b))
            low = middle + 1;
        else
            high = middle;
    }
    bool found = b >= 0x300 && low < COUNT(compositions) && compositions[low].first == a &&
                 compositions[low].second == b;
    return found ? compositions[low].whole : 0;
}

/* Marks that follow a character, in the order of their classes. Runs are cut where they are so
 * long that nobody wrote them, which bounds the work. */
static void sort_marks(TextPoints *p)
{
    enum { RUN_MAX = 64 };
    for (size_t i = 1; i < p->count; i++) {
        uint32_t c = p->at[i];
        int k = class_of(c);
        size_t j = i;
        for (; k && j > 0 && i - j < RUN_MAX && class_of(p->at[j - 1]) > k; j--)
            p->at[j] = p->at[j - 1];
        p->at[j] = c;
    }
}

static void join_all(TextPoints *p)
{
    size_t out = 0, starter = SIZE_MAX;
    int last = 0; /* class of the mark before, since the starter; -1: none */
    for (size_t i = 0; i < p->count; i++) {
        uint32_t c = p->at[i], whole = 0;
        int k = class_of(c);
        if (starter != SIZE_MAX && (last < k || last == -1)) whole = join(p->at[starter], c);
        if (whole) {
            p->at[starter] = whole;
            continue;
        }
        if (k == 0) starter = out;
        last = k == 0 ? -1 : k;
        p->at[out++] = c;
    }
    p->count = out;
}

TextPoints text_compose(TextPoints in, Arena *a)
{
    TextPoints out = text_points(a, in.count * APART_MAX);
    for (size_t i = 0; i < in.count; i++) out.count += decompose(in.at[i], out.at + out.count);
    sort_marks(&out);
    join_all(&out);
    return out;
}
